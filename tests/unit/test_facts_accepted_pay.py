"""The pay that an offer stated when it was accepted, where it states another now."""

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
        Event("t", "s", f"e-{number}", f"offer.{name}", START + int(hours * HOUR), "c-1", data)
        for number, (hours, name, data) in enumerate(said)
    ]


def offer_of(case: Case) -> Entity:
    [found] = facts_of(case, "c-1").entities["offer"]
    return found


def accepted_pay(*said: Said) -> str | None:
    found = offer_of(Case().fold(*events_of(*said))).values.get("accepted_salary")
    return found and f"{found.amount} {found.currency} {found.per}"


def money(amount: str, per: str = "year", currency: str = "EUR") -> dict[str, str]:
    return {"amount": amount, "currency": currency} | ({"per": per} if per else {})


def said(hours: float, name: str, amount: str = "", per: str = "year", **data: Any) -> Said:
    return hours, name, {"offer": "o"} | ({"salary": money(amount, per)} if amount else {}) | data


OFFERED, YES, LESS = said(0, "extended", "60000"), said(2, "accepted", by="verbal"), said(3, "updated", "50000")


@pytest.mark.parametrize(
    ("changes", "pay"),
    [
        ([LESS], "60000 EUR year"),
        ([said(1, "updated", "70000"), LESS], "70000 EUR year"),
        ([said(2, "updated", "70000"), LESS], "70000 EUR year"),  # of one time, it was stated before the yes
        ([LESS, said(4, "updated", "55000")], "60000 EUR year"),
        ([LESS, said(4, "accepted", by="verbal")], "60000 EUR year"),
        ([said(2, "accepted", by="written"), LESS, said(4, "accepted", by="written")], "60000 EUR year"),
        ([LESS, said(4, "accepted", by="written")], None),  # in writing to the present pay
        ([said(3, "updated", salary=money("60000", currency="USD"))], "60000 EUR year"),
        ([said(3, "updated", "60000")], None),
        ([said(3, "updated", "5000", "month")], None),
        ([said(3, "updated", "50000", "")], None),  # nobody says what period it pays for
        ([said(1, "updated", "50000"), LESS], None),
        ([said(1, "updated", "50000"), said(3, "updated", "60000")], None),  # back to an earlier pay
        ([LESS, said(4, "updated", "60000")], None),
        ([LESS, said(4, "updated", salary=None)], None),
        ([said(1, "updated", "55000"), LESS], "55000 EUR year"),  # the last before the yes, not the greatest
        ([said(3, "accepted", "50000", by="written")], None),  # in writing, with the pay that it is to
        ([said(3, "updated", "48000"), said(4, "accepted", by="written"), said(5, "updated", "4000", "month")], None),
        ([said(3, "letter_received", letter={"salary": money("50000")})], None),
        ([said(3, "letter_received", letter={"salary": money("50000")}), said(4, "letter_signed")], None),
    ],
)
def test_the_pay_of_the_yes_is_known_where_another_was_first_stated_after_it(
    changes: list[Said], pay: str | None
) -> None:
    assert accepted_pay(OFFERED, YES, *changes) == pay


def test_a_pay_without_one_before_the_yes_changes_nothing() -> None:
    assert accepted_pay(said(0, "extended"), YES, LESS) is None
    assert accepted_pay(said(0, "extended"), YES, LESS, said(4, "updated", "40000")) is None
    assert accepted_pay(OFFERED, LESS) is None
    assert accepted_pay(OFFERED, YES, LESS, said(4, "rescinded")) is None


def test_an_accepted_counteroffer_names_the_pay_of_the_yes() -> None:
    better = said(2, "countered", "65000")
    assert accepted_pay(OFFERED, better, YES, said(3, "updated", "65000")) is None
    assert accepted_pay(OFFERED, better, YES, LESS) == "65000 EUR year"
    assert accepted_pay(OFFERED, YES, said(2.5, "countered", "65000"), LESS) == "60000 EUR year"


def test_a_pay_of_an_earlier_life_of_an_offer_does_not_count() -> None:
    again = said(4, "rescinded"), said(5, "extended"), said(6, "accepted")
    assert accepted_pay(OFFERED, YES, *again, said(7, "updated", "50000")) is None
    newer = said(5, "updated", "61000"), said(7, "updated", "50000")
    assert accepted_pay(OFFERED, YES, *again, *newer) == "61000 EUR year"


def test_a_pay_that_was_stated_at_the_time_of_an_end_is_of_the_life_that_ended() -> None:
    at_the_end = said(4, "rescinded"), said(4, "updated", "61000")
    again = said(5, "extended"), said(6, "accepted"), said(7, "updated", "50000")
    assert accepted_pay(OFFERED, YES, *at_the_end, *again) is None


def test_a_pay_whose_sender_writes_the_first_instant_of_1970_counts() -> None:
    first = Event("t", "s", "e-first", "offer.extended", 0, "c-1", OFFERED[2])
    assert offer_of(Case().fold(first, *events_of(YES, LESS))).values["accepted_salary"].amount == "60000"


def test_the_pay_of_the_yes_comes_from_the_event_that_stated_it_first() -> None:
    found = offer_of(Case().fold(*events_of(OFFERED, said(1, "updated", "60000"), YES, LESS)))
    assert found.stamps["accepted_salary"][2] == "e-0"


def test_a_case_that_does_not_know_when_each_pay_was_stated_is_as_before() -> None:
    first, *later = events_of(OFFERED, YES, LESS)
    case = Case().fold(first)
    old = {name: one for name, one in case.registers["offer"]["o"].items() if not name.startswith("joined.salary")}
    found = offer_of(Case({"offer": {"o": old}}).fold(*later))
    assert found.values["salary"].amount == "50000"
    assert "accepted_salary" not in found.values


def test_an_erased_case_does_not_keep_when_each_pay_was_stated() -> None:
    erased = Event("t", "s", "erased", "candidate.erased", START, "c-1", {})
    case = Case().fold(*events_of(*((hours + 1, *rest) for hours, *rest in (OFFERED, YES, LESS)))).fold(erased)  # type: ignore[arg-type]
    assert not [name for name in case.registers["offer"]["o"] if name.startswith("joined.")]
    assert "accepted_salary" not in offer_of(case).values
