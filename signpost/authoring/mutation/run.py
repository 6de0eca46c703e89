"""Runs the mutants of rules in several processes, using the cache, and reports the result."""

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
from signpost.rulebook.typed_rule import Rule
from signpost.yaml_files.problems import Position

MAX_SERIAL_TASKS = 8
"""Up to this many rules finish before other processes would have started."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of one rule's mutants. `killed`: mutant -> timeline that failed; `accepted`: survivors with a recorded
    reason."""

    rule: str
    position: Position
    killed: dict[str, Position]
    accepted: tuple[Mutant, ...]
    survivors: tuple[Mutant, ...]

    @property
    def mutants(self) -> int:
        """Number of mutants."""
        return len(self.killed) + len(self.accepted) + len(self.survivors)

    @property
    def score(self) -> float:
        """Percentage killed of the mutants that are not accepted."""
        return percentage(len(self.killed), len(self.survivors))


@dataclass(frozen=True, slots=True)
class Report:
    """The result of a run. `stale`: accepted survivors that are killed or do not exist; `cached`: number of rules taken
    from the cache."""

    verdicts: tuple[Verdict, ...]
    stale: tuple[Accepted, ...] = ()
    cached: int = field(default=0, compare=False)

    @property
    def score(self) -> float:
        """Percentage killed of all mutants that are not accepted."""
        return percentage(
            sum(len(verdict.killed) for verdict in self.verdicts),
            sum(len(verdict.survivors) for verdict in self.verdicts),
        )


def percentage(killed: int, survived: int) -> float:
    """100 if there are no mutants."""
    return 100 * killed / (killed + survived) if survived else 100.0


def run_mutants(
    rules: Sequence[tuple[Rule, Task]],
    accepted: Iterable[Accepted],
    *,
    jobs: int = 1,
    cache: Cache | None = None,
    progress: Callable[[str], None] = lambda rule: None,
) -> Report:
    """Try every mutant of the rules. `progress` is called with each finished rule."""
    cache = cache or Cache(None)
    known = {task.rule: result for _, task in rules if (result := cache.get(task)) is not None}
    for rule in known:
        progress(rule)
    cached = len(known)
    for task, result in _run([task for _, task in rules if task.rule not in known], jobs):
        cache.put(task, result)
        known[task.rule] = result
        progress(task.rule)
    entries = list(accepted)
    verdicts = tuple(_verdict(rule, task, known[rule.id], entries) for rule, task in rules)
    return Report(verdicts, tuple(_stale(verdicts, entries)), cached)


def _run(tasks: Sequence[Task], jobs: int) -> Iterator[tuple[Task, list[int | None]]]:
    """Yield each task with its result as it finishes; starts the longest tasks first."""
    if jobs < 2 or len(tasks) <= MAX_SERIAL_TASKS:
        yield from ((task, killers(task)) for task in tasks)
        return
    pool = ProcessPoolExecutor(min(jobs, len(tasks)), mp_context=get_context("spawn"), initializer=_ignore_interrupts)
    try:
        ordered = sorted(tasks, key=lambda task: -len(task.timelines))
        futures = {pool.submit(killers, task): task for task in ordered}
        for future in as_completed(futures):
            yield futures[future], future.result()
    finally:
        pool.shutdown(cancel_futures=True)


def _ignore_interrupts() -> None:
    """Only the parent handles an interrupt; it then ends its workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _verdict(rule: Rule, task: Task, killed_by: Sequence[int | None], entries: Sequence[Accepted]) -> Verdict:
    reasons = {entry.mutant for entry in entries if entry.rule == rule.id}
    outcomes = list(zip(mutants(rule), killed_by, strict=True))
    alive = [mutant for mutant, killer in outcomes if killer is None]
    return Verdict(
        rule.id,
        rule.position,
        {mutant.description: task.timelines[killer].position for mutant, killer in outcomes if killer is not None},
        tuple(mutant for mutant in alive if mutant.description in reasons),
        tuple(mutant for mutant in alive if mutant.description not in reasons),
    )


def _stale(verdicts: Sequence[Verdict], entries: Sequence[Accepted]) -> Iterator[Accepted]:
    """Accepted entries that did not survive; the caller includes entries of unknown rules."""
    surviving = {(verdict.rule, mutant.description) for verdict in verdicts for mutant in verdict.accepted}
    return (entry for entry in entries if (entry.rule, entry.mutant) not in surviving)
