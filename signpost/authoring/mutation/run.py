"""Running: all rules asked for, in several processes, with what the cache knows already; and what came of it."""

import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from multiprocessing import get_context

from signpost.authoring.mutation.cache import Cache
from signpost.authoring.mutation.mutants import Mutant, mutants
from signpost.authoring.mutation.scope import Task
from signpost.authoring.mutation.survivors import Accepted
from signpost.authoring.mutation.trial import killers
from signpost.rulebook.terms import Rule
from signpost.yaml_files.problems import Position

FEW = 8
"""So few rules are done before other processes have started."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one rule's mutants came to. `killed`: mutant -> the timeline that noticed it; `accepted`: mutants that
    survive, for a reason."""

    rule: str
    position: Position
    killed: dict[str, Position]
    accepted: tuple[Mutant, ...]
    survivors: tuple[Mutant, ...]

    @property
    def mutants(self) -> int:
        """How many there are."""
        return len(self.killed) + len(self.accepted) + len(self.survivors)

    @property
    def score(self) -> float:
        """The percentage killed of those that are not accepted."""
        return percentage(len(self.killed), len(self.survivors))


@dataclass(frozen=True, slots=True)
class Report:
    """What a run came to. `stale`: accepted survivors that do not survive, or do not exist; `cached`: how many rules
    were known already."""

    verdicts: tuple[Verdict, ...]
    stale: tuple[Accepted, ...] = ()
    cached: int = field(default=0, compare=False)

    @property
    def score(self) -> float:
        """The percentage killed of all mutants that are not accepted."""
        return percentage(
            sum(len(verdict.killed) for verdict in self.verdicts),
            sum(len(verdict.survivors) for verdict in self.verdicts),
        )


def percentage(killed: int, survived: int) -> float:
    """Of nothing, everything was killed."""
    return 100 * killed / (killed + survived) if survived else 100.0


def run_mutants(
    rules: Sequence[tuple[Rule, Task]],
    accepted: Iterable[Accepted],
    *,
    jobs: int = 1,
    cache: Cache | None = None,
    progress: Callable[[str], None] = lambda rule: None,
) -> Report:
    """Try every mutant of the rules. `progress` is told of each rule that is done."""
    cache = cache or Cache(None)
    known = {task.rule: found for _, task in rules if (found := cache.get(task)) is not None}
    for rule in known:
        progress(rule)
    cached = len(known)
    for task, found in _run([task for _, task in rules if task.rule not in known], jobs):
        cache.put(task, found)
        known[task.rule] = found
        progress(task.rule)
    entries = list(accepted)
    verdicts = tuple(_verdict(rule, task, known[rule.id], entries) for rule, task in rules)
    return Report(verdicts, tuple(_stale(verdicts, entries)), cached)


def _run(tasks: Sequence[Task], jobs: int) -> Iterator[tuple[Task, list[int | None]]]:
    """Each task with its outcome as it comes; the longest are begun first."""
    if jobs < 2 or len(tasks) <= FEW:
        yield from ((task, killers(task)) for task in tasks)
        return
    pool = ProcessPoolExecutor(min(jobs, len(tasks)), mp_context=get_context("spawn"), initializer=_leave_interrupts)
    try:
        ordered = sorted(tasks, key=lambda task: -len(task.timelines))
        futures = {pool.submit(killers, task): task for task in ordered}
        for future in as_completed(futures):
            yield futures[future], future.result()
    finally:
        pool.shutdown(cancel_futures=True)


def _leave_interrupts() -> None:
    """An interrupt is for the parent, which then ends its workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _verdict(rule: Rule, task: Task, found: Sequence[int | None], entries: Sequence[Accepted]) -> Verdict:
    reasons = {entry.mutant for entry in entries if entry.rule == rule.id}
    outcomes = list(zip(mutants(rule), found, strict=True))
    alive = [mutant for mutant, killer in outcomes if killer is None]
    return Verdict(
        rule.id,
        rule.position,
        {mutant.description: task.timelines[killer].position for mutant, killer in outcomes if killer is not None},
        tuple(mutant for mutant in alive if mutant.description in reasons),
        tuple(mutant for mutant in alive if mutant.description not in reasons),
    )


def _stale(verdicts: Sequence[Verdict], entries: Sequence[Accepted]) -> Iterator[Accepted]:
    """Of the rules that were run, and of those that do not exist, which the caller leaves among the entries."""
    surviving = {(verdict.rule, mutant.description) for verdict in verdicts for mutant in verdict.accepted}
    return (entry for entry in entries if (entry.rule, entry.mutant) not in surviving)
