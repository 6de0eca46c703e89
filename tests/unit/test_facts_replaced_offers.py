"""A revised offer under an id of its own takes the place of the earlier one of its application (ADR 70)."""

from itertools import permutations
from random import Random
from typing import Any

import pytest

from signpost.case import Case, Event
from signpost.facts.entity import Entity
from signpost.facts.facts import Facts, facts_of
from tests.support.generators import START

HOUR = 3_600_000_000
ACME = {"id": "acme", "name": "Acme"}
Said = tuple[int, str, dict[str, Any]]


def said(hour: int, name: str, offer: str, **data: Any) -> Said:
    return hour, f"offer.{name}", {"offer": offer, **data}


def made(hour: int, offer: str, **data: Any) -> Said:
    return said(hour, "extended", offer, application="a", **data)


def facts(*everything: Said) -> Facts:
    return facts_of(Case().fold(*events(everything)), "c-1")


def events(everything: tuple[Said, ...]) -> list[Event]:
    return [
        Event("acme", "test", f"e-{number}", type_, START + hour * HOUR, "c-1", data)
        for number, (hour, type_, data) in enumerate(everything)
    ]


def offers(*everything: Said) -> list[Entity]:
    return facts(*everything).entities["offer"]


def ids(*everything: Said) -> list[str]:
    return [offer.id for offer in offers(*everything)]


def test_it_has_the_terms_that_it_leaves_unknown() -> None:
    (offer,) = offers(
        made(0, "o1", employer=ACME, title="Analyst", team="Data", start_date="2026-04-06", workplace="remote"),
        made(9, "o2", start_date="2026-04-13", workplace=None),
        said(10, "updated", "o1", start_date="2026-04-06", highlights=["canteen"]),
    )
    assert (offer.id, offer.values["employer"], offer.values["title"]) == ("o2", "acme", "Analyst")
    assert (offer.values["team"], offer.values["highlights"]) == ("Data", ["canteen"])
    assert offer.values["start_date"].day == 13
    assert "workplace" not in offer.values


def test_it_has_no_deadline_no_letter_and_no_plan_of_the_earlier_one() -> None:
    (offer,) = offers(
        made(0, "o1", respond_by="2026-03-06T17:00:00Z"),
        said(1, "letter_received", "o1", letter={"title": "Analyst"}),
        said(2, "letter_signed", "o1"),
        said(3, "withdrawal_planned", "o1", reasons=["growth"]),
        said(4, "countered", "o1", salary={"amount": "9", "currency": "USD", "per": "hour"}),
        made(9, "o2"),
    )
    assert (offer.values["stage"], offer.values["letter"]) == ("open", "none")
    gone = ("respond_by", "respond_by_set_at", "letter_title", "letter_signed_at", "withdrawal_reasons", "countered_at")
    assert not set(gone) & set(offer.values)
    assert offer.values["accepted_at"] == START + 2 * HOUR


def test_an_end_of_the_earlier_one_after_it_came_counts_for_nothing() -> None:
    (offer,) = offers(made(0, "o1"), made(9, "o2"), said(9, "rescinded", "o1"), said(12, "expired", "o1"))
    assert (offer.id, offer.values["stage"]) == ("o2", "open")


def test_an_end_before_it_came_ends_the_answers_too() -> None:
    (offer,) = offers(made(0, "o1"), said(1, "accepted", "o1"), said(2, "withdrawn", "o1"), made(9, "o2"))
    assert (offer.values["stage"], "accepted_at" in offer.values) == ("open", False)


def test_one_that_nobody_extended_came_when_it_was_accepted() -> None:
    (offer,) = offers(said(0, "accepted", "o1", application="a"), said(9, "accepted", "o2", application="a"))
    assert (offer.id, offer.values["accepted_at"]) == ("o2", START + 9 * HOUR)


