"""Running timelines: events arrive, the clock wakes cases at the very instants it would, expectations are compared."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from signpost.advice import Engine, RecommendationChange, active
from signpost.advice.caseload import Caseload
from signpost.advice.records import TOLD, Record, load_records
from signpost.case.event import Event
from signpost.case.instant import format_instant, parse_instant
from signpost.engine import make_engine
from signpost.rulebook import load
from signpost.rulebook.terms import Position
from signpost.timelines.reader import TENANT, Timeline, find_timelines


@dataclass(frozen=True, slots=True, order=True)
class Failure:
    """An expectation that was not met."""

    position: Position
    timeline: str
    message: str

    def __str__(self) -> str:
        return f"{self.position}: {self.timeline}: {self.message}"


@dataclass(slots=True)
class Result:
    """What a run came to."""

    timelines: int = 0
    expectations: int = 0
    failures: list[Failure] = field(default_factory=list)


def run_timelines(
    paths: Sequence[Path],
    rulebook: Path,
    *,
    engine: str = "compiled",
    progress: Callable[[Timeline], None] = lambda timeline: None,
) -> Result:
    """Every timeline under the paths against the rulebook in a folder. Raises TimelineError and RulebookError."""
    timelines = find_timelines(paths)
    engines: dict[str, Engine] = {}
    result = Result()
    for timeline in timelines:
        key = repr(timeline.params)
        if key not in engines:
            engines[key] = make_engine(engine, load(rulebook, timeline.params))
        result.timelines += 1
        result.expectations += len(timeline.expectations)
        result.failures += _Run(timeline, engines[key]).failures()
        progress(timeline)
    return result


class _Run:
    def __init__(self, timeline: Timeline, engine: Engine) -> None:
        self.timeline = timeline
        self.caseload = Caseload(engine, TENANT, {})
        self.latest: dict[str, RecommendationChange] = {}

    def failures(self) -> Iterator[Failure]:
        arrivals = list(self.timeline.arrivals)
        for expectation in self.timeline.expectations:
            while arrivals and arrivals[0].at <= expectation.at:
                arrival = arrivals.pop(0)
                self._pass_time(arrival.at)
                self._note(self.caseload.handle(self._addressed(arrival.event), arrival.at))
            self._pass_time(expectation.at)
            for message in _COMPARE[expectation.kind](expectation.value, self):
                yield Failure(expectation.position, self.timeline.name, f"at {expectation.label} {message}")

    def _pass_time(self, until: int) -> None:
        """Wake every case at each instant at which it asked to be, as the clock worker does."""
        while True:
            due = [
                case
                for case in self.caseload.cases.values()
                if case.next_change is not None and case.next_change <= until
            ]
            if not due:
                return
            case = min(due, key=lambda case: case.next_change or 0)
            self._note(self.caseload.wake(case.key, case.next_change or 0))

    def _note(self, told: list[tuple[str, RecommendationChange]]) -> None:
        for _, change in told:
            self.latest[f"{change.rule}@{change.subject}"] = change

    def _addressed(self, event: Event) -> Event:
        """An answer to RULE@SUBJECT, sent to the recommendation that stands for it now."""
        name = event.data.get("recommendation")
        for case in self.caseload.cases.values():
            record = load_records(case.recorded).get(name) if name else None
            if record is not None and record.state in TOLD:
                return replace(event, data=event.data | {"recommendation": record.id})
        return event

    def active(self) -> dict[str, Record]:
        """The advice that stands now."""
        return {key: record for case in self.caseload.cases.values() for key, record in active(case.recorded).items()}

    def evidence(self, key: str) -> set[str]:
        """Every id that the explanation of a piece of advice names: entities and events."""
        because = self.latest[key].data["explanation"]["because"]
        named = {fact["fact"].rpartition(" ")[0].partition("/")[2] for fact in because}
        return named | {fact["event"]["id"] for fact in because if fact["event"]}


def _includes(value: list[str], run: _Run) -> Iterator[str]:
    standing = run.active()
    for name in value:
        if name not in standing:
            yield f"{name} is not advised; advised: {', '.join(sorted(standing)) or 'nothing'}"


def _excludes(value: list[str], run: _Run) -> Iterator[str]:
    for name in value:
        if name in run.active():
            yield f"{name} is advised"


def _exactly(value: list[str], run: _Run) -> Iterator[str]:
    yield from _includes(value, run)
    for name in sorted(set(run.active()) - set(value)):
        yield f"{name} is advised too"


def _priority(value: Mapping[str, str], run: _Run) -> Iterator[str]:
    for name, record, wanted in _standing(value, run):
        if record is None:
            yield f"{name} is not advised"
        elif record.priority != wanted:
            yield f"{name} has priority {record.priority}, not {wanted}"


def _due(value: Mapping[str, str | None], run: _Run) -> Iterator[str]:
    for name, record, wanted in _standing(value, run):
        if record is None:
            yield f"{name} is not advised"
        elif record.due != (None if wanted is None else parse_instant(wanted)):
            due = "at no time" if record.due is None else format_instant(record.due)
            yield f"{name} is due {due}, not {wanted}"


def _because(value: Mapping[str, list[str]], run: _Run) -> Iterator[str]:
    for name, record, wanted in _standing(value, run):
        if record is None:
            yield f"{name} is not advised"
        elif missing := [id for id in wanted if str(id) not in run.evidence(name)]:
            named = ", ".join(sorted(run.evidence(name)))
            yield f"the evidence of {name} does not name {', '.join(map(str, missing))}; it names {named}"


def _standing(value: Mapping[str, Any], run: _Run) -> Iterator[tuple[str, Record | None, Any]]:
    standing = run.active()
    for name, wanted in value.items():
        yield name, standing.get(name), wanted


_COMPARE: Mapping[str, Callable[[Any, _Run], Iterator[str]]] = {
    "includes": _includes,
    "excludes": _excludes,
    "exactly": _exactly,
    "priority": _priority,
    "due": _due,
    "because": _because,
}
