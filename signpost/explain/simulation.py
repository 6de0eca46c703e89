"""Simulation: what would be advised if events happened that have not. Pure; nothing is kept."""

from collections.abc import Sequence
from typing import Any, TypedDict

from signpost.advice import active
from signpost.advice.advise import suppressions
from signpost.advice.caseload import Caseload
from signpost.advice.replay import Replay
from signpost.case.event import Event
from signpost.case.identity import case_keys
from signpost.case.instant import format_instant


class Simulated(TypedDict):
    """`changes`: every recommendation as it would be told, in order; `active`: what would stand at the end."""

    candidate: str
    at: str
    until: str
    changes: list[dict[str, Any]]
    active: list[dict[str, Any]]
    suppressed: list[dict[str, str]]
    next_change: str | None


def simulate(caseload: Caseload, candidate: str, events: Sequence[Event], at: int, until: int) -> Simulated:
    """Play events over cases, from `at` to `until` (microseconds). An event of an earlier time arrives at `at`.

    The caseload is changed, so give it cases of its own.
    """
    ordered = sorted(events, key=lambda event: (max(event.time, at), event.time, event.source, event.id))
    caseload.find(candidate)
    changes = [change.data for _, change in caseload.wake(caseload.find(candidate).key, at)]
    replay = Replay(caseload, [(max(event.time, at), event) for event in ordered])
    changes += [told.change.data for told in replay.until(until)]
    case = caseload.find(candidate)
    return {
        "candidate": case.key,
        "at": format_instant(at),
        "until": format_instant(until),
        "changes": changes,
        "active": [_standing(record) for record in active(case.recorded).values()],
        "suppressed": suppressions(case.recorded),
        "next_change": None if case.next_change is None else format_instant(case.next_change),
    }


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
