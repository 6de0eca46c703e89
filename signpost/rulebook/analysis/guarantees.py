"""Invariants of facts, for every sequence of events: the values of a field, and which values go together."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

from signpost.facts.life import OVER, OVER_TO_EMPLOYER
from signpost.facts.stages import APPLICATION_STAGES, ENDED, INTERVIEW_STAGES
from signpost.facts.vocabulary import KINDS, THANKS, Field


class _Unknown:
    def __repr__(self) -> str:
        return "unknown"


UNKNOWN = _Unknown()
"""The value of an unknown field."""


@dataclass(frozen=True, slots=True)
class EntityTerm:
    """One entity that conditions are about."""

    name: str
    kind: str


@dataclass(frozen=True, slots=True)
class Var:
    """A field of an entity with its choices; with the type "fact", a boolean about the entity that is not a field."""

    entity: EntityTerm
    name: Any
    type: str
    choices: tuple[str, ...] = ()

    @classmethod
    def of(cls, entity: EntityTerm, field: Field) -> "Var":
        """A field of an entity."""
        return cls(entity, field.name, field.type, field.choices)


@dataclass(frozen=True, slots=True)
class Is:
    """The value is among these, or (`among` false) is not; UNKNOWN is a value like any other."""

    var: Var
    values: frozenset[Any]
    among: bool = True


_OVER = (OVER, OVER_TO_EMPLOYER)
ALWAYS_KNOWN = {"offer": ("ended", "letter", "internal", *_OVER), "application": ("application", "internal", *_OVER)}
ALWAYS_KNOWN |= {"interview": ("second_record", "internal", *_OVER), "contact": ("at",), "candidate": ("resigned",)}
"""Kind -> fields that facts always state."""

Side: TypeAlias = tuple[str, tuple[Any, ...], bool]
"""(field, values, whether it has one of them)."""


def _known(name: str) -> Side:
    return name, (UNKNOWN,), False


def _at(stages: Iterable[str]) -> list[tuple[Side, Side]]:
    """At such a stage, the time that it was reached is known."""
    return [(("stage", (stage,), False), _known(f"{stage}_at")) for stage in stages]


OR: dict[str, list[tuple[Side, Side]]] = {
    "offer": [
        (("stage", ENDED, False), ("ended", (True,), True)),
        (("stage", ENDED, True), ("ended", (False,), True)),
        (("stage", ENDED, False), _known("ended_at")),
        (("stage", ENDED, True), ("ended_at", (UNKNOWN,), True)),
        (("stage", ("open",), False), _known("extended_at")),
        *_at(("accepted", *ENDED)),
        (("started_at", (UNKNOWN,), True), _known("began_at")),
        (("letter", ("received",), False), _known("letter_received_at")),
        (("letter", ("signed",), False), _known("letter_signed_at")),
    ],
    "interview": [
        (("stage", ("scheduled",), False), _known("upcoming_until")),
        (("stage", ("scheduled",), True), ("upcoming_until", (UNKNOWN,), True)),
        *_at(set(INTERVIEW_STAGES.values()) - {"scheduled"}),
        *((("thanked." + channel, (UNKNOWN,), True), _known("thanked_at")) for channel in THANKS),
    ],
    "application": _at(APPLICATION_STAGES.values()),
    "candidate": [
        (("resigned", (True,), False), _known("resigned_at")),
        (("resigned", (True,), True), ("resigned_at", (UNKNOWN,), True)),
        (("resigned", (True,), True), ("last_day", (UNKNOWN,), True)),
        (("resigned", (True,), True), ("job_ended_at", (UNKNOWN,), True)),
    ],
}
"""Kind -> pairs of which at least one holds for every entity of that kind."""


@lru_cache(maxsize=4096)
def universe(var: Var) -> Is:
    """Every value that a variable can have."""
    if var.type == "fact":
        return Is(var, frozenset((True, False)))
    never = frozenset() if var.name not in ALWAYS_KNOWN.get(var.entity.kind, ()) else frozenset((UNKNOWN,))
    if var.type == "boolean":
        return Is(var, frozenset((True, False, UNKNOWN)) - never)
    if var.type == "choice":
        return Is(var, frozenset((*var.choices, UNKNOWN)) - never)
    return Is(var, never, False)


@lru_cache(maxsize=4096)
def guarantees(entity: EntityTerm) -> tuple[tuple[Is, Is], ...]:
    """Pairs of statements; at least one of each pair is true of the entity."""
    return tuple((_side(entity, first), _side(entity, second)) for first, second in OR.get(entity.kind, ()))


def _side(entity: EntityTerm, side: Side) -> Is:
    name, values, among = side
    return Is(Var.of(entity, KINDS[entity.kind][name]), frozenset(values), among)
