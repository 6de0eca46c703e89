"""The case: everything known about one candidate, as a join of statements. Pure: no clock, no storage."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Self, TypeAlias, cast

import orjson

from signpost.case.event import Event, Turn
from signpost.case.fold import statements
from signpost.case.order import (
    EARLIEST,
    FIRST,
    OPENINGS,
    RECEIVED,
    STATED,
    Placed,
    RawRegister,
    Register,
    Stamp,
    is_greater,
    resolve,
)

__all__ = ["Case", "Register", "Registers", "Stamp"]

RawRegisters: TypeAlias = dict[str, dict[str, dict[str, RawRegister]]]
"""kind -> entity id -> field, or field and source (see `order`) -> register."""
Registers: TypeAlias = dict[str, dict[str, dict[str, Register]]]
"""kind -> entity id -> field -> register."""


@dataclass(frozen=True, slots=True)
class Case:
    """A join-semilattice: per field the latest statement wins (of `joined` fields the earliest), so order,
    repetition and batches do not matter.
    Statements of webhooks are kept by source; `resolved` is the case as rules see it.

    `erased_at` (microseconds) is the latest erasure; statements at or before it are dropped for good. A case is
    never mutated: `fold` and `join` return new cases that may share parts.
    """

    registers: RawRegisters = field(default_factory=dict)
    erased_at: int | None = None

    @classmethod
    def of(cls, event: Event) -> Self:
        """A case that holds one event only."""
        if event.type == "candidate.erased":
            return cls({}, event.time)
        registers: RawRegisters = {}
        for kind, entity, name, value in statements(event):
            registers.setdefault(kind, {}).setdefault(entity, {}).update(_place(event, kind, name, value))
        return cls(registers)

    def fold(self, *events: Event) -> Self:
        """This case with more events folded in."""
        case = self
        for event in events:
            case = case.join(self.of(event))
        return case

    def join(self, other: Self) -> Self:
        """The least case that holds what both hold: commutative, associative, idempotent."""
        erased_at = max(self.erased_at or 0, other.erased_at or 0) or None
        mine, theirs = (_drop_erased(case.registers, case.erased_at, erased_at) for case in (self, other))
        return type(self)(_join(mine, theirs), erased_at)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is known, not even an erasure."""
        return not self.registers and self.erased_at is None

    def resolved(self) -> Registers:
        """One register for each field, its time being since when the value counts."""
        return {
            kind: {entity: resolve(kind, fields) for entity, fields in entities.items()}
            for kind, entities in self.registers.items()
        }

    def as_read(self) -> Self:
        """The case with the registers of `resolved`; for display, not to be joined."""
        return type(self)(cast(RawRegisters, self.resolved()), self.erased_at)

    def stamps(self) -> set[Stamp | Placed]:
        """The events that still determine a field."""
        return {stamp for _, _, _, (stamp, _) in _each(self.registers)}

    def to_json(self) -> bytes:
        """Canonical, compact JSON: equal cases give equal bytes, whatever the order of their events.

        `{"erased_at"?, "events": [[time, source, id] or `Placed`...] sorted, "facts": {kind: {id: {field: [index of
        event, value]}}}}`
        """
        stamps = sorted(self.stamps())
        index = {stamp: number for number, stamp in enumerate(stamps)}
        facts = {
            kind: {
                entity: {name: (index[stamp], value) for name, (stamp, value) in fields.items()}
                for entity, fields in entities.items()
            }
            for kind, entities in self.registers.items()
        }
        document: dict[str, Any] = {"events": stamps, "facts": facts}
        if self.erased_at is not None:
            document["erased_at"] = self.erased_at
        return orjson.dumps(document, option=orjson.OPT_SORT_KEYS)

    @classmethod
    def from_json(cls, raw: bytes) -> Self:
        """Parse the bytes of `to_json`; empty bytes are the empty case."""
        if not raw:
            return cls()
        document = orjson.loads(raw)
        stamps = [tuple(stamp) for stamp in document["events"]]
        registers: RawRegisters = {
            kind: {
                entity: {name: (stamps[number], value) for name, (number, value) in fields.items()}
                for entity, fields in entities.items()
            }
            for kind, entities in document["facts"].items()
        }
        return cls(registers, document.get("erased_at"))


def _place(event: Event, kind: str, name: str, value: Any) -> dict[str, RawRegister]:
    """The registers of one statement, by name."""
    if event.order is None:
        return {name: ((event.time, event.source, event.id), value)}
    order = event.order
    stamp = (event.time, event.source, event.id, order.as_of, order.received, int(order.turn))
    placed: dict[str, RawRegister] = {f"{name}{STATED if event.dated else RECEIVED}{event.source}": (stamp, value)}
    if order.turn in (Turn.FIRST, Turn.OPEN) and name in OPENINGS.get(kind, ()):
        placed[f"{FIRST}{order.as_of}{RECEIVED}{event.source}"] = (stamp, True)
    return placed


def _each(registers: RawRegisters) -> Iterator[tuple[str, str, str, RawRegister]]:
    for kind, entities in registers.items():
        for entity, fields in entities.items():
            for name, register in fields.items():
                yield kind, entity, name, register


def _drop_erased(registers: RawRegisters, already: int | None, erased_at: int | None) -> RawRegisters:
    """The registers without statements at or before the erasure, and without those of EARLIEST."""
    if erased_at is None or erased_at == already:
        return registers
    kept: RawRegisters = {}
    for kind, entity, name, register in _each(registers):
        if register[0][0] > erased_at and not name.startswith(EARLIEST):
            kept.setdefault(kind, {}).setdefault(entity, {})[name] = register
    return kept


def _join(mine: RawRegisters, theirs: RawRegisters) -> RawRegisters:
    joined = dict(mine)
    for kind, entities in theirs.items():
        joined[kind] = dict(joined.get(kind, {}))
        for entity, fields in entities.items():
            joined[kind][entity] = _merge_fields(joined[kind].get(entity, {}), fields.items())
    return joined


def _merge_fields(known: dict[str, RawRegister], newer: Iterable[tuple[str, RawRegister]]) -> dict[str, RawRegister]:
    latest = dict(known)
    for name, register in newer:
        if name not in latest or _wins(name, register, latest[name]):
            latest[name] = register
    return latest


def _wins(name: str, challenger: RawRegister, holder: RawRegister) -> bool:
    """Equal stamps occur only when a sender reuses an event id; then the greater value wins."""
    if challenger[0] != holder[0]:
        return is_greater(name, challenger[0], holder[0])
    return _rank(challenger[1]) > _rank(holder[1])


def _rank(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
