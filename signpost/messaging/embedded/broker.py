"""The Broker protocol on the embedded queue: topology as rows, publisher, consumers, depth, get, purge."""

import json
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from signpost.messaging.bounds import SUBSCRIPTION_PREFETCH, Bounds
from signpost.messaging.embedded.consumer import EmbeddedConsumer
from signpost.messaging.embedded.file import File
from signpost.messaging.embedded.publisher import EmbeddedPublisher
from signpost.messaging.embedded.routing import bind
from signpost.messaging.embedded.rows import delivery_of, ready
from signpost.messaging.message import BrokerAway, Consumer, Delivery, NoSuchQueue, Publisher, TopologyDiffers
from signpost.messaging.topology import Topology


class EmbeddedBroker:
    """The queue in the SQLite file at `path`; makes its tables. Raises BrokerAway when the file cannot be opened."""

    def __init__(self, path: str, topology: Topology, bounds: Bounds, clock: Callable[[], int]) -> None:
        self._path, self._topology, self._bounds, self._clock = path, topology, bounds, clock
        self._lock = threading.Lock()
        self._publisher: EmbeddedPublisher | None = None
        self._consumers: list[EmbeddedConsumer] = []
        with self._errand() as file:
            file.create_tables()

    @contextmanager
    def _errand(self) -> Iterator[File]:
        """A connection for one errand: none stays open in the broker itself, so it may cross a fork."""
        with _translated():
            file = File(self._path, self._bounds.busy_timeout)
            try:
                yield file
            finally:
                file.close()

    def publisher(self) -> Publisher:
        """See Broker.publisher."""
        with self._lock, _translated():
            if self._publisher is None:
                self._publisher = EmbeddedPublisher(self._path, self._bounds)
            return self._publisher

    def consumer(self, queue: str, prefetch: int) -> Consumer:
        """See Broker.consumer."""
        return self._consumer(queue, prefetch, "")

    def subscribe(self, pattern: str) -> Consumer:
        """See Broker.subscribe."""
        return self._consumer(None, SUBSCRIPTION_PREFETCH, pattern)

    def _consumer(self, queue: str | None, prefetch: int, pattern: str) -> Consumer:
        with self._lock, _translated():
            consumer = EmbeddedConsumer(
                self._path, self._bounds, self._clock, queue=queue, prefetch=prefetch, pattern=pattern
            )
            self._consumers.append(consumer)
            return consumer

    def apply_topology(self) -> None:
        """See Broker.apply_topology."""
        with self._errand() as file, file.writing() as connection:
            for kind, name, declared in self._declared():
                found = _found(connection, kind, name)
                if found is None:
                    _declare(connection, kind, name, declared)
                elif found != declared:
                    raise TopologyDiffers(f"{kind} {name}: is there with other properties: {found}, not {declared}")
            for one in self._topology.bindings:
                bind(connection, one.exchange, one.queue, one.pattern)
            connection.executemany(
                "DELETE FROM queue_bindings WHERE exchange = ? AND queue = ? AND pattern = ?",
                [(one.exchange, one.queue, one.pattern) for one in self._topology.retired],
            )

    def check_topology(self) -> list[str]:
        """See Broker.check_topology."""
        differences = []
        with self._errand() as file, file.reading() as connection:
            for kind, name, declared in self._declared():
                found = _found(connection, kind, name)
                if found is None:
                    differences.append(f"{kind} {name}: is missing")
                elif found != declared:
                    differences.append(f"{kind} {name}: is there with other properties: {found}, not {declared}")
            bound = set(connection.execute("SELECT exchange, queue, pattern FROM queue_bindings"))
            for one in self._topology.bindings:
                if (one.exchange, one.queue, one.pattern) not in bound:
                    differences.append(f"binding of {one.queue} to {one.exchange} with {one.pattern}: is missing")
            for queue in self._topology.retired_queues:
                if _found(connection, "queue", queue) is not None:
                    depth = _depth(connection, queue)
                    differences.append(
                        f"queue {queue}: belongs to another number of partitions;"
                        f" {depth} messages wait in it: consume them, then delete it"
                    )
        return differences

    def _declared(self) -> Iterator[tuple[str, str, str]]:
        """Kind, name and everything that can differ, as text."""
        for exchange in self._topology.exchanges:
            yield "exchange", exchange.name, json.dumps([exchange.kind, dict(exchange.arguments)])
        for queue in self._topology.queues:
            yield "queue", queue.name, json.dumps(dict(queue.arguments))

    def queue_depth(self, queue: str) -> int:
        """See Broker.queue_depth."""
        with self._errand() as file, file.reading() as connection:
            _expect(connection, queue)
            return _depth(connection, queue)

    def get(self, queue: str, limit: int) -> list[Delivery]:
        """See Broker.get."""
        with self._errand() as file, file.writing() as connection:
            _expect(connection, queue)
            rows = ready(connection, queue, limit)
            connection.executemany("DELETE FROM queue_messages WHERE id = ?", [(row[0],) for row in rows])
        return [delivery_of(row) for row in rows]

    def purge(self, queue: str) -> int:
        """See Broker.purge."""
        with self._errand() as file, file.writing() as connection:
            _expect(connection, queue)
            return connection.execute(
                "DELETE FROM queue_messages WHERE queue = ? AND consumer IS NULL", (queue,)
            ).rowcount

    def close(self) -> None:
        """See Broker.close."""
        with self._lock:
            consumers, self._consumers = self._consumers, []
            publisher, self._publisher = self._publisher, None
        for consumer in consumers:
            consumer.close()
        if publisher is not None:
            publisher.close(self._bounds.publish_timeout)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        raise BrokerAway(f"the embedded queue cannot be reached: {error}") from error


def _found(connection: sqlite3.Connection, kind: str, name: str) -> str | None:
    """What is there under this name, as `_declared` would say it."""
    if kind == "queue":
        row = connection.execute("SELECT arguments FROM queue_queues WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])
    row = connection.execute("SELECT kind, arguments FROM queue_exchanges WHERE name = ?", (name,)).fetchone()
    return None if row is None else json.dumps([row[0], json.loads(row[1])])


def _declare(connection: sqlite3.Connection, kind: str, name: str, declared: str) -> None:
    if kind == "queue":
        connection.execute("INSERT INTO queue_queues VALUES (?, ?, NULL)", (name, declared))
    else:
        form, arguments = json.loads(declared)
        connection.execute("INSERT INTO queue_exchanges VALUES (?, ?, ?)", (name, form, json.dumps(arguments)))


def _depth(connection: sqlite3.Connection, queue: str) -> int:
    statement = "SELECT count(*) FROM queue_messages WHERE queue = ? AND consumer IS NULL"
    return int(connection.execute(statement, (queue,)).fetchone()[0])


def _expect(connection: sqlite3.Connection, queue: str) -> None:
    if _found(connection, "queue", queue) is None:
        raise NoSuchQueue(f"no queue {queue}")
