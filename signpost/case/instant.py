"""Instants as integer microseconds since the epoch, and their RFC 3339 text."""

import re
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from functools import lru_cache

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
LEAP_SECOND = ":59:60"
DAY_LENGTH = len("2026-03-02")
"""A text that is no longer than this can state a day alone."""
OFFSET = re.compile("[+-](?:[01][0-9]|2[0-3]):[0-5][0-9]")
FIRST_ANYWHERE = 14 * 60
"""The offset, in minutes, of where a day begins first: of a day that was stated without saying where."""
NEVER = 253_402_128_000_000_000
"""The last instant that every time zone can represent (9999-12-30); stands for a time that never comes."""


def parse_instant(text: str) -> int:
    """Microseconds since the epoch of an RFC 3339 text. Raises ValueError, which says what to write instead, if it is
    malformed or has no offset.

    A leap second counts as the second after it, as clocks count.
    """
    leap = text[13:19] == LEAP_SECOND
    try:
        moment = datetime.fromisoformat(f"{text[:17]}59{text[19:]}" if leap else text)
    except ValueError:
        raise ValueError(f"{text!r} is no instant; write for example 2026-03-02T09:00:00Z") from None
    if moment.tzinfo is None:
        with_time = text if len(text) > DAY_LENGTH else f"{moment.date()}T09:00:00"
        lacks = "no UTC offset" if with_time == text else "no time of day and no UTC offset"
        raise ValueError(f"{text!r} has {lacks}; write for example {with_time}Z or {with_time}+01:00")
    return from_datetime(moment) + leap * SECOND


def offset_of(text: str) -> int:
    """The offset that an RFC 3339 text states, in minutes; 0 for UTC, which says nothing about where its writer is."""
    offset = datetime.fromisoformat(text.replace(LEAP_SECOND, ":59:59")).utcoffset() or timedelta()
    return offset // timedelta(minutes=1)


def offset_at(zone: tzinfo, instant: int) -> int:
    """The offset of a zone at an instant, in minutes; 0 outside the calendar."""
    if on_calendar(instant) is None:
        return 0
    return (to_datetime(instant).astimezone(zone).utcoffset() or timedelta()) // timedelta(minutes=1)


def parse_offset(text: str) -> int:
    """An offset like "-08:00" in minutes. Raises ValueError for any other text."""
    if not OFFSET.fullmatch(text):
        raise ValueError(f"{text!r} is not an offset")
    return (60 * int(text[1:3]) + int(text[4:])) * (-1 if text[0] == "-" else 1)


def format_offset(offset: int) -> str:
    """An offset in minutes as in RFC 3339, like "-08:00"."""
    return f"{'-' if offset < 0 else '+'}{abs(offset) // 60:02}:{abs(offset) % 60:02}"


def fixed_zone(offset: int) -> timezone:
    """The zone that always has an offset, in minutes."""
    return timezone(timedelta(minutes=offset)) if offset else UTC


def end_of_day(day: str, zone: tzinfo) -> str:
    """The last second of a day (YYYY-MM-DD) in a zone, as RFC 3339 with the offset of that time."""
    moment = from_datetime(datetime.combine(date.fromisoformat(day), datetime.max.time().replace(microsecond=0), zone))
    return format_instant(moment, offset_at(zone, moment))


def from_datetime(moment: datetime) -> int:
    """Microseconds since the epoch of an aware datetime, exact."""
    return (moment - EPOCH) // MICROSECOND


def to_datetime(instant: int) -> datetime:
    """The aware UTC datetime of an instant."""
    return EPOCH + timedelta(microseconds=instant)


def is_recent(at: int | None, now: int, within: int) -> bool:
    """Whether `at` is less than `within` microseconds ago; False if the clock was set back meanwhile."""
    return at is not None and 0 <= now - at < within


def on_calendar(instant: int | None) -> int | None:
    """The instant, or None if it lies outside the calendar (1970 to 9999), where large offsets can lead."""
    return instant if instant is not None and 0 <= instant <= NEVER else None


@lru_cache(maxsize=8192)
def format_instant(instant: int, offset: int = 0) -> str:
    """RFC 3339 at an offset in minutes, "Z" for UTC; with a fraction only if it is not zero."""
    return to_datetime(instant).astimezone(fixed_zone(offset)).isoformat().replace("+00:00", "Z")
