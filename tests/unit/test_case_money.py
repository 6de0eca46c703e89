"""Money: compared in its own unit first, per year as the last resort, and never where the period is unknown."""

from fractions import Fraction

import pytest

from signpost.case.money import Money, comparable, minor_digits
from signpost.engine.conditions import values_agree
from signpost.rulebook.texts import render, show


def money(amount: str, per: str = "", hours: float | None = None, currency: str = "USD") -> Money:
    return Money.from_json({"amount": amount, "currency": currency, **({"per": per} if per else {})}, hours)


@pytest.mark.parametrize(
    ("ours", "theirs", "less"),
    [
        (money("24.5", "hour", 30), money("24", "hour"), False),
        (money("23.5", "hour", 60), money("24", "hour"), True),
        (money("4800", "month"), money("55000", "year"), False),
        (money("4500", "month"), money("55000", "year"), True),
        (money("25", "hour", 30), money("40000", "year"), True),
        (money("25", "hour"), money("40000", "year"), False),
        (money("40000", "year", 30), money("24", "hour"), False),
        (money("38"), money("24", "hour"), False),
        (money("10"), money("24", "hour"), False),
        (money("10"), money("20"), False),
        (money("10", "year", currency="EUR"), money("20", "year"), False),
    ],
)
def test_which_is_less(ours: Money, theirs: Money, less: bool) -> None:
    assert (ours < theirs) is less


def test_one_set_of_hours_serves_both_sides() -> None:
    hourly, yearly = money("25", "hour", 30), money("40000", "year", 50)
    assert comparable(hourly, yearly) == (Fraction(25 * 52 * 30), Fraction(40000))
    assert comparable(yearly, hourly) == (Fraction(40000), Fraction(25 * 52 * 30))
    assert comparable(money("40000", "year", 30), money("25", "hour")) == (Fraction(40000), Fraction(25 * 52 * 30))


def test_an_unknown_period_agrees_with_nothing_and_differs_from_nothing() -> None:
    assert values_agree(money("90000"), money("90000", "year")) is None
    assert values_agree(money("7500", "month"), money("90000", "year")) is True
    assert values_agree(money("7400", "month"), money("90000", "year")) is False
    assert values_agree(money("90000", currency="EUR"), money("90000", "year")) is False


def test_an_unknown_period_is_not_shown_as_a_year() -> None:
    assert show(money("38")) == "USD 38 (pay period not stated)"
    assert render("{{ salary | monthly }}", {"salary": money("38")}) == "unknown"
    assert (
        render("{{ salary | shortfall(target) }}", {"salary": money("38"), "target": money("40", "hour")}) == "unknown"
    )


def test_a_shortfall_is_named_in_its_own_unit() -> None:
    values = {"salary": money("22.5", "hour", 30), "target": money("24", "hour")}
    assert render("{{ salary | shortfall(target) }}", values) == "USD 1.50 an hour (6.2%)"
    yearly = {"salary": money("4000", "month"), "target": money("60000", "year")}
    assert render("{{ salary | shortfall(target) }}", yearly) == "USD 12,000 a year (20.0%)"


def test_amounts_per_year_have_exact_factors() -> None:
    assert [money("10", per).annual for per in ("year", "month", "week", "day")] == [10, 120, 520, 2600]
    assert money("10", "hour").annual == 10 * 52 * 40
    assert money("10", "hour", 30).annual == 10 * 52 * 30
    assert money("10").annual is None


def test_money_is_written_as_it_was_read() -> None:
    for value in ({"amount": "1.50", "currency": "EUR"}, {"amount": "2", "currency": "USD", "per": "month"}):
        assert Money.from_json(value, None).to_json() == value


def test_equal_amounts_are_not_less() -> None:
    assert not money("10", "year") < money("10", "year")
    assert comparable(money("10"), money("10", "year")) is None
    assert comparable(money("10", "year"), money("10")) is None
    assert comparable(money("10"), money("10")) is None


@pytest.mark.parametrize(
    ("ours", "theirs", "same"),
    [
        (money("90000", "year"), money("1730.77", "week"), True),
        (money("90000", "year"), money("1730.75", "week"), False),
        (money("100000", "year"), money("8333.33", "month"), True),
        (money("100000", "year"), money("8333", "month"), True),
        (money("100000", "year"), money("8333.34", "month"), True),
        (money("96000", "year"), money("7999.99", "month"), False),
        (money("100000.5", "year"), money("8333.33", "month"), False),
        (money("90000", "year"), money("43.27", "hour"), True),
        (money("90000", "year"), money("43.27", "hour", 39), False),
        (money("90000", "year"), money("43", "hour"), False),
        (money("90000", "year"), money("346", "day"), False),
        (money("5000000", "year", currency="JPY"), money("2404", "hour", currency="JPY"), True),
        (money("8000", "month"), money("7999.99", "month"), False),
    ],
)
def test_pay_of_another_period_agrees_if_it_is_rounded(ours: Money, theirs: Money, same: bool) -> None:
    assert values_agree(ours, theirs) is same
    assert values_agree(theirs, ours) is same


@pytest.mark.parametrize(("currency", "digits"), [("EUR", 2), ("JPY", 0), ("KWD", 3)])
def test_a_currency_has_as_many_digits_as_its_smallest_unit_takes(currency: str, digits: int) -> None:
    """A vendor that sends the smallest unit would else pay a hundred times too much."""
    assert minor_digits(currency) == digits
