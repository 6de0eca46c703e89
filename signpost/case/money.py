"""Money in the case: amounts converted exactly to a yearly amount, so that they can be compared."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

PERIODS_A_YEAR = {"year": 1, "month": 12, "week": 52, "day": 260}
WEEKS_A_YEAR = 52
USUAL_HOURS_PER_WEEK = 40


@dataclass(frozen=True, slots=True)
class Money:
    """An amount as sent, and the same amount per year (52 x hours per week for hourly pay)."""

    amount: str
    currency: str
    per: str
    annual: Fraction

    @classmethod
    def from_json(cls, value: dict[str, Any], hours_per_week: float | None) -> "Money":
        """Parse canonical JSON; unknown hours count as 40 a week."""
        per = value["per"]
        hours = USUAL_HOURS_PER_WEEK if hours_per_week is None else hours_per_week
        periods = PERIODS_A_YEAR.get(per) or WEEKS_A_YEAR * Fraction(str(hours))
        return cls(value["amount"], value["currency"], per, Fraction(value["amount"]) * periods)

    def to_json(self) -> dict[str, str]:
        """The canonical JSON that `from_json` reads."""
        return {"amount": self.amount, "currency": self.currency, "per": self.per}
