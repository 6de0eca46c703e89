"""Moves the times of a sample to the present, so that its events have advice today. Pure."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

_TIMES = re.compile(
    rb"(?<![0-9A-Za-z-])(?:1[0-9]{12}|[0-9]{4}-[0-9]{2}-[0-9]{2}(?=[T ][0-9]|(?![0-9A-Za-z-])))(?![0-9])"
)
"""Milliseconds since the epoch, and days, also those of RFC 3339."""
_DAY_MS = 86_400_000


def to_present(body: bytes, now: int) -> bytes:
    """The body with all its times later or earlier by the same whole days: its newest is of the day before `now`
    (microseconds). A body without times is unchanged."""
    days = max(_days(body), default=None)
    if days is None:
        return body
    shift = now // (_DAY_MS * 1000) - 1 - days
    return _TIMES.sub(lambda match: _moved(match[0], shift), body)


def _days(body: bytes) -> Iterator[int]:
    """The days of all times, counted from the epoch."""
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
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=days + shift)).date().isoformat().encode()
