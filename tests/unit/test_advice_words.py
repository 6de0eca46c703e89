"""Texts of advice in small: durations, differences, lengths, evidence as JSON, entries of a calendar file."""

import logging
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar

from signpost.advice.calendar import Entry, EntryKind
from signpost.advice.calendar_ics import write_ics
from signpost.advice.comparison import compare, render_comparison
from signpost.advice.evidence import as_json
from signpost.advice.forecast import Position, parse_position
from signpost.advice.rendering import (
    MAX_TEXT_CHARS,
    MAX_TITLE_CHARS,
    SHORTENED_MARK,
    render_line,
    render_text,
    render_title,
)
from signpost.advice.variables import _format_duration, letter_differences, to_context
from signpost.case.instant import DAY, HOUR, parse_instant
from signpost.case.money import Money
from signpost.facts.clock import Clock
from signpost.facts.entity import Entity
from signpost.facts.vocabulary import KINDS
from signpost.rulebook.terms import Duration
from signpost.rulebook.texts import Variables

NOW = parse_instant("2026-03-02T12:00:00Z")
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("duration", "words"),
    [
        (Duration(), "no time"),
        (Duration(days=1), "1 day"),
        (Duration(days=2, microseconds=HOUR), "2 days 1 hour"),
        (Duration(business_days=3), "3 business days"),
        (Duration(microseconds=36 * HOUR), "36 hours"),
    ],
)
def test_a_duration_in_words(duration: Duration, words: str) -> None:
    assert _format_duration(duration) == words


def usd(amount: int) -> Money:
    return Money.from_json({"amount": str(amount), "currency": "USD", "per": "year"}, None)


def test_a_letter_differs_where_both_state_something_else() -> None:
    offer = Entity(
        "offer", "o", {"salary": usd(90), "title": "Nurse", "start_date": date(2026, 5, 4), "workplace": "remote"}
    )
    offer.values |= {"letter_salary": usd(80), "letter_title": "Nurse", "letter_start_date": date(2026, 6, 1)}
    offer.values |= {"letter_location": {"city": "Berlin"}}  # of which the offer says nothing
    assert letter_differences(offer) == [
        {"field": "salary", "offer": "USD 90 a year", "letter": "USD 80 a year"},
        {"field": "start date", "offer": "Monday, 4 May 2026", "letter": "Monday, 1 June 2026"},
    ]


def test_a_letter_that_pays_less_than_the_yes_differs() -> None:
    offer = Entity("offer", "o", {"salary": usd(80), "accepted_salary": usd(90), "letter_salary": usd(80)})
    less = {"field": "salary when accepted", "offer": "USD 90 a year", "letter": "USD 80 a year"}
    assert letter_differences(offer) == [less]
    offer.values["letter_salary"] = usd(90)
    assert letter_differences(offer) == [{"field": "salary", "offer": "USD 80 a year", "letter": "USD 90 a year"}]
    offer.values["salary"] = usd(95)
    offer.values["letter_salary"] = usd(95)
    assert letter_differences(offer) == []
    del offer.values["letter_salary"]
    assert letter_differences(offer) == []


def test_an_employer_sees_no_private_field_in_its_texts() -> None:
    offer = Entity("offer", "o", {"title": "Nurse", "bottom_line": usd(1), "benefits.health": True, "employer": "acme"})
    for private in (True, False):
        found = to_context(offer, Clock(UTC), KINDS, private=private)
        assert ("bottom_line" in found) == private
        assert (found["title"], found["benefits"], found["employer"]) == ("Nurse", {"health": True}, "the employer")
    known = to_context(Entity("candidate", "c-1", {"has_family": True}), Clock(UTC), KINDS)
    assert known == {"id": "c-1", "has_family": True}


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("St. Mary's", "St. Mary's letter"),
        ("MCDONALD'S", "MCDONALD'S letter"),
        ("Lloyd\u2019s", "Lloyd\u2019s letter"),
        ("Jones", "Jones's letter"),
        ("Acme", "Acme's letter"),
        ("Wendy's", "Wendy's letter"),
    ],
)
def test_a_name_with_a_possessive_takes_no_second_one(name: str, shown: str) -> None:
    for render in (render_title, render_line, render_text):
        assert render("rule", "{{ name }}'s letter", Variables(name=name)) == shown
    assert render_title("rule", "{{ names | listed }}'s letters", Variables(names=["Acme", name])) == (
        f"Acme and {shown}s"
    )
    assert render_text("rule", "It's {{ name }}.", Variables(name=name)) == f"It's {name}."


