"""The command: plays seeds one after the other, and shrinks the plan of each that breaks a promise."""

import argparse
import logging
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field

from tests.simulation.defects import DEFECTS
from tests.simulation.plan import Plan, draw
from tests.simulation.run import Run, Violation, problem_of
from tests.simulation.shrinking import shrink

YEAR_S = 365.25 * 86_400
PROGRESS_S = 5.0


@dataclass
class Totals:
    """What was played so far. `clock`: monotonic seconds."""

    clock: Callable[[], float]
    seeds: int = 0
    effects: int = 0
    virtual_s: float = 0.0
    faults: set[str] = field(default_factory=set)
    broken: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Begin."""
        self._began = self.clock()

    def add(self, run: Run) -> None:
        """Count a run."""
        self.seeds += 1
        self.effects += run.world.effects
        self.virtual_s += run.virtual_s
        self.faults |= run.world.seen

    def __str__(self) -> str:
        """The rates so far."""
        passed = max(self.clock() - self._began, 1e-9)
        years = self.virtual_s / YEAR_S / passed * 3600
        return (
            f"{self.seeds} seeds, {self.seeds / passed * 60:.0f} a minute; {years:.0f} virtual years an hour; "
            f"{self.effects:,} effects, {len(self.faults)} kinds of faults at effects; {len(self.broken)} broken"
        )


def main() -> int:
    """Play the seeds; 1 if a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, default=0, help="the first seed")
    parser.add_argument("--seeds", type=int, default=1, help="how many seeds")
    parser.add_argument(
        "--defect", choices=sorted(DEFECTS), help="plant a defect, and stop at the first seed that finds it"
    )
    parser.add_argument("--plan", action="store_true", help="print the plan of each seed")
    chosen = parser.parse_args()
    logging.disable(logging.CRITICAL)
    totals, shown = Totals(time.monotonic), time.monotonic()
    with ExitStack() as stack:
        if chosen.defect:
            stack.enter_context(DEFECTS[chosen.defect]())
        for seed in range(chosen.seed, chosen.seed + chosen.seeds):
            _play(draw(seed), totals, show=chosen.plan)
            if time.monotonic() - shown > PROGRESS_S:
                shown = time.monotonic()
                print(totals, file=sys.stderr, flush=True)
            if chosen.defect and totals.broken:
                break
    print(totals)
    return bool(totals.broken)


def _play(plan: Plan, totals: Totals, *, show: bool) -> None:
    if show:
        print(plan)
    run = Run(plan)
    try:
        run.play()
    except Violation as violation:
        totals.broken.append(plan.seed)
        _report(plan, violation)
    totals.add(run)


def _report(plan: Plan, violation: Violation) -> None:
    problem = problem_of(plan)
    shortest = shrink(plan, lambda shorter: problem_of(shorter) == problem)
    print(
        f"\nseed {plan.seed} breaks a promise:\n{violation}\n\nThe shortest plan with the same problem:\n{shortest}\n"
    )
    print(f"Again: python -m tests.simulation --seed {plan.seed} --plan\n", flush=True)


if __name__ == "__main__":
    sys.exit(main())
