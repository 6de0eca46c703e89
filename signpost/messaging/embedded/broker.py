"""The Broker protocol on the embedded queue: topology as rows, publisher, consumers, depth, get, purge."""

import json
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from signpost.messaging.bounds import SUBSCRIPTION_PREFETCH, Bounds
from signpost.messaging.embedded.consumer import EmbeddedConsumer
from signpost.messaging.embedded.file import File
from signpost.messaging.embedded.publisher import EmbeddedPublisher
from signpost.messaging.embedded.routing import bind
from signpost.messaging.embedded.rows import delivery_of, select_page, select_ready
from signpost.messaging.message import (
    BrokerAway,
    BrokerMisconfigured,
    Choose,
    Consumer,
    Delivery,
    NoSuchQueue,
    Publisher,
    QueueCounts,
    TopologyDiffers,
)
from signpost.messaging.topology import Topology, describe_retired

OUT_OF_REACH = ("SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_READONLY_DIRECTORY", "SQLITE_NOTADB")
"""Errors of the file that only an operator can end."""


class EmbeddedBroker:
    """The queue in the SQLite file at `path`; creates its tables. Raises BrokerAway if the file cannot be opened."""

    def __init__(self, path: str, topology: Topology, bounds: Bounds, clock: Callable[[], int]) -> None:
        self._path, self._topology, self._bounds, self._clock = path, topology, bounds, clock
        self._lock = threading.Lock()
        self._publisher: EmbeddedPublisher | None = None
        self._consumers: list[EmbeddedConsumer] = []
        with self._open_file() as file:
            file.create_tables()

    @contextmanager
    def _open_file(self) -> Iterator[File]:
        """A connection for one operation. The broker itself keeps none open, so it may cross a fork."""
        with translate_errors(self._path):
            file = File(self._path, self._bounds.busy_timeout_s)
            try:
                yield file
            finally:
                file.close()

    def publisher(self) -> Publisher:
        """See Broker.publisher."""
        with self._lock, translate_errors(self._path):
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
        with self._lock, translate_errors(self._path):
            consumer = EmbeddedConsumer(
                self._path, self._bounds, self._clock, queue=queue, prefetch=prefetch, pattern=pattern
            )
            self._consumers.append(consumer)
            return consumer

    def apply_topology(self) -> None:
        """See Broker.apply_topology."""
        with self._open_file() as file, file.write_transaction() as connection:
            for kind, name, declared in self._declarations():
                stored = _stored_declaration(connection, kind, name)
                if stored is None:
                    _declare(connection, kind, name, declared)
                elif stored != declared:
                    raise TopologyDiffers(f"{kind} {name}: exists with other properties: {stored}, not {declared}")
            for binding in self._topology.bindings:
                bind(connection, binding.exchange, binding.queue, binding.pattern)
            connection.executemany(
                "DELETE FROM queue_bindings WHERE exchange = ? AND queue = ? AND pattern = ?",
                [(binding.exchange, binding.queue, binding.pattern) for binding in self._topology.retired],
            )

    def check_topology(self, *, if_permitted: bool = False, max_retired: int | None = None) -> list[str]:
        """See Broker.check_topology."""
        differences = []
        with self._open_file() as file, file.read_connection() as connection:
            for kind, name, declared in self._declarations():
                stored = _stored_declaration(connection, kind, name)
                if stored is None:
                    differences.append(f"{kind} {name}: is missing")
                elif stored != declared:
                    differences.append(f"{kind} {name}: exists with other properties: {stored}, not {declared}")
            bound = set(connection.execute("SELECT exchange, queue, pattern FROM queue_bindings"))
            for binding in self._topology.bindings:
                if (binding.exchange, binding.queue, binding.pattern) not in bound:
                    differences.append(
                        f"binding of {binding.queue} to {binding.exchange} with {binding.pattern}: is missing"
                    )
            for queue in self._topology.retired_queues[:max_retired]:
                if _stored_declaration(connection, "queue", queue) is not None:
                    counts = depth(connection, queue), _consumers(connection, queue)
                    differences.append(describe_retired(queue, *counts))
        return differences

    def _declarations(self) -> Iterator[tuple[str, str, str]]:
        """Kind, name and comparable properties as JSON text."""
        for exchange in self._topology.exchanges:
            yield "exchange", exchange.name, json.dumps([exchange.kind, dict(exchange.arguments)])
        for queue in self._topology.queues:
            yield "queue", queue.name, json.dumps(dict(queue.arguments))

    def ping(self) -> None:
        """See Broker.ping."""
        with self._open_file():
            pass

    def queue_depth(self, queue: str) -> int:
        """See Broker.queue_depth."""
        with self._open_file() as file, file.read_connection() as connection:
            _require_queue(connection, queue)
            return depth(connection, queue)

    def queue_counts(self, queues: Sequence[str]) -> dict[str, QueueCounts]:
        """See Broker.queue_counts."""
        with self._open_file() as file, file.read_connection() as connection:
            return {
                queue: QueueCounts(depth(connection, queue), _consumers(connection, queue))
                for queue in queues
                if _stored_declaration(connection, "queue", queue) is not None
            }

    def get(self, queue: str, limit: int) -> list[Delivery]:
        """See Broker.get."""
        with self._open_file() as file, file.write_transaction() as connection:
            _require_queue(connection, queue)
            rows = select_ready(connection, queue, limit)
            connection.executemany("DELETE FROM queue_messages WHERE id = ?", [(row[0],) for row in rows])
        return [delivery_of(row) for row in rows]

    def sweep(self, queue: str, choose: Choose) -> int:
        """See Broker.sweep."""
        deleted, after = 0, 0
        with self._open_file() as file:
            while True:
                with file.read_connection() as connection:
                    _require_queue(connection, queue)
                    rows = select_page(connection, queue, after)
                if not rows:
                    return deleted
                chosen = choose([delivery_of(row) for row in rows])
                ids = [(row[0],) for row, is_chosen in zip(rows, chosen, strict=True) if is_chosen]
                if ids:
                    with file.write_transaction() as connection:
                        statement = "DELETE FROM queue_messages WHERE id = ? AND consumer IS NULL"
                        deleted += connection.executemany(statement, ids).rowcount
                after = rows[-1][0]

    def purge(self, queue: str) -> int:
        """See Broker.purge."""
        with self._open_file() as file, file.write_transaction() as connection:
            _require_queue(connection, queue)
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
            publisher.close(self._bounds.publish_timeout_s)


