"""Histories: what was said of one person, in the order in which it happened. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from signpost.case.case import Case, Registers, Stamp
from signpost.case.event import Event
from signpost.case.identity import APPLICATION, case_keys

ANSWERS = "advice"
"""A consumer's answers name recommendations of the rulebook that was in force; they are left out."""


@dataclass(frozen=True, slots=True)
class History:
    """A person's case, and what each event adds to it: (event time in microseconds, the case of that event alone)."""

    key: str
    said: tuple[tuple[int, Case], ...]


def histories_of(events: Iterable[Event]) -> Iterator[History]:
    """The events of each person, applications and merged candidates being theirs from the beginning."""
    people = _People()
    held: dict[str, list[Event]] = {}
    for event in events:
        people.join(case_keys(event))
        if not event.type.startswith(f"{ANSWERS}."):
            held.setdefault(event.subject, []).append(event)
    grouped: dict[str, list[Event]] = {}
    for key, said in held.items():
        grouped.setdefault(people.of(key), []).extend(said)
    for key, said in sorted(grouped.items()):
        ordered = sorted({(event.source, event.id): event for event in said}.values(), key=_order)
        yield History(key, tuple((event.time, Case.of(event)) for event in ordered))


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


def _order(event: Event) -> Stamp:
    return (event.time, event.source, event.id)


class _People:
    """Which keys are one person: the keys that events name together."""

    def __init__(self) -> None:
        self._leads_to: dict[str, str] = {}

    def of(self, key: str) -> str:
        """The key that stands for the person: a candidate's, where there is one."""
        while (further := self._leads_to.get(key, key)) != key:
            key = further
        return key

    def join(self, keys: Iterable[str]) -> None:
        found = sorted({self.of(key) for key in keys}, key=lambda key: (key.startswith(APPLICATION), key))
        self._leads_to |= dict.fromkeys(found[1:], found[0])
