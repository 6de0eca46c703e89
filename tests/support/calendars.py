"""Reads calendars for tests with vobject, a second library, as a calendar program would."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import vobject


@dataclass(frozen=True)
class Event:
    """An event as another library reads it; times in UTC, days as dates."""

    uid: str
    title: str
    starts: datetime | date
    ends: datetime | None
    sequence: int
    status: str
    description: str
    alarms: tuple[timedelta, ...]


def read_calendar(body: bytes) -> dict[str, Event]:
    """Return the events by UID. Fails for an invalid calendar, a long line, and a UID that occurs twice."""
    assert body.endswith(b"END:VCALENDAR\r\n")
    lines = body.split(b"\r\n")
    assert all(len(line) <= 75 and not set(line) & {0, 10, 13} for line in lines)
    [calendar] = vobject.readComponents(body.decode())
    assert calendar.validate(raiseException=True)
    events = [_event(one) for one in calendar.contents.get("vevent", [])]
    found = {event.uid: event for event in events}
    assert len(found) == len(events)
    return found


def _event(one: Any) -> Event:
    return Event(
        one.uid.value,
        one.summary.value,
        _utc(one.dtstart.value),
        _utc(one.dtend.value) if "dtend" in one.contents else None,
        int(one.sequence.value),
        one.status.value,
        one.description.value if "description" in one.contents else "",
        tuple(alarm.trigger.value for alarm in one.contents.get("valarm", [])),
    )


def _utc(value: Any) -> Any:
    return value.astimezone(UTC) if isinstance(value, datetime) else value
