"""How vendors write times, dates and amounts, and how they are read. Pure."""

import re
from dataclasses import dataclass, field, replace
from datetime import datetime, time
from typing import Any, Final
from zoneinfo import ZoneInfo

from signpost.case.instant import (
    FIRST_ANYWHERE,
    LEAP_SECOND,
    MINUTE,
    end_of_day,
    fixed_zone,
    format_instant,
    from_datetime,
    offset_at,
    offset_of,
    on_calendar,
    parse_instant,
    to_datetime,
)
from signpost.ingress.common_dates import pattern_hint
from signpost.ingress.date_patterns import NO_DAY, NO_TIME, DatePattern, exists, iso_of
from signpost.ingress.signature_schemes import UNITS
from signpost.printable import escape, shorten

UTC_ZONE: Final = ZoneInfo("UTC")
EARLIEST: Final = fixed_zone(FIRST_ANYWHERE)
LATEST_ZONE: Final = ZoneInfo("Etc/GMT+12")
"""Where a day ends last."""
MIDNIGHT: Final = time()
PLAIN_NUMBER: Final = re.compile("-?[0-9]+(?:[.][0-9]+)?")
ISO_DATE: Final = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
LOWER_CASE_UTC: Final = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9:.,]+z")
"""RFC 3339 allows it, and `datetime` does not read it."""
DIGITS: Final = {"seconds": re.compile("[0-9]{10}"), "milliseconds": re.compile("[0-9]{13}")}
"""The numbers that are read from a text, from 2001 to 2286: no day is written in so many digits."""
SINCE: Final = parse_instant("2000-01-01T00:00:00Z")
"""A number before it is no time: seconds that are read as milliseconds would be in January 1970."""

AMOUNTS: Final = {
    mark: re.compile(
        rf"([0-9]+|[0-9]{{1,3}}(?:([{groups}' \u00a0\u2009\u202f])[0-9]{{3}}(?:\2[0-9]{{3}})*))(?:[{mark}]([0-9]+))?"
    )
    for mark, groups in ((",", "."), (".", ","))
}
"""Decimal mark -> a text of an amount: digits, also in groups of three, and decimals."""


@dataclass(frozen=True, slots=True)
class Formats:
    """How a vendor writes times and dates: numbers count `unit` since the epoch; `patterns` are read beside ISO.
    `reads_digits`: whether a number may be a text."""

    unit: str = "seconds"
    zone: ZoneInfo | None = None
    """The zone of times without an offset; None makes them unknown."""
    patterns: tuple[DatePattern, ...] = ()
    reads_digits: bool = False
    decimal: str = ""
    """The decimal mark of amounts in texts, which may then group digits; "" for a point without groups."""
    numbers: set[int] | None = field(default=None, compare=False)
    """Collects the numbers that are read as times; None: nobody wants to know."""

    def iso(self, value: Any) -> Any:
        """Return a text in ISO 8601 if a pattern matches it, a number of `unit` from its digits; any other value
        unchanged."""
        if not isinstance(value, str):
            return value
        text = iso_of(value, self.patterns)
        text = text.upper() if LOWER_CASE_UTC.fullmatch(text) else text
        return int(text) if self.reads_digits and DIGITS[self.unit].fullmatch(text) else text


def instant(value: Any, formats: Formats) -> int | None:
    """Return microseconds since the epoch; None if it is not RFC 3339, ISO 8601 local to the zone, or a number of
    this century."""
    try:
        value = formats.iso(value)
        if isinstance(value, int) and not isinstance(value, bool):
            return _instant_of(value, formats)
        if not isinstance(value, str) or "T" not in value.upper().replace(" ", "T"):
            return None
        moment = datetime.fromisoformat(value.replace(LEAP_SECOND, ":59:59"))
        if moment.tzinfo is None:
            return None if formats.zone is None else on_calendar(from_datetime(moment.replace(tzinfo=formats.zone)))
        return on_calendar(parse_instant(value))
    except (ValueError, OverflowError):
        return None


def _instant_of(number: int, formats: Formats) -> int | None:
    time = on_calendar(number * UNITS[formats.unit])
    if time is None or time < SINCE:
        return None
    if formats.numbers is not None:
        formats.numbers.add(number)
    return time


def decimal_text(value: Any, formats: Formats) -> Any:
    """Return a text like "72.500,00" as "72500.00" if its decimal mark is known; any other value unchanged."""
    if not formats.decimal or not isinstance(value, str):
        return value
    found = AMOUNTS[formats.decimal].fullmatch(value.strip())
    return value if found is None else re.sub("[^0-9]", "", found[1]) + (f".{found[3]}" if found[3] else "")


def why_no_time(value: Any, formats: Formats) -> str:
    """Return the value with the reason why it is no time. It may be personal: for samples only."""
    text = formats.iso(value)
    why = why_not_written(value, formats)
    reason = (
        f"and {why}"
        if why in (NO_DAY, NO_TIME)
        else f"which is {_neither(formats)}{pattern_hint(value, formats.patterns)}"
    )
    if digits := why_no_time_in_digits(value, formats):
        reason = digits
    elif isinstance(text, str) and ISO_DATE.fullmatch(text) and _has_iso_day(text):
        reason = "a day; write {day: PATH} for its first instant"
    elif instant(text, formats) is not None:
        reason = "which is before 1970 in the zone of the source"
    elif instant(text, replace(formats, zone=UTC_ZONE)) is not None:
        reason = "which has no offset, and neither formats nor the source has a zone"
    return f"{escape(shorten(repr(value)))}, {reason}"


