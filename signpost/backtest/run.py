"""Running a backtest: every history through both rulebooks, in several processes, counted as they come."""

import multiprocessing
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import TypeAlias

from signpost.advice import Engine
from signpost.backtest.differences import Difference, differences
from signpost.backtest.histories import History
from signpost.backtest.spells import spells
from signpost.engine import CompiledEngine
from signpost.rulebook import Rulebook

CHUNK = 50
"""Histories in one piece of work; fewer than that are not worth a process."""


@dataclass(slots=True)
class Comparison:
    """What a backtest came to. `advice`: spells under the old rulebook; `counts`: rule -> kind of difference -> number;
    `examples`: the first of each."""

    cases: int = 0
    advice: int = 0
    counts: dict[str, Counter[str]] = field(default_factory=dict)
    examples: list[Difference] = field(default_factory=list)


def backtest(
    old: Rulebook,
    new: Rulebook,
    histories: Iterable[History],
    *,
    patience: int,
    examples: int = 3,
    jobs: int = 1,
    progress: Callable[[], None] = lambda: None,
) -> Comparison:
    """Compare two rulebooks over histories, each followed for `patience` microseconds after its last event.

    `examples`: how many differences of each rule and kind are kept; `progress` is called after each case.
    """
    found = Comparison()
    for outcomes in _outcomes(old, new, histories, patience, jobs):
        for advised, different in outcomes:
            found.cases += 1
            found.advice += advised
            for one in different:
                counts = found.counts.setdefault(one.rule, Counter())
                counts[one.kind] += 1
                if counts[one.kind] <= examples:
                    found.examples.append(one)
            progress()
    return found


Outcome: TypeAlias = tuple[int, list[Difference]]
"""What one case adds: the number of spells under the old rulebook, and the differences."""


def _outcomes(
    old: Rulebook, new: Rulebook, histories: Iterable[History], patience: int, jobs: int
) -> Iterator[list[Outcome]]:
    chunks = _chunks(histories)
    first = next(chunks, [])
    further = next(chunks, None)
    worker = _Worker(old, new, patience)
    yield worker(first)
    if further is None:
        return
    with multiprocessing.get_context("spawn").Pool(jobs, _prepare, (old, new, patience)) as pool:
        ahead = [further]
        while ahead:  # a pool reads its whole input at once, so it is given a little at a time
            yield from pool.imap(_work, ahead)
            ahead = list(islice(chunks, 4 * jobs))


def _chunks(histories: Iterable[History]) -> Iterator[list[History]]:
    remaining = iter(histories)
    while chunk := list(islice(remaining, CHUNK)):
        yield chunk


class _Worker:
    def __init__(self, old: Rulebook, new: Rulebook, patience: int) -> None:
        self._engines: tuple[Engine, Engine] = (CompiledEngine(old), CompiledEngine(new))
        self._patience = patience

    def __call__(self, chunk: list[History]) -> list[Outcome]:
        return [self._compare(history) for history in chunk]

    def _compare(self, history: History) -> Outcome:
        before, after = (spells(engine, history, self._patience) for engine in self._engines)
        return len(before), list(differences(history.key, before, after))


_HERE: list[_Worker] = []


def _prepare(old: Rulebook, new: Rulebook, patience: int) -> None:
    _HERE[:] = [_Worker(old, new, patience)]


def _work(chunk: list[History]) -> list[Outcome]:
    return _HERE[0](chunk)
