"""A new life of an offer: it ended and is extended again."""

from itertools import permutations
from typing import Any

import pytest

from signpost.case import Case, Event
from signpost.case.instant import HOUR, parse_instant
from signpost.facts.facts import Entity, facts_of

START = parse_instant("2026-03-02T12:00:00Z")
Said = tuple[float, str, dict[str, Any]]


def events_of(*said: Said) -> list[Event]:
    """Events given as (hours, type, data)."""
    return [
        Event("t", "s", f"e-{number}", type_, START + int(hours * HOUR), "c-1", data)
        for number, (hours, type_, data) in enumerate(said)
    ]


def offer_of(*said: Said) -> Entity:
    [found] = facts_of(Case().fold(*events_of(*said)), "c-1").entities["offer"]
    return found


def offer(hours: float, name: str, **data: Any) -> Said:
    return hours, f"offer.{name}", {"offer": "o", **data}


def contact(hours: float, channel: str) -> Said:
    return hours, "contact.logged", {"offer": "o", "by": "candidate", "purpose": "withdrawal", "channel": channel}


def money(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "USD", "per": "year"}


LIFE = (
    offer(0, "extended", start_date="2026-05-04", respond_by="2026-03-05T12:00:00Z"),
    offer(1, "acceptance_planned"),
    offer(2, "accepted", by="written"),
    offer(3, "letter_received", letter={"title": "Lead", "salary": money("80000"), "start_date": "2026-05-11"}),
    offer(4, "letter_signed"),
    offer(5, "withdrawal_planned", reasons=["compensation"], bottom_line=money("90000")),
    offer(6, "countered", salary=money("95000")),
)
FORGOTTEN = {
    *("accepted_at", "accepted_by", "acceptance_planned_at", "respond_by", "letter_received_at", "letter_signed_at"),
    *("letter_title", "letter_salary", "letter_start_date", "withdrawal_planned_at", "withdrawal_reasons"),
    *("bottom_line", "countered_at", "counteroffer_salary"),
}


@pytest.mark.parametrize(("hours", "is_new"), [(5.9, False), (6, False), (6.1, True), (8, False), (9, False)])
@pytest.mark.parametrize("end", ["withdrawn", "rejected"])
def test_the_recorded_end_of_the_application_is_one(end: str, hours: float, is_new: bool) -> None:
    of_application = {"offer": "o", "application": "a"}
    said = (hours, f"application.{end}", {"application": "a"})
    again = offer_of((0, "offer.updated", of_application), *LIFE, said, offer(8, "extended"))
    assert FORGOTTEN.isdisjoint(again.values) is is_new


@pytest.mark.parametrize("end", ["declined", "withdrawn", "rescinded", "expired"])
def test_an_offer_that_is_extended_after_its_end_starts_a_new_life(end: str) -> None:
    again = offer_of(*LIFE, offer(7, end), offer(8, "extended", salary=money("84000")))
    assert (FORGOTTEN | {f"{end}_at"}).isdisjoint([*again.values, *again.stamps])
    assert (again.values["stage"], again.values["ended"], again.values["letter"]) == ("open", False, "none")
    assert (again.values["start_date"].isoformat(), again.values["salary"].annual) == ("2026-05-04", 84000)


def test_what_the_candidate_has_told_the_employer_is_an_end_too() -> None:
    told = (*LIFE, contact(7, "phone"), contact(8, "email"))
    assert FORGOTTEN.isdisjoint(offer_of(*told, offer(9, "extended")).values)
    assert "accepted_at" in offer_of(*told, offer(8, "extended")).values
    assert "accepted_at" in offer_of(*LIFE, contact(7, "phone"), offer(9, "extended")).values
    assert "accepted_at" in offer_of(*LIFE, contact(3, "phone"), contact(7, "email"), offer(9, "extended")).values
    assert "accepted_at" in offer_of(*LIFE, contact(4, "phone"), contact(5, "email"), offer(9, "extended")).values
    answered = offer_of(*LIFE, contact(4, "phone"), contact(7, "email"), offer(9, "extended"))
    assert FORGOTTEN.isdisjoint(answered.values)


