"""The load of a rulebook on its readers: messages and items of each, as single recommendations and as agendas. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from signpost.advice import Engine, RecommendationChange
from signpost.advice.agenda import Agenda, AgendaChange, Item, Reader
from signpost.authoring.backtest import History, Moment, moments
from signpost.case.instant import DAY, HOUR

WEEK = 7 * DAY


@dataclass(slots=True)
class Load:
    """What one reader gets in one way. `items`: how many recommendations were raised, or cards came; `first_hour`:
    messages in the hour from the first recommendation; `at_once`: the most items at one time."""

    messages: int = 0
    items: int = 0
    first_hour: int = 0
    at_once: int = 0


@dataclass(slots=True)
class ReaderLoad:
    """The load of one reader of one journey. `before`: each change of a recommendation is a message; `after`: agendas.
    `start`, `end`: the first instant with advice and the last (microseconds)."""

    journey: str
    reader: Reader
    start: int
    end: int
    before: Load = field(default_factory=Load)
    after: Load = field(default_factory=Load)

    @property
    def weeks(self) -> float:
        """How long there was advice, in weeks; at least one, because a rate of less would mean nothing."""
        return max(1.0, (self.end - self.start) / WEEK)

    def count(self, load: Load, at: int, items: int) -> None:
        """Count one message."""
        load.messages += 1
        load.items += items
        load.first_hour += at < self.start + HOUR


@dataclass(slots=True)
class RuleLoad:
    """What one rule causes. `messages`: changes of its recommendations; `agendas`: published agendas onto which they
    came, in which they changed, or which they left; `held`: how many were held for some time, `longest`: the longest
    such time (microseconds); `never`: how many ended, or passed their last useful instant, and were never on a card."""

    recommendations: int = 0
    messages: int = 0
    agendas: int = 0
    held: int = 0
    longest: int = 0
    never: int = 0


@dataclass(slots=True)
class LoadReport:
    """The result: the load of each reader, and of each rule by id."""

    journeys: int = 0
    readers: list[ReaderLoad] = field(default_factory=list)
    rules: dict[str, RuleLoad] = field(default_factory=dict)

    def rule(self, name: str) -> RuleLoad:
        """The load of a rule, to be counted up."""
        return self.rules.setdefault(name, RuleLoad())


def load_report(engine: Engine, journeys: Iterable[tuple[str, History]], *, patience: int) -> LoadReport:
    """Replay journeys, each with its name, and follow each for `patience` microseconds after its last event."""
    report = LoadReport()
    for name, history in journeys:
        journey = _Journey(name, report)
        for moment in moments(engine, history, patience):
            journey.note(moment)
        journey.close(max((at for at, _ in history.steps), default=0) + patience)
        report.journeys += 1
    return report


_Shown = dict[str, tuple[str, int]]
"""Recommendation on the cards of an agenda -> (its rule, its sequence)."""


class _Life:
    """One recommendation while it is active."""

    def __init__(self, rule: str, since: int) -> None:
        self.rule, self.since = rule, since
        self.held_since: int | None = None
        self.held_for = 0
        self.was_shown = False
        self.last_useful: int | None = None

    def move(self, at: int, *, is_held: bool) -> None:
        """It is held back from now on, or on a card."""
        if self.held_since is not None:
            self.held_for += at - self.held_since
        self.held_since = at if is_held else None

    def count(self, rule: RuleLoad, end: int, *, is_over: bool) -> None:
        """Add it to its rule. Advice that ends at the instant at which it begins reaches no reader."""
        self.move(end, is_held=False)
        rule.held += self.held_for > 0
        rule.longest = max(rule.longest, self.held_for)
        is_late = self.last_useful is not None and self.last_useful <= end
        rule.never += not self.was_shown and end > self.since and (is_over or is_late)


class _Journey:
    """Follows one journey, and adds what happens to a report."""

    def __init__(self, name: str, report: LoadReport) -> None:
        self.name, self.report = name, report
        self.readers: dict[Reader, ReaderLoad] = {}
        self.lives: dict[str, _Life] = {}
        self.shown: dict[Reader, _Shown] = {}
        self.active: set[Reader] = set()

    def note(self, moment: Moment) -> None:
        """Count what one moment brings."""
        for change in moment.changes:
            self._note_change(change, moment.at)
        for published in moment.published:
            self._note_published(published, moment)
        self.active = set(moment.agendas)
        for agenda in moment.agendas.values():
            self._note_agenda(agenda, moment.at)
        self._note_ended(moment)

    def close(self, end: int) -> None:
        """End the replay; what is active stays so."""
        for reader in self.active:
            self.readers[reader].end = end
        for life in self.lives.values():
            life.count(self.report.rule(life.rule), end, is_over=False)
        self.report.readers += self.readers.values()

    def _reader(self, reader: Reader, at: int) -> ReaderLoad:
        found = self.readers.setdefault(reader, ReaderLoad(self.name, reader, at, at))
        found.end = at
        return found

    def _note_change(self, change: RecommendationChange, at: int) -> None:
        is_new = change.change == "raised"
        reader, rule = self._reader(_reader_of(change), at), self.report.rule(change.rule)
        reader.count(reader.before, at, is_new)
        rule.messages += 1
        rule.recommendations += is_new

    def _note_published(self, published: AgendaChange, moment: Moment) -> None:
        reader, agenda = self._reader(published.reader, moment.at), moment.agendas.get(published.reader)
        reader.count(reader.after, moment.at, len(published.data["changes"]["added"]))
        reader.after.at_once = max(reader.after.at_once, len(published.data["cards"]))
        before, now = self.shown.get(published.reader, {}), _on_cards(agenda) if agenda else {}
        for rule in {rule for rule, _ in dict(before.items() ^ now.items()).values()}:
            self.report.rule(rule).agendas += 1
        self.shown[published.reader] = now

    def _note_agenda(self, agenda: Agenda, at: int) -> None:
        shown = [item for card in agenda.cards for item in card.items]
        before = self._reader(agenda.reader, at).before
        before.at_once = max(before.at_once, len(shown) + len(agenda.held))
        for item in shown:
            life = self._life(item, at)
            life.move(at, is_held=False)
            life.was_shown = True
        for held in agenda.held:
            self._life(held.item, at).move(at, is_held=True)

    def _life(self, item: Item, at: int) -> _Life:
        life = self.lives.setdefault(item.record.id, _Life(item.record.rule, at))
        life.last_useful = item.last_useful or life.last_useful
        return life

    def _note_ended(self, moment: Moment) -> None:
        items = [item for agenda in moment.agendas.values() for card in agenda.cards for item in card.items]
        items += [held.item for agenda in moment.agendas.values() for held in agenda.held]
        for id in self.lives.keys() - {item.record.id for item in items}:
            life = self.lives.pop(id)
            life.count(self.report.rule(life.rule), moment.at, is_over=True)


def _reader_of(change: RecommendationChange) -> Reader:
    if change.audience == "candidate":
        return Reader("candidate")
    employer = change.data["employer"] or {}
    return Reader(change.audience, str(employer.get("id") or ""))


def _on_cards(agenda: Agenda) -> _Shown:
    items = (item for card in agenda.cards for item in card.items)
    return {item.record.id: (item.record.rule, item.record.sequence) for item in items}
