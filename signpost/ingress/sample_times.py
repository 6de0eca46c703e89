"""Moves the times of a sample to the present, so that its events have advice today. Pure."""

import re
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from signpost.case.instant import DAY
from signpost.ingress.date_patterns import DatePattern, iso_of
from signpost.ingress.signature_schemes import UNITS

_TIMES = re.compile(
    rb"(?<![0-9A-Za-z-])(?:1[0-9]{12}|[0-9]{4}-[0-9]{2}-[0-9]{2}(?=[T ][0-9]|(?![0-9A-Za-z-])))(?![0-9])"
)
"""Milliseconds since the epoch, and days, also those of RFC 3339."""
_TEXT = re.compile(rb'(?<=")[\x20\x21\x23-\x5b\x5d-\x7e]{1,64}(?=")')
"""A short text of a JSON body without escapes: what a pattern can read."""
_NUMBER = re.compile(rb"(?<![0-9A-Za-z.+-])[0-9]{9,12}(?![0-9A-Za-z.+-])")
"""A number of fewer digits than milliseconds, which move whatever the mapping says of them."""
_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class TimesOfSample:
    """How to tell the times of a sample: `patterns` by which the vendor writes days and times beside ISO, and the
    `numbers` that its mapping reads as times, in their `unit`."""

    patterns: Sequence[DatePattern] = ()
    numbers: Set[int] = frozenset()
    unit: str = "seconds"

    @property
    def day(self) -> int:
        """How many of the unit are a day."""
        return DAY // UNITS[self.unit]


NO_MORE = TimesOfSample()
"""Only ISO 8601 and milliseconds."""


def days_to_present(body: bytes, now: int, times: TimesOfSample = NO_MORE, happened: int | None = None) -> int:
    """By how many days to move all times of a body: what `happened` last (microseconds), or else the newest of its
    times, comes to the day before `now`. 0 for a body without times."""
    days = set(_days(body, times))
    if not days:
        return 0
    day = None if happened is None else happened // DAY
    # A day in the vendor's zone; a time that is none of these does not move, and says nothing of the others
    is_moved = day is not None and days & {day - 1, day, day + 1}
    return now // DAY - 1 - (day if day is not None and is_moved else max(days))


def moved(body: bytes, days: int, times: TimesOfSample = NO_MORE) -> bytes:
    """The body with all its times later by whole days."""
    found = _TIMES.sub(lambda match: _moved(match[0], days), body)
    found = _NUMBER.sub(lambda match: _moved_number(match[0], days, times), found) if times.numbers else found
    return _TEXT.sub(lambda match: _moved_text(match[0], days, times.patterns), found) if times.patterns else found


def _moved_number(text: bytes, shift: int, times: TimesOfSample) -> bytes:
    number = int(text)
    return str(number + shift * times.day).encode() if number in times.numbers else text


def _moved_text(text: bytes, shift: int, patterns: Sequence[DatePattern]) -> bytes:
    """A text of the body, moved if a pattern reads it."""
    before = text.decode()
    return next((one.moved(before, shift) for one in patterns if one.iso(before)), before).encode()


def _days(body: bytes, times: TimesOfSample) -> Iterator[int]:
    """The days of all times, counted from the epoch."""
    for text in _TEXT.findall(body) if times.patterns else ():
        iso = iso_of(text.decode(), times.patterns)
        if iso != text.decode():
            yield _day(iso[:10].encode()) or 0
    for number in map(int, _NUMBER.findall(body) if times.numbers else ()):
        if number in times.numbers:
            yield number // times.day
    for match in _TIMES.finditer(body):
        found = _day(match[0])
        if found is not None:
            yield found


def _day(text: bytes) -> int | None:
    if b"-" not in text:
        return int(text) // _DAY_MS
    try:
        return (date.fromisoformat(text.decode()) - date(1970, 1, 1)).days
    except ValueError:
        return None


def _moved(text: bytes, shift: int) -> bytes:
    days = _day(text)
    if days is None:
        return text
    if b"-" not in text:
        return str(int(text) + shift * _DAY_MS).encode()
    try:
        return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=days + shift)).date().isoformat().encode()
    except OverflowError:  # 9999-12-31, which stands for "never"
        return text
