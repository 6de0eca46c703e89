"""How vendors write times and dates, and how they are read. Pure."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from signpost.case.instant import from_datetime, on_calendar, parse_instant, to_datetime
from signpost.ingress.signatures import UNITS

US_DATE: Final = re.compile("([0-9]{2})/([0-9]{2})/([0-9]{4})")
ISO_DATE: Final = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, slots=True)
class Formats:
    """How a vendor writes times and dates: numbers count `unit` since the epoch; `month_first` allows MM/DD/YYYY."""

    unit: str = "seconds"
    month_first: bool = False
    zone: ZoneInfo | None = None
    """The zone of times without an offset; None makes them unknown."""


def instant(value: Any, formats: Formats) -> int | None:
    """Return microseconds since the epoch; None if it is not RFC 3339, ISO 8601 local to the zone, or a number."""
    try:
        if isinstance(value, int) and not isinstance(value, bool):
            return on_calendar(value * UNITS[formats.unit])
        if not isinstance(value, str) or "T" not in value.upper().replace(" ", "T"):
            return None
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            return None if formats.zone is None else on_calendar(from_datetime(moment.replace(tzinfo=formats.zone)))
        return on_calendar(parse_instant(value))
    except (ValueError, OverflowError):
        return None


def day(value: Any, formats: Formats) -> Any:
    """Return a date, or the date of a time in its zone, as YYYY-MM-DD; any other value unchanged."""
    if isinstance(value, str):
        if formats.month_first and (found := US_DATE.fullmatch(value)):
            return f"{found[3]}-{found[1]}-{found[2]}"
        if ISO_DATE.fullmatch(value[:10]) and value[10:11] in ("T", " ") and formats.zone is None:
            return value[:10]
    time = instant(value, formats)
    if time is None:
        return value
    moment = to_datetime(time)
    return (moment.astimezone(formats.zone) if formats.zone else moment).date().isoformat()
