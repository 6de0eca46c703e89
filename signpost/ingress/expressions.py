"""Expressions: where a mapping finds a value in a delivery and how it converts the value. Pure.

An expression returns a JSON value, or None for an unknown value. It never raises, whatever the delivery contains.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC
from typing import Any, Protocol, TypeAlias

from signpost.case.instant import format_instant, offset_at
from signpost.ingress.formats import (
    digits_hint,
    instant,
    last_instant,
    offset,
    rfc3339,
    start_of_day,
    why_no_time,
)
from signpost.ingress.scope import BODY, MAX_ITEMS, DeliveryScope, as_boolean, as_text, is_known
from signpost.schemas.fields import json_type
from signpost.suggestions import did_you_mean
from signpost.yaml_files.problems import Position


class Expression(Protocol):
    """Computes a value from a delivery."""

    def value(self, scope: DeliveryScope) -> Any:
        """Return the value in this delivery, or None if it is unknown."""


@dataclass(frozen=True, slots=True)
class Path:
    """Names and list indexes separated by dots."""

    steps: tuple[str, ...]

    def value(self, scope: DeliveryScope) -> Any:
        """Return the value at the path; None for an empty text, list or object."""
        found = scope.readable(scope.at(self.steps), self.steps)
        return scope.found(self, found) if is_known(found) else None

    def pointer(self) -> str:
        """Return the path as a JSON pointer into the body."""
        return "/" + "/".join(step for step in self.steps if step != BODY)


@dataclass(frozen=True, slots=True)
class Header:
    """A header, by lower-case name."""

    name: str

    def value(self, scope: DeliveryScope) -> Any:
        """Return the text of the header."""
        found = scope.headers.get(self.name) or None
        return None if found is None else scope.found(self, found)


@dataclass(frozen=True, slots=True)
class Text:
    """A text with {paths}; unknown if one of them is not an id, version or date."""

    parts: tuple[str | Expression, ...]

    def value(self, scope: DeliveryScope) -> Any:
        """Return the whole text, or None."""
        parts = list(self.render_parts(scope))
        return "".join(parts) if all(parts) else None

    def render(self, scope: DeliveryScope) -> str:
        """Return the text with unknown parts left empty."""
        return "".join(self.render_parts(scope))

    def render_parts(self, scope: DeliveryScope) -> Iterator[str]:
        """Yield the text of each part; "" for an unknown part."""
        for part in self.parts:
            yield part if isinstance(part, str) else as_text(part.value(scope))


@dataclass(frozen=True, slots=True)
class Coalesce:
    """The first known value of several expressions."""

    expressions: tuple[Expression, ...]

    def value(self, scope: DeliveryScope) -> Any:
        """Return the first known value."""
        values = scope.all_if_traced(expression.value(scope) for expression in self.expressions)
        return next((found for found in values if found is not None), None)


@dataclass(frozen=True, slots=True)
class Fixed:
    """A literal: the same value in every delivery."""

    literal: Any

    def value(self, scope: DeliveryScope) -> Any:
        """Return the literal."""
        return self.literal


@dataclass(frozen=True, slots=True)
class ValueMap:
    """Maps a word of the vendor, in any letter case, to a Signpost value; `default` if the vendor sends none."""

    expression: Expression
    table: Mapping[str, Any]
    default: Any = None
    words: str = ""
    """The name of the table; "" for one that has none."""
    position: Position | None = field(default=None, compare=False)

    def value(self, scope: DeliveryScope) -> Any:
        """Return the Signpost value; None for a word that is not in the table."""
        found = self.expression.value(scope)
        if found is None:
            return self.default
        word = str(found).casefold() if isinstance(found, str | int) else ""
        if word not in self.table:
            name, near = name_of(self.expression, scope, "a word"), did_you_mean(word, self.table)
            note = f"{name} was left out: its value cannot be read; no word table has it"
            place = f"{self.position}: " if self.position else ""
            tables = f"the word table {self.words} has no" if self.words else "no word table has"
            scope.leave_out(note, f"{place}{name}: {tables} {found!r}, so it is unknown{near}")
        return self.table.get(word)


@dataclass(frozen=True, slots=True)
class Extreme:
    """The earliest or the latest of several times, each of which may be a list of times."""

    expressions: tuple[Expression, ...]
    latest: bool

    def value(self, scope: DeliveryScope) -> Any:
        """Return the time as RFC 3339 text."""
        ranked = sorted(self._times(scope), key=lambda item: instant(item, scope.formats) or 0)
        return rfc3339(ranked[-1 if self.latest else 0], scope.formats) if ranked else None

    def _times(self, scope: DeliveryScope) -> Iterator[Any]:
        for expression in self.expressions:
            found = expression.value(scope)
            for item in found if isinstance(found, list) else [found]:
                if rfc3339(item, scope.formats) is not None:
                    yield item
                elif item is not None:
                    _leave_out_time(item, expression, scope)


@dataclass(frozen=True, slots=True)
class Before:
    """One microsecond before a time: for an event that must precede another and has no time of its own."""

    expression: Expression

    def value(self, scope: DeliveryScope) -> Any:
        """Return the time as RFC 3339 text."""
        found = self.expression.value(scope)
        time = instant(found, scope.formats)
        if time is None and found is not None:
            _leave_out_time(found, self.expression, scope)
        return format_instant(time - 1, offset(found, scope.formats)) if time else None


@dataclass(frozen=True, slots=True)
class DayStart:
    """The first instant of a day, for what happened on a day of which no time is stated."""

    expression: Expression

    def value(self, scope: DeliveryScope) -> Any:
        """Return the time as RFC 3339 text; a value that has a time already, as it is."""
        found = self.expression.value(scope)
        time = start_of_day(found, scope.formats)
        zone = scope.formats.zone or UTC  # no day that the event states ends in the zone of a guess
        return found if time is None else format_instant(time, offset_at(zone, time))


@dataclass(frozen=True, slots=True)
class ListLookup:
    """The item of a list whose member under one of `keys` is `name`; for vendors that send custom fields as a list."""

    items: Expression
    keys: tuple[str, ...]
    name: str

    def value(self, scope: DeliveryScope) -> Any:
        """Return the item, or None."""
        found = self.items.value(scope)
        for item in found[:MAX_ITEMS] if isinstance(found, list) else ():
            if isinstance(item, Mapping) and any(item.get(key) == self.name for key in self.keys):
                return item
        return None


@dataclass(frozen=True, slots=True)
class ItemWhere:
    """The first item of a list that meets a condition, such as the recruiter of a team. The names in the condition are
    members of an object, or numbers in a list: 0 is the key of [key, value]."""

    items: Expression
    condition: "Condition"

    def value(self, scope: DeliveryScope) -> Any:
        """Return the item, or None."""
        found = self.items.value(scope)
        scope.compare(self.items, found)
        items = found[:MAX_ITEMS] if isinstance(found, list) else []
        return next((item for item in items if self._fits(item, scope)), None)

    def _fits(self, item: Any, scope: DeliveryScope) -> bool:
        if isinstance(item, list):
            item = {str(number): value for number, value in enumerate(item[:MAX_ITEMS])}
        return isinstance(item, Mapping) and holds(self.condition, scope.under(item))


Expected: TypeAlias = tuple[Expression, str, tuple[Any, ...]]
"""(expression, operator, values); the operator is known, unknown, past, future, in, not in or has."""
Condition: TypeAlias = tuple[tuple[Expected, ...], ...]
"""Alternatives; an alternative holds if all its expectations hold. The empty condition always holds."""


def holds(condition: Condition, scope: DeliveryScope) -> bool:
    """Return whether one alternative of the condition holds."""
    branches = (all(scope.all_if_traced(_is_met_in(expected, scope) for expected in branch)) for branch in condition)
    return not condition or any(scope.all_if_traced(branches))


def _is_met_in(expected: Expected, scope: DeliveryScope) -> bool:
    found = expected[0].value(scope)
    scope.compare(expected, found)
    return _is_met(found, expected, scope) and scope.found(expected, True)


def _is_met(found: Any, expected: Expected, scope: DeliveryScope) -> bool:
    _, how, values = expected
    if how in ("known", "unknown"):
        return (found is not None) == (how == "known")
    if how in ("past", "future"):
        return _is_past(found, expected[0], scope) is (how == "past")
    if how == "has":
        return isinstance(found, list) and any(same(item, value) for item in found for value in values)
    if values and all(isinstance(value, bool) for value in values) and found is not None:
        _note_no_boolean(found, expected[0], scope)
    return any(same(found, value) for value in values) == (how == "in")


def _is_past(found: Any, expression: Expression, scope: DeliveryScope) -> bool | None:
    """Whether a time was reached or a day is over when the delivery was received; None, with a note, for neither."""
    time = last_instant(found, scope.formats)
    if time is None and found is not None:
        name = name_of(expression, scope, "a value")
        hint = digits_hint(found, scope.formats)
        scope.note(f"{name} is neither past nor future: its value cannot be read as a time or a day{hint}")
    return None if time is None else time <= scope.received


def _note_no_boolean(found: Any, expression: Expression, scope: DeliveryScope) -> None:
    """Note the type of what is compared with true or false, if it is neither."""
    if not isinstance(as_boolean(found), bool):
        text = f"{name_of(expression, scope, 'a value')} is neither true nor false: it is {json_type(found)}"
        scope.leave_out(text, text)


def name_of(expression: Expression, scope: DeliveryScope, other: str) -> str:
    """Return the path of an expression; if it is none, the field of an event that it is read for, else `other`."""
    return ".".join(expression.steps) if isinstance(expression, Path) else scope.term or other


def _leave_out_time(found: Any, expression: Expression, scope: DeliveryScope) -> None:
    hint = digits_hint(found, scope.formats)
    note = f"{name_of(expression, scope, 'a time')} was left out: its value cannot be read as a time{hint}"
    scope.leave_out(note, f"a time is left out: it is {why_no_time(found, scope.formats)}")


def same(found: Any, value: Any) -> bool:
    """Compare texts without regard to letter case; "true" is true where true is expected, and 1 is not."""
    found = as_boolean(found) if isinstance(value, bool) else found
    if isinstance(found, str) and isinstance(value, str):
        return found.casefold() == value.casefold()
    return isinstance(found, bool) == isinstance(value, bool) and bool(found == value)
