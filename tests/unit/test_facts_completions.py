"""When an interview was over that is stated to be over again and again."""

from itertools import permutations

import pytest

from signpost.case import Case
from signpost.case.instant import HOUR, format_instant
from signpost.facts.facts import facts_of
from tests.unit.test_facts_renewals import START, Said, events_of


def interview(hours: float, name: str, **data: str) -> Said:
    return hours, f"interview.{name}", {"interview": "i", **data}


END = format_instant(START + int(2.5 * HOUR))


@pytest.mark.parametrize(
    ("said", "hours"),
    [
        ([interview(2, "completed"), interview(9, "completed")], 2),
        ([interview(0, "scheduled"), interview(2, "completed"), interview(9, "completed")], 2),
        ([interview(2, "completed"), interview(5, "scheduled"), interview(9, "completed")], 9),
        ([interview(2, "completed"), interview(5, "rescheduled"), interview(9, "completed")], 9),
        ([interview(2, "completed"), interview(5, "cancelled"), interview(9, "completed")], 9),
        ([interview(2, "completed"), interview(9, "completed", completed_at=END)], 2.5),
        ([interview(2, "completed", completed_at=END), interview(9, "completed")], 2),
    ],
)
def test_an_interview_was_over_when_that_was_first_stated(said: list[Said], hours: float) -> None:
    for order in permutations(events_of(*said)):
        [found] = facts_of(Case().fold(*order), "c-1").entities["interview"]
        assert found.values["completed_at"] == START + int(hours * HOUR)
