"""Consumers on real queues that record every message, and never lose one: they acknowledge what they have recorded."""

import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from signpost.errors import SignpostError
from signpost.messaging import Bounds, Broker, Outcome, Settlement
from signpost.messaging.rabbitmq.admin import open_admin
from signpost.messaging.topology import UNROUTED, consumer_queue, consumer_topology
from signpost.schemas import full_type
from tests.ledger.events import KEYS

AGENDA_TYPE: Final = full_type("agenda.changed")
EVERYTHING: Final = "everything"
PATTERNS: Final = {
    EVERYTHING: ["#", "agenda:#"],
    **{tenant: [f"{tenant}.#", f"agenda:{tenant}.#"] for tenant in KEYS},
}
"""Consumer -> what it is bound to."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A message as it arrived. `redelivered`: the broker says so; `at`: when (monotonic clock)."""

    queue: str
    id: str
    body: bytes
    redelivered: bool
    at: float

    @property
    def document(self) -> dict[str, Any]:
        document: dict[str, Any] = orjson.loads(self.body)
        return document


@dataclass(slots=True)
class Records:
    """All messages of all queues, in order of arrival; safe to read while consumers append."""

    messages: list[Recorded] = field(default_factory=list)
    first: dict[tuple[str, str], Recorded] = field(default_factory=dict)
    """Queue and id of the message -> its first arrival."""
    duplicates: int = 0
    agendas: dict[tuple[str, str], dict[str, dict[str, Any]]] = field(default_factory=lambda: defaultdict(dict))
    """Tenant and case -> reader -> the agenda with the highest number."""

    def add(self, queue: str, id_: str, body: bytes, redelivered: bool) -> None:
        """Record one message."""
        message = Recorded(queue, id_, body, redelivered, time.monotonic())
        self.messages.append(message)
        if (queue, id_) in self.first:
            self.duplicates += 1
        self.first.setdefault((queue, id_), message)
        document = message.document
        if document["type"] == AGENDA_TYPE:
            self._add_agenda(document)

    def _add_agenda(self, document: dict[str, Any]) -> None:
        data = document["data"]
        reader = f"{data['audience']}/{data['employer'] or ''}"
        place = self.agendas[document["tenant"], data["candidate"]]
        if reader not in place or place[reader]["sequence"] < data["sequence"]:
            place[reader] = data

    def has(self, id_: str) -> bool:
        """Whether a consumer of everything has this message, or it was published while that queue was unbound."""
        return (consumer_queue(EVERYTHING), id_) in self.first or (UNROUTED, id_) in self.first


@contextmanager
def record(broker: Broker, records: Records, names: Iterable[str] = PATTERNS) -> Iterator[None]:
    """Consume the queues of these consumers, and that of messages without a consumer, for the block."""
    stop = threading.Event()
    queues = [*map(consumer_queue, names), UNROUTED]
    threads = [threading.Thread(target=_run, args=(broker, queue, records, stop), name=queue) for queue in queues]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(60)


def _run(broker: Broker, queue: str, records: Records, stop: threading.Event) -> None:
    consumer = broker.consumer(queue, 200)
    while not stop.is_set():
        try:
            deliveries = consumer.receive(200, 0.2)
            for each in deliveries:
                records.add(queue, each.message_id, each.body, each.redelivered)
            if deliveries:
                consumer.settle([Settlement(each, Outcome.DONE) for each in deliveries], 0)
        except SignpostError:
            stop.wait(0.2)
    consumer.close()


def declare_queues(url: str) -> None:
    """Create the queues of all consumers on RabbitMQ, as `signpost consumers add` does."""
    with open_admin(url, Bounds(), "ledger") as admin:
        for name, patterns in PATTERNS.items():
            admin.apply(consumer_topology(name, patterns))
