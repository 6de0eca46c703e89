"""What follows from an interview that was held: whom thanks are for, and by when an answer was promised."""

from typing import Any

import pytest

from signpost.case import Case, Event
from signpost.case.instant import HOUR, parse_instant
from signpost.facts.facts import Facts, facts_of
from signpost.facts.values import own_value
from signpost.facts.vocabulary import KINDS

START = parse_instant("2026-03-02T12:00:00Z")
ACME = {"id": "acme"}


def facts(*said: tuple[int, str, dict[str, Any]]) -> Facts:
    """Facts of events given as (time, type, data)."""
    events = [Event("t", "s", f"e-{number}", type_, at, "c-1", data) for number, (at, type_, data) in enumerate(said)]
    return facts_of(Case().fold(*events), "c-1")


@pytest.mark.parametrize(
    ("of_offer", "of_contact", "counts"),
    [
        ({"application": "a"}, {}, True),
        ({}, {}, True),
        ({"application": "b"}, {}, False),
        ({"application": "b"}, {"application": "a"}, False),
    ],
)
def test_thanks_about_an_offer_are_for_the_interviews_of_its_application(
    of_offer: dict[str, str], of_contact: dict[str, str], counts: bool
) -> None:
    thanks = {"offer": "o", "by": "candidate", "purpose": "thanks", "channel": "email", **of_contact}
    [interview] = facts(
        (START, "interview.completed", {"interview": "i", "application": "a", "employer": ACME}),
        (START + HOUR, "offer.extended", {"offer": "o", "employer": ACME, **of_offer}),
        (START + 2 * HOUR, "contact.logged", thanks),
    ).entities["interview"]
    assert interview.values.get("thanked_at") == (START + 2 * HOUR if counts else None)


@pytest.mark.parametrize(
    ("held", "word_by", "counts"),
    [
        ("2026-03-06T23:59:30Z", "2026-03-06", True),
        ("2026-03-07T00:00:00Z", "2026-03-06", False),
        ("2026-03-07T00:10:00Z", "2026-03-06", False),
    ],
)
def test_a_promise_for_a_day_before_the_interview_is_void(held: str, word_by: str, counts: bool) -> None:
    talk = {"interview": "i", "application": "a"}
    found = facts(
        (START, "application.submitted", {"application": "a"}),
        (START, "interview.scheduled", {**talk, "word_by": word_by}),
        (parse_instant(held), "interview.completed", talk),
    )
    [application] = found.entities["application"]
    assert application.values["interviewed_at"] == parse_instant(held)
    assert ("word_by" in application.values) is counts


def test_who_started_a_job_that_has_ended_since_is_not_employed() -> None:
    found = facts(
        (START, "offer.accepted", {"offer": "o", "employer": ACME}),
        (START + HOUR, "employment.started", {"offer": "o"}),
        (START + 2 * HOUR, "employment.current", {"employer": ACME}),
        (START + 3 * HOUR, "employment.ended", {}),
    )
    assert found.candidate.values["employed"] is False


def test_a_field_of_the_product_is_none_that_a_rulebook_declares() -> None:
    assert own_value(KINDS["offer"]["title"], "Analyst") is None
    assert own_value(KINDS["offer"]["title"], None) is None