def test_a_long_title_stays_marked_where_a_possessive_is_too_much() -> None:
    source = "x" * (MAX_TITLE_CHARS - 7) + "{{ name }}'s {{ name }}"
    assert render_title("rule", source, Variables(name="Mary's")).endswith("…")


@pytest.mark.parametrize("size", [MAX_TITLE_CHARS, MAX_TITLE_CHARS + 1])
def test_a_title_has_its_length(size: int) -> None:
    title = render_title("a-rule", "{{ text }}", Variables(text="x" * size))
    assert len(title) == MAX_TITLE_CHARS
    assert title.endswith("x") == (size == MAX_TITLE_CHARS)


@pytest.mark.parametrize("size", [MAX_TEXT_CHARS, MAX_TEXT_CHARS + 1])
def test_a_longer_text_ends_with_a_mark(size: int) -> None:
    text = render_text("a-rule", "{{ text }}", Variables(text="x" * size))
    assert len(text) == MAX_TEXT_CHARS == 20_000
    assert text.endswith(SHORTENED_MARK) == (size > MAX_TEXT_CHARS)


def test_a_text_that_fails_is_the_name_of_its_rule(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.CRITICAL):
        assert render_text("ask-for-time", "{{ 1 // zero }}", Variables(zero=0)) == "Ask for time"
    assert render_line("r", "one\n\n two", Variables()) == "one two"


@pytest.mark.parametrize(
    ("value", "kind", "shown"),
    [
        (usd(90), "money", usd(90).to_json()),
        (NOW, "instant", "2026-03-02T12:00:00Z"),
        (1 << 61, "instant", None),
        (5, "number", 5),
        (date(2026, 5, 4), "date", "2026-05-04"),
        (None, "text", None),
        (["a"], "texts", ["a"]),
        ({"city": "Bern"}, "object", {"city": "Bern"}),
        (Duration(days=1, microseconds=HOUR), "duration", "1d1h"),
        (14, "duration", 14),
    ],
)
def test_evidence_is_json(value: Any, kind: str, shown: Any) -> None:
    assert as_json(value, kind) == shown


def staying(known: dict[str, Any], *offers: Entity) -> list[tuple[str, str]]:
    points = compare(list(offers), Entity("candidate", "c-1", known))["options"][-1]["points"]
    return [(point["verdict"], point["text"]) for point in points]


def test_staying_is_judged_by_what_is_known_of_the_job() -> None:
    assert staying({}) == [("unknown", "whether you have a job at present")]
    assert staying({"employed": False}) == [("con", "you have no job at present")]
    assert staying({"employed": True, "resigned": True}) == [("con", "you have already resigned")]
    assert staying({"employed": True}) == [
        ("pro", "no notice to give and no new start"),
        ("unknown", "what pay and prospects you would have there"),
    ]
    known = staying({"employed": True, "present_salary": usd(70), "salary_floor": usd(80)})
    assert ("con", "USD 70 a year is below your lowest acceptable pay of USD 80 a year") in known
    assert ("unknown", "whether pay is negotiable") not in known
    yes = Entity("offer", "o", {"stage": "accepted", "employer_name": "Acme", "title": "Nurse"})
    assert staying({}, yes)[-1] == ("con", "you would go back on your yes to Acme: Nurse")


def test_the_highest_pay_is_that_of_one_offer_among_several() -> None:
    def paid(*amounts: int) -> list[bool]:
        offers = [Entity("offer", str(number), {"salary": usd(amount)}) for number, amount in enumerate(amounts)]
        options = compare(offers, Entity("candidate", "c-1"))["options"][:-1]
        return [any("highest pay" in point["text"] for point in option["points"]) for option in options]

    assert (paid(90), paid(90, 80), paid(80, 80), paid(70, 90, 80)) == (
        *([False], [True, False], [False, False], [False, True, False]),
    )


