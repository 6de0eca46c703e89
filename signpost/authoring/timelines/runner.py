"""Runs timelines: replays events, wakes cases as the clock worker would, and checks expectations."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from signpost.advice import Engine, RecommendationChange, active
from signpost.advice.case_set import CaseSet
from signpost.advice.records import PUBLISHED, AdviceRecord, load_records
from signpost.advice.replay import Replay
from signpost.authoring.timelines.coverage import no_subject, unknown_rules, unknown_subjects
from signpost.authoring.timelines.expectations import rule_of
from signpost.authoring.timelines.reader import TENANT, Expectation, Timeline, TimelineError, find_timelines
from signpost.case.event import Event
from signpost.case.instant import format_instant, parse_instant
from signpost.engine import EngineFaults, make_engine
from signpost.rulebook import Rulebook, RulebookError, load
from signpost.rulebook.folders import Folders
from signpost.rulebook.own_fields import declared_kinds
from signpost.suggestions import meant, nearest
from signpost.yaml_files.problems import Position

MAX_ADVISED = 5
"""Recommendations that a failure lists."""


@dataclass(frozen=True, slots=True, order=True)
class Failure:
    """An expectation that was not met."""

    position: Position
    timeline: str
    message: str

    def __str__(self) -> str:
        return f"{self.position}: {self.timeline}: {self.message}"


@dataclass(frozen=True, slots=True)
class TimelineResult:
    """The result of one timeline."""

    timeline: Timeline
    failures: tuple[Failure, ...]


@dataclass(slots=True)
class Result:
    """The result of a run."""

    rulebooks: Mapping[str, Rulebook]
    """The rulebook with each set of overrides, by `params_key`."""
    outcomes: list[TimelineResult] = field(default_factory=list)

    @property
    def timelines(self) -> int:
        """Number of timelines run."""
        return len(self.outcomes)

    @property
    def expectations(self) -> int:
        """Number of expectations checked."""
        return sum(len(outcome.timeline.expectations) for outcome in self.outcomes)

    @property
    def failures(self) -> list[Failure]:
        """All expectations that were not met."""
        return [failure for outcome in self.outcomes for failure in outcome.failures]

    @property
    def summary(self) -> str:
        """`1 timeline, 4 expectations, 0 failed`."""
        counts = {"timeline": self.timelines, "expectation": self.expectations}
        parts = [f"{number} {noun}{'' if number == 1 else 's'}" for noun, number in counts.items()]
        return f"{', '.join(parts)}, {len(self.failures)} failed"


def run_timelines(
    paths: Sequence[Path],
    rulebook: Folders,
    *,
    engine: str = "compiled",
    progress: Callable[[Timeline], None] = lambda timeline: None,
) -> Result:
    """Run all timelines under the paths against the rulebook in one folder or several. Raises TimelineError,
    RulebookError."""
    timelines = find_timelines(paths, declared_kinds(rulebook))
    rulebooks = load_variants(rulebook, timelines)
    faults = EngineFaults()
    engines = {params: make_engine(engine, loaded, faults) for params, loaded in rulebooks.items()}
    result = Result(rulebooks)
    for timeline in timelines:
        selected = engines[params_key(timeline)]
        before = faults.counts()
        unknown = unknown_rules(timeline, selected.rulebook.rules)
        reported = [_there_is_no(name, at, timeline, selected.rulebook) for name, at in unknown.items()]
        reported += _without_subject(timeline)
        failures = [*reported, *Run(_without(timeline, unknown), selected).failures()]
        failures += _engine_faults(timeline, before, faults)
        result.outcomes.append(TimelineResult(timeline, tuple(failures)))
        progress(timeline)
    return result


def params_key(timeline: Timeline) -> str:
    """A key that is equal for timelines with equal overrides."""
    return repr(timeline.params)


def load_variants(folders: Folders, timelines: Iterable[Timeline]) -> dict[str, Rulebook]:
    """The rulebook with each timeline's overrides, by `params_key`. Raises RulebookError, and TimelineError for invalid
    overrides."""
    plain = load(folders)
    variants = {repr({}): plain}
    for timeline in timelines:
        if params_key(timeline) not in variants:
            variants[params_key(timeline)] = _with_params(folders, timeline)
    return variants


def _with_params(folders: Folders, timeline: Timeline) -> Rulebook:
    try:
        return load(folders, timeline.params)
    except RulebookError as error:
        raise TimelineError([replace(problem, position=timeline.position) for problem in error.problems]) from error


def _there_is_no(name: str, at: Expectation, timeline: Timeline, rulebook: Rulebook) -> Failure:
    """The failure for an unknown rule: an expectation about it would prove nothing."""
    message = f"there is no rule {name!r}; {meant(name, rulebook.rules)}".removesuffix("; ")
    return Failure(at.position, timeline.name, message)


def _without_subject(timeline: Timeline) -> Iterator[Failure]:
    """The failures for what is expected not to be advised about nothing: it would prove nothing, and passes."""
    for subject, at in unknown_subjects(timeline).items():
        if at.kind == "excludes":
            yield Failure(at.position, timeline.name, "; ".join(no_subject(subject, timeline)))


def _without(timeline: Timeline, rules: Collection[str]) -> Timeline:
    """The timeline without what it expects of these rules. `exactly` goes whole: it would miss what they stand for."""
    return replace(timeline, expectations=[one for all in timeline.expectations if (one := _rest(all, rules))])


def _rest(expectation: Expectation, rules: Collection[str]) -> Expectation | None:
    value = expectation.value
    kept = [advice for advice in value if rule_of(advice) not in rules]
    if len(kept) == len(value):
        return expectation
    rest = kept if isinstance(value, list) else {advice: value[advice] for advice in kept}
    return replace(expectation, value=rest) if kept and expectation.kind != "exactly" else None


def _engine_faults(
    timeline: Timeline, before: Mapping[tuple[str, str], int], faults: EngineFaults
) -> Iterator[Failure]:
    """What durable-rules got wrong: in production the compiled answer hides it, here it must not."""
    for (fault, rule), number in sorted(faults.counts().items()):
        if number > before.get((fault, rule), 0):
            yield Failure(timeline.position, timeline.name, f"durable-rules has a {fault} in rule {rule}; see the log")


class Run:
    """One timeline on one engine. `watched`: the rules to check; None: all rules of the engine."""

    def __init__(self, timeline: Timeline, engine: Engine, watched: Set[str] | None = None) -> None:
        self.timeline, self.watched = timeline, watched
        self.case_set = CaseSet(engine, TENANT, {})
        self.latest: dict[str, RecommendationChange] = {}
        self.unmatched_answers: list[Event] = []
        """Feedback on advice that is not active, which proves nothing."""

    def failures(self) -> Iterator[Failure]:
        arrivals = [(arrival.at, arrival.event) for arrival in self.timeline.arrivals]
        replay = Replay(self.case_set, arrivals, self._resolve_recommendation)
        for expectation in self.timeline.expectations:
            for replayed in replay.until(expectation.at):
                self.latest[f"{replayed.change.rule}@{replayed.change.subject}"] = replayed.change
            while self.unmatched_answers:
                yield self._unmatched(self.unmatched_answers.pop())
            for message in _COMPARE[expectation.kind](expectation.value, self):
                yield Failure(expectation.position, self.timeline.name, f"at {expectation.label} {message}")

    def _resolve_recommendation(self, event: Event) -> Event:
        """Replace RULE@SUBJECT in feedback by the id of the recommendation that is active now."""
        name = event.data.get("recommendation")
        for case in self.case_set.cases.values():
            record = load_records(case.advice_state).get(name) if name else None
            if record is not None and record.state in PUBLISHED:
                return replace(event, data=event.data | {"recommendation": record.id})
        if name and "@" in name and (self.watched is None or rule_of(name) in self.watched):
            self.unmatched_answers.append(event)
        return event

    def _unmatched(self, event: Event) -> Failure:
        position = next(arrival.position for arrival in self.timeline.arrivals if arrival.event is event)
        name = event.data["recommendation"]
        return Failure(position, self.timeline.name, f"{name} is answered, but not advised at that time")

    def active(self) -> dict[str, AdviceRecord]:
        """The currently active advice."""
        return {
            key: record
            for case in self.case_set.cases.values()
            for key, record in active(case.advice_state).items()
            if self.watched is None or record.rule in self.watched
        }

    def evidence(self, key: str) -> set[str]:
        """The ids of all entities and events in the explanation of a recommendation."""
        because = self.latest[key].data["explanation"]["because"]
        entities = {fact["fact"].rpartition(" ")[0].partition("/")[2] for fact in because}
        return entities | {fact["event"]["id"] for fact in because if fact["event"]}


def _includes(value: list[str], run: Run) -> Iterator[str]:
    active_now = run.active()
    for name in value:
        if name not in active_now:
            yield _not_advised(name, run)


def _not_advised(name: str, run: Run) -> str:
    return f"{name} is not advised; {_advised_instead(name, sorted(run.active()))}"


def _advised_instead(name: str, active_now: list[str]) -> str:
    """What may be meant by advice that is not active, where nothing is advised about its subject; or what is active,
    first of the same rule, then about the same subject."""
    rule, _, subject = name.partition("@")
    same = [one for one in active_now if rule_of(one) == rule]
    if not any(one.endswith(f"@{subject}") for one in active_now) and (near := nearest(name, same)):
        return f"did you mean {near}?"
    listed = sorted(active_now, key=lambda one: (rule_of(one) != rule, not one.endswith(f"@{subject}")))
    more = f" and {len(listed) - MAX_ADVISED} more" if len(listed) > MAX_ADVISED else ""
    return f"advised: {', '.join(listed[:MAX_ADVISED]) or 'nothing'}{more}"


def _excludes(value: list[str], run: Run) -> Iterator[str]:
    for name in value:
        if name in run.active():
            yield f"{name} is advised"


def _exactly(value: list[str], run: Run) -> Iterator[str]:
    yield from _includes(value, run)
    for name in sorted(set(run.active()) - set(value)):
        yield f"{name} is advised too"


def _priority(value: Mapping[str, str], run: Run) -> Iterator[str]:
    for name, record, expected in _expected_records(value, run):
        if record is None:
            yield _not_advised(name, run)
        elif record.priority != expected:
            yield f"{name} has priority {record.priority}, not {expected}"


def _due(value: Mapping[str, str | None], run: Run) -> Iterator[str]:
    for name, record, expected in _expected_records(value, run):
        if record is None:
            yield _not_advised(name, run)
        elif record.due != (None if expected is None else parse_instant(expected)):
            due = "at no time" if record.due is None else format_instant(record.due)
            yield f"{name} is due {due}, not {expected}"


def _because(value: Mapping[str, list[str]], run: Run) -> Iterator[str]:
    for name, record, expected in _expected_records(value, run):
        if record is None:
            yield _not_advised(name, run)
        elif missing := [id for id in expected if str(id) not in run.evidence(name)]:
            named = ", ".join(sorted(filter(None, run.evidence(name))))
            yield f"the evidence of {name} does not name {', '.join(map(str, missing))}; it names {named}"


def _expected_records(value: Mapping[str, Any], run: Run) -> Iterator[tuple[str, AdviceRecord | None, Any]]:
    active_now = run.active()
    for name, expected in value.items():
        yield name, active_now.get(name), expected


_COMPARE: Mapping[str, Callable[[Any, Run], Iterator[str]]] = {
    "includes": _includes,
    "excludes": _excludes,
    "exactly": _exactly,
    "priority": _priority,
    "due": _due,
    "because": _because,
}