@contextmanager
def translate_errors(path: str) -> Iterator[None]:
    """Turn errors of SQLite into BrokerAway and BrokerMisconfigured."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorname", "") in OUT_OF_REACH:
            raise BrokerMisconfigured(
                f"the file of the embedded queue, {path}, cannot be used ({error}); check SIGNPOST_BROKER_URL,"
                " SIGNPOST_DATA_DIR and the permissions"
            ) from error
        if not isinstance(error, sqlite3.OperationalError):
            raise
        raise BrokerAway(f"cannot open the embedded queue; check the file of SIGNPOST_BROKER_URL: {error}") from error


def _stored_declaration(connection: sqlite3.Connection, kind: str, name: str) -> str | None:
    """The stored properties of an exchange or queue, in the form of `_declarations`; None if it does not exist."""
    if kind == "queue":
        row = connection.execute("SELECT arguments FROM queue_queues WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])
    row = connection.execute("SELECT kind, arguments FROM queue_exchanges WHERE name = ?", (name,)).fetchone()
    return None if row is None else json.dumps([row[0], json.loads(row[1])])


def _declare(connection: sqlite3.Connection, kind: str, name: str, declared: str) -> None:
    if kind == "queue":
        connection.execute("INSERT INTO queue_queues VALUES (?, ?, NULL)", (name, declared))
    else:
        exchange_kind, arguments = json.loads(declared)
        connection.execute("INSERT INTO queue_exchanges VALUES (?, ?, ?)", (name, exchange_kind, json.dumps(arguments)))


def depth(connection: sqlite3.Connection, queue: str) -> int:
    """Number of ready messages."""
    statement = "SELECT count(*) FROM queue_messages WHERE queue = ? AND consumer IS NULL"
    return int(connection.execute(statement, (queue,)).fetchone()[0])


def _consumers(connection: sqlite3.Connection, queue: str) -> int:
    return int(connection.execute("SELECT count(*) FROM queue_consumers WHERE queue = ?", (queue,)).fetchone()[0])


def _require_queue(connection: sqlite3.Connection, queue: str) -> None:
    if _stored_declaration(connection, "queue", queue) is None:
        raise NoSuchQueue(f"the embedded broker has no queue {queue}; run `signpost topology apply`")
