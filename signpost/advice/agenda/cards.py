"""What an agenda consists of: readers, recommendations, cards in order, and what is held back. Pure; instants in
microseconds."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Final

from signpost.advice.records import AdviceRecord
from signpost.case.instant import on_calendar
from signpost.facts.clock import Clock
from signpost.facts.facts import Entity
from signpost.facts.policy import Policy
from signpost.names import PRIORITIES
from signpost.rulebook.rulebook import CardKind
from signpost.rulebook.texts import MIDNIGHT, to_local_time
from signpost.rulebook.typed_rule import Rule

URGENT: Final = PRIORITIES[-1]
HIGH: Final = "high"
_LAST: Final = 1 << 62
"""Sorts after every instant."""


@dataclass(frozen=True, slots=True, order=True)
class Reader:
    """For whom an agenda is: the candidate, or one employer (by id; "" where unknown) about this candidate."""

    audience: str
    employer: str = ""


@dataclass(frozen=True)
class Item:
    """One active recommendation. `last_useful`: the next of its due time and the end of its validity, if either is
    ahead. `since`: the instant since when it holds, by the facts, so that the order of arrival does not matter.
    `ends_at`: when time alone ends it. `is_due_today`: it is due on a day, which has begun and counts until its end.
    `key`: of the record."""

    key: str
    record: AdviceRecord
    rule: Rule
    subject: Entity
    last_useful: int | None
    since: int
    ends_at: int | None = None
    is_due_today: bool = False

    @property
    def due_ahead(self) -> int | None:
        """Its due time, if that or its day is the next that is ahead."""
        return self.record.due if self.is_due_today or self.record.due == self.last_useful else None

    @property
    def order(self) -> tuple[int, int, float, int, str]:
        """Sort key within a card."""
        return _order(self.record.priority, self.last_useful, self.rule.weight, self.since, self.key)


@dataclass(frozen=True)
class Card:
    """One thing to do, which settles one or more recommendations. `kind` is None for a rule that no card joins.
    `is_near`: it is due soon for its kind, so it counts as high at least. `is_last_chance`: it is shown because waiting
    would make it late, so it counts as urgent."""

    id: str
    kind: CardKind | None
    items: tuple[Item, ...]
    is_near: bool = False
    is_last_chance: bool = False

    @cached_property
    def priority(self) -> str:
        """The highest priority of its recommendations, or what its time makes of it."""
        if self.is_last_chance:
            return URGENT
        stated = [item.record.priority for item in self.items]
        return max([*stated, HIGH] if self.is_near else stated, key=rank)

    @cached_property
    def last_useful(self) -> int | None:
        """The first of the instants until which its recommendations are useful."""
        return _first(self.items)

    @cached_property
    def leading(self) -> tuple[Item, ...]:
        """What decides its place: the recommendations of its own priority, or all where its time made it so."""
        is_lifted = self.is_last_chance or (self.is_near and self.priority == HIGH)
        return tuple(item for item in self.items if is_lifted or item.record.priority == self.priority)

    @cached_property
    def pressing_until(self) -> int | None:
        """The first of the instants until which those that decide its place are useful."""
        return _first(self.leading)

    @cached_property
    def ends_at(self) -> int | None:
        """When time alone has ended all of it."""
        known = [item.ends_at for item in self.items if item.ends_at is not None]
        return max(known) if len(known) == len(self.items) else None

    @cached_property
    def due(self) -> int | None:
        """The first due time of its recommendations that is ahead, otherwise the latest that has passed."""
        known = [item.record.due for item in self.items if item.record.due is not None]
        ahead = [item.due_ahead for item in self.items if item.due_ahead]
        return min(ahead) if ahead else max(known, default=None)

    def near_from(self) -> list[int]:
        """The instants from which it counts as due soon, one for each of its recommendations that is due."""
        before = self.kind.high_before if self.kind else 0
        if not before:
            return []
        return [item.due_ahead - before for item in self.items if item.due_ahead is not None]

    @cached_property
    def order(self) -> tuple[int, int, float, int, str]:
        """Sort key: priority, then time left, then weight, then age, each of those that decide its place."""
        weight = max(item.rule.weight for item in self.leading)
        since = min(item.since for item in self.leading)
        return _order(self.priority, self.pressing_until, weight, since, min(item.key for item in self.items))


@dataclass(frozen=True, slots=True)
class Held:
    """A recommendation that is on no card: why, and the instant at which that ends by the clock alone, if any."""

    item: Item
    reason: str
    until: int | None


@dataclass(frozen=True, slots=True)
class Agenda:
    """The cards of one reader, the first to do first, and what is held back. `next_change`: the next instant at which
    time alone changes it. `policy`: that of the reader."""

    reader: Reader
    cards: tuple[Card, ...]
    held: tuple[Held, ...]
    next_change: int | None
    policy: Policy


def _first(items: Iterable[Item]) -> int | None:
    return min((item.last_useful for item in items if item.last_useful is not None), default=None)


def is_day(rule: Rule, due: int, clock: Clock) -> bool:
    """Whether the due time of a rule is the beginning of a day: it names a date."""
    local = to_local_time(on_calendar(due), "instant", clock)
    names_date = rule.due is not None and rule.due.base.type == "date"
    return names_date and isinstance(local, datetime) and local.time() == MIDNIGHT


def rank(priority: str) -> int:
    """The place of a priority, the least first."""
    return PRIORITIES.index(priority)


def _order(
    priority: str, last_useful: int | None, weight: float, since: int, name: str
) -> tuple[int, int, float, int, str]:
    return -rank(priority), _LAST if last_useful is None else last_useful, -weight, since, name
