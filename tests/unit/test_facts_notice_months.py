"""Notice periods in months where the law lets an employment end in the middle of a month too."""

from datetime import date

from signpost.facts.notice import MONTH_END, Notice, notice_of


def test_a_period_in_months_ends_with_a_month() -> None:
    owed = notice_of({"notice_country": "DE", "notice_period_months": 1}, {})
    assert owed == Notice(1, "months", MONTH_END)
    assert owed.last_day(date(2026, 4, 20)) == date(2026, 3, 31)
