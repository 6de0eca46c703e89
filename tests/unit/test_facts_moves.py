"""When an interview was last moved."""

from typing import Any

import pytest

from signpost.case import Case, Event
from signpost.case.instant import HOUR, parse_instant
from signpost.facts.facts import Entity, facts_of

START = parse_instant("2026-03-02T12:00:00Z")
MONDAY, TUESDAY = "2026-03-09T12:00:00Z", "2026-03-10T12:00:00Z"
Said = tuple[float, str, dict[str, Any]]


def interview_of(*said: Said) -> Entity:
    """The interview of events given as (hours, name, data)."""
    events = [
        Event(
            "t", "s", f"e-{number}", f"interview.{name}", START + int(hours * HOUR), "c-1", {"interview": "i", **data}
        )
        for number, (hours, name, data) in enumerate(said)
    ]
    [found] = facts_of(Case().fold(*events), "c-1").entities["interview"]
    return found


def scheduled(hours: float, **data: Any) -> Said:
    return hours, "scheduled", data


def moved(hours: float, **data: Any) -> Said:
    return hours, "rescheduled", data


@pytest.mark.parametrize(
    ("said", "hours"),
    [
        ([scheduled(0, starts_at=MONDAY), moved(1, starts_at=TUESDAY)], 1),
        ([scheduled(0, starts_at=MONDAY), moved(1, starts_at=TUESDAY), moved(2, starts_at=TUESDAY)], 1),
        ([scheduled(0, starts_at=MONDAY), moved(1, starts_at=TUESDAY), moved(2, starts_at=MONDAY)], 2),
        ([scheduled(0, starts_at=MONDAY), moved(1, starts_at=MONDAY)], None),
        ([scheduled(0, starts_at=MONDAY, format="phone"), moved(1, starts_at=MONDAY, format="video")], 1),
        ([scheduled(0, starts_at=MONDAY, format="phone"), moved(1, starts_at=TUESDAY), moved(2, format="video")], 2),
        ([moved(1, starts_at=MONDAY)], 1),
        ([scheduled(0), moved(1)], 1),
        ([scheduled(0, starts_at=MONDAY), scheduled(1, starts_at=TUESDAY)], None),
        ([scheduled(0, starts_at=MONDAY), scheduled(1, starts_at=MONDAY)], None),
    ],
)
def test_an_interview_was_moved_when_a_move_gave_it_its_present_time_or_format(
    said: list[Said], hours: float | None
) -> None:
    found = interview_of(*said)
    assert found.values.get("rescheduled_at") == (None if hours is None else START + hours * HOUR)
    assert ("rescheduled_at" in found.stamps) is (hours is not None)
