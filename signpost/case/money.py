"""Money in the case: exact amounts, compared in their own unit first and per year as the last resort."""

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

PERIODS_A_YEAR = {"year": 1, "month": 12, "week": 52, "day": 260}
WEEKS_A_YEAR = 52
USUAL_HOURS_PER_WEEK = Fraction(40)
WHOLE_CURRENCIES = frozenset(("CLP", "ISK", "JPY", "KRW", "PYG", "UGX", "VND", "XAF", "XOF", "XPF"))
"""Currencies of which no smaller unit is in use."""
_THOUSANDTHS = frozenset(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"))


def minor_digits(currency: str) -> int:
    """How many digits the minor unit of a currency takes: 2 for cents (ISO 4217)."""
    return 0 if currency in WHOLE_CURRENCIES else 3 if currency in _THOUSANDTHS else 2


@dataclass(frozen=True, slots=True)
class Money:
    """An amount as sent. `per` is "" if nobody said what period it pays for; `hours`: hours per week, if known."""

    amount: str
    currency: str
    per: str
    hours: Fraction | None = None

    @classmethod
    def from_json(cls, value: dict[str, Any], hours_per_week: float | None) -> "Money":
        """Parse canonical JSON."""
        hours = None if hours_per_week is None else Fraction(str(hours_per_week))
        return cls(value["amount"], value["currency"], value.get("per", ""), hours)

    def to_json(self) -> dict[str, str]:
        """The canonical JSON that `from_json` reads."""
        period = {"per": self.per} if self.per else {}
        return {"amount": self.amount, "currency": self.currency, **period}

    def __lt__(self, other: "Money") -> bool:
        """Whether this is surely less; false if the two cannot be compared."""
        pair = comparable(self, other)
        return pair is not None and pair[0] < pair[1]

    @property
    def annual(self) -> Fraction | None:
        """The amount per year, with 40 hours a week where they are unknown; None if the period is unknown."""
        return self.annual_at(self.hours or USUAL_HOURS_PER_WEEK)

    def annual_at(self, hours: Fraction) -> Fraction | None:
        """The amount per year with these hours per week."""
        if not self.per:
            return None
        return Fraction(self.amount) * (PERIODS_A_YEAR.get(self.per) or WEEKS_A_YEAR * hours)


def comparable(ours: Money, theirs: Money) -> tuple[Fraction, Fraction] | None:
    """Both amounts in one unit: their own if it is the same, else per year with one set of hours for both.

    None if they cannot be compared: another currency, or an unknown period.
    """
    if ours.currency != theirs.currency or not ours.per or not theirs.per:
        return None
    if ours.per == theirs.per:
        return Fraction(ours.amount), Fraction(theirs.amount)
    hours = _hours_for_both(ours, theirs)
    annual = ours.annual_at(hours), theirs.annual_at(hours)
    return None if annual[0] is None or annual[1] is None else (annual[0], annual[1])


def amounts_agree(ours: Money, theirs: Money) -> bool | None:
    """Whether two amounts are the same pay; None if their period is unknown. Of different periods, one can be the other
    rounded: `8333.33` a month for `100000` a year."""
    pair = comparable(ours, theirs)
    if pair is None:
        return None if ours.currency == theirs.currency else False
    if ours.per == theirs.per:
        return pair[0] == pair[1]
    hours = _hours_for_both(ours, theirs)
    return abs(pair[0] - pair[1]) < max(_rounding(ours, hours), _rounding(theirs, hours))


def _rounding(money: Money, hours: Fraction) -> Fraction:
    """Rounding changes an amount by less than this, per year: its smallest unit, or a whole one of pay by the week
    or the month. By the day or the hour a whole unit would be much."""
    is_whole = money.currency in WHOLE_CURRENCIES or (money.per in ("week", "month") and "." not in money.amount)
    unit = replace(money, amount="1" if is_whole else "0.01")
    return unit.annual_at(hours) or Fraction(0)


def _hours_for_both(ours: Money, theirs: Money) -> Fraction:
    """The hours of the amount that is paid by the hour; where unknown those of the other; where unknown 40."""
    hourly, other = (ours, theirs) if ours.per == "hour" else (theirs, ours)
    return hourly.hours or other.hours or USUAL_HOURS_PER_WEEK