def test_several_revisions_end_in_the_last_one() -> None:
    talk = (8, "contact.logged", {"offer": "o1", "by": "candidate", "channel": "phone", "purpose": "deadline"})
    found = facts(made(0, "o1", title="Analyst"), made(1, "o2"), made(2, "o0"), talk)
    assert [(one.id, one.values["title"]) for one in found.entities["offer"]] == [("o0", "Analyst")]
    assert [one.values["offer"] for one in found.entities["contact"]] == ["o0"]


def test_a_title_that_was_taken_over_tells_positions_apart() -> None:
    assert ids(made(0, "o1", title="Analyst"), made(1, "o2"), made(2, "o3", title="Lead")) == ["o2", "o3"]


def test_of_two_positions_the_later_one_is_revised() -> None:
    assert ids(made(0, "o1", title="Analyst"), made(1, "o2", title="Lead"), made(2, "o3")) == ["o1", "o3"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"title": "Clerk"}, {"title": "Lead"}),
        ({"employer": ACME}, {"employer": {"id": "globex"}}),
        ({"employer": {"name": "Acme"}}, {"employer": {"name": "Globex"}}),
        ({}, {"application": "b"}),
        ({"application": None}, {"application": None}),
    ],
)
def test_other_positions_employers_and_applications_are_other_offers(
    first: dict[str, Any], second: dict[str, Any]
) -> None:
    everything = (said(0, "extended", "o1", **{"application": "a", **first}), made(1, "o2"))
    assert len(ids(everything[0], said(1, "extended", "o2", **{"application": "a", **second}))) == 2


def test_an_employer_is_known_by_its_id_or_its_name() -> None:
    assert ids(made(0, "o1", employer=ACME), made(1, "o2", employer={"id": "ACME", "name": "Acme Inc"})) == ["o2"]
    assert ids(made(0, "o1", employer=ACME), made(1, "o2", employer={"name": "acme"})) == ["o2"]


@pytest.mark.parametrize("name", ["accepted", "letter_signed", "letter_received", "countered", "declined", "withdrawn"])
def test_one_that_is_dealt_with_after_the_next_one_came_stays(name: str) -> None:
    assert ids(made(0, "o1"), made(1, "o2"), said(2, name, "o1")) == ["o1", "o2"]
    assert ids(made(0, "o1"), made(1, "o2"), said(1, name, "o1")) == ["o2"]


def test_one_whose_job_began_stays() -> None:
    assert ids(made(0, "o1"), made(1, "o2"), (2, "employment.started", {"offer": "o1"})) == ["o1", "o2"]


def test_of_one_time_the_accepted_one_is_the_last_and_an_ended_one_the_first() -> None:
    assert ids(made(0, "o1"), said(0, "accepted", "o1"), made(0, "o2")) == ["o1"]
    assert ids(made(0, "o1"), made(0, "o2"), said(0, "rescinded", "o2")) == ["o1"]
    assert ids(made(0, "o1"), made(0, "o2")) == ["o2"]


def test_a_condition_that_is_repeated_stays_cleared() -> None:
    cleared = said(1, "updated", "o1", conditions_cleared=True)
    first = made(0, "o1", conditions=["references"])
    (offer,) = offers(first, cleared, made(9, "o2", conditions=["references"]))
    assert offer.values["conditions_cleared"] is True
    (offer,) = offers(first, cleared, made(9, "o2", conditions=["references", "medical"]))
    assert (offer.values["conditions"], "conditions_cleared" in offer.values) == (["medical"], False)


def test_the_order_of_arrival_does_not_matter() -> None:
    everything = (
        made(0, "o3", title="Analyst", team="Data"),
        said(1, "accepted", "o3"),
        made(2, "o1", title="Lead"),
        made(3, "o2"),
        (4, "contact.logged", {"offer": "o3", "by": "candidate", "channel": "phone", "purpose": "other"}),
        said(5, "declined", "o1"),
    )
    told = events(everything)
    expected = facts_of(Case().fold(*told), "c-1")
    for order in Random(7).sample(list(permutations(told)), 60):
        found = facts_of(Case().fold(*order), "c-1")
        assert (found.entities, found.candidate) == (expected.entities, expected.candidate)
