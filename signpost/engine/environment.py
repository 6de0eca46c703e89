"""Compiles values and moments of typed rules into functions of an environment. Pure; conditions are in `conditions`."""

from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Any, TypeAlias

from signpost.case.instant import DAY, from_datetime, to_datetime
from signpost.facts.facts import Entity, Facts
from signpost.rulebook.terms import Duration, Moment, Ref, Scope


@dataclass(slots=True)
class Env:
    """The input of one evaluation: facts, subject, the item of the current condition, zone, and values that the rule
    defines."""

    facts: Facts
    subject: Entity
    item: Entity
    zone: tzinfo
    defined: dict[str, Callable[["Env"], Any]] = field(default_factory=dict)


Value: TypeAlias = Callable[[Env], Any]
Instant: TypeAlias = Callable[[Env], int | None]


def value_of(ref: Ref) -> Value:
    """Return a function for the value of a reference; it returns None for an unknown value."""
    name = ref.name
    if ref.scope == Scope.ITEM:
        return lambda env: env.item.values.get(name)
    if ref.scope == Scope.SUBJECT:
        return lambda env: env.subject.values.get(name)
    if ref.scope == Scope.CANDIDATE:
        return lambda env: env.facts.candidate.values.get(name)
    return lambda env: env.defined[name](env)


def instant_of(moment: Moment) -> Instant:
    """Return a function for the instant of a moment in microseconds. A date counts from its local midnight (`end`: from
    the next one). It returns None if a part is unknown or off the calendar."""
    base, offset, end = value_of(moment.base), _offset(moment), moment.end

    def instant(env: Env) -> int | None:
        start, distance = base(env), offset(env)
        if start is None or distance is None:
            return None
        if isinstance(start, int):
            return _move(start, distance, moment.sign, env.zone)
        day = _shift(_day(start, distance, moment), int(end))
        return None if day is None else midnight(day, env.zone) + moment.sign * distance.microseconds

    return instant


def date_or_instant_of(moment: Moment) -> Value:
    """Return a function like `instant_of`, but a date moved by whole days stays a date (for defined values)."""
    base, offset, instant = value_of(moment.base), _offset(moment), instant_of(moment)

    def raw(env: Env) -> Any:
        start, distance = base(env), offset(env)
        if isinstance(start, date) and distance is not None and not distance.microseconds:
            return _day(start, distance, moment)
        return instant(env)

    return raw


def _offset(moment: Moment) -> Callable[[Env], Duration | None]:
    """Return a function for the distance from the base; a number counts days."""
    if isinstance(moment.offset, Duration):
        return _constant(moment.offset)
    value = value_of(moment.offset)

    def offset(env: Env) -> Duration | None:
        known = value(env)
        return known if known is None or isinstance(known, Duration) else Duration(int(known))

    return offset


def _move(start: int, distance: Duration, sign: int, zone: tzinfo) -> int:
    """Move an instant by business days to the same local time (skipped if off the calendar), then by the rest."""
    if distance.business_days:
        try:
            local = to_datetime(start).astimezone(zone)
            day = _on_business_day(local.date(), sign * distance.business_days)
            start = from_datetime(datetime.combine(day, local.timetz()))
        except OverflowError:
            pass
    return start + sign * distance.total


def _day(start: date, distance: Duration, moment: Moment) -> date | None:
    """Move a date by business days, by calendar days, and then back as the moment requires."""
    try:
        day = _on_business_day(start, moment.sign * distance.business_days)
    except OverflowError:
        return None
    return _move_back_to(moment.back_to, _shift(day, moment.sign * distance.days))


def _shift(day: date | None, days: int) -> date | None:
    try:
        return None if day is None else day + timedelta(days=days)
    except OverflowError:
        return None


def _on_business_day(day: date, number: int) -> date:
    """Return the date `number` business days (Monday to Friday) later, or earlier if negative. Adds whole weeks
    at once. Raises OverflowError off the calendar."""
    step = 1 if number > 0 else -1
    weeks, rest = divmod(max(abs(number) - 1, 0), 5) if number else (0, -1)
    for _ in range(rest + 1):
        day += timedelta(days=step)
        while day.weekday() >= 5:
            day += timedelta(days=step)
    return day + timedelta(days=step * 7 * weeks)


def _move_back_to(back_to: str | None, day: date | None) -> date | None:
    """Return the day, or the last earlier one that is a month end (or a 15th, for "15th or month end")."""
    if day is None or back_to is None or day.day == monthrange(day.year, day.month)[1]:
        return day
    if back_to.startswith("15th") and day.day >= 15:
        return day.replace(day=15)
    return _shift(day, -day.day)


@lru_cache(maxsize=4096)
def midnight(day: date, zone: tzinfo) -> int:
    """Return the first instant of a day, in microseconds."""
    try:
        return from_datetime(datetime(day.year, day.month, day.day, tzinfo=zone))
    except OverflowError:
        return (day.toordinal() - 719_163) * DAY


def _constant(value: Any) -> Value:
    return lambda env: value
