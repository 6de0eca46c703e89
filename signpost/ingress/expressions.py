"""Forms: how a mapping says where a value stands in a delivery and how it is read. Pure.

A form gives a JSON value, or None for what is not known; it raises nothing, whatever the delivery looks like.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol, TypeAlias
from zoneinfo import ZoneInfo

from signpost.case.instant import format_instant, from_datetime, on_calendar, parse_instant, to_datetime
from signpost.ingress.signatures import UNITS

MOST, LONGEST = 1000, 64
"""How many items of a list are looked at; how much of an id becomes part of another."""
US_DATE: Final = re.compile("([0-9]{2})/([0-9]{2})/([0-9]{4})")
ISO_DATE: Final = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, slots=True)
class Formats:
    """How a vendor writes times and dates: numbers are `unit` since the epoch, MM/DD/YYYY is understood or not."""

    unit: str = "seconds"
    month_first: bool = False
    zone: ZoneInfo | None = None
    """Of times that are written without an offset; where it is None, they are unknown."""


@dataclass(slots=True)
class DeliveryScope:
    """What forms can name: the body, headers by lower-case name, and names given to values."""

    body: Any
    headers: Mapping[str, str]
    names: dict[str, Any]
    formats: Formats
    received: int

    def at(self, steps: tuple[str, ...]) -> Any:
        """The value at a path: of a name, else of the body. A `*` gives the list of what every item has."""
        value = self.names if steps[0] in self.names else self.body
        return _walked(value, steps)

    def under(self, names: Mapping[str, Any]) -> "DeliveryScope":
        """The same with more names."""
        return DeliveryScope(self.body, self.headers, {**self.names, **names}, self.formats, self.received)


def _walked(value: Any, steps: tuple[str, ...]) -> Any:
    for at, step in enumerate(steps):
        if step == "*":
            found = [_walked(item, steps[at + 1 :]) for item in value[:MOST]] if isinstance(value, list) else []
            return [item for item in found if is_known(item)] or None
        if isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(value, list) and step.isdigit() and len(step) < 5 and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value


def is_known(value: Any) -> bool:
    """Whether a sender said anything: nothing, an empty text and an empty list are no statements."""
    return value is not None and value != "" and value != [] and value != {}


def as_text(value: Any) -> str:
    """An id, version or date as text; "" for everything else."""
    return "" if isinstance(value, bool) or not isinstance(value, int | str) else str(value)[:LONGEST]


class Expression(Protocol):
    """Gives a value, or None."""

    def value(self, scope: DeliveryScope) -> Any:
        """The value in this delivery."""


@dataclass(frozen=True, slots=True)
class Path:
    """Names and numbers with dots between them."""

    steps: tuple[str, ...]

    def value(self, scope: DeliveryScope) -> Any:
        """What stands there, and None for an empty text, list or object."""
        found = scope.at(self.steps)
        return found if is_known(found) else None

    def pointer(self) -> str:
        """As a JSON pointer into the body."""
        return "/" + "/".join(self.steps)


@dataclass(frozen=True, slots=True)
class Header:
    """A header, by lower-case name."""

    name: str

    def value(self, scope: DeliveryScope) -> Any:
        """Its text."""
        return scope.headers.get(self.name) or None


@dataclass(frozen=True, slots=True)
class Text:
    """A text with {paths} in it; unknown where one of them is no id, version or date."""

    parts: tuple[str | Expression, ...]

    def value(self, scope: DeliveryScope) -> Any:
        """The whole text, or None."""
        said = list(self.said(scope))
        return "".join(said) if all(said) else None

    def loose(self, scope: DeliveryScope) -> str:
        """The text with nothing in the place of what is missing."""
        return "".join(self.said(scope))

    def said(self, scope: DeliveryScope) -> Iterator[str]:
        """Part by part."""
        for part in self.parts:
            yield part if isinstance(part, str) else as_text(part.value(scope))


@dataclass(frozen=True, slots=True)
class Coalesce:
    """The first of several that is known."""

    expressions: tuple[Expression, ...]

    def value(self, scope: DeliveryScope) -> Any:
        """The first that is known."""
        return next((found for expression in self.expressions if (found := expression.value(scope)) is not None), None)


@dataclass(frozen=True, slots=True)
class Fixed:
    """The same in every delivery."""

    said: Any

    def value(self, scope: DeliveryScope) -> Any:
        """What it is."""
        return self.said


@dataclass(frozen=True, slots=True)
class ValueMap:
    """A word of the vendor as one of ours, in any case; `default` where the vendor says nothing."""

    expression: Expression
    table: Mapping[str, Any]
    default: Any = None

    def value(self, scope: DeliveryScope) -> Any:
        """Our word; None for a word that is not in the table."""
        found = self.expression.value(scope)
        if found is None:
            return self.default
        return self.table.get(str(found).casefold()) if isinstance(found, str | int) else None


@dataclass(frozen=True, slots=True)
class Extreme:
    """The earliest or the latest of several times."""

    expression: Expression
    latest: bool

    def value(self, scope: DeliveryScope) -> Any:
        """Microseconds as RFC 3339 text."""
        found = self.expression.value(scope)
        times = (
            [time for item in found if (time := instant(item, scope.formats)) is not None]
            if isinstance(found, list)
            else []
        )
        return format_instant(max(times) if self.latest else min(times)) if times else None


@dataclass(frozen=True, slots=True)
class Before:
    """One microsecond before a time: for what must have come first, and has no time of its own."""

    expression: Expression

    def value(self, scope: DeliveryScope) -> Any:
        """RFC 3339 text."""
        time = instant(self.expression.value(scope), scope.formats)
        return format_instant(time - 1) if time else None


@dataclass(frozen=True, slots=True)
class Amount:
    """Money: {amount, currency, per}, in the first object (where some are named) that has an amount."""

    objects: tuple[Expression, ...]
    amount: Expression
    currency: Expression
    per: Expression

    def value(self, scope: DeliveryScope) -> Any:
        """Our money, unchecked; None where a part is unknown."""
        for inner in self._scopes(scope):
            said = {"amount": self.amount.value(inner), "currency": self.currency.value(inner)}
            if all(value is not None for value in said.values()):
                return {**said, "per": self.per.value(inner)}
        return None

    def _scopes(self, scope: DeliveryScope) -> Iterator[DeliveryScope]:
        if not self.objects:
            yield scope
        for expression in self.objects:
            found = expression.value(scope)
            if isinstance(found, Mapping):
                yield scope.under(found)


@dataclass(frozen=True, slots=True)
class ListLookup:
    """The value of the item of a list that has one of these names; for custom fields that are kept as a list."""

    items: Expression
    keys: tuple[str, ...]
    name: str

    def value(self, scope: DeliveryScope) -> Any:
        """The item."""
        found = self.items.value(scope)
        for item in found[:MOST] if isinstance(found, list) else ():
            if isinstance(item, Mapping) and any(item.get(key) == self.name for key in self.keys):
                return item
        return None


Expected: TypeAlias = tuple[Expression, str, tuple[Any, ...]]
"""(what, how, values): `how` is known, unknown, past, future, in, not in, has."""
Condition: TypeAlias = tuple[tuple[Expected, ...], ...]
"""Alternatives of expectations that all hold; none at all always holds."""


def holds(condition: Condition, scope: DeliveryScope) -> bool:
    """Whether one alternative holds."""
    return not condition or any(all(_met(one, scope) for one in every) for every in condition)


def _met(expected: Expected, scope: DeliveryScope) -> bool:
    expression, how, values = expected
    found = expression.value(scope)
    if how in ("known", "unknown"):
        return (found is not None) == (how == "known")
    if how in ("past", "future"):
        time = instant(found, scope.formats)
        return time is not None and (time <= scope.received) == (how == "past")
    if how == "has":
        return isinstance(found, list) and any(_same(item, value) for item in found for value in values)
    return any(_same(found, value) for value in values) == (how == "in")


def _same(found: Any, value: Any) -> bool:
    """true is not 1, and words are compared in any case."""
    if isinstance(found, str) and isinstance(value, str):
        return found.casefold() == value.casefold()
    return isinstance(found, bool) == isinstance(value, bool) and bool(found == value)


def instant(value: Any, formats: Formats) -> int | None:
    """Microseconds since the epoch: RFC 3339, ISO 8601 without offset in the zone, or a number. None for all else."""
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
    """YYYY-MM-DD of a date, or of a time (by the calendar of its zone); everything else as it is."""
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
