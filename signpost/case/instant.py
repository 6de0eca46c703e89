"""Instants as integer microseconds since the epoch, and their RFC 3339 text."""

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
LEAP_SECOND = ":59:60"
NEVER = 253_402_128_000_000_000
"""The last instant that every time zone can represent (9999-12-30); stands for a time that never comes."""


def parse_instant(text: str) -> int:
    """Microseconds since the epoch of an RFC 3339 text. Raises ValueError if it is malformed or has no offset.

    A leap second counts as the second after it, as clocks count.
    """
    leap = text[13:19] == LEAP_SECOND
    moment = datetime.fromisoformat(f"{text[:17]}59{text[19:]}" if leap else text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no UTC offset; write for example {text}Z or {text}+01:00")
    return from_datetime(moment) + leap * SECOND


def from_datetime(moment: datetime) -> int:
    """Microseconds since the epoch of an aware datetime, exact."""
    return (moment - EPOCH) // MICROSECOND


def to_datetime(instant: int) -> datetime:
    """The aware UTC datetime of an instant."""
    return EPOCH + timedelta(microseconds=instant)


def on_calendar(instant: int | None) -> int | None:
    """The instant, or None if it lies outside the calendar (1970 to 9999), where large offsets can lead."""
    return instant if instant is not None and 0 <= instant <= NEVER else None


def format_instant(instant: int) -> str:
    """RFC 3339 in UTC with "Z"; with a fraction only if it is not zero."""
    return to_datetime(instant).isoformat().replace("+00:00", "Z")
