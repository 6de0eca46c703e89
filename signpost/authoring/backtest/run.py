"""Runs a backtest: every history through both rulebooks, in several processes, and counts the differences."""

import multiprocessing
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from typing import TypeAlias

from signpost.advice import Engine
from signpost.authoring.backtest.agendas import AgendaComparison, CaseAgendas, compare_agendas
from signpost.authoring.backtest.differences import Difference, differences
from signpost.authoring.backtest.episodes import episodes, rivals
from signpost.authoring.backtest.histories import History
from signpost.authoring.backtest.moments import moments
from signpost.engine import CompiledEngine
from signpost.rulebook import Rulebook

CHUNK_SIZE = 50
"""Histories per task; fewer do not justify a process."""


@dataclass(slots=True)
class Comparison:
    """The result of a backtest. `advice`: episodes under the old rulebook; `counts`: rule -> kind of difference ->
    number; `examples`: the first of each kind; `agendas`: what is published of both rulebooks."""

    cases: int = 0
    advice: int = 0
    counts: dict[str, Counter[str]] = field(default_factory=dict)
    examples: list[Difference] = field(default_factory=list)
    agendas: AgendaComparison = field(default_factory=AgendaComparison)


def backtest(
    old: Rulebook,
    new: Rulebook,
    histories: Iterable[History],
    *,
    patience: int,
    examples: int = 3,
    jobs: int = 1,
    progress: Callable[[str], None] = lambda _: None,
) -> Comparison:
    """Compare two rulebooks over histories, each followed for `patience` microseconds after its last event.

    `examples`: how many differences of each rule and kind are kept, and of how many cases those of agendas;
    `progress` is called after each case with the number of cases so far.
    """
    comparison = Comparison()
    for outcomes in _outcomes(old, new, histories, patience, jobs):
        for advised, different, agendas in outcomes:
            comparison.cases += 1
            comparison.advice += advised
            comparison.agendas.add(agendas, examples)
            for one in different:
                counts = comparison.counts.setdefault(one.rule, Counter())
                counts[one.kind] += 1
                if counts[one.kind] <= examples:
                    comparison.examples.append(one)
            progress(str(comparison.cases))
    return comparison


CaseResult: TypeAlias = tuple[int, list[Difference], CaseAgendas]
"""(number of episodes under the old rulebook, differences, agendas) of one case."""


def _outcomes(
    old: Rulebook, new: Rulebook, histories: Iterable[History], patience: int, jobs: int
) -> Iterator[list[CaseResult]]:
    chunks = _chunks(histories)
    ahead = list(islice(chunks, 2))
    if jobs == 1 or len(ahead) < 2:
        yield from map(_Worker(old, new, patience), chain(ahead, chunks))
        return
    with multiprocessing.get_context("spawn").Pool(jobs, _prepare, (old, new, patience)) as pool:
        while ahead:  # a pool reads its whole input at once, so pass a few chunks at a time
            yield from pool.imap(_work, ahead)
            ahead = list(islice(chunks, 4 * jobs))


def _chunks(histories: Iterable[History]) -> Iterator[list[History]]:
    remaining = iter(histories)
    while chunk := list(islice(remaining, CHUNK_SIZE)):
        yield chunk


class _Worker:
    def __init__(self, old: Rulebook, new: Rulebook, patience: int) -> None:
        self._engines: tuple[Engine, Engine] = (CompiledEngine(old), CompiledEngine(new))
        self._patience = patience

    def __call__(self, chunk: list[History]) -> list[CaseResult]:
        return [self._compare(history) for history in chunk]

    def _compare(self, history: History) -> CaseResult:
        old, new = (list(moments(engine, history, self._patience)) for engine in self._engines)
        before, after = episodes(old), episodes(new)
        different = [self._name_rival(one, history) for one in differences(history.key, before, after)]
        return len(before), different, compare_agendas(history.key, old, new)

    def _name_rival(self, one: Difference, history: History) -> Difference:
        """Add the rule that replaces the advice, or replaced it, if that is why it is missing."""
        missing_in_new = one.kind in ("lost", "later")
        if one.kind not in ("lost", "later", "added", "earlier"):
            return one
        rival = rivals(self._engines[missing_in_new], history, one.at).get((one.rule, one.subject))
        if rival is None:
            return one
        if not missing_in_new:
            return replace(one, detail=f"{one.detail}; before, {rival} took its place")
        kind = "superseded" if one.kind == "lost" else one.kind
        return replace(one, kind=kind, detail=f"{one.detail}; {rival} takes its place")


_WORKER: list[_Worker] = []


def _prepare(old: Rulebook, new: Rulebook, patience: int) -> None:
    _WORKER[:] = [_Worker(old, new, patience)]


def _work(chunk: list[History]) -> list[CaseResult]:
    return _WORKER[0](chunk)
