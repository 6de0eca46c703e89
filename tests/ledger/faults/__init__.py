"""The registry of faults. Each is injected, proven to have happened, and healed, while the load goes on."""

from collections.abc import Iterator
from itertools import combinations
from random import Random

from tests.ledger.deployment import ServerDeployment
from tests.ledger.faults.base import Fault
from tests.ledger.faults.brokers import broker_faults
from tests.ledger.faults.clocks import clock_faults
from tests.ledger.faults.consumers import consumer_faults
from tests.ledger.faults.databases import database_faults
from tests.ledger.faults.files import file_faults
from tests.ledger.faults.networks import network_faults
from tests.ledger.faults.processes import process_faults


def all_faults(deployment: ServerDeployment) -> dict[str, Fault]:
    """Name -> fault, on RabbitMQ and PostgreSQL."""
    found = [
        *process_faults(deployment),
        *broker_faults(deployment),
        *database_faults(deployment),
        *network_faults(deployment),
        *consumer_faults(deployment),
        *clock_faults(deployment),
        *file_faults(deployment),
    ]
    return {fault.name: fault for fault in found}


def pairs(faults: dict[str, Fault], seed: int, count: int) -> Iterator[tuple[Fault, Fault]]:
    """Pairs of faults that break different things, drawn by a seed."""
    possible = [
        (one, other)
        for one, other in combinations(faults.values(), 2)
        if one.may_pair and other.may_pair and not one.touches & other.touches
    ]
    yield from Random(seed).sample(possible, min(count, len(possible)))
