"""Which faults a ledger tries, in which order; each plan is a function from a ledger to its rounds."""

import signal
from collections.abc import Callable, Sequence
from random import Random

from tests.ledger.crashes import TreeKilled, embedded_crashes, server_crashes
from tests.ledger.deployment import ServerDeployment
from tests.ledger.faults import all_faults, pairs
from tests.ledger.run import Fault, Ledger

Step = tuple[str, tuple[Fault, ...]]
SHORT = (
    ("broker killed", "database killed"),
    ("advisor killed", "SQL reset"),
    ("AMQP cut half-way", "clocks jump 2 h forward"),
)
"""Pairs of the short form."""
SHORT_CRASHES = ("events accepted", "batch committed")
"""Crash points of the short form: after each, something is done that nobody knows of yet."""


def server_steps(ledger: Ledger, deployment: ServerDeployment, pair_count: int) -> list[Step]:
    """Every fault alone, pairs, and every crash point."""
    faults = all_faults(deployment)
    alone = [(name, (fault,)) for name, fault in faults.items() if fault.may_pair]
    at_the_end = [(name, (fault,)) for name, fault in faults.items() if not fault.may_pair]
    paired = [(f"{one.name} + {other.name}", (one, other)) for one, other in pairs(faults, ledger.seed, pair_count)]
    crashes = [(crash.name, (crash,)) for crash in server_crashes(ledger)]
    return [*alone, *crashes, *paired, *at_the_end]


def short_steps(ledger: Ledger, deployment: ServerDeployment) -> list[Step]:
    """Some of them, for `make test`."""
    faults = all_faults(deployment)
    paired = [(" + ".join(pair), tuple(faults[name] for name in pair)) for pair in SHORT]
    crashes = [(crash.name, (crash,)) for crash in server_crashes(ledger) if crash.point in SHORT_CRASHES]
    return [*paired, *crashes]


def embedded_steps(ledger: Ledger, kills: int) -> list[Step]:
    """The whole tree killed at random instants, and the crash points."""
    crashes = [(crash.name, (crash,)) for crash in embedded_crashes(ledger)]
    killed = TreeKilled(ledger.deployment)
    return [*((f"whole tree killed, {number + 1}", (killed,)) for number in range(kills)), *crashes]


def found_steps(ledger: Ledger) -> list[Step]:
    """What shows each planted defect, on the embedded system."""
    crashes = [(crash.name, (crash,)) for crash in embedded_crashes(ledger) if crash.point.startswith("batch")]
    return [("no fault", ()), *crashes]


def play(ledger: Ledger, steps: Sequence[Step], only: Callable[[str], bool] = lambda name: True) -> None:
    """The rounds of these steps."""
    chosen = [step for step in steps if only(step[0])]
    luck = Random(ledger.seed)
    for number, (name, faults) in enumerate(chosen, 1):
        ledger.say(f"{number}/{len(chosen)} {name}")
        ledger.begin_at = luck.uniform(0.05, 0.3)
        ledger.round(name, *faults)


def baseline(ledger: Ledger, deployment: ServerDeployment) -> None:
    """A round without a fault and with one advisor: nothing arrives twice, and all in the order of `sequence`."""
    second = deployment.roles.get("advisor-2")
    if second is not None:
        second.signal(signal.SIGTERM)
        assert second.process is not None
        second.process.wait(60)
    entry = ledger.round("no fault, one advisor")
    if entry.disorder:
        entry.problems.append(f"{entry.disorder} changes arrived before one with a smaller sequence")
    if second is not None:
        deployment.restart(second)