def why_not_written(value: Any, formats: Formats) -> str:
    """Return why a text is no day and no time as it is written, without the text; "" for what may be one, and for any
    other value."""
    text = formats.iso(value)
    if not isinstance(value, str) or not isinstance(text, str) or text != value or value.isdigit():
        return ""
    if lack := next((lack for pattern in formats.patterns if (lack := pattern.lack(value))), ""):
        return lack
    if ISO_DATE.match(text):
        return "" if _has_iso_day(text) else NO_DAY
    return f"it is {_neither(formats)}"


def _has_iso_day(text: str) -> bool:
    return exists(*map(int, text[:10].split("-")))


def _neither(formats: Formats) -> str:
    patterns = " or ".join(one.text for one in formats.patterns) or "`dates` of formats says"
    return f"neither ISO 8601 nor written as {patterns}"


def amount_hint(value: Any, formats: Formats) -> str:
    """The end of a note about a text that is no number: how `decimal` of formats reads it, or which would; "" where
    neither does."""
    value = decimal_text(value, formats)
    if not isinstance(value, str) or PLAIN_NUMBER.fullmatch(value):
        return ""
    if marks := [f'{{decimal: "{mark}"}}' for mark, amount in AMOUNTS.items() if amount.fullmatch(value.strip())]:
        return f"; write formats: {' or '.join(marks)}"
    example = {",": "72.500,00", ".": "72,500.00"}.get(formats.decimal)
    return (
        f'; formats: {{decimal: "{formats.decimal}"}} reads a text like "{example}", without a currency'
        if example
        else ""
    )


def why_no_time_in_digits(value: Any, formats: Formats) -> str:
    """Return why a number, or digits in quotation marks, are no time, without the value; "" for any other value."""
    value = formats.iso(value)
    if isinstance(value, str) and value.isdigit():
        return "digits in quotation marks: formats reads 10 with `unit: seconds`, 13 with `unit: milliseconds`"
    if not isinstance(value, int) or isinstance(value, bool):
        return ""
    unit = next((unit for unit, digits in DIGITS.items() if digits.fullmatch(str(value))), formats.unit)
    if unit != formats.unit:
        return f"{len(str(value))} digits are {unit}: write formats: {{unit: {unit}}}"
    return f"a number that is no time since 2000 in {unit}"


def digits_hint(value: Any, formats: Formats) -> str:
    """The end of a note about a value that is no time: what is wrong with its digits, "" if it is none."""
    reason = why_no_time_in_digits(value, formats)
    return f"; {reason}" if reason else ""


def offset(value: Any, formats: Formats) -> int:
    """Return the offset of a time in minutes: as written, else that of the zone at this time, else 0."""
    time, value = instant(value, formats), formats.iso(value)
    written = offset_of(value) if isinstance(value, str) and time is not None else 0
    return written or (offset_at(formats.zone, time) if formats.zone and time is not None else 0)


def rfc3339(value: Any, formats: Formats) -> str | None:
    """Return the canonical text of a time, with its `offset`; None if it is no time, or before 1970 at this offset, as
    the null date 1970-01-01 is in New York."""
    time, ahead = instant(value, formats), offset(value, formats)
    return None if time is None or time + ahead * MINUTE < 0 else format_instant(time, ahead)


def deadline(value: Any, formats: Formats) -> Any:
    """Return the text of a time, or of the end of a day: in the zone, else the day itself. Other values are None."""
    text = day(value, formats)
    if isinstance(text, int):
        return None
    if not isinstance(formats.iso(value), str) or not ISO_DATE.fullmatch(formats.iso(value)):
        return rfc3339(value, formats)
    try:
        return end_of_day(text, formats.zone) if formats.zone else text
    except (ValueError, OverflowError):
        return None


def day(value: Any, formats: Formats) -> Any:
    """Return the day that a date or a time names, as YYYY-MM-DD; any other value unchanged.

    A day has no zone: a time stands for the day on which it is midnight, as written or in the zone, else for the day
    as written. A number of fewer digits than `DIGITS` is no time: 20260415 is meant as a day.
    """
    value = formats.iso(value)
    if isinstance(value, int) and not DIGITS[formats.unit].fullmatch(str(value)):
        return value
    time = instant(value, replace(formats, zone=formats.zone or UTC_ZONE))
    if time is None:
        return value
    written = (
        datetime.fromisoformat(value.replace(LEAP_SECOND, ":59:59")) if isinstance(value, str) else to_datetime(time)
    )
    local = to_datetime(time).astimezone(formats.zone) if formats.zone else written
    is_local_midnight = local.time() == MIDNIGHT and written.time() != MIDNIGHT
    return (local if is_local_midnight else written).date().isoformat()


def start_of_day(value: Any, formats: Formats) -> int | None:
    """Return the first instant of a date in the zone, in microseconds; where the zone is unknown, the first anywhere.
    None if it is no date."""
    text = day(value, formats)
    if not isinstance(text, str) or not ISO_DATE.fullmatch(text) or instant(value, formats) is not None:
        return None
    try:
        return on_calendar(from_datetime(datetime.fromisoformat(text).replace(tzinfo=formats.zone or EARLIEST)))
    except (ValueError, OverflowError):
        return None


def last_instant(value: Any, formats: Formats) -> int | None:
    """Return a time, or the end of a day, in microseconds; where the zone is unknown, the last that it can be anywhere.
    None if it is neither."""
    anywhere = replace(formats, zone=formats.zone or LATEST_ZONE)
    time = instant(value, anywhere)
    return instant(deadline(value, anywhere), anywhere) if time is None else time
