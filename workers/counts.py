"""What a transaction of evaluations produces, counted once it is committed: a repeated attempt counts once."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from time import perf_counter
from typing import Final, TypeVar

from signpost.advice import Engine, text_faults
from signpost.engine import FAULTS
from signpost.metrics import table
from signpost.metrics.kinds import Counter as Metric
from signpost.workers.agendas import AgendaChanges

T = TypeVar("T")
REASONS: Final = frozenset(table.DEAD_LETTER_REASONS)


@dataclass(slots=True)
class EvaluationCounts:
    """Counts of one transaction. `changes`: (change, rule) -> number; the others by engine or by audience."""

    changes: Counter[tuple[str, str]] = field(default_factory=Counter)
    evaluations: Counter[str] = field(default_factory=Counter)
    seconds: dict[str, float] = field(default_factory=dict)
    published: Counter[str] = field(default_factory=Counter)
    cards: Counter[str] = field(default_factory=Counter)
    held: Counter[str] = field(default_factory=Counter)

    def evaluate(self, engine: Engine, number: int, work: Callable[[], T]) -> T:
        """Do the work that evaluates so many cases, and measure it."""
        started = perf_counter()
        result = work()
        if number:
            self.evaluations[engine.name] += number
            self.seconds[engine.name] = self.seconds.get(engine.name, 0.0) + perf_counter() - started
        return result

    def add_changes(self, changes: Iterable[tuple[str, str]]) -> None:
        """Add changes of recommendations as (change, rule)."""
        self.changes.update(changes)

    def add_agendas(self, agendas: AgendaChanges) -> None:
        """Add the agendas to publish."""
        self.published += agendas.published
        self.cards += agendas.cards
        self.held += agendas.held

    def add(self, other: "EvaluationCounts") -> None:
        """Add the counts of another transaction."""
        self.changes += other.changes
        self.evaluations += other.evaluations
        self.published += other.published
        self.cards += other.cards
        self.held += other.held
        for engine, seconds in other.seconds.items():
            self.seconds[engine] = self.seconds.get(engine, 0.0) + seconds

    def count(self) -> None:
        """Add everything to the metrics, after the commit."""
        for (change, rule), number in self.changes.items():
            table.ADVICE_CHANGES.inc(change, rule, by=number)
        for engine, number in self.evaluations.items():
            table.EVALUATIONS.inc(engine, by=number)
            table.EVALUATION_SECONDS.inc(engine, by=self.seconds[engine])
        for metric, by_audience in (
            (table.AGENDAS, self.published), (table.AGENDA_CARDS, self.cards), (table.AGENDA_HELD, self.held),
        ):  # fmt: skip
            for audience, number in by_audience.items():
                metric.inc(audience, by=number)
        _engine_faults.count()
        _text_faults.count()


class _Faults:
    """Passes on the faults that a process has counted since the last time."""

    def __init__(self, metric: Metric, counts: Callable[[], dict[tuple[str, str], int]]) -> None:
        self._metric, self._counts = metric, counts
        self._passed: dict[tuple[str, str], int] = {}

    def count(self) -> None:
        for key, number in (counts := self._counts()).items():
            self._metric.inc(*key, by=number - self._passed.get(key, 0))
        self._passed = counts


_engine_faults: Final = _Faults(table.ENGINE_FAULTS, FAULTS.counts)
_text_faults: Final = _Faults(table.TEXT_FAULTS, text_faults.FAULTS.counts)


def count_dead_letter(reason: str) -> None:
    """Count a dead letter by the beginning of its reason, which is one of a few."""
    beginning = reason.partition(":")[0].partition(",")[0]
    table.DEAD_LETTERS.inc(beginning if beginning in REASONS else "other")


def count_ages(accepted_at: Collection[int], now: int) -> None:
    """Count the ages of events whose effect is committed; instants in microseconds."""
    for instant in accepted_at:
        table.EVENT_AGE.observe(max(0, now - instant) / 1_000_000)
