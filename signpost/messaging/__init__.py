"""Messages between processes, over RabbitMQ or a queue inside SQLite: `connect` and the types that both share."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from signpost.errors import CallerError
from signpost.messaging.bounds import Bounds
from signpost.messaging.inspection import BrokerBlocked, Counts, Inspection
from signpost.messaging.message import (
    Broker,
    BrokerAway,
    BrokerMisconfigured,
    Consumer,
    Delivery,
    Message,
    NoSuchQueue,
    Outcome,
    Publisher,
    PublishFailed,
    PublishRefused,
    PublishReturned,
    PublishUnknown,
    QueueFull,
    Settlement,
    TopologyDiffers,
    TopologyMissing,
    Unsendable,
)
from signpost.messaging.topology import (
    BULK,
    DELIVERY_LIMIT,
    advisor_queues,
    cloudevent_headers,
    declaration,
    event_message,
    partition_of,
)

__all__ = [
    "BULK",
    "Bounds",
    "Broker",
    "BrokerAway",
    "BrokerBlocked",
    "BrokerMisconfigured",
    "Consumer",
    "Counts",
    "Delivery",
    "Inspection",
    "Message",
    "NoSuchQueue",
    "Outcome",
    "PublishFailed",
    "PublishRefused",
    "PublishReturned",
    "PublishUnknown",
    "Publisher",
    "QueueFull",
    "Settlement",
    "TopologyDiffers",
    "TopologyMissing",
    "Unsendable",
    "advisor_queues",
    "cloudevent_headers",
    "connect",
    "event_message",
    "inspect",
    "partition_of",
    "require_topology",
]


NEAREST_RETIRED: Final = 2
"""After a change of the number of partitions the first of the old queues is among the two nearest; to ask for all 63
at each start would write 63 errors into the log of RabbitMQ."""


def _microseconds() -> int:
    return time.time_ns() // 1000


def connect(
    url: str,
    *,
    partitions: int = 1,
    delivery_limit: int = DELIVERY_LIMIT,
    bounds: Bounds | None = None,
    name: str = "",
    clock: Callable[[], int] = _microseconds,
) -> Broker:
    """The broker at `url`: amqp://, amqps://, or sqlite:///path for the queue embedded in that database file.

    Does not connect to RabbitMQ yet. `clock` (microseconds) times only the leases of the embedded queue.
    Raises CallerError for any other URL, ValueError if `partitions` is not 1 to 64.
    """
    topology = declaration(partitions, delivery_limit)
    kind, _, rest = url.partition("://")
    title = name or f"signpost {os.getpid()}"
    # Imported here so that the embedded queue does not require pika, and the reverse
    if kind in ("amqp", "amqps"):
        from signpost.messaging.rabbitmq.broker import RabbitBroker

        return RabbitBroker(url, topology, bounds or Bounds(), title)
    if kind.partition("+")[0] == "sqlite" and rest[:1] == "/" and rest[1:] and ":memory:" not in rest:
        from signpost.messaging.embedded.broker import EmbeddedBroker

        return EmbeddedBroker(rest.partition("?")[0].removeprefix("/"), topology, bounds or Bounds(), clock)
    raise CallerError("unsupported broker URL; use amqp://HOST, amqps://HOST or sqlite:///FILE")


def require_topology(broker: Broker) -> list[str]:
    """Raise TopologyMissing if an exchange or queue is missing, for a process that starts.

    Returns the other differences; `signpost topology check` and the doctor look for more of them.
    """
    differences = broker.check_topology(if_permitted=True, max_retired=NEAREST_RETIRED)
    for difference in differences:
        if difference.endswith("is missing"):
            raise TopologyMissing(f"{difference}; run `signpost topology apply` first")
    return differences


@contextmanager
def inspect(url: str, partitions: int, bounds: Bounds, name: str) -> Iterator[Inspection]:
    """An inspection of the broker at `url`, as `connect` names it. Raises BrokerAway, BrokerMisconfigured."""
    topology = declaration(partitions)
    # Imported here so that the embedded queue does not require pika, and the reverse
    if url.startswith("amqp"):
        from signpost.messaging.rabbitmq.inspection import open_inspection

        with open_inspection(url, topology, bounds, name) as found:
            yield found
        return
    from signpost.messaging.embedded.inspection import EmbeddedInspection

    yield EmbeddedInspection(url.partition("://")[2].partition("?")[0].removeprefix("/"), topology, bounds)
