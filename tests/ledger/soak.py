"""`make soak`: load with random faults for a long time; at the end the system holds what it held at the start."""

import os
import time
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

from sqlalchemy import Executable, func, select, text

from signpost.messaging import advisor_queues
from signpost.storage import tables
from tests.ledger.deployment import ServerDeployment
from tests.ledger.faults import all_faults
from tests.ledger.roles import Role, descendants
from tests.ledger.run import SETTLING_S, Ledger

WARM_UP_ROUNDS: Final = 4
"""Rounds without a fault before the first reading: caches and free pages fill."""
FILLING: Final = ("database frozen", "broker frozen")
"""Faults before the first reading: requests wait, so that pools of threads and connections grow to their bounds."""
CASES_EACH_S: Final = 20
"""At least so many cases are evaluated again each second after a change of the rules, on a busy machine."""
MEGABYTE: Final = 1_000_000
MAX_GROWTH: Final = {
    "resident MB": 40.0,
    "open files": 8.0,
    "threads": 4.0,
    "broker connections": 2.0,
    "database connections": 4.0,
    "queued messages": 0.0,
    "outbox rows": 0.0,
}
"""From the first reading to the last; of the first three, for each process with its children."""
PER_CASE: Final = "database kB for each case"
MAX_SHARE: Final = 0.5
OUTBOX: Final = "outbox MB"
MAX_OUTBOX_MB: Final = 20.0
PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Reading:
    """What the system holds while nothing is left to do. `values`: name -> number. `cases`: how many are stored."""

    at: float
    values: dict[str, float]
    cases: int


def soak(ledger: Ledger, deployment: ServerDeployment, minutes: float) -> list[str]:
    """Play random faults for so many minutes, each healed and settled. Returns what has grown, in words."""
    known = all_faults(deployment)
    faults = [fault for fault in known.values() if fault.may_pair]
    luck, deadline = Random(ledger.seed), time.monotonic() + minutes * 60
    for number in range(WARM_UP_ROUNDS):
        ledger.round(f"warm-up {number + 1}")
    for name in FILLING:
        ledger.round(f"warm-up, {name}", known[name])
    first = last = read(deployment)
    ledger.say(format_reading(first))
    while time.monotonic() < deadline:
        fault = luck.choice(faults)
        ledger.begin_at = luck.uniform(0.05, 0.5)
        ledger.settling_s = SETTLING_S + last.cases / CASES_EACH_S
        ledger.round(fault.name, fault)
        last = read(deployment)
        ledger.say(format_reading(last))
    ledger.round("the end, without a fault")
    last = read(deployment)
    ledger.say(format_reading(last))
    return growth(first, last)


def read(deployment: ServerDeployment) -> Reading:
    """Read it; connections and rows are those of the whole system."""
    values: dict[str, float] = {}
    for role in deployment.roles.values():
        values |= {f"{role.name}: {name}": value for name, value in _process_values(role).items()}
    cases, of_database = _database_values(deployment)
    values |= of_database
    queues = advisor_queues(deployment.partitions)
    values["queued messages"] = sum(deployment.broker.queue_depth(queue) for queue in queues)
    values["broker connections"] = deployment.amqp.open_connections
    return Reading(time.monotonic(), values, cases)


def _process_values(role: Role) -> dict[str, float]:
    """The sums over a process and its children."""
    pids = [role.pid, *descendants(role.pid)]
    return {
        "resident MB": sum(_pages(pid) for pid in pids) * PAGE_BYTES / MEGABYTE,
        "open files": sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in pids),
        "threads": sum(len(os.listdir(f"/proc/{pid}/task")) for pid in pids),
    }


def _pages(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1])


def _database_values(deployment: ServerDeployment) -> tuple[int, dict[str, float]]:
    """The number of cases, and what is measured in the database."""
    asked: dict[str, Executable] = {
        "cases": select(func.count()).select_from(tables.cases),
        "bytes": text("select pg_database_size(current_database())"),
        "outbox rows": select(func.count()).select_from(tables.outbox),
        "outbox bytes": text("select pg_total_relation_size('outbox')"),
        "connections": text("select count(*) from pg_stat_activity where backend_type = 'client backend'"),
    }
    with deployment.books.engine.connect() as connection:
        found = {name: int(connection.execute(query).scalar_one()) for name, query in asked.items()}
    return found["cases"], {
        PER_CASE: found["bytes"] / 1000 / max(1, found["cases"]),
        "outbox rows": found["outbox rows"],
        OUTBOX: found["outbox bytes"] / MEGABYTE,
        "database connections": found["connections"],
    }


def growth(first: Reading, last: Reading) -> list[str]:
    """What is more than it may be at the end."""
    problems = [
        f"{name}: {first.values[name]:.0f} at the start, {last.values[name]:.0f} at the end"
        for name, value in last.values.items()
        if name != OUTBOX and value - first.values[name] > _allowed(name, first.values[name])
    ]
    if last.values[OUTBOX] > MAX_OUTBOX_MB:
        problems.append(f"the outbox takes {last.values[OUTBOX]:.0f} MB without a row in it")
    return problems


def _allowed(name: str, before: float) -> float:
    """By how much a value may be larger at the end; what a process holds counts for each process."""
    if name == PER_CASE:
        return before * MAX_SHARE
    return MAX_GROWTH[name.rpartition(": ")[2]]


def format_reading(reading: Reading) -> str:
    """One line."""
    roles = [f"{name.partition(':')[0]} {value:.0f}" for name, value in reading.values.items() if "resident" in name]
    others = [f"{name} {value:.0f}" for name, value in reading.values.items() if ":" not in name]
    return f"MB: {', '.join(roles)}; {', '.join(others)}"
