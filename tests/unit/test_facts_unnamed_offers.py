"""A hire that names no offer is the acceptance of the offer that was made for its application."""

from typing import Any

import pytest

from signpost.case import Case, Event
from signpost.facts.entity import Entity
from signpost.facts.facts import Facts, facts_of
from tests.support.generators import START

HOUR = 3_600_000_000
MADE = ("offer.extended", {"offer": "o-7", "application": "a-7", "title": "Analyst"})
HIRED = ("offer.accepted", {"offer": "application-a-7", "application": "a-7"})


def facts(*said: tuple[str, dict[str, Any]]) -> Facts:
    events = [
        Event("acme", "test", f"e-{number}", type_, START + number * HOUR, "c-1", data)
        for number, (type_, data) in enumerate(said)
    ]
    return facts_of(Case().fold(*events), "c-1")


def offers(*said: tuple[str, dict[str, Any]]) -> list[Entity]:
    return facts(*said).entities["offer"]


@pytest.mark.parametrize("said", [(MADE, HIRED), (HIRED, MADE)])
def test_it_is_one_offer(said: tuple[tuple[str, dict[str, Any]], ...]) -> None:
    (offer,) = offers(*said)
    assert (offer.id, offer.values["title"]) == ("o-7", "Analyst")
    assert "accepted_at" in offer.values


def test_a_hire_after_the_acceptance_is_no_second_one() -> None:
    (offer,) = offers(MADE, ("offer.accepted", {"offer": "o-7", "application": "a-7"}), HIRED)
    assert (offer.id, offer.values["stage"]) == ("o-7", "accepted")


def test_of_several_the_one_that_was_last_extended_is_meant() -> None:
    earlier = ("offer.extended", {"offer": "o-9", "application": "a-7", "title": "Clerk"})
    assert {one.id: one.values["stage"] for one in offers(earlier, MADE, HIRED)} == {"o-7": "accepted", "o-9": "open"}


def test_what_was_told_about_it_is_about_that_offer() -> None:
    told = {"offer": "application-a-7", "by": "candidate", "channel": "phone", "purpose": "withdrawal"}
    other = {"offer": "o-8", "by": "candidate", "channel": "phone", "purpose": "withdrawal"}
    found = facts(MADE, HIRED, ("contact.logged", told), ("contact.logged", other))
    assert sorted(one.values["offer"] for one in found.entities["contact"]) == ["o-7", "o-8"]
    assert found.entities["offer"][0].values["withdrawing_since"] == START + 2 * HOUR


@pytest.mark.parametrize(
    ("offer", "application"), [("application-a-7", "a-8"), ("a-7", "a-7"), ("application-a-7", None), ("o-8", "a-7")]
)
def test_any_other_id_is_one_of_its_own(offer: str, application: str | None) -> None:
    said = {"offer": offer, "title": "Clerk"} | ({} if application is None else {"application": application})
    assert len(offers(MADE, ("offer.accepted", said))) == 2


def test_it_stays_where_the_application_has_no_other() -> None:
    assert [one.id for one in offers(HIRED)] == ["application-a-7"]


def test_the_ids_of_a_source_of_its_own_are_read_alike() -> None:
    made, hired = (
        (type_, data | {"offer": f"hr:{data['offer']}", "application": "hr:a-7"}) for type_, data in (MADE, HIRED)
    )
    assert [one.id for one in offers(made, hired)] == ["hr:o-7"]
