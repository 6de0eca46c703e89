"""The typed form of a condition: its terms, and the fields and moments they name. Data only."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeAlias

from signpost.case.instant import DAY
from signpost.yaml_files.problems import Position


class Scope(StrEnum):
    """The owner of the field that a reference names."""

    ITEM = "item"
    """The entity that the condition is about: the subject itself, or inside a relation the other entity."""
    SUBJECT = "this one's"
    CANDIDATE = "candidate's"
    DEFINED = "defined"
    """A value that the rule itself defines, on its subject."""


@dataclass(frozen=True, slots=True)
class Ref:
    """A field or a defined value of an entity, with its type."""

    scope: Scope
    name: str
    type: str


@dataclass(frozen=True, slots=True)
class Duration:
    """Days (calendar days on a date, 24 h each on an instant), microseconds, and business days (Monday to
    Friday, at the same time of day)."""

    days: int = 0
    microseconds: int = 0
    business_days: int = 0

    @property
    def total(self) -> int:
        """Microseconds, with 24 h a day; without business days, which have no fixed length."""
        return self.days * DAY + self.microseconds


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant or date, moved by a duration (or a number of days that is itself a fact). `end`: for a date, the
    end of that day. `back_to`: a date is then moved back to the nearest "month end", or "15th or month end"."""

    base: Ref
    offset: Duration | Ref = Duration()
    sign: int = 1
    end: bool = False
    back_to: str | None = None


@dataclass(frozen=True, slots=True)
class Term:
    """One condition. Terms compare equal regardless of their position."""

    position: Position = field(compare=False)


@dataclass(frozen=True, slots=True)
class Known(Term):
    """The field is known, or is unknown."""

    ref: Ref
    known: bool


@dataclass(frozen=True, slots=True)
class OneOf(Term):
    """The field is known and is (or is not) among literal values."""

    ref: Ref
    values: tuple[Any, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Compare(Term):
    """Two amounts of one type, both known (money: by the year, same currency): `<`, `<=`, `>`, `>=`."""

    ref: Ref
    operator: str
    operand: Ref | int | float


@dataclass(frozen=True, slots=True)
class Same(Term):
    """Two fields, both known, are equal (or differ)."""

    ref: Ref
    other: Ref
    same: bool


@dataclass(frozen=True, slots=True)
class Lists(Term):
    """A list field is known and: `includes` one of, is `only` of, includes something `beyond` the values; or is
    `empty`, or not (`some`)."""

    ref: Ref
    mode: str
    values: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Among(Term):
    """A text is known and is, ignoring case, in a known list of texts."""

    ref: Ref
    other: Ref


@dataclass(frozen=True, slots=True)
class Reached(Term):
    """`now` is at or past the moment (or, `reached` false, before it); not true where the moment is unknown."""

    moment: Moment
    reached: bool

    @property
    def is_upcoming(self) -> bool:
        """Whether this is `stage: upcoming`: an interview has not begun."""
        base = self.moment.base
        return base.name == "upcoming_until" and self.moment == Moment(base, end=True) and not self.reached


@dataclass(frozen=True, slots=True)
class Order(Term):
    """A field's moment against another: `<`, `<=`, `>`, `>=`; not true where either is unknown."""

    left: Moment
    operator: str
    right: Moment


@dataclass(frozen=True, slots=True)
class Linked(Term):
    """How a relation's entity belongs to the subject: `for` this one, `same` employer, `another` employer."""

    how: str


Condition: TypeAlias = tuple[Term, ...]
"""All terms must hold."""


@dataclass(frozen=True, slots=True)
class AnyOf(Term):
    """At least one of several conditions."""

    alternatives: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Relation(Term):
    """At least `number` entities of a kind (`fewer`: fewer than that), other than the subject where `other`, meet
    a condition."""

    name: str = field(compare=False)
    kind: str
    number: int
    other: bool
    fewer: bool
    where: Condition


def walk(condition: Condition) -> Iterator[Term]:
    """All terms, including those inside relations and alternatives."""
    for term in condition:
        yield term
        if isinstance(term, Relation):
            yield from walk(term.where)
        elif isinstance(term, AnyOf):
            for alternative in term.alternatives:
                yield from walk(alternative)


def is_timed(term: Term) -> bool:
    """Whether the passage of time alone can change the result."""
    return any(isinstance(inner, Reached) for inner in walk((term,)))