def test_what_serves_a_priority_is_marked_in_the_chart() -> None:
    text = render_comparison(
        compare([Entity("offer", "o", {"bonus": "10 %"})], Entity("candidate", "c", {"priorities": ["pay"]}))
    )
    assert text.splitlines()[:3] == ["Offer o", "  For: bonus: 10 %", text.splitlines()[2]]
    assert text.splitlines()[2].startswith("  Not known yet: salary (a priority of yours); retirement match;")
    assert "\n\nStaying put\n" in text


@pytest.mark.parametrize("cursor", ["0.1", "5.99999", "999999999999999999.1"])
def test_a_cursor_is_a_position(cursor: str) -> None:
    assert str(parse_position(cursor)) == cursor
    assert parse_position("5.3") == Position(5, 3)


def entry(kind: EntryKind = EntryKind.INTERVIEW, **more: Any) -> Entry:
    given = {"starts": NOW + DAY, "ends": None, "zone": None, "cancelled": False, "description": "", **more}
    return Entry("u-1", kind, "interview/i", "A title", sequence=3, changed_at=NOW + 5, **given)


def written(one: Entry, name: str | None = None) -> Any:
    calendar = Calendar.from_ical(write_ics([one], name=name, now=NOW))
    return calendar, calendar.walk("VEVENT")[0]


def alarms(one: Entry) -> list[timedelta]:
    return [alarm["trigger"].dt for alarm in written(one)[1].walk("VALARM")]


def test_an_entry_of_a_calendar_file() -> None:
    calendar, event = written(entry(ends=NOW + DAY + HOUR, description="With Ada"), name="Sam")
    assert (calendar["x-wr-calname"], calendar["method"]) == ("Sam: offers and interviews", "PUBLISH")
    assert (event["dtstart"].dt, event["dtend"].dt) == (
        datetime(2026, 3, 3, 12, tzinfo=UTC),
        datetime(2026, 3, 3, 13, tzinfo=UTC),
    )
    assert (str(event["status"]), str(event["transp"]), event["sequence"]) == ("CONFIRMED", "OPAQUE", 3)
    assert (event["dtstamp"].dt, event["last-modified"].dt) == (datetime(2026, 3, 2, 12, tzinfo=UTC),) * 2
    assert (str(event["summary"]), str(event["description"])) == ("A title", "With Ada")
    plain, bare = written(entry(EntryKind.ADVICE, cancelled=True))
    assert (plain["x-wr-calname"], "description" in bare, "dtend" in bare) == ("Offers and interviews", False, False)
    assert (str(bare["status"]), str(bare["transp"]), alarms(entry(cancelled=True))) == ("CANCELLED", "TRANSPARENT", [])


@pytest.mark.parametrize(
    ("kind", "starts", "before"),
    [
        (EntryKind.DEADLINE, NOW, [timedelta(days=-2), timedelta(hours=-3)]),
        (EntryKind.DEADLINE, date(2026, 3, 9), [timedelta(days=-6, hours=-15), timedelta(hours=-15)]),
        (EntryKind.NOTICE, date(2026, 3, 9), [timedelta(days=-6, hours=-15), timedelta(hours=-15)]),
        (EntryKind.INTERVIEW, NOW, [timedelta(days=-1), timedelta(hours=-1)]),
        (EntryKind.ADVICE, NOW, [timedelta(hours=-2)]),
    ],
)
def test_each_kind_of_entry_has_its_reminders(kind: EntryKind, starts: Any, before: list[timedelta]) -> None:
    assert alarms(entry(kind, starts=starts)) == before


@pytest.mark.parametrize(
    ("days", "is_local"), [(0, True), (-365, True), (-366, False), (5 * 366 - 1, True), (5 * 366, False)]
)
def test_times_far_from_now_are_in_utc(days: int, is_local: bool) -> None:
    _, event = written(entry(starts=NOW + days * DAY, zone=BERLIN))
    assert (str(event["dtstart"].dt.tzinfo) != "UTC") == is_local
