"""When notice must be given to leave in time for a new start: by the contract as stated, else by the law. Pure.

Only countries whose law counts in months or to fixed days are here (see the norms in rules/sources.yaml); a rule names
what is usual elsewhere. Nothing is assumed of a country that no norm covers.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

DAY = timedelta(days=1)
ANY_DAY, MONTH_END, MID_MONTH, QUARTER_END = "any_day", "month_end", "mid_month_or_month_end", "quarter_end"
ENDS: Final = (ANY_DAY, MONTH_END, MID_MONTH, QUARTER_END)
"""The days on which an employment may end."""
UNITS: Final = ("days", "weeks", "months")


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice period. `unit`: one of UNITS; `to`: one of ENDS."""

    length: int
    unit: str
    to: str = ANY_DAY

    def last_day(self, start: date) -> date | None:
        """The last day of the present job that leaves time for a new start: on an allowed day before it. None if it is
        before the first day of the calendar."""
        return _within_calendar(self._last_day, start)

    def latest_day(self, start: date) -> date | None:
        """The last day on which to give notice before a new start; while the present job lasts. None as in
        `last_day`."""
        return _within_calendar(self._latest_day, start)

    def _last_day(self, start: date) -> date:
        day = start - DAY
        while not _ENDS[self.to](day):
            day -= DAY
        return day if self.to != ANY_DAY else working_day(day)

    def _latest_day(self, start: date) -> date:
        """A period to any day is counted back from the start; one to a fixed day from the end of the employment, and
        the day of the notice does not count (BGB section 187)."""
        if self.unit == "months":
            end = start - DAY if self.to == ANY_DAY else self._last_day(start)
            return _months_before(end + DAY, self.length) - DAY
        period = DAY * self.length * (7 if self.unit == "weeks" else 1)
        return min((start if self.to == ANY_DAY else self._last_day(start)) - period, self._last_day(start))

    def words(self) -> str:
        """`3 months to the end of a month`; `none` where no notice is owed."""
        if not self.length:
            return "none"
        unit = self.unit[:-1] if self.length == 1 else self.unit
        return f"{self.length} {unit}{_WORDS[self.to]}"


BY_LAW: Final[Mapping[str, Notice]] = {
    "DE": Notice(4, "weeks", MID_MONTH),
    "CH": Notice(1, "months", MONTH_END),
    "CN": Notice(30, "days"),
}
"""Country -> what an employee owes at least: BGB section 622(1), OR article 335c (first year), Labour Contract Law."""
_PROBATION_DAYS: Final = {"DE": 14, "CH": 7}
"""Country whose law lets notice end on fixed days only -> the longest period in probation, which ends on any day."""
_DAYS_OF_LAW: Final = {("DE", 28): Notice(4, "weeks", MID_MONTH)}
_WORDS: Final = {
    ANY_DAY: "",
    MONTH_END: " to the end of a month",
    MID_MONTH: " to the 15th or the end of a month",
    QUARTER_END: " to the end of a quarter",
}


def working_day(day: date) -> date:
    """The day, or the Friday before a weekend."""
    return day - DAY * max(0, day.weekday() - 4)


def notice_of(values: Mapping[str, Any], stamps: Mapping[str, Any]) -> Notice | None:
    """The notice that a candidate owes: as stated (the latest statement), else by the law of the country; else None."""
    country, to = values.get("notice_country", ""), values.get("notice_to")
    stated = [unit for unit in UNITS if f"notice_period_{unit}" in values]
    if not stated:
        law = BY_LAW.get(country)
        return Notice(law.length, law.unit, to or law.to) if law else None
    unit = max(stated, key=lambda each: stamps.get(f"notice_period_{each}", (0, "", "")))
    return _stated(int(values[f"notice_period_{unit}"]), unit, to, country)


def _stated(length: int, unit: str, to: str | None, country: str) -> Notice:
    """A stated period; where the law counts in months, 90 days are meant as three months to a month's end."""
    if country not in _PROBATION_DAYS or to is not None:
        return Notice(length, unit, to or ANY_DAY)
    if unit == "days":
        months = length // 30 if length % 30 == 0 else 0
        return (
            Notice(months, "months", MONTH_END) if months else _DAYS_OF_LAW.get((country, length), Notice(length, unit))
        )
    in_probation = unit == "weeks" and length * 7 <= _PROBATION_DAYS[country]
    return Notice(length, unit, ANY_DAY if in_probation else MONTH_END if unit == "months" else BY_LAW[country].to)


def _within_calendar(count: Callable[[date], date], start: date) -> date | None:
    try:
        return count(start)
    except (OverflowError, ValueError):  # of a timedelta and of a year
        return None


def _months_before(day: date, months: int) -> date:
    """The same day of an earlier month, or its last day where that month is shorter."""
    number = day.year * 12 + day.month - 1 - months
    first = date(number // 12, number % 12 + 1, 1)
    return min(first + DAY * (day.day - 1), _month_end(first))


def _month_end(day: date) -> date:
    return (day.replace(day=28) + 4 * DAY).replace(day=1) - DAY


_ENDS: Final[Mapping[str, Callable[[date], bool]]] = {
    ANY_DAY: lambda day: True,
    MONTH_END: lambda day: day == _month_end(day),
    MID_MONTH: lambda day: day.day == 15 or day == _month_end(day),
    QUARTER_END: lambda day: day == _month_end(day) and day.month % 3 == 0,
}
