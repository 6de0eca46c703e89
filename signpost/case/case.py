"""The case: everything known about one candidate, as a join of statements. Pure: no clock, no storage."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Self, TypeAlias

import orjson

from signpost.case.event import Event
from signpost.case.fold import statements

Stamp: TypeAlias = tuple[int, str, str]
"""(event time in microseconds, event source, event id). Of two statements about a field the greater stamp wins."""
Register: TypeAlias = tuple[Stamp, Any]
"""The winning statement about one field: its stamp and its value (None: retracted)."""
Registers: TypeAlias = dict[str, dict[str, dict[str, Register]]]
"""kind -> entity id -> field -> register."""


@dataclass(frozen=True, slots=True)
class Case:
    """A join-semilattice: per field the latest statement by event time wins, so order, repetition and batches do
    not matter.

    `erased_at` (microseconds) is the latest erasure; statements at or before it are dropped for good. A case is
    never mutated: `fold` and `join` return new cases that may share parts.
    """

    registers: Registers = field(default_factory=dict)
    erased_at: int | None = None

    @classmethod
    def of(cls, event: Event) -> Self:
        """A case that holds one event only."""
        if event.type == "candidate.erased":
            return cls({}, event.time)
        stamp = (event.time, event.source, event.id)
        registers: Registers = {}
        for kind, entity, name, value in statements(event):
            registers.setdefault(kind, {}).setdefault(entity, {})[name] = (stamp, value)
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

    def stamps(self) -> set[Stamp]:
        """The events that still determine a field."""
        return {stamp for _, _, _, (stamp, _) in _each(self.registers)}

    def to_json(self) -> bytes:
        """Canonical, compact JSON: equal cases give equal bytes, whatever the order of their events.

        `{"erased_at"?, "events": [[time, source, id]...] sorted, "facts": {kind: {id: {field: [index of event,
        value]}}}}`
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
        stamps: list[Stamp] = [(time, source, event) for time, source, event in document["events"]]
        registers: Registers = {
            kind: {
                entity: {name: (stamps[number], value) for name, (number, value) in fields.items()}
                for entity, fields in entities.items()
            }
            for kind, entities in document["facts"].items()
        }
        return cls(registers, document.get("erased_at"))


def _each(registers: Registers) -> Iterator[tuple[str, str, str, Register]]:
    for kind, entities in registers.items():
        for entity, fields in entities.items():
            for name, register in fields.items():
                yield kind, entity, name, register


def _drop_erased(registers: Registers, already: int | None, erased_at: int | None) -> Registers:
    """The registers without statements at or before the erasure."""
    if erased_at is None or erased_at == already:
        return registers
    kept: Registers = {}
    for kind, entity, name, register in _each(registers):
        if register[0][0] > erased_at:
            kept.setdefault(kind, {}).setdefault(entity, {})[name] = register
    return kept


def _join(mine: Registers, theirs: Registers) -> Registers:
    joined = dict(mine)
    for kind, entities in theirs.items():
        joined[kind] = dict(joined.get(kind, {}))
        for entity, fields in entities.items():
            joined[kind][entity] = _merge_fields(joined[kind].get(entity, {}), fields.items())
    return joined


def _merge_fields(known: dict[str, Register], newer: Iterable[tuple[str, Register]]) -> dict[str, Register]:
    latest = dict(known)
    for name, register in newer:
        if name not in latest or _wins(register, latest[name]):
            latest[name] = register
    return latest


def _wins(challenger: Register, holder: Register) -> bool:
    """Equal stamps occur only when a sender reuses an event id; then the greater value wins."""
    if challenger[0] != holder[0]:
        return challenger[0] > holder[0]
    return _rank(challenger[1]) > _rank(holder[1])


def _rank(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
