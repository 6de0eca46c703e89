"""Histories: what was said of one person, in the order in which it happened. Pure."""

from dataclasses import dataclass
from typing import Self

from signpost.case.case import Case, Registers, Stamp

ANSWERS = "advice"
"""A consumer's answers name recommendations of the rulebook that was in force; they are left out."""


@dataclass(frozen=True, slots=True)
class History:
    """A person's case, and what each event adds to it: (event time in microseconds, the case of that event alone)."""

    key: str
    said: tuple[tuple[int, Case], ...]

    def up_to(self, end: int) -> Self:
        """This history as it was known at an instant (microseconds), which is then its last one."""
        return type(self)(self.key, (*((at, said) for at, said in self.said if at <= end), (end, Case())))

    def case(self, now: int) -> Case:
        """All that was said up to an instant, that instant included."""
        known = Case()
        for at, said in self.said:
            known = known.join(said) if at <= now else known
        return known


def history_of_case(key: str, case: Case) -> History:
    """What a stored case still knows of its history: each field's latest statement, at the time when it was said.

    Statements that a later one replaced are lost, so advice that they once gave rise to is missing.
    """
    said: dict[Stamp, Registers] = {}
    for kind, entities in case.registers.items():
        for entity, fields in entities.items():
            for name, register in fields.items() if kind != ANSWERS else ():
                said.setdefault(register[0], {}).setdefault(kind, {}).setdefault(entity, {})[name] = register
    began = ((case.erased_at, Case({}, case.erased_at)),) if case.erased_at is not None else ()
    return History(key, (*began, *((stamp[0], Case(registers)) for stamp, registers in sorted(said.items()))))
