"""Builds the agenda of each reader of a case: cards in order, and what is held back. Pure; `now` in microseconds."""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from hashlib import blake2b

from signpost.advice.agenda.cards import HIGH, URGENT, Agenda, Card, Held, Item, Reader, is_day, rank
from signpost.advice.basis import Basis
from signpost.advice.records import AdviceRecord
from signpost.case.instant import DAY, to_datetime
from signpost.engine.compiled import Answer
from signpost.facts.clock import Clock
from signpost.facts.facts import Entity, Facts
from signpost.facts.policy import Policy
from signpost.rulebook.rulebook import CardKind, Per


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
    for key, record in basis.records.items():
        if record.state != "active":
            continue
        rule = basis.rulebook.rules.get(record.rule)
        answer = basis.answers.get(key)
        if rule is not None and answer is not None:
            flips, place = answer.intervals, bisect_right(answer.intervals, now)
            since = flips[place - 1] if place else 0
            ends_at = flips[place] if place < len(flips) else None
            today = _is_due_today(record, answer, basis.facts, now)
            last_useful = _first_ahead(record, now, is_due_today=today)
            yield Item(key, record, rule, answer.subject, last_useful, since, ends_at, is_due_today=today)


def _is_due_today(record: AdviceRecord, answer: Answer, facts: Facts, now: int) -> bool:
    """Whether it is due on a day, which has begun and is not over."""
    if record.due is None or not record.due <= now < record.due + DAY:
        return False
    return is_day(answer.rule, record.due, facts.clock(answer.subject, private=answer.rule.audience == "candidate"))


def _first_ahead(record: AdviceRecord, now: int, *, is_due_today: bool = False) -> int | None:
    """The next of its due time and the end of its validity, if either is ahead. A day on which it is due counts until
    its end."""
    due, until = record.due, record.valid_until
    if due is not None and is_due_today:
        due += DAY
    if due is None or due <= now:
        return until if until is not None and until > now else None
    return due if until is None or until <= now else min(due, until)


def _reader_of(item: Item) -> Reader:
    if item.record.audience == "candidate":
        return Reader("candidate")
    return Reader(item.record.audience, str(item.subject.values.get("employer", "")))


def _policy_of(reader: Reader, items: Iterable[Item], facts: Facts, policy: Policy) -> Policy:
    """The policy in the reader's zone; only the candidate's own agenda follows the candidate's preferences."""
    private = reader.audience == "candidate"
    first = min(items, key=lambda item: item.key)
    own = policy.with_preferences(facts.candidate.values) if private else policy
    return own.in_zone(facts.clock(first.subject, private=private).zone)


class _Builder:
    def __init__(self, reader: Reader, basis: Basis, policy: Policy, identity: str, now: int) -> None:
        self.reader, self.basis, self.policy, self.now = reader, basis, policy, now
        self.identity = f"{identity}\0{reader.audience}\0{reader.employer}"

    def build(self, items: Iterable[Item]) -> Agenda:
        held: list[Held] = []
        shown: list[Item] = []
        late: set[str] = set()
        for item in items:
            until = self._release(item)
            would_be_late = until > self.now and item.last_useful is not None and item.last_useful <= until
            if (waiting := self._waits(item, until, would_be_late)) is not None:
                held.append(waiting)
                continue
            shown.append(item)
            if would_be_late:
                late.add(item.record.id)
        cards, capped = self._cap(self._join(shown, late))
        held += [Held(item, *self._why_capped(card, len(cards))) for card in capped for item in card.items]
        held.sort(key=lambda one: one.item.order)
        near = [instant for card in (*cards, *capped) for instant in card.near_from()]
        return Agenda(self.reader, tuple(cards), tuple(held), self._next_change(cards, held, near), self.policy)

    def _waits(self, item: Item, until: int, would_be_late: bool) -> Held | None:
        """Why and until when a recommendation is no news yet; None if it is. `until`: its release."""
        if item.record.topic in self.policy.topics_off:
            return Held(item, f"advice on {item.record.topic.replace('-', ' ')} is switched off", None)
        if until <= self.now or would_be_late:
            return None
        is_quiet = until == self.policy.quiet_until(self._raised_at(item))
        return Held(item, "it arrived in quiet hours" if is_quiet else "it waits for the next digest", until)

    def _release(self, item: Item) -> int:
        """When a recommendation becomes news: after the quiet hours, and, unless it is urgent, with the next digest."""
        raised_at = self._raised_at(item)
        is_urgent = item.record.priority == URGENT
        return self.policy.quiet_until(raised_at if is_urgent else self.policy.next_digest(raised_at))

    def _raised_at(self, item: Item) -> int:
        """When it was raised; now, if a clock that ran ahead has raised it: that instant may be hours away."""
        return min(item.record.raised_at, self.now)

    def _join(self, items: Iterable[Item], late: set[str]) -> list[Card]:
        """The recommendations as cards, in order."""
        groups: dict[tuple[str, str], list[Item]] = {}
        kinds: dict[tuple[str, str], CardKind | None] = {}
        for item in items:
            kind = self.basis.rulebook.card_of(item.rule)
            group = (kind.name, self._group(kind, item)) if kind else ("", item.key)
            groups.setdefault(group, []).append(item)
            kinds[group] = kind
        cards = [
            Card(
                self._id(group),
                kinds[group],
                tuple(sorted(joined, key=lambda item: item.order)),
                is_last_chance=any(item.record.id in late for item in joined),
            )
            for group, joined in groups.items()
        ]
        return sorted(self._lift(cards), key=lambda card: card.order)

    def _lift(self, cards: list[Card]) -> list[Card]:
        """Let cards that are due soon count as high, if others are high: alone they come first anyway."""
        near = {card.id for card in cards if any(instant <= self.now for instant in card.near_from())}
        if not near or not any(rank(card.priority) >= rank(HIGH) for card in cards if card.id not in near):
            return cards
        return [replace(card, is_near=True) if card.id in near else card for card in cards]

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
        return day_of(subject, self.basis.facts.clock(subject, private=self.reader.audience == "candidate"))

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

    def _next_change(self, cards: Iterable[Card], held: Iterable[Held], near: Iterable[int]) -> int | None:
        """The next instant at which the clock alone changes the cards, apart from the advice itself. `near`: when cards
        are due soon."""
        instants = [one.until for one in held]
        instants += [item.last_useful for card in cards for item in card.items]
        instants += [one.item.last_useful for one in held]
        instants += near
        return min((instant for instant in instants if instant is not None and instant > self.now), default=None)


def day_of(subject: Entity, clock: Clock) -> date | None:
    """The day on which an interview begins, where its reader is; None for everything else."""
    starts_at = subject.values.get("starts_at")
    if not isinstance(starts_at, int):
        return None
    return to_datetime(starts_at).astimezone(clock.zone).date()
