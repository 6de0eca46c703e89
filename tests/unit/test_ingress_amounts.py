"""Amounts and typed texts in deliveries: what is certain is read, and what cannot be read leaves a note."""

from typing import Any

import pytest

from tests.support.vendor_bodies import ashby, ashby_offer, notes, sent_offer, take


def pay(value: Any, **source: Any) -> tuple[Any, list[str]]:
    """The salary of an offer of Greenhouse with this custom field, and the notes of its delivery."""
    payload = {"id": 5, "application_id": 7, "version": 1, "sent_on": "2026-11-20", "offer_status": "Created"}
    body = {"action": "offer_created", "payload": {**payload, "start_date": "2027-04-01", "custom_fields": value}}
    result = take("greenhouse", body, **source)
    return result.events[1].data.get("salary"), [note.partition(": ")[2] for note in notes(result)]


LEFT_OUT = "salary was left out: its value cannot be read"
NO_OBJECT = "must be an object of amount, currency and optionally per, is"
RANGE = {"min_value": "1.0", "max_value": "2.0"}


@pytest.mark.parametrize(
    ("field", "why"),
    [
        ({"type": "number", "value": 80000}, f"{NO_OBJECT} a number"),
        ({"type": "short_text", "value": "80k"}, f"{NO_OBJECT} a string"),
        (80000, f"{NO_OBJECT} a number"),
        ({"type": "currency", "value": {"amount": 80000, "unit": None}}, "/currency is missing"),
        ({"type": "currency_range", "value": {**RANGE, "unit": "USD"}}, "/amount is missing"),
        ({"type": "currency_range", "value": {**RANGE, "unit": None}}, "/amount is missing"),
    ],
)
def test_an_amount_that_cannot_be_read_is_noted(field: Any, why: str) -> None:
    salary, found = pay({"salary": field})
    assert salary is None
    (note,) = found
    assert f"{LEFT_OUT};" in note
    assert why in note


@pytest.mark.parametrize(
    "field",
    [
        None,
        {"type": "currency", "value": None},
        {"type": "currency", "value": {"amount": None, "unit": None}},
        {"type": "currency", "value": {"amount": None, "unit": "USD"}},
    ],
)
def test_an_amount_that_is_not_set_is_not_noted(field: Any) -> None:
    assert pay({"salary": field}) == (None, [])
    assert pay({}) == pay([]) == (None, [])


@pytest.mark.parametrize(
    ("amount", "unit"), [(120000, "usd"), ("120000", "USD "), (" 120000 ", "USD"), ("120000", " Usd")]
)
def test_an_amount_is_read_whatever_the_case_and_the_spaces_around_it(amount: Any, unit: str) -> None:
    expected = {"amount": "120000", "currency": "USD"}
    assert pay({"salary": {"type": "currency", "value": {"amount": amount, "unit": unit}}}) == (expected, [])
    offer = ashby_offer()
    offer["latestVersion"]["salary"] = {"currencyCode": unit, "value": amount}
    assert take("ashby", ashby("offerUpdate", offer=offer)).events[1].data["salary"] == expected


def test_an_amount_is_noted_only_where_no_other_field_has_one() -> None:
    good = {"type": "currency", "value": {"amount": 9, "unit": "USD"}}
    assert pay({"salary": {"value": 80000}, "base_salary": good}) == ({"amount": "9", "currency": "USD"}, [])
    annual = {"amount": "9", "currency": "USD", "per": "year"}
    assert pay({"salary": {"value": 80000}, "annual_salary": good}) == (annual, [])
    assert pay({"salary": good, "pay": {"value": 7}}, fields={"salary": "pay"})[0] == {"amount": "9", "currency": "USD"}


def test_an_amount_of_a_source_or_of_ashby_is_noted_too() -> None:
    offer = ashby_offer()
    offer["latestVersion"] |= {
        "salary": {"currencyCode": None, "value": 90000},
        "customFields": [{"id": "f1", "title": "Bonus", "value": 5000}],
    }
    result = take("ashby", ashby("offerUpdate", offer=offer), fields={"bonus": "Bonus"})
    places = [note.partition(" was left out")[0].partition(": ")[2] for note in notes(result)]
    assert places == ["salary", "Bonus)"]
    offer["latestVersion"] |= {"salary": {"currencyCode": "EUR", "value": None}, "customFields": []}
    assert notes(take("ashby", ashby("offerUpdate", offer=offer), fields={"bonus": "Bonus"})) == []


