"""Compares the agendas that two rulebooks publish: how many, how many cards, and which card is first. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from signpost.advice.agenda import Reader
from signpost.authoring.backtest.moments import Moment


@dataclass(slots=True)
class Published:
    """Agendas published: `messages`, their number; `cards`, how many cards came onto them."""

    messages: int = 0
    cards: int = 0

    def add(self, other: "Published") -> None:
        """Count those of another reader too."""
        self.messages += other.messages
        self.cards += other.cards


@dataclass(frozen=True, slots=True)
class FirstCard:
    """The first instant (microseconds) at which the agendas begin with different cards, and the titles of both (None:
    no card)."""

    at: int
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True)
class AgendaDifference:
    """How the agendas of one reader differ. `first_card`: None if they always begin with the same card."""

    case: str
    reader: Reader
    old: Published
    new: Published
    first_card: FirstCard | None


@dataclass(slots=True)
class AgendaComparison:
    """The agendas of all cases. `cases`: those that differ; `first_cards`: those of them with another first card at
    some time; `examples`: the first differences."""

    old: Published = field(default_factory=Published)
    new: Published = field(default_factory=Published)
    cases: int = 0
    first_cards: int = 0
    examples: list[AgendaDifference] = field(default_factory=list)

    def add(self, one: "CaseAgendas", examples: int) -> None:
        """Count one case; keeps the differences of as many cases as `examples`."""
        self.old.add(one.old)
        self.new.add(one.new)
        self.cases += bool(one.differences)
        self.first_cards += any(different.first_card for different in one.differences)
        if self.cases <= examples:
            self.examples += one.differences


@dataclass(frozen=True, slots=True)
class CaseAgendas:
    """The agendas of one case under both rulebooks."""

    old: Published
    new: Published
    differences: list[AgendaDifference]


_First = tuple[int, str | None, str | None]
"""(since, id, title): the first card from an instant on."""


@dataclass(slots=True)
class _Feed:
    """What one reader gets."""

    published: Published = field(default_factory=Published)
    firsts: list[_First] = field(default_factory=lambda: [(0, None, None)])


def compare_agendas(case: str, old: Iterable[Moment], new: Iterable[Moment]) -> CaseAgendas:
    """Compare the agendas of one case, given as what happens at each moment. Other words on the same cards are no
    difference."""
    before, after = _feeds(old), _feeds(new)
    found = CaseAgendas(_total(before), _total(after), [])
    for reader in sorted(before.keys() | after.keys()):
        ours, theirs = before.get(reader) or _Feed(), after.get(reader) or _Feed()
        first_card = next(_other_firsts(ours.firsts, theirs.firsts), None)
        if ours.published != theirs.published or first_card:
            found.differences.append(AgendaDifference(case, reader, ours.published, theirs.published, first_card))
    return found


def _feeds(moments: Iterable[Moment]) -> dict[Reader, _Feed]:
    feeds: dict[Reader, _Feed] = {}
    for at, change in ((moment.at, change) for moment in moments for change in moment.published):
        feed = feeds.setdefault(change.reader, _Feed())
        feed.published.add(Published(1, len(change.data["changes"]["added"])))
        first = next(iter(change.data["cards"]), {"id": None, "title": None})
        feed.firsts.append((at, first["id"], first["title"]))
    return feeds


def _total(feeds: dict[Reader, _Feed]) -> Published:
    total = Published()
    for feed in feeds.values():
        total.add(feed.published)
    return total


def _other_firsts(old: list[_First], new: list[_First]) -> Iterator[FirstCard]:
    """The instants at which the first cards differ."""
    for at in sorted({since for since, _, _ in (*old, *new)}):
        (_, ours, before), (_, theirs, after) = (_at(firsts, at) for firsts in (old, new))
        if ours != theirs:
            yield FirstCard(at, before, after)


def _at(firsts: list[_First], instant: int) -> _First:
    return next(first for first in reversed(firsts) if first[0] <= instant)
