"""Samples: the recommendations of each rule in its own timelines. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from signpost.advice.case_set import CaseSet
from signpost.advice.replay import Replay
from signpost.advice.variables import EMPLOYER_FALLBACK
from signpost.authoring.timelines import find_timelines
from signpost.authoring.timelines.reader import TENANT, Timeline
from signpost.engine import CompiledEngine
from signpost.rulebook import load


@dataclass(slots=True)
class Sample:
    """The timelines that name a rule, and its most complete recommendation in them."""

    timelines: list[Timeline] = field(default_factory=list)
    data: dict[str, Any] | None = None


def samples(rules: Path) -> dict[str, Sample]:
    """Rule id -> sample, for every rule of a folder."""
    by_rule = {rule: Sample() for rule in load(rules).rules}
    engines: dict[str, CompiledEngine] = {}
    for timeline in find_timelines([rules]):
        named = names(timeline)
        for rule in named:
            by_rule[rule].timelines.append(timeline)
        key = repr(timeline.params)
        if key not in engines:
            engines[key] = CompiledEngine(load(rules, timeline.params))
        for data in _raised_data(timeline, engines[key]):
            sample = by_rule[data["rule"]]
            if data["rule"] in named and (sample.data is None or _fullness(data) > _fullness(sample.data)):
                sample.data = data
    return by_rule


def names(timeline: Timeline) -> set[str]:
    """The rules that its expectations name."""
    return {word.partition("@")[0] for expectation in timeline.expectations for word in expectation.value}


def _raised_data(timeline: Timeline, engine: CompiledEngine) -> Iterator[dict[str, Any]]:
    case_set = CaseSet(engine, TENANT, {})
    replay = Replay(case_set, [(arrival.at, arrival.event) for arrival in timeline.arrivals])
    end = max(expectation.at for expectation in timeline.expectations)
    return (emitted.change.data for emitted in replay.until(end) if emitted.change.change in ("raised", "updated"))


def _fullness(data: dict[str, Any]) -> tuple[bool, int]:
    """How complete a recommendation is: first, whether it names the employer."""
    return EMPLOYER_FALLBACK not in data["title"] + data["message"], len(data["message"]) + sum(map(len, data["steps"]))
