"""Thanks for an interview that the candidate gave in a logged contact."""

from typing import Any

import pytest

from signpost.case import Case, Event
from signpost.case.instant import HOUR, parse_instant
from signpost.facts.facts import facts_of

START = parse_instant("2026-03-02T12:00:00Z")
ACME = {"id": "acme", "name": "Acme"}
HELD = (2, "interview.completed", {"interview": "i", "application": "a-1", "employer": ACME})


def thanked_at(*said: tuple[float, str, dict[str, Any]]) -> float | None:
    events = [
        Event("t", "s", f"e-{number}", type_, START + int(hours * HOUR), "c-1", data)
        for number, (hours, type_, data) in enumerate(said)
    ]
    [interview] = facts_of(Case().fold(*events), "c-1").entities["interview"]
    found = interview.values.get("thanked_at")
    return None if found is None else (found - START) / HOUR


def contact(hours: float, by: str = "candidate", purpose: str = "thanks", **data: Any) -> Any:
    return hours, "contact.logged", {"by": by, "purpose": purpose, "channel": "email", **data}


def test_the_first_thanks_after_an_interview_count() -> None:
    assert (
        thanked_at(HELD, contact(5, application="a-1"), contact(3, employer=ACME), contact(1, application="a-1")) == 3
    )
    assert thanked_at(HELD, contact(2, application="a-1")) == 2


def test_a_stated_channel_comes_first() -> None:
    by_hand = (4, "interview.thanked", {"interview": "i", "channel": "handwritten"})
    assert thanked_at(HELD, contact(3, application="a-1"), by_hand) == 4


@pytest.mark.parametrize(
    "other",
    [
        contact(1.9, application="a-1"),
        contact(3, "employer", application="a-1"),
        contact(3, purpose="check_in", application="a-1"),
        contact(3, employer={"id": "birch"}),
        contact(3),
    ],
)
def test_only_thanks_of_the_candidate_to_this_employer_after_the_interview_count(other: Any) -> None:
    assert thanked_at(HELD, other) is None


def test_nobody_is_thanked_for_an_interview_that_is_ahead() -> None:
    ahead = (0, "interview.scheduled", {"interview": "i", "application": "a-1", "employer": ACME})
    assert thanked_at(ahead, contact(3, application="a-1")) is None