@pytest.mark.parametrize(
    ("value", "bonus", "noted"),
    [(False, False, 0), ({"amount": 5, "unit": "USD"}, {"amount": "5", "currency": "USD"}, 0), (True, None, 1)],
)
def test_a_field_of_a_source_states_that_there_is_no_bonus(value: Any, bonus: Any, noted: int) -> None:
    custom = {"extra": {"type": "yes_no", "value": value}}
    body = sent_offer(offer_status="Created", resolved_at=None, custom_fields=custom)
    result = take("greenhouse", body, fields={"bonus": "extra"})
    assert (result.events[1].data.get("bonus"), len(notes(result))) == (bonus, noted)


WORDS = [
    ("workplace", "Hybrid", "hybrid"), ("workplace", " REMOTE ", "remote"), ("workplace", "From home", None),
    ("paid_leave_days", "25", 25), ("paid_leave_days", "25 days", None), ("paid_leave_days", "2.5", None),
    ("hours_per_week", "37.5", 37.5), ("hours_per_week", "NaN", None), ("negotiable", "true", True),
    ("negotiable", "False", False), ("negotiable", "yes", None), ("title", "Remote", "Remote"),
]  # fmt: skip


@pytest.mark.parametrize(("term", "text", "value"), WORDS)
@pytest.mark.parametrize("vendor", ["greenhouse", "ashby"])
def test_a_text_that_states_a_value_without_doubt_is_read(vendor: str, term: str, text: str, value: Any) -> None:
    field = {"title": "Own", "id": "own", "value": text}
    body = ashby("offerUpdate", offer=ashby_offer() | {"latestVersion": {"id": "v", "customFields": [field]}})
    if vendor == "greenhouse":
        body = sent_offer(offer_status="Created", resolved_at=None, custom_fields={"Own": field})
    result = take(vendor, body, fields={term: "Own"})
    stated = [event.data[term] for event in result.events if event.data.get(term) is not None]
    assert stated == ([] if value is None else [value])
    assert bool(notes(result)) == (value is None)


@pytest.mark.parametrize("stated", ["biweekly", " ", 14, {"unit": "week"}])
def test_a_period_that_is_stated_and_not_known_stays_unknown_whatever_the_source_says(stated: Any) -> None:
    expected = {"amount": "3000", "currency": "USD"}
    field = {"value": {"amount": 3000, "unit": "USD"}, "frequency": stated}
    salary, found = pay({"salary": field}, pay_period="year")
    assert (salary, found) == (expected, ["its value cannot be read; no word table has it"])
    assert pay({"pay": field}, pay_period="year", fields={"salary": "pay"})[0] == expected
    offer = {"id": "o1", "status": "accepted", "created_at": "2026-11-20T10:00:00Z"}
    offer["salary"] = {"amount": "3000", "currency": "USD", "salary_time_unit": stated}  # type: ignore[assignment]
    candidate = {"id": 5, "job-offers": [offer]}
    partner = take("teamtailor-partner", {"partner-event": {"id": "e", "candidate": candidate}}, pay_period="year")
    assert partner.events[0].data["salary"] == expected
    assert [note.partition(" was left out")[0] for note in notes(partner)] == ["offer.salary.salary_time_unit"]


@pytest.mark.parametrize("stated", [{}, {"frequency": None}, {"frequency": ""}, {"frequency": {}}])
def test_the_period_of_the_source_is_that_of_an_amount_without_one(stated: dict[str, Any]) -> None:
    expected = {"amount": "3000", "currency": "USD", "per": "year"}
    field = {"value": {"amount": 3000, "unit": "USD"}, **stated}
    other = {"value": None, "frequency": "biweekly"}
    assert pay({"salary": other, "base_salary": field}, pay_period="year") == (expected, [])
    assert pay({"pay": field}, pay_period="year", fields={"salary": "pay"}) == (expected, [])
