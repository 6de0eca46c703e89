"""What the expressions of a mapping can refer to in one delivery, and a record of what they found. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Final, TypeVar

from signpost.ingress.formats import Formats
from signpost.schemas.unreadable import Unreadable

MAX_ITEMS = 1000
"""Further items of a list are ignored."""
BODY: Final = "$"
"""First step of a path that reads the body, whatever the names are."""
BUILT_IN: Final = ("digest", "event", "occurrence", "statement")
"""Names of texts that every delivery has. None of them has members."""
BOOLEANS: Final = {"true": True, "false": False}
Value = TypeVar("Value")


@dataclass(slots=True)
class Trace:
    """What the parts of a mapping did with samples. `found`: the identities of the paths, headers and expectations
    that found something; `remarks`: what a person should know; `numbers`: those that were read as times;
    `compared`: identity of an expectation -> the values that it was compared with, or of the expression of a list ->
    what stands there."""

    found: set[int] = field(default_factory=set)
    remarks: list[str] = field(default_factory=list)
    numbers: set[int] = field(default_factory=set)
    compared: dict[int, list[Any]] = field(default_factory=dict)


@dataclass(slots=True)
class DeliveryScope:
    """What expressions can refer to: the body, the headers by lower-case name, and named values.

    `received` is the time of receipt in microseconds. `trace` is set for samples only.
    """

    body: Any
    headers: Mapping[str, str]
    names: dict[str, Any]
    formats: Formats
    received: int
    notes: list[str] = field(default_factory=list)
    """What was left out because it cannot be read; shared by all scopes of a delivery."""
    trace: Trace | None = None
    item: str = ""
    """Which items of lists this scope is about, where there are several."""
    noted: set[str] = field(default_factory=set)
    term: str = ""
    """The field of an event that is read."""

    def about(self, term: str) -> "DeliveryScope":
        """Return this scope for reading a field of an event."""
        return replace(self, term=term)

    def at(self, steps: tuple[str, ...]) -> Any:
        """Return the value at a path from a named value or else the body. Each `*` collects the values of all items."""
        if steps[0] == BODY:
            return _walk(self.body, steps[1:])
        return _walk(self.names if self._is_named(steps) else self.body, steps)

    def _is_named(self, steps: tuple[str, ...]) -> bool:
        """Whether a path starts at a named value. A built-in text has no members, so the body may have the name too."""
        name = steps[0]
        is_text = name in BUILT_IN and isinstance(self.names.get(name), str | None)
        return name in self.names and not (is_text and len(steps) > 1)

    def under(self, names: Mapping[str, Any], item: str = "") -> "DeliveryScope":
        """Return this scope with additional named values. `item`: which item of a list they are."""
        named, items = {**self.names, **names}, f"{self.item}, {item}" if self.item and item else self.item or item
        rest = self.received, self.notes, self.trace, items, self.noted, self.term
        return DeliveryScope(self.body, self.headers, named, self.formats, *rest)

    def note(self, text: str) -> None:
        """Note what was left out. Of several items with the same note, the first is named."""
        if text not in self.noted:
            self.noted.add(text)
            self.notes.append(f"{text} (first in {self.item})" if self.item else text)

    def readable(self, value: Any, steps: tuple[str, ...]) -> Any:
        """Return the value; None, with a note, for one that cannot be read."""
        if not isinstance(value, Unreadable):
            return value
        self.note(f"{'.'.join(steps)} was left out: {value.why}")
        return None

    def found(self, part: object, value: Value) -> Value:
        """Return the value that a part of the mapping found, and record that it did."""
        if self.trace is not None:
            self.trace.found.add(id(part))
        return value

    def compare(self, expected: object, value: Any) -> None:
        """Record the value with which an expectation is compared, or what stands where a list is expected."""
        if self.trace is not None and value is not None:
            self.trace.compared.setdefault(id(expected), []).append(value)

    def leave_out(self, text: str, detail: str) -> None:
        """Note what is left out. `detail` has the value, which is personal: only those who try samples see it."""
        if self.trace is None:
            self.note(text)
        else:
            self.remark(detail)

    def remark(self, text: str) -> None:
        """Tell a person who tries samples."""
        if self.trace is not None:
            self.trace.remarks.append(f"{text} ({self.item})" if self.item else text)

    def all_if_traced(self, values: Iterable[Value]) -> Iterable[Value]:
        """Return the values, all of them computed if samples are tried: a part after the first that holds counts."""
        return values if self.trace is None else list(values)


def _walk(value: Any, steps: tuple[str, ...]) -> Any:
    for index, step in enumerate(steps):
        if step == "*":
            return _walk_items(value, steps[index + 1 :]) if isinstance(value, list) else None
        if isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(value, list) and step.isdigit() and len(step) < 5 and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value


def _walk_items(items: list[Any], steps: tuple[str, ...]) -> list[Any] | None:
    """The known values at a path in each item, in one list however many `*` the path has."""
    found = [one for one in (_walk(item, steps) for item in items[:MAX_ITEMS]) if is_known(one)]
    return ([inner for one in found for inner in one] if "*" in steps else found) or None


def is_known(value: Any) -> bool:
    """Return whether a value is present: null, an empty text, list or object, and what cannot be read are not."""
    return not isinstance(value, Unreadable) and value is not None and value != "" and value != [] and value != {}


def as_text(value: Any) -> str:
    """Return an id, version or date as text; "" for any other value. It is never cut: two ids would become one."""
    value = whole(value)
    return "" if isinstance(value, bool) or not isinstance(value, int | str) else str(value)


def as_boolean(value: Any) -> Any:
    """Return true or false for a text that states it, in any letter case; any other value unchanged."""
    return BOOLEANS.get(value.strip().casefold(), value) if isinstance(value, str) else value


def whole(value: Any) -> Any:
    """Return a decimal without a fraction (8002.0) as an integer; any other value unchanged."""
    return int(value) if isinstance(value, Decimal) and value.as_integer_ratio()[1] == 1 else value
