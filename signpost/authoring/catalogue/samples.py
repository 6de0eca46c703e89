"""Samples: what each rule says to a person in its own timelines."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from signpost.advice.case_set import CaseSet
from signpost.advice.replay import Replay
from signpost.advice.wording import EMPLOYER_FALLBACK
from signpost.authoring.timelines import find_timelines
from signpost.authoring.timelines.reader import TENANT, Timeline
from signpost.engine import CompiledEngine
from signpost.rulebook import load


@dataclass(slots=True)
class Sample:
    """The timelines that name a rule, and the fullest recommendation that it gives in them."""

    timelines: list[Timeline] = field(default_factory=list)
    data: dict[str, Any] | None = None


def samples(rules: Path) -> dict[str, Sample]:
    """Rule id -> sample, for every rule of a folder."""
    found = {rule: Sample() for rule in load(rules).rules}
    engines: dict[str, CompiledEngine] = {}
    for timeline in find_timelines([rules]):
        named = names(timeline)
        for rule in named:
            found[rule].timelines.append(timeline)
        key = repr(timeline.params)
        if key not in engines:
            engines[key] = CompiledEngine(load(rules, timeline.params))
        for data in _raised(timeline, engines[key]):
            sample = found[data["rule"]]
            if data["rule"] in named and (sample.data is None or _fullness(data) > _fullness(sample.data)):
                sample.data = data
    return found


def names(timeline: Timeline) -> set[str]:
    """The rules that its expectations name."""
    return {word.partition("@")[0] for expectation in timeline.expectations for word in expectation.value}


def _raised(timeline: Timeline, engine: CompiledEngine) -> Iterator[dict[str, Any]]:
    case_set = CaseSet(engine, TENANT, {})
    replay = Replay(case_set, [(arrival.at, arrival.event) for arrival in timeline.arrivals])
    end = max(expectation.at for expectation in timeline.expectations)
    return (told.change.data for told in replay.until(end) if told.change.change in ("raised", "updated"))


def _fullness(data: dict[str, Any]) -> tuple[bool, int]:
    """How much a recommendation shows: first of all, whether it names everybody."""
    return EMPLOYER_FALLBACK not in data["title"] + data["message"], len(data["message"]) + sum(map(len, data["steps"]))
