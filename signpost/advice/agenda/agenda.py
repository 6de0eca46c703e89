"""Builds the agenda of each reader of a case: cards in order, and what is held back. Pure; `now` in microseconds."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from hashlib import blake2b
from typing import Final

from signpost.advice.basis import Basis
from signpost.advice.records import AdviceRecord
from signpost.case.instant import to_datetime
from signpost.facts.facts import Entity, Facts
from signpost.facts.policy import Policy
from signpost.names import PRIORITIES
from signpost.rulebook.rulebook import CardKind, Per
from signpost.rulebook.terms import Rule

URGENT: Final = PRIORITIES[-1]
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
    ahead. `since`: the instant since when it holds, by the facts, so that the order of arrival does not matter."""

    record: AdviceRecord
    rule: Rule
    subject: Entity
    last_useful: int | None
    since: int

    @property
    def order(self) -> tuple[int, int, float, int, str]:
        """Sort key within a card."""
        return _order(self.record.priority, self.last_useful, self.rule.weight, self.since, self.record.key)


@dataclass(frozen=True)
class Card:
    """One thing to do, which settles one or more recommendations. `kind` is None for a rule that no card joins.
    `is_last_chance`: it is shown because waiting would make it late, so it counts as urgent."""

    id: str
    kind: CardKind | None
    items: tuple[Item, ...]
    is_last_chance: bool = False

    @cached_property
    def priority(self) -> str:
        """The highest priority of its recommendations."""
        return URGENT if self.is_last_chance else max((item.record.priority for item in self.items), key=_rank)

    @cached_property
    def last_useful(self) -> int | None:
        """The first of the instants until which its recommendations are useful."""
        return min((item.last_useful for item in self.items if item.last_useful is not None), default=None)

    @cached_property
    def due(self) -> int | None:
        """The first due time of its recommendations that is ahead, otherwise the latest that has passed."""
        known = [item.record.due for item in self.items if item.record.due is not None]
        ahead = [item.record.due for item in self.items if item.record.due and item.record.due == item.last_useful]
        return min(ahead) if ahead else max(known, default=None)

    @cached_property
    def order(self) -> tuple[int, int, float, int, str]:
        """Sort key: priority, then time left, then weight, then age."""
        weight = max(item.rule.weight for item in self.items)
        since = min(item.since for item in self.items)
        return _order(self.priority, self.last_useful, weight, since, min(item.record.key for item in self.items))


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


def agendas(basis: Basis, policy: Policy, *, tenant: str, key: str, now: int) -> dict[Reader, Agenda]:
    """The agenda of each reader who has active advice. `policy`: of the tenant. `key`: the key of the case."""
    readers: dict[Reader, list[Item]] = {}
    for item in _items(basis, now):
        readers.setdefault(_reader_of(item), []).append(item)
    return {
        reader: _Builder(reader, basis, _policy_of(reader, items, basis.facts, policy), f"{tenant}\0{key}", now).build(
            items
        )
        for reader, items in sorted(readers.items())
    }


def _items(basis: Basis, now: int) -> Iterable[Item]:
    for record in basis.records.values():
        rule = basis.rulebook.rules.get(record.rule)
        answer = basis.answers.get(record.key)
        if record.state == "active" and rule is not None and answer is not None:
            ahead = [instant for instant in (record.due, record.valid_until) if instant is not None and instant > now]
            since = max((flip for flip in answer.intervals if flip <= now), default=0)
            yield Item(record, rule, answer.subject, min(ahead, default=None), since)


def _reader_of(item: Item) -> Reader:
    if item.record.audience == "candidate":
        return Reader("candidate")
    return Reader(item.record.audience, str(item.subject.values.get("employer", "")))


def _policy_of(reader: Reader, items: Iterable[Item], facts: Facts, policy: Policy) -> Policy:
    """The policy in the reader's zone; only the candidate's own agenda follows the candidate's preferences."""
    private = reader.audience == "candidate"
    first = min(items, key=lambda item: item.record.key)
    own = policy.with_preferences(facts.candidate.values) if private else policy
    return replace(own, zone=facts.clock(first.subject, private=private).zone)