def test_an_offer_that_is_sent_again_without_an_end_is_the_same() -> None:
    again = offer_of(*LIFE, offer(8, "extended")).values
    assert again.keys() >= FORGOTTEN - {"accepted_by"}
    assert (again["letter"], again["accepted_at"]) == ("signed", START + 4 * HOUR)


def test_what_is_said_in_the_new_life_counts() -> None:
    ended = (*LIFE, offer(7, "rescinded"), offer(8, "extended"))
    yes = offer_of(*ended, offer(9, "accepted", by="verbal")).values
    assert (yes["accepted_at"], yes["accepted_by"], yes["letter"]) == (START + 9 * HOUR, "verbal", "none")
    between = offer_of(*LIFE, offer(7, "rescinded"), offer(7.5, "letter_received"), offer(8, "extended"))
    assert between.values["letter"] == "received"
    gone = offer_of(*ended, offer(9, "declined")).values
    assert (gone["stage"], gone["declined_at"], "rescinded_at" in gone) == ("declined", START + 9 * HOUR, False)


@pytest.mark.parametrize(("extended", "kept"), [(7, True), (6.9, True), (7.1, False)])
def test_of_one_time_the_end_is_the_last(extended: float, kept: bool) -> None:
    """ADR 50: an offer made and withdrawn at one time has ended; an answer of the time of the end was before it."""
    found = offer_of(*LIFE, offer(7, "accepted", by="verbal"), offer(7, "declined"), offer(extended, "extended"))
    assert ("accepted_at" in found.values, found.values["ended"]) == (kept, kept)


def test_a_new_life_does_not_depend_on_the_order_of_arrival() -> None:
    said = events_of(offer(0, "accepted"), offer(1, "declined"), offer(2, "extended"), offer(3, "letter_received"))
    cases = {facts_of(Case().fold(*order), "c-1").entities["offer"][0].values["letter"] for order in permutations(said)}
    joined = Case().fold(*said[:2]).join(Case().fold(*said[1:]))
    assert cases == {"received"}
    assert "accepted_at" not in facts_of(joined, "c-1").entities["offer"][0].values


LETTER = {
    "salary": money("90000"),
    "title": "Lead",
    "start_date": "2026-12-17",
    "workplace": "remote",
    "location": {"city": "Boston", "region": "MA", "country": "US"},
}
OF_LETTER = ("salary", "title", "start_date", "workplace", "location")


def test_what_only_the_letter_states_is_the_offer() -> None:
    found = offer_of(offer(0, "extended"), offer(1, "letter_received", letter=LETTER))
    assert all(found.values[name] == found.values[f"letter_{name}"] for name in OF_LETTER)
    assert {found.stamps[name][2] for name in (*OF_LETTER, "city")} == {"e-1"}
    assert [found.values[name] for name in ("city", "region", "country")] == ["Boston", "MA", "US"]
    assert found.values["last_day_before"].isoformat() == "2026-12-16"


def test_what_the_offer_states_itself_stays() -> None:
    own = {"salary": money("80000"), "start_date": "2026-06-01", "location": {"city": "Lowell"}}
    found = offer_of(offer(0, "extended", **own), offer(1, "letter_received", letter=LETTER))
    assert (found.values["start_date"].isoformat(), found.values["city"]) == ("2026-06-01", "Lowell")
    assert (found.values["salary"].annual, found.values["letter_salary"].annual) == (80000, 90000)
    assert (found.values["title"], "region" in found.values) == ("Lead", False)


def test_a_letter_of_an_earlier_life_states_no_terms() -> None:
    found = offer_of(
        offer(0, "extended"), offer(1, "letter_received", letter=LETTER), offer(2, "rescinded"), offer(3, "extended")
    )
    assert not set(OF_LETTER) & found.values.keys()
