"""The stage of an interview that was held, at the boundaries."""

import pytest

from signpost.case.case import Register
from signpost.case.instant import parse_instant
from signpost.facts.stages import interview_stage

HELD = parse_instant("2026-03-03T12:00:00Z")


@pytest.mark.parametrize(
    ("starts_at", "later", "stage"),
    [
        (None, "rescheduled", "completed"),
        (HELD, "rescheduled", "completed"),
        (HELD, "scheduled", "completed"),
        (HELD + 1, "rescheduled", "scheduled"),
        (HELD + 1, "scheduled", "scheduled"),
        (HELD, "cancelled", "cancelled"),
    ],
)
def test_only_a_later_start_makes_an_interview_one_ahead_again(starts_at: int | None, later: str, stage: str) -> None:
    fields: dict[str, Register] = {"completed": ((HELD, "s", "e-1"), {}), later: ((HELD + 2, "s", "e-2"), {})}
    found = interview_stage(fields, starts_at)
    assert found is not None
    assert (found.value, found.stamp) == (
        stage,
        ((HELD, "s", "e-1") if stage == "completed" else (HELD + 2, "s", "e-2")),
    )


def test_an_interview_that_was_not_held_is_ahead() -> None:
    found = interview_stage({"scheduled": ((HELD, "s", "e-1"), {})}, None)
    assert found is not None
    assert found.value == "scheduled"
    assert interview_stage({}, HELD) is None
