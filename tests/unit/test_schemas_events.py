"""The event vocabulary: what each field accepts, and its canonical form."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError

from signpost.schemas import EVENT_SCHEMAS
from signpost.schemas.fields import Kind
from signpost.schemas.formats import Instant
from signpost.schemas.reading import schema_loader


def load(event: str, **data: Any) -> dict[str, Any]:
    loaded: dict[str, Any] = EVENT_SCHEMAS[event]().load(data)
    return loaded


def offer(**terms: Any) -> dict[str, Any]:
    return load("offer.extended", offer="acme", **terms)


def refused(**terms: Any) -> dict[str, Any]:
    with pytest.raises(ValidationError) as caught:
        offer(**terms)
    return caught.value.messages_dict


def test_every_field_of_every_event_names_its_kind() -> None:
    assert len(EVENT_SCHEMAS) == 34
    for schema in EVENT_SCHEMAS.values():
        assert all(isinstance(field, Kind) and field.kind for field in schema().fields.values())


@pytest.mark.parametrize(
    ("amount", "canonical"),
    [
        (80000, "80000"),
        (Decimal("80000.10"), "80000.1"),
        (80000.1, "80000.1"),
        ("80000.50", "80000.5"),
        (Decimal("1E+3"), "1000"),
        (0, "0"),
        (Decimal("-0.0"), "0"),
        (Decimal("0.000001"), "0.000001"),
        ("999999999999999.999999", "999999999999999.999999"),
    ],
)
def test_money_is_a_normalised_decimal(amount: Any, canonical: str) -> None:
    said = {"amount": amount, "currency": "USD", "per": "year"}
    assert offer(salary=said)["salary"] == {"amount": canonical, "currency": "USD", "per": "year"}


@pytest.mark.parametrize(
    "amount",
    [-1, "-1", "1e3", "", "1,000", True, None, [], {}, 10**15, Decimal("NaN"), Decimal("Infinity"), float("nan"),
     Decimal("1e999999"), Decimal("1e-999999"), "1.0000001", "٣"],
)  # fmt: skip
def test_money_that_is_none_is_refused(amount: Any) -> None:
    assert set(refused(salary={"amount": amount, "currency": "USD", "per": "year"})) == {"salary"}


@pytest.mark.parametrize(
    "money",
    [5, "80000 USD", [], False, {}, {"amount": 1, "currency": "usd", "per": "year"},
     {"amount": 1, "currency": "ZZZ", "per": "year"}, {"amount": 1, "currency": "USD", "per": "fortnight"},
     {"amount": 1, "currency": "USD", "per": "year", "gross": True}, {"amount": 1, "per": "year"}],
)  # fmt: skip
def test_bad_units_are_refused(money: Any) -> None:
    assert "salary" in refused(salary=money)


def test_false_says_there_is_none_where_the_vocabulary_allows_it() -> None:
    assert offer(bonus=False, equity=False) == {"offer": "acme", "bonus": False, "equity": False}
    assert set(refused(bonus=True, equity=True, salary=False)) == {"bonus", "equity", "salary"}


def test_null_takes_back_every_field_that_is_not_required() -> None:
    for schema in EVENT_SCHEMAS.values():
        fields = schema().fields
        errors = schema().validate({field.data_key or name: None for name, field in fields.items()})
        errors.pop("_schema", None)
        wanted = {field.data_key or name for name, field in fields.items() if field.required}
        assert set(errors) == wanted | ({"custom"} & fields.keys())  # each of its own fields can be taken back


@pytest.mark.parametrize(
    ("said", "canonical"),
    [
        ("2026-03-02T15:00:00+01:00", "2026-03-02T14:00:00Z"),
        ("2026-03-02T14:00:00.500Z", "2026-03-02T14:00:00.500000Z"),
        ("2026-03-02t14:00:00z", "2026-03-02T14:00:00Z"),
        ("2026-03-02T14:00:00.000-00:00", "2026-03-02T14:00:00Z"),
        ("2026-03-02T14:00:00.1234567Z", "2026-03-02T14:00:00.123456Z"),
    ],
)
def test_instants_are_utc(said: str, canonical: str) -> None:
    assert offer(respond_by=said)["respond_by"] == canonical


@pytest.mark.parametrize(
    "said",
    ["2026-03-02T14:00:00", "2026-03-02 14:00:00Z", "2026-02-30T14:00:00Z", "2026-03-02T25:00:00Z",
     "2026-03-02T14:00:60Z", "2026-03-02T14:00:00+24:00", "0001-01-01T00:00:00+14:00", "1969-12-31T23:59:59Z",
     "9999-12-31T23:59:59-14:00", "9998-12-31T23:59:59-12:00", "1970-01-01T00:00:00+14:00",
     "", "now", 1772460000, True, "\uff12026-03-02T14:00:00Z"],
)  # fmt: skip
def test_what_is_no_instant_with_an_offset_is_refused(said: Any) -> None:
    assert "respond_by" in refused(respond_by=said)
    with pytest.raises(ValidationError):
        Instant().deserialize(said)


@pytest.mark.parametrize("said", ["2026-02-30", "1969-12-31", "9999-12-31", "2026-3-2", "20260302"])
def test_a_deadline_can_be_a_day_on_the_calendar(said: str) -> None:
    assert offer(respond_by="2026-03-02")["respond_by"] == "2026-03-02"
    assert "respond_by" in refused(respond_by=said)


def test_a_naive_instant_is_told_what_it_lacks() -> None:
    assert "has no offset" in refused(respond_by="2026-03-02T14:00:00")["respond_by"][0]


def test_a_number_in_place_of_a_text_with_a_format_is_answered_with_an_example() -> None:
    with pytest.raises(ValidationError) as caught:
        Instant().canonical(1795749570)
    assert caught.value.messages == [
        'must be an instant with its offset, like "2026-03-02T14:00:00Z" or "2026-03-02T15:00:00+01:00": it is a number'
    ]
    assert refused(start_date=20260302)["start_date"] == ['must be a date like "2026-03-02": it is a number']


@pytest.mark.parametrize(
    ("field", "said"),
    [("start_date", "2026-02-29"), ("start_date", "20260301"), ("start_date", "0001-01-01"),
     ("start_date", "1969-12-31"), ("start_date", "9999-01-01"), ("start_date", "2026-W01-1"), ("weekends", "true"),
     ("weekends", 1), ("paid_leave_days", "25"), ("paid_leave_days", 2.5), ("paid_leave_days", True),
     ("paid_leave_days", -1), ("travel_percent", 101), ("hours_per_week", float("inf")), ("hours_per_week", 169),
     ("workplace", "office"), ("conditions", ["medical", "medical"]), ("conditions", "medical"),
     ("highlights", ["x"] * 101), ("highlights", [None]), ("title", "x" * 2001), ("application", "a\0b"),
     ("application", "\ud800"),
     ("title", 7), ("location", {"country": "XX"}), ("location", {"country": "de"}), ("location", {"planet": "Mars"}),
     ("location", "Berlin"), ("benefits", {"dental": "yes"}), ("benefits", {"gym": True}),
     ("employer", {"id": ""}), ("employer", "Acme"), ("nope", 1)],
)  # fmt: skip
def test_what_the_vocabulary_does_not_say_is_refused(field: str, said: Any) -> None:
    assert set(refused(**{field: said})) == {field}


@pytest.mark.parametrize(("unit", "longest"), [("days", 3650), ("weeks", 520), ("months", 120)])
def test_a_notice_period_lasts_at_most_ten_years(unit: str, longest: int) -> None:
    name = f"notice_period_{unit}"
    assert load("employment.current", **{name: longest}) == {name: longest}
    with pytest.raises(ValidationError, match=f"must be at most {longest}"):
        load("employment.current", **{name: longest + 1})


def test_whole_numbers_are_whole_however_written() -> None:
    said = offer(hours_per_week=Decimal("37.50"), paid_leave_days=Decimal("25.0"), travel_percent=Decimal("10.0"))
    assert said == {"offer": "acme", "hours_per_week": 37.5, "paid_leave_days": 25, "travel_percent": 10}
    assert type(said["paid_leave_days"]) is int


@pytest.mark.parametrize("said", ["", "x" * 129, "a\nb", 7, None])
def test_ids_are_short_printable_strings(said: Any) -> None:
    with pytest.raises(ValidationError):
        load("offer.declined", offer=said)


def test_a_candidate_is_merged_into_a_person() -> None:
    assert load("candidate.merged", into="c-2") == {"into": "c-2"}
    for none in ("application:ZZ", "application:"):
        with pytest.raises(ValidationError, match="must be the id of a person"):
            load("candidate.merged", into=none)


def test_every_bad_field_is_named_at_once() -> None:
    messages = refused(title=1, salary={"amount": -1, "currency": "?", "per": "year"}, benefits={"dental": 1, "gym": 1})
    assert set(messages) == {"title", "salary", "benefits"}
    assert set(messages["salary"]) == {"amount", "currency"}
    assert set(messages["benefits"]) == {"dental", "gym"}


def test_preferences_know_zones_languages_and_ranges() -> None:
    money = {"amount": 1, "currency": "EUR", "per": "month"}
    said = {"time_zone": "Europe/Berlin", "locale": "de-AT", "market_range": {"low": money, "high": None}}
    assert load("candidate.preferences", **said)["market_range"]["low"]["amount"] == "1"
    errors = EVENT_SCHEMAS["candidate.preferences"]().validate(
        {"time_zone": "Mars/Olympus", "locale": "deutsch sprechend", "market_range": {"low": 5}}
    )
    assert set(errors) == {"time_zone", "locale", "market_range"}


def test_a_contact_belongs_to_an_offer_or_an_application() -> None:
    assert load("contact.logged", offer="acme")
    assert load("contact.logged", application="a-1")
    for nothing in ({}, {"offer": None, "application": None}):
        with pytest.raises(ValidationError, match="must name offer or application"):
            load("contact.logged", **nothing)


def test_discussed_says_with_whom() -> None:
    assert load("candidate.discussed", **{"with": "family"}) == {"with": "family"}
    with pytest.raises(ValidationError):
        load("candidate.discussed")


def test_what_is_canonical_stays_as_it_is() -> None:
    canonical = offer(
        salary={"amount": 80000.1, "currency": "USD", "per": "year"},
        respond_by="2026-03-02T15:00:00+01:00",
        bonus=False,
    )
    assert EVENT_SCHEMAS["offer.extended"]().load(canonical) == canonical


_VALUES = st.sampled_from(
    [
        *(
            "acme",
            "",
            "x" * 200,
            "2026-03-02T14:00:00+01:00",
            "2026-03-02",
            "DE",
            "Europe/Berlin",
            "de",
            "verbal",
            "remote",
        ),
        *("email", "family", "bag", None, True, False, 0, 1, 40, 2.5, -1, [], ["medical"], ["a", "a"], [1], {}),
        {"amount": "5.50", "currency": "EUR", "per": "hour"},
        {"id": "acme", "name": None},
        {"dental": True, "health": None},
        {"city": "Berlin", "country": "DE", "planet": "Earth"},
        {"title": "Engineer", "bonus": False, "benefits": {"dental": 1}},
        {"low": {"amount": 1, "currency": "EUR", "per": "year"}, "high": None},
    ]
)


@given(st.sampled_from(sorted(EVENT_SCHEMAS)), st.data())
def test_reading_fast_is_reading_as_marshmallow_does(name: str, data: st.DataObject) -> None:
    schema = EVENT_SCHEMAS[name]
    names = [field.data_key or said for said, field in schema().fields.items()] + ["nope"]
    said = data.draw(st.dictionaries(st.sampled_from(names), _VALUES, max_size=6))
    assert outcome(schema_loader(schema).load, said) == outcome(schema().load, said)


def outcome(load: Callable[[dict[str, Any]], Any], said: dict[str, Any]) -> Any:
    try:
        return load(said)
    except ValidationError as error:
        return error.messages
