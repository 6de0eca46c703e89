"""Simulates hypothetical events and returns the resulting advice. Pure; stores nothing."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, TypedDict

from signpost.advice import active
from signpost.advice.case_set import CaseSet
from signpost.advice.records import suppressions
from signpost.advice.replay import Replay, ReplayedChange
from signpost.case.event import Event
from signpost.case.identity import case_keys
from signpost.case.instant import format_instant
from signpost.errors import CallerError


class Simulated(TypedDict):
    """The result. `changes`: all changes that would be published, in order; `active`: the candidate's advice at the
    end; `others`: the cases of the other candidates of the events, whose advice is in `changes` alone."""

    candidate: str
    others: list[str]
    at: str
    until: str
    changes: list[dict[str, Any]]
    active: list[dict[str, Any]]
    suppressed: list[dict[str, str]]
    next_change: str | None


class SimulationTooLarge(CallerError):
    """The simulation would take too long."""


MAX_WORK = 8_000
"""Entities evaluated in one simulation: one to two seconds, up to five if all are offers."""


def simulate(case_set: CaseSet, candidate: str, events: Sequence[Event], at: int, until: int) -> Simulated:
    """Apply events to cases from `at` to `until` (microseconds). An event with an earlier time arrives at `at`.

    Changes `case_set`, so pass a copy. Raises SimulationTooLarge.
    """
    ordered = sorted(events, key=lambda event: (max(event.time, at), event.time, event.source, event.id))
    arrivals = [(max(event.time, at), event) for event in ordered]
    changes = [change.data for _, change in case_set.wake(case_set.find(candidate).key, at)]
    changes += [replayed.change.data for replayed in _replay(case_set, arrivals, until)]
    case = case_set.find(candidate)
    return {
        "candidate": case.key,
        "others": sorted({case_set.find(event.subject).key for event in events} - {case.key}),
        "at": format_instant(at),
        "until": format_instant(until),
        "changes": changes,
        "active": [_format_record(record) for record in active(case.advice_state).values()],
        "suppressed": suppressions(case.advice_state),
        "next_change": None if case.next_change is None else format_instant(case.next_change),
    }


def _replay(case_set: CaseSet, arrivals: list[tuple[int, Event]], until: int) -> Iterator[ReplayedChange]:
    """Replay instant by instant, to limit the work."""
    replay, pending, work = Replay(case_set, arrivals), Counter(at for at, _ in arrivals), 0
    while (instant := _next(case_set, pending)) is not None and instant <= until:
        arriving = pending.pop(instant, 0)
        work += (1 + arriving) * (1 + arriving + max(case.size for case in case_set.cases.values()))
        if work > MAX_WORK:
            raise SimulationTooLarge(
                f"the simulation until {format_instant(until)} is too large: choose an earlier `until` or fewer events"
            )
        yield from replay.until(instant)


def _next(case_set: CaseSet, pending: Counter[int]) -> int | None:
    wake_times = (case.next_change for case in case_set.cases.values())
    return min((*pending, *(instant for instant in wake_times if instant is not None)), default=None)


def keys_of(candidate: str, events: Sequence[Event]) -> set[str]:
    """The case keys that a simulation touches."""
    return {candidate}.union(*(case_keys(event) for event in events))


def _format_record(record: Any) -> dict[str, Any]:
    return {
        "rule": record.rule,
        "subject": f"{record.kind}/{record.subject}",
        "priority": record.priority,
        "title": record.title,
        "due": None if record.due is None else format_instant(record.due),
        "valid_until": None if record.valid_until is None else format_instant(record.valid_until),
    }
