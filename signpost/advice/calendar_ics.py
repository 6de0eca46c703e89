"""Writes the entries of a calendar as iCalendar (RFC 5545). Pure; decides nothing about entries."""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from icalendar import Alarm, Calendar, Event, vText

from signpost.advice.calendar import Entry, EntryKind
from signpost.case.instant import DAY, to_datetime
from signpost.rulebook.text_values import readable

PRODUCT: Final = "-//Signpost//Calendar//EN"
TITLE: Final = "offers and interviews"
REFRESH: Final = "PT1H"
"""How often a calendar program should read the calendar."""
ZONES_US: Final = (-366 * DAY, 5 * 366 * DAY)
"""Around now: what is further away is written in UTC, so that no time zone is described for thousands of years."""
_ON_DAYS: Final = (timedelta(days=-6, hours=-15), timedelta(hours=-15))
"""At nine in the morning, a week before and on the day before."""
ALARMS: Final[Mapping[EntryKind, Sequence[timedelta]]] = {
    EntryKind.DEADLINE: (timedelta(days=-2), timedelta(hours=-3)),
    EntryKind.NOTICE: _ON_DAYS,
    EntryKind.INTERVIEW: (timedelta(days=-1), timedelta(hours=-1)),
    EntryKind.ADVICE: (timedelta(hours=-2),),
}
"""Reminders before an entry with a time; whole days have those of `_ON_DAYS`."""


def write_ics(entries: Iterable[Entry], *, name: str | None, now: int) -> bytes:
    """The calendar as bytes. `name`: of the candidate; `now` in microseconds.

    Times are in the zone of an entry, and in UTC where none is known.
    """
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    # The library escapes texts of the properties that it knows, and no others
    calendar.add("x-wr-calname", vText(f"{readable(name)}: {TITLE}" if name else TITLE.capitalize()))
    calendar.add("refresh-interval", timedelta(hours=1), parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", REFRESH)
    entries = list(entries)
    for entry in entries:
        calendar.add_component(_event(entry, now))
    years = [moment.year for entry in entries for moment in _times(entry, now) if moment.tzinfo is not UTC]
    if years:
        # From the year before, so that the offset at the first entry is described
        calendar.add_missing_timezones(date(min(years) - 1, 1, 1), date(max(years) + 2, 1, 1))
    return bytes(calendar.to_ical())


def _event(entry: Entry, now: int) -> Event:
    event, changed = Event(), to_datetime(entry.changed_at).replace(microsecond=0)
    event.add("uid", entry.uid)
    event.add("sequence", entry.sequence)
    event.add("dtstamp", changed)
    event.add("last-modified", changed)
    event.add("summary", _clean(entry.title))
    if entry.description:
        event.add("description", _clean(entry.description))
    if isinstance(entry.starts, date):
        event.add("dtstart", entry.starts)
    for name, moment in zip(("dtstart", "dtend"), _times(entry, now), strict=False):
        event.add(name, moment)
    event.add("status", "CANCELLED" if entry.cancelled else "CONFIRMED")
    event.add("transp", "OPAQUE" if entry.kind is EntryKind.INTERVIEW and not entry.cancelled else "TRANSPARENT")
    event.add("categories", [entry.kind.value])
    if not entry.cancelled:
        for before in _ON_DAYS if isinstance(entry.starts, date) else ALARMS[entry.kind]:
            event.add_component(_alarm(entry, before))
    return event


def _alarm(entry: Entry, before: timedelta) -> Alarm:
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", _clean(entry.title))
    alarm.add("trigger", before)
    return alarm


def _local(instant: int, zone: ZoneInfo | None, now: int) -> datetime:
    """The time in a zone. UTC for the second of two equal local times when clocks go back: RFC 5545 cannot name it."""
    moment = to_datetime(instant).replace(microsecond=0)
    if zone is None or not ZONES_US[0] < instant - now < ZONES_US[1]:
        return moment
    local = moment.astimezone(zone)
    return moment if local.fold else local


def _times(entry: Entry, now: int) -> list[datetime]:
    """The start, and the end if there is one; nothing for a whole day."""
    instants = [] if isinstance(entry.starts, date) else [entry.starts]
    return [_local(instant, entry.zone, now) for instant in (*instants, entry.ends) if instant is not None]


def _clean(text: str) -> str:
    """Without characters that iCalendar forbids; line breaks become escapes."""
    joined = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(one for one in joined if one in "\n\t" or unicodedata.category(one) not in ("Cc", "Cs"))
