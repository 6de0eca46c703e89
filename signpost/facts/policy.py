"""The policy of an agenda: how many cards, when news may come, and what is left out. Pure; reads no clock."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any, Final

from signpost.case.instant import DAY, HOUR, MINUTE, from_datetime, on_calendar, to_datetime
from signpost.schemas.policy import POLICY_FIELDS

MAX_CARDS: Final = 20
PREFIX: Final = "agenda_"
"""Before the name of a parameter, it is the candidate's preference: `agenda_digest`."""
_DAYS_AHEAD: Final = 9
"""Days in which the next weekly instant lies, whatever the zone."""


@dataclass(frozen=True, slots=True)
class Policy:
    """`max_cards`: at once, unless more are urgent. `quiet_hours`: local times between which no news is sent.
    `digest`: (day of the week or None, local time) at which news is sent together. `settling_time`: how long after a
    change it is sent, with what else changes meanwhile. `endings_wait`: how long the end of cards whose time is over
    waits for news. `last_chance`: how long before its last useful instant a card
    is shown in any case. Durations in microseconds."""

    max_cards: int = 3
    quiet_hours: tuple[time, time] | None = None
    digest: tuple[int | None, time] | None = None
    settling_time: int = MINUTE
    endings_wait: int = 6 * HOUR
    last_chance: int = DAY
    topics_off: frozenset[str] = frozenset()
    zone: tzinfo = UTC

    def quiet_until(self, instant: int) -> int:
        """The end of the quiet hours in which an instant lies; otherwise the instant."""
        if self.quiet_hours is None:
            return instant
        begin, end = self.quiet_hours
        today = to_datetime(instant).astimezone(self.zone).date()
        for day in (today - timedelta(days=1), today):
            begins = self._at(day, begin)
            ends = self._at(day if begin < end else day + timedelta(days=1), end)
            if begins <= instant < ends:
                return on_calendar(ends) or instant
        return instant

    def next_digest(self, instant: int) -> int:
        """The first digest at or after an instant; without digests, the instant."""
        if self.digest is None:
            return instant
        weekday, at = self.digest
        first = to_datetime(instant).astimezone(self.zone).date() - timedelta(days=1)
        days = (first + timedelta(days=number) for number in range(_DAYS_AHEAD + 1))
        times = (self._at(day, at) for day in days if weekday in (None, day.weekday()))
        return next((found for found in times if found >= instant), instant)

    def _at(self, day: date, at: time) -> int:
        return from_datetime(datetime.combine(day, at, self.zone).astimezone(UTC))

    def with_preferences(self, values: Mapping[str, Any]) -> "Policy":
        """The policy with the preferences of a candidate, which come first. `values`: of the candidate's entity."""
        own = {name: PARSERS[name](values[stated]) for stated, name in _STATED.items() if stated in values}
        return replace(self, **own) if own else self

    def in_zone(self, zone: tzinfo) -> "Policy":
        """The policy where it is the time of this zone."""
        return self if zone == self.zone else replace(self, zone=zone)


def _cards(value: float) -> int:
    return max(1, min(int(value), MAX_CARDS))


PARSERS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "max_cards": _cards,
    **{name: field.parse for name, field in POLICY_FIELDS.items()},
    "topics_off": frozenset,
}
"""Parameter -> how its value is read. Each but the first and the last raises ValueError for a malformed text."""
_STATED: Final = {f"{PREFIX}{name}": name for name in PARSERS}
"""The candidate's preference -> parameter."""
POLICY: Final = Policy()
