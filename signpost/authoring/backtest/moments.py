"""Moments: what each reader of a history gets, and when, recommendation by recommendation and as agendas. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from signpost.advice import Engine, RecommendationChange
from signpost.advice.agenda import Agenda, AgendaChange, Reader, agendas, update
from signpost.advice.case_set import CaseSet
from signpost.authoring.backtest.histories import History

TENANT = "backtest"


@dataclass(frozen=True, slots=True)
class Moment:
    """One evaluation of a history. `at`: microseconds; `changes`: the recommendations to publish, in order;
    `published`: the agendas to publish; `agendas`: those of the readers with active advice."""

    at: int
    changes: list[RecommendationChange]
    published: list[AgendaChange]
    agendas: dict[Reader, Agenda]


def moments(engine: Engine, history: History, patience: int) -> Iterator[Moment]:
    """All evaluations of a history, as the workers would make them: at each event, and whenever time alone changes the
    advice or an agenda, until `patience` microseconds after its last event."""
    player = _Player(engine, history.key)
    for at, contribution in history.steps:
        yield from player.pass_time(at)
        player.known.case = player.known.case.join(contribution)
        yield player.evaluate(at)
    for at, _ in history.steps[-1:]:
        yield from player.pass_time(at + patience)


class _Player:
    def __init__(self, engine: Engine, key: str) -> None:
        self.policy = engine.rulebook.policy
        self.case_set = CaseSet(engine, TENANT, {})
        self.known = self.case_set.find(key)
        self.state = b""
        self.next_change: int | None = None

    def pass_time(self, until: int) -> Iterator[Moment]:
        """Evaluate at each instant at which the clock would wake the case."""
        while self.next_change is not None and self.next_change <= until:
            yield self.evaluate(self.next_change)

    def evaluate(self, now: int) -> Moment:
        changes = [change for _, change in self.case_set.wake(self.known.key, now)]
        key, basis = self.known.key, self.known.basis if self.known.case.registers else None
        result = update(self.state, basis, self.policy, tenant=TENANT, key=key, now=now)
        self.state = result.state
        instants = [instant for instant in (self.known.next_change, result.next_change) if instant is not None]
        self.next_change = min(instants, default=None)
        found = agendas(basis, self.policy, tenant=TENANT, key=key, now=now) if basis else {}
        return Moment(now, changes, result.changes, found)
