"""Simulation: what would be advised if events happened that have not. Pure; nothing is kept."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, TypedDict

from signpost.advice import active
from signpost.advice.advise import suppressions
from signpost.advice.case_set import CaseSet, LoadedCase
from signpost.advice.replay import Replay, ReplayedChange
from signpost.case.event import Event
from signpost.case.identity import case_keys
from signpost.case.instant import format_instant
from signpost.errors import CallerError


class Simulated(TypedDict):
    """`changes`: every recommendation as it would be told, in order; `active`: what would stand at the end."""

    candidate: str
    at: str
    until: str
    changes: list[dict[str, Any]]
    active: list[dict[str, Any]]
    suppressed: list[dict[str, str]]
    next_change: str | None


class TooMuch(CallerError):
    """A simulation that would take too long."""


MOST_WORK = 8_000
"""Entities looked at in one simulation: a second or two of work, five where all are offers."""


def simulate(case_set: CaseSet, candidate: str, events: Sequence[Event], at: int, until: int) -> Simulated:
    """Play events over cases, from `at` to `until` (microseconds). An event of an earlier time arrives at `at`.

    The caseload is changed, so give it cases of its own. Raises TooMuch.
    """
    ordered = sorted(events, key=lambda event: (max(event.time, at), event.time, event.source, event.id))
    arrivals = [(max(event.time, at), event) for event in ordered]
    changes = [change.data for _, change in case_set.wake(case_set.find(candidate).key, at)]
    changes += [told.change.data for told in _played(case_set, arrivals, until)]
    case = case_set.find(candidate)
    return {
        "candidate": case.key,
        "at": format_instant(at),
        "until": format_instant(until),
        "changes": changes,
        "active": [_standing(record) for record in active(case.advice_state).values()],
        "suppressed": suppressions(case.advice_state),
        "next_change": None if case.next_change is None else format_instant(case.next_change),
    }


def _played(case_set: CaseSet, arrivals: list[tuple[int, Event]], until: int) -> Iterator[ReplayedChange]:
    """Instant by instant, so that the work can be counted."""
    replay, pending, work = Replay(case_set, arrivals), Counter(at for at, _ in arrivals), 0
    while (instant := _next(case_set, pending)) is not None and instant <= until:
        arriving = pending.pop(instant, 0)
        work += (1 + arriving) * (1 + arriving + max(map(_size, case_set.cases.values())))
        if work > MOST_WORK:
            raise TooMuch(f"too much happens by {format_instant(until)}: ask for an earlier `until`, or fewer events")
        yield from replay.until(instant)


def _next(case_set: CaseSet, pending: Counter[int]) -> int | None:
    woken = (case.next_change for case in case_set.cases.values())
    return min((*pending, *(instant for instant in woken if instant is not None)), default=None)


def _size(case: LoadedCase) -> int:
    return sum(map(len, case.case.registers.values()))


def keys_of(candidate: str, events: Sequence[Event]) -> set[str]:
    """The case keys that a simulation touches."""
    return {candidate}.union(*(case_keys(event) for event in events))


def _standing(record: Any) -> dict[str, Any]:
    return {
        "rule": record.rule,
        "subject": f"{record.kind}/{record.subject}",
        "priority": record.priority,
        "title": record.title,
        "due": None if record.due is None else format_instant(record.due),
        "valid_until": None if record.valid_until is None else format_instant(record.valid_until),
    }
