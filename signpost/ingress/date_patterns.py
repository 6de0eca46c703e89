"""Patterns like `DD.MM.YYYY HH:mm`: how a vendor writes days and times that are not ISO 8601. Pure.

A pattern becomes one regular expression of bounded parts, so reading a text takes linear time.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Final

MONTHS: Final = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
_NAMED: Final = "|".join(MONTHS)
_SHORT: Final = "|".join(name[:3] for name in MONTHS)
TOKENS: Final[Mapping[str, tuple[str, str]]] = {
    "YYYY": ("year", "[0-9]{4}"),
    "MMMM": ("month", f"(?i:{_NAMED})"),
    "MMM": ("month", f"(?i:{_SHORT})"),
    "MM": ("month", "[0-9]{2}"),
    "M": ("month", "[0-9]{1,2}"),
    "DD": ("day", "[0-9]{2}"),
    "D": ("day", "[0-9]{1,2}"),
    "HH": ("hour", "[0-9]{2}"),
    "H": ("hour", "[0-9]{1,2}"),
    "hh": ("hour", "[0-9]{2}"),
    "h": ("hour", "[0-9]{1,2}"),
    "mm": ("minute", "[0-9]{2}"),
    "ss": ("second", "[0-9]{2}"),
    "A": ("half", "(?i:am|pm)"),
    "Z": ("offset", "(?:Z|[+-][0-9]{2}:?[0-9]{2})"),
}
"""Token -> what it means, and what it matches. A month name is English."""
MAX_CHARS: Final = 64
"""Of a pattern, and of a text that is read with it."""
NO_DAY: Final = "no such day exists"
NO_TIME: Final = "no such time exists"
_TOKEN: Final = re.compile("|".join(TOKENS))
_LETTERS: Final = re.compile("[A-Za-z]+")
_NEEDS: Final = {"minute": "hour", "second": "minute", "half": "hour", "offset": "hour"}
LIST: Final = ", ".join(TOKENS)


@dataclass(frozen=True, slots=True)
class DatePattern:
    """One way to write a day or a time."""

    text: str
    expression: re.Pattern[str]

    @property
    def has_time(self) -> bool:
        """Whether it has a time of the day."""
        return "hour" in self.expression.groupindex

    @property
    def has_offset(self) -> bool:
        """Whether it has the offset of its time."""
        return "offset" in self.expression.groupindex

    def iso(self, text: str) -> str | None:
        """Return the same in ISO 8601: a day, or a time with its offset if it has one; None if it does not match."""
        found = self.expression.fullmatch(text.strip()) if len(text) <= MAX_CHARS else None
        try:
            return None if found is None else self._iso(found.groupdict())
        except ValueError:
            return None

    def lack(self, text: str) -> str:
        """Return that a text names a day or a time that does not exist; "" for one that does, and for no match. What is
        no month is no match: it may be the day."""
        found = self.expression.fullmatch(text.strip()) if len(text) <= MAX_CHARS else None
        month = 0 if found is None else _month(found["month"])
        if found is None or not 1 <= month <= 12 or self.iso(text) is not None:
            return ""
        return NO_TIME if exists(int(found["year"]), month, int(found["day"])) else NO_DAY

    def moved(self, text: str, days: int) -> str:
        """Return the text for a day this many days later; unchanged if it is no such day. For samples only."""
        found = self.expression.fullmatch(text)
        iso = self.iso(text)
        if found is None or iso is None:
            return text
        try:
            day = date.fromisoformat(iso[:10]) + timedelta(days=days)
        except OverflowError:  # 31.12.9999, which stands for "never"
            return text
        parts = {**found.groupdict(), **_written(day)}
        return "".join(literal or _with_width(token, parts) for token, literal in _split(self.text))

    def _iso(self, parts: Mapping[str, str]) -> str:
        day = date(int(parts["year"]), _month(parts["month"]), int(parts["day"]))
        if not self.has_time:
            return day.isoformat()
        minute, second = int(parts.get("minute", 0)), int(parts.get("second", 0))
        moment = datetime(day.year, day.month, day.day, _hour(parts), minute, second)
        offset = parts.get("offset", "").upper().replace(":", "")
        return moment.isoformat() + (f"{offset[:3]}:{offset[3:]}" if offset[1:] else offset)


def read_pattern(text: str) -> DatePattern:
    """Return the pattern of a text like `DD.MM.YYYY`. Raises ValueError that says what to write."""
    if len(text) > MAX_CHARS or "%" in text:
        raise ValueError(f"write a pattern like DD.MM.YYYY of these parts: {LIST}")
    tokens: list[str] = []
    parts: list[str] = []
    for token, literal in _split(text):
        meaning, matches = TOKENS.get(token, ("", ""))
        if any(TOKENS[known][0] == meaning for known in tokens if meaning):
            raise ValueError(f"it has the {meaning} twice")
        tokens += [token] if token else []
        parts.append(f"(?P<{meaning}>{matches})" if token else re.escape(literal))
    _check(text, tokens)
    return DatePattern(text, re.compile("".join(parts)))


def exists(year: int, month: int, day: int) -> bool:
    """Whether there is such a day."""
    try:
        return date(year, month, day) is not None
    except ValueError:
        return False


def iso_of(value: str, patterns: Iterable[DatePattern]) -> str:
    """Return the text in ISO 8601 by the first pattern that matches; unchanged if none does."""
    return next((iso for pattern in patterns if (iso := pattern.iso(value)) is not None), value)


def clash(patterns: Iterable[DatePattern]) -> str:
    """Return two patterns that read one text as different days, as "A and B"; "" if there are none."""
    seen: dict[str, str] = {}
    for pattern in patterns:
        shape = re.sub("M+|D+", "#", re.sub("MMMM?", "@", pattern.text))
        if shape in seen:
            return f"{seen[shape]} and {pattern.text}"
        seen[shape] = pattern.text
    return ""


def _split(text: str) -> Iterator[tuple[str, str]]:
    """Yield (token, "") and ("", literal) in order."""
    at = 0
    for found in _TOKEN.finditer(text):
        if found.start() > at:
            yield "", text[at : found.start()]
        yield found[0], ""
        at = found.end()
    if at < len(text):
        yield "", text[at:]


def _check(text: str, tokens: list[str]) -> None:
    meanings = {TOKENS[token][0] for token in tokens}
    # T separates the day from the time, as in ISO 8601
    letters = {found for found in _LETTERS.findall(_TOKEN.sub("", text)) if found != "T"}
    if letters:
        raise ValueError(f"{sorted(letters)[0]!r} is no part of a pattern; these are: {LIST}")
    if missing := [one for one in ("year", "month", "day") if one not in meanings]:
        raise ValueError(f"it has no {missing[0]}; a day is YYYY, MM and DD, in capitals")
    for part, needed in _NEEDS.items():
        if part in meanings and needed not in meanings:
            raise ValueError(f"it has a {part} without the {needed}")
    if ({"h", "hh"} & set(tokens) != set()) != ("half" in meanings):
        raise ValueError("hours of a 12-hour clock are hh or h, and need A (AM or PM); those of 24 hours are HH")
    parts = [token for token, _ in _split(text)]
    if any(len(token) == 1 and token in "MDHh" and after for token, after in pairwise(parts)):
        raise ValueError("a part of one or two digits (M, D, H, h) needs a separator before the next part")


def _month(text: str) -> int:
    return int(text) if text.isdigit() else next(n for n, name in enumerate(MONTHS, 1) if name[:3] == text[:3].lower())


def _hour(parts: Mapping[str, str]) -> int:
    hour, half = int(parts["hour"]), parts.get("half", "").lower()
    if half and not 1 <= hour <= 12:
        raise ValueError("no hour of a 12-hour clock")
    return hour % 12 + 12 * (half == "pm") if half else hour


def _written(day: date) -> dict[str, str]:
    return {"year": f"{day.year:04}", "month": str(day.month), "day": str(day.day)}


def _with_width(token: str, parts: Mapping[str, str]) -> str:
    text = parts[TOKENS[token][0]]
    if token in ("MMM", "MMMM"):
        name = MONTHS[int(text) - 1].capitalize()
        return name if token == "MMMM" else name[:3]
    return text.rjust(len(token), "0") if token in ("MM", "DD") else text
