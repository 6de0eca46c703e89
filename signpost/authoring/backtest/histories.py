"""Histories: the statements about one person, in event order. Pure."""

from dataclasses import dataclass
from typing import Any, Self

from signpost.case.case import Case, RawRegisters

ANSWERS = "advice"
"""Kind of consumers' answers; omitted, because they name recommendations of the rulebook of that time."""


@dataclass(frozen=True, slots=True)
class History:
    """A person's case key and steps: (event time in microseconds, the case of that event alone)."""

    key: str
    steps: tuple[tuple[int, Case], ...]

    def up_to(self, end: int) -> Self:
        """This history cut off at an instant (microseconds)."""
        return type(self)(self.key, (*((at, step) for at, step in self.steps if at <= end), (end, Case())))

    def case(self, now: int) -> Case:
        """The case up to and including an instant."""
        known = Case()
        for at, step in self.steps:
            known = known.join(step) if at <= now else known
        return known


def history_of_case(key: str, case: Case) -> History:
    """The history that a stored case retains: each field's latest statement, at its event time.

    Replaced statements are lost, so the advice that they caused is missing.
    """
    statements: dict[tuple[Any, ...], RawRegisters] = {}
    for kind, entities in case.registers.items():
        for entity, fields in entities.items():
            for name, register in fields.items() if kind != ANSWERS else ():
                statements.setdefault(register[0], {}).setdefault(kind, {}).setdefault(entity, {})[name] = register
    erasure = ((case.erased_at, Case({}, case.erased_at)),) if case.erased_at is not None else ()
    return History(key, (*erasure, *((stamp[0], Case(registers)) for stamp, registers in sorted(statements.items()))))
