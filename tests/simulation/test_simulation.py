"""The simulation holds on some seeds, finds each planted defect, repeats itself; `make simulate` plays thousands."""

import os
import subprocess
import sys
from hashlib import sha256

import pytest

from tests.simulation.defects import DEFECTS
from tests.simulation.plan import Plan, Step, draw
from tests.simulation.run import Run, problem_of
from tests.simulation.shrinking import shrink
from tests.simulation.world import Fault, Kind
from tests.support.long_suite import some
from tests.support.rulebooks import ROOT

SEEDS = some(range(20), 2)
STARTS = (0, 50_000)
"""Where the search for a planted defect begins."""
MAX_SEEDS = 1_000


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    """Writing the warnings of all faults takes longer than the faults."""
    caplog.set_level(100, logger="signpost")


def test_every_promise_holds_whatever_fails() -> None:
    faults: set[str] = set()
    for seed in SEEDS:
        run = Run(draw(seed))
        run.play()
        assert run.accepted, "nothing was accepted"
        faults |= run.world.seen
    assert {one.partition(" ")[0] for one in faults} == {kind.name for kind in Kind}
    assert len(faults) > 20, sorted(faults)


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("defect", DEFECTS)
def test_a_planted_defect_is_found(defect: str, start: int) -> None:
    with DEFECTS[defect]():
        assert any(problem_of(draw(seed)) for seed in range(start, start + MAX_SEEDS))
    assert problem_of(draw(start)) is None, "the defect is still there"


def digest(seed: int) -> str:
    """Everything that a consumer receives in a run."""
    run = Run(draw(seed))
    run.play()
    return sha256(repr(run.server.arrivals).encode()).hexdigest()


def test_a_seed_is_one_run_in_every_process() -> None:
    code = f"from tests.simulation.test_simulation import digest; print(digest({SEEDS[-1]}))"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "7"}
    other = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert other.stdout.split()[-1] == digest(SEEDS[-1])


def test_a_plan_that_fails_is_shrunk_to_what_matters() -> None:
    plan = draw(SEEDS[0])
    guilty = [*plan.steps[:10], Step("kill", 3), *plan.steps[10:30], Step("work", 2, fault=Fault(Kind.CRASH, 4))]

    def fails(shorter: Plan) -> bool:
        kinds = [(step.kind, step.process) for step in shorter.steps]
        return ("kill", 3) in kinds and ("work", 2) in kinds

    shortest = shrink(Plan(0, 20, tuple(guilty)), fails)
    assert sorted(str(step) for step in shortest.steps) == ["kill advisor-1", "work advisor-0"]