class _Builder:
    def __init__(self, reader: Reader, basis: Basis, policy: Policy, identity: str, now: int) -> None:
        self.reader, self.basis, self.policy, self.now = reader, basis, policy, now
        self.identity = f"{identity}\0{reader.audience}\0{reader.employer}"

    def build(self, items: Iterable[Item]) -> Agenda:
        held: list[Held] = []
        shown: list[Item] = []
        late: set[str] = set()
        for item in items:
            if (waiting := self._waits(item)) is not None:
                held.append(waiting)
                continue
            shown.append(item)
            if self._would_be_late(item):
                late.add(item.record.id)
        cards, capped = self._cap(self._join(shown, late))
        held += [Held(item, *self._why_capped(card, len(cards))) for card in capped for item in card.items]
        held.sort(key=lambda one: one.item.order)
        return Agenda(self.reader, tuple(cards), tuple(held), self._next_change(cards, held), self.policy)

    def _waits(self, item: Item) -> Held | None:
        """Why and until when a recommendation is no news yet; None if it is."""
        if item.record.topic in self.policy.topics_off:
            return Held(item, f"advice on {item.record.topic.replace('-', ' ')} is switched off", None)
        until = self._release(item)
        if until <= self.now or self._would_be_late(item):
            return None
        is_quiet = until == self.policy.quiet_until(item.record.raised_at)
        return Held(item, "it arrived in quiet hours" if is_quiet else "it waits for the next digest", until)

    def _release(self, item: Item) -> int:
        """When a recommendation becomes news: after the quiet hours, and, unless it is urgent, with the next digest."""
        raised_at = item.record.raised_at
        is_urgent = item.record.priority == URGENT
        return self.policy.quiet_until(raised_at if is_urgent else self.policy.next_digest(raised_at))

    def _would_be_late(self, item: Item) -> bool:
        """Whether waiting for its release would make it late."""
        release = self._release(item)
        return release > self.now and item.last_useful is not None and item.last_useful <= release

    def _join(self, items: Iterable[Item], late: set[str]) -> list[Card]:
        """The recommendations as cards, in order."""
        groups: dict[tuple[str, str], list[Item]] = {}
        kinds: dict[tuple[str, str], CardKind | None] = {}
        for item in items:
            kind = self.basis.rulebook.card_of(item.rule)
            group = (kind.name, self._group(kind, item)) if kind else ("", item.record.key)
            groups.setdefault(group, []).append(item)
            kinds[group] = kind
        cards = [
            Card(
                self._id(group),
                kinds[group],
                tuple(sorted(joined, key=lambda item: item.order)),
                any(item.record.id in late for item in joined),
            )
            for group, joined in groups.items()
        ]
        return sorted(cards, key=lambda card: card.order)

    def _group(self, kind: CardKind, item: Item) -> str:
        """What the recommendations on one card have in common."""
        subject = item.subject
        if kind.per is Per.CASE:
            return ""
        if kind.per is Per.SUBJECT or "employer" not in subject.values:
            return f"{subject.kind}/{subject.id}"
        employer = str(subject.values["employer"])
        return employer if kind.per is Per.EMPLOYER else f"{employer}\0{self._day(subject) or ''}"

    def _day(self, subject: Entity) -> date | None:
        return day_of(subject, self.basis.facts, private=self.reader.audience == "candidate")

    def _id(self, group: tuple[str, str]) -> str:
        """The same for the same thing to do, as long as the case lives."""
        erased_at = self.basis.erased_at or ""
        name = "\0".join((self.identity, *group, str(erased_at)))
        return "card_" + blake2b(name.encode(), digest_size=12).hexdigest()

    def _cap(self, cards: list[Card]) -> tuple[list[Card], list[Card]]:
        """The cards to show, and those beyond the limit, which only urgent ones may exceed. A card beyond it that
        would be late counts as urgent."""
        while True:
            urgent = sum(card.priority == URGENT for card in cards)
            shown = max(self.policy.max_cards, urgent)
            late = {card.id for card in cards[shown:] if self._is_last_chance(card)}
            if not late:
                return cards[:shown], cards[shown:]
            marked = (replace(card, is_last_chance=True) if card.id in late else card for card in cards)
            cards = sorted(marked, key=lambda card: card.order)

    def _is_last_chance(self, card: Card) -> bool:
        return card.last_useful is not None and card.last_useful - self.policy.last_chance <= self.now

    def _why_capped(self, card: Card, shown: int) -> tuple[str, int | None]:
        until = None if card.last_useful is None else card.last_useful - self.policy.last_chance
        first = "1 card comes" if shown == 1 else f"{shown} cards come"
        return f"{first} first", until

    def _next_change(self, cards: Iterable[Card], held: Iterable[Held]) -> int | None:
        """The next instant at which the clock alone changes the cards, apart from the advice itself."""
        instants = [one.until for one in held]
        instants += [item.last_useful for card in cards for item in card.items]
        instants += [one.item.last_useful for one in held]
        return min((instant for instant in instants if instant is not None and instant > self.now), default=None)


def day_of(subject: Entity, facts: Facts, *, private: bool) -> date | None:
    """The day on which an interview begins, where its reader is; None for everything else."""
    starts_at = subject.values.get("starts_at")
    if not isinstance(starts_at, int):
        return None
    return to_datetime(starts_at).astimezone(facts.clock(subject, private=private).zone).date()


def _rank(priority: str) -> int:
    return PRIORITIES.index(priority)


def _order(
    priority: str, last_useful: int | None, weight: float, since: int, name: str
) -> tuple[int, int, float, int, str]:
    return -_rank(priority), _LAST if last_useful is None else last_useful, -weight, since, name
