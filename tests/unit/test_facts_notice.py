"""Notice periods: worked examples, each with its source, and what is assumed where nobody stated a period."""

from datetime import date
from typing import Any

import pytest

from signpost.facts.notice import ENDS, MID_MONTH, MONTH_END, QUARTER_END, UNITS, Notice, notice_of, working_day

EXAMPLES: list[tuple[str, dict[str, Any], str, str, str]] = [
    # (source, what is known, new start, last day of the present job, last day to give notice)
    ("BGB 622(1): four weeks to the 15th", {"notice_country": "DE"}, "2026-04-20", "2026-04-15", "2026-03-18"),
    ("BGB 622(1): four weeks to the month's end", {"notice_country": "DE"}, "2026-06-01", "2026-05-31", "2026-05-03"),
    ("BGB 622(3): two weeks in probation", {"notice_country": "DE", "days": 14},
     "2026-04-20", "2026-04-17", "2026-04-06"),
    ("contract: three months to the month's end", {"notice_country": "DE", "months": 3},
     "2026-07-01", "2026-06-30", "2026-03-31"),
    ("the same, said in days", {"notice_country": "DE", "days": 90}, "2026-07-01", "2026-06-30", "2026-03-31"),
    ("BGB 188: a month ends on its last day", {"notice_country": "DE", "months": 1},
     "2026-03-01", "2026-02-28", "2026-01-31"),
    ("contract: six weeks to the quarter's end", {"notice_country": "DE", "weeks": 6, "to": QUARTER_END},
     "2026-05-04", "2026-03-31", "2026-02-17"),
    ("OR 335c: one month to the month's end", {"notice_country": "CH"}, "2026-07-01", "2026-06-30", "2026-05-31"),
    ("OR 335c: two months from the second year", {"notice_country": "CH", "months": 2},
     "2026-07-15", "2026-06-30", "2026-04-30"),
    ("OR 335b: seven days in probation", {"notice_country": "CH", "days": 7},
     "2026-04-16", "2026-04-15", "2026-04-09"),
    ("Labour Contract Law, article 37", {"notice_country": "CN"}, "2026-05-06", "2026-05-05", "2026-04-06"),
    ("gov.uk: a contract's month", {"notice_country": "GB", "months": 1}, "2026-06-02", "2026-06-01", "2026-05-01"),
    ("leap year: one month to 29 February", {"notice_country": "CH"}, "2028-03-01", "2028-02-29", "2028-01-31"),
    ("over the year's end", {"notice_country": "DE", "months": 3}, "2027-02-15", "2027-01-31", "2026-10-31"),
]  # fmt: skip


def notice(known: dict[str, Any]) -> Notice | None:
    names = {"to": "notice_to", "notice_country": "notice_country"}
    return notice_of({names.get(name, f"notice_period_{name}"): value for name, value in known.items()}, {})


@pytest.mark.parametrize(("source", "known", "start", "end", "by"), EXAMPLES)
def test_a_worked_example(source: str, known: dict[str, Any], start: str, end: str, by: str) -> None:
    owed = notice(known)
    assert owed is not None
    day = date.fromisoformat(start)
    assert (str(owed.last_day(day)), str(owed.latest_day(day))) == (end, by)


@pytest.mark.parametrize("country", ["FR", "IN", "ES", "SE", "US", "GB", ""])
def test_where_no_norm_covers_the_country_nothing_is_assumed(country: str) -> None:
    assert notice({"notice_country": country}) is None


def test_no_sunday_is_a_last_working_day_unless_the_contract_ends_on_it() -> None:
    assert Notice(2, "weeks").last_day(date(2026, 3, 9)) == date(2026, 3, 6)
    assert Notice(1, "months", MONTH_END).last_day(date(2026, 6, 1)) == date(2026, 5, 31)
    assert [working_day(date(2026, 3, day)).day for day in range(2, 10)] == [2, 3, 4, 5, 6, 6, 6, 9]


def test_the_latest_statement_counts() -> None:
    values = {"notice_period_days": 28, "notice_period_months": 3}
    older, newer = (1, "s", "e"), (2, "s", "e")
    assert notice_of(values, {"notice_period_days": newer, "notice_period_months": older}) == Notice(28, "days")
    assert notice_of(values, {"notice_period_days": older, "notice_period_months": newer}) == Notice(3, "months")


@pytest.mark.parametrize(
    ("known", "owed"),
    [
        ({"notice_country": "DE", "days": 28}, Notice(4, "weeks", MID_MONTH)),
        ({"notice_country": "DE", "days": 45}, Notice(45, "days")),
        ({"notice_country": "DE", "days": 0}, Notice(0, "days")),
        ({"notice_country": "DE", "weeks": 2}, Notice(2, "weeks")),
        ({"notice_country": "DE", "weeks": 3}, Notice(3, "weeks", MID_MONTH)),
        ({"notice_country": "DE", "days": 90, "to": QUARTER_END}, Notice(90, "days", QUARTER_END)),
        ({"notice_country": "DE", "to": QUARTER_END}, Notice(4, "weeks", QUARTER_END)),
        ({"notice_country": "CH", "days": 28}, Notice(28, "days")),
        ({"notice_country": "CH", "days": 30}, Notice(1, "months", MONTH_END)),
        ({"notice_country": "CH", "weeks": 1}, Notice(1, "weeks")),
        ({"notice_country": "CH", "weeks": 2}, Notice(2, "weeks", MONTH_END)),
        ({"notice_country": "FR", "days": 90}, Notice(90, "days")),
        ({"days": 30, "to": MONTH_END}, Notice(30, "days", MONTH_END)),
    ],
)
def test_what_a_stated_period_means_where_the_law_counts_in_months(known: dict[str, Any], owed: Notice) -> None:
    assert notice(known) == owed


@pytest.mark.parametrize(
    ("owed", "start", "by"),
    [
        (Notice(0, "days"), "2026-03-09", "2026-03-06"),
        (Notice(1, "days"), "2026-03-10", "2026-03-09"),
        (Notice(1, "months"), "2026-03-09", "2026-02-08"),
        (Notice(3, "months"), "2026-05-31", "2026-02-27"),
        (Notice(1, "months", QUARTER_END), "2026-12-31", "2026-08-31"),
        (Notice(1, "weeks", MID_MONTH), "2026-03-16", "2026-03-08"),
    ],
)
def test_the_last_day_to_give_notice(owed: Notice, start: str, by: str) -> None:
    assert str(owed.latest_day(date.fromisoformat(start))) == by


def test_words() -> None:
    assert Notice(3, "months", MONTH_END).words() == "3 months to the end of a month"
    assert Notice(1, "weeks").words() == "1 week"
    assert Notice(4, "weeks", MID_MONTH).words() == "4 weeks to the 15th or the end of a month"
    assert Notice(0, "months", MONTH_END).words() == "none"
    assert Notice(2, "weeks", QUARTER_END).words() == "2 weeks to the end of a quarter"


@pytest.mark.parametrize(("unit", "to"), [(unit, to) for unit in UNITS for to in ENDS])
@pytest.mark.parametrize(
    ("length", "start"), [(0, date.min), (800_000, date(2026, 5, 1)), (10**15, date(9998, 12, 31))]
)
def test_a_period_that_leads_off_the_calendar_leaves_no_day(unit: str, to: str, length: int, start: date) -> None:
    """Cases can have been stored with such values."""
    assert Notice(length, unit, to).latest_day(start) is None
    assert (Notice(length, unit, to).last_day(start) is None) is (start == date.min)
