"""Offers of one application under several ids: which are one offer, and what is stated of it."""

from typing import Any

import pytest

from signpost.case import Case, Event
from signpost.case.instant import HOUR
from signpost.facts.facts import Facts, facts_of
from tests.support.generators import START

Said = tuple[float, str, dict[str, Any]]


def facts(*said: Said) -> Facts:
    """Facts of events given as (hours, type, data)."""
    events = [
        Event("t", "s", f"e-{number}", type_, START + int(hours * HOUR), "c-1", data)
        for number, (hours, type_, data) in enumerate(said)
    ]
    return facts_of(Case().fold(*events), "c-1")


def offer(hours: float, name: str, offer: str, **data: Any) -> Said:
    return hours, f"offer.{name}", {"offer": offer, "application": "a", **data}


def ids(*said: Said) -> list[str]:
    return [one.id for one in facts(*said).entities["offer"]]


@pytest.mark.parametrize(
    "said",
    [
        [offer(0, "updated", "o1", title="Analyst"), offer(1, "extended", "o2")],
        [offer(1, "accepted", "o1", by="verbal"), offer(3, "extended", "o2"), offer(5, "accepted", "o1", by="written")],
        [
            offer(0, "extended", "o1"),
            offer(1, "accepted", "o1"),
            offer(3, "extended", "o2"),
            offer(5, "letter_received", "o1"),
        ],
    ],
)
def test_an_offer_that_was_not_made_or_is_still_dealt_with_stays(said: list[Said]) -> None:
    assert ids(*said) == ["o1", "o2"]


def test_the_deadline_of_the_earlier_offer_is_none_of_the_revised_one() -> None:
    """So a request for more time that came before it asked nothing of this offer."""
    asked = {"offer": "o1", "by": "candidate", "channel": "email", "purpose": "deadline"}
    found = facts(
        offer(0, "extended", "o1", respond_by="2026-03-06T17:00:00Z"),
        (5, "contact.logged", asked),
        offer(9, "extended", "o2", respond_by="2026-03-13T17:00:00Z"),
    )
    [revised] = found.entities["offer"]
    assert (revised.values["respond_by_set_at"], "more_time_answered_at" in revised.values) == (START + 9 * HOUR, False)


UNNAMED = "application-a"


def test_a_hire_without_an_offer_of_its_own_accepts_one_that_nobody_extended() -> None:
    [found] = facts(
        offer(0, "updated", "o1", title="Analyst"),
        offer(1, "accepted", UNNAMED, title="Lead"),
        (2, "contact.logged", {"application": "a", "by": "employer"}),
    ).entities["offer"]
    assert (found.id, found.values["stage"], found.values["title"]) == ("o1", "accepted", "Lead")


def test_an_id_of_an_application_can_begin_like_that_of_a_hire() -> None:
    said = (
        offer(0, "extended", "o1", application="application-7"),
        offer(1, "accepted", "application-application-7", application="application-7"),
    )
    assert ids(*said) == ["o1"]
