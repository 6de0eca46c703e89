"""Values and moments of typed rules, compiled into functions of an environment."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from signpost.case.facts import Entity, Facts
from signpost.case.instant import DAY, from_datetime
from signpost.rulebook.terms import Duration, Moment, Ref, Scope


@dataclass(slots=True)
class Env:
    """What one evaluation sees: the facts, the subject, the item a condition is about, and values the rule defines."""

    facts: Facts
    subject: Entity
    item: Entity
    zone: ZoneInfo
    defined: dict[str, Callable[["Env"], Any]] = field(default_factory=dict)


Value: TypeAlias = Callable[[Env], Any]
Instant: TypeAlias = Callable[[Env], int | None]


def value_of(ref: Ref) -> Value:
    """The value that a reference means; None where it is unknown."""
    name = ref.name
    if ref.scope == Scope.ITEM:
        return lambda env: env.item.values.get(name)
    if ref.scope == Scope.SUBJECT:
        return lambda env: env.subject.values.get(name)
    if ref.scope == Scope.CANDIDATE:
        return lambda env: env.facts.candidate.values.get(name)
    return lambda env: env.defined[name](env)


def instant_of(moment: Moment) -> Instant:
    """The instant that a moment comes to; None where a part of it is unknown or off the calendar."""
    base, sign, end = value_of(moment.base), moment.sign, moment.end
    offset: Value = value_of(moment.offset) if isinstance(moment.offset, Ref) else _constant(moment.offset)

    def instant(env: Env) -> int | None:
        start, distance = base(env), offset(env)
        if start is None or distance is None:
            return None
        return moved(
            start, distance if isinstance(distance, Duration) else Duration(int(distance)), sign, env.zone, end
        )

    return instant


def raw_moment(moment: Moment) -> Value:
    """As `instant_of`, but a date moved by whole days stays a date (for values that a rule defines)."""
    base, instant = value_of(moment.base), instant_of(moment)
    offset: Value = value_of(moment.offset) if isinstance(moment.offset, Ref) else _constant(moment.offset)

    def raw(env: Env) -> Any:
        start, distance = base(env), offset(env)
        if isinstance(start, date) and distance is not None:
            days = distance if isinstance(distance, int) else distance.days if not distance.microseconds else None
            return _shifted(start, moment.sign * days) if days is not None else instant(env)
        return instant(env)

    return raw


def moved(start: int | date, distance: Duration, sign: int, zone: ZoneInfo, end: bool = False) -> int | None:
    """A start moved by a distance: calendar days on a date, counted from its local midnight (`end`: from the next
    one)."""
    if isinstance(start, int):
        return start + sign * distance.total
    day = _shifted(start, sign * distance.days + end)
    return None if day is None else midnight(day, zone) + sign * distance.microseconds


def _shifted(day: date, days: int) -> date | None:
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return None


@lru_cache(maxsize=4096)
def midnight(day: date, zone: ZoneInfo) -> int:
    """The first instant of a day, in microseconds."""
    try:
        return from_datetime(datetime(day.year, day.month, day.day, tzinfo=zone))
    except OverflowError:
        return (day.toordinal() - 719_163) * DAY


def _constant(value: Any) -> Value:
    return lambda env: value
