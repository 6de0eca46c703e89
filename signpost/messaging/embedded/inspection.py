"""Looks at the embedded queue without changing anything."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from os import W_OK, access
from pathlib import Path
from urllib.parse import quote

from signpost.messaging.bounds import Bounds
from signpost.messaging.embedded.broker import EmbeddedBroker, depth, translate_errors
from signpost.messaging.embedded.owner import is_dead
from signpost.messaging.inspection import Counts
from signpost.messaging.message import BrokerMisconfigured
from signpost.messaging.topology import Topology


class EmbeddedInspection:
    """See `signpost.messaging.inspection.Inspection`. Raises BrokerMisconfigured if there is no file."""

    product, version = "SQLite", sqlite3.sqlite_version

    def __init__(self, path: str, topology: Topology, bounds: Bounds) -> None:
        self._path, self._topology, self._bounds = path, topology, bounds
        if not Path(path).is_file():
            raise BrokerMisconfigured(f"the embedded queue has no file {path}")
        with self._connection() as connection:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()

    def differences(self) -> list[str]:
        """See Inspection."""
        if not self._has_tables():
            return ["tables of the embedded queue: are missing"]
        # Creates nothing: the tables exist
        return EmbeddedBroker(self._path, self._topology, self._bounds, lambda: 0).check_topology()

    def counts(self, queue: str) -> Counts | None:
        """See Inspection."""
        if not self._has_tables():
            return None
        with self._connection() as connection:
            if not connection.execute("SELECT 1 FROM queue_queues WHERE name = ?", (queue,)).fetchone():
                return None
            query = "SELECT host, pid, started FROM queue_consumers WHERE queue = ?"
            alive = sum(not is_dead(*row) for row in connection.execute(query, (queue,)))
            return Counts(depth(connection, queue), alive)

    def may_configure(self, queue: str) -> bool:
        """See Inspection."""
        return access(self._path, W_OK)

    def may_write(self, exchange: str) -> bool:
        """See Inspection."""
        return access(self._path, W_OK)

    def may_read(self, queue: str) -> bool:
        """See Inspection. Consuming writes, too."""
        return access(self._path, W_OK)

    def _has_tables(self) -> bool:
        with self._connection() as connection:
            query = "SELECT 1 FROM sqlite_master WHERE name = 'queue_messages_held'"
            return connection.execute(query).fetchone() is not None

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        with translate_errors(self._path):
            uri = f"file:{quote(self._path)}?mode=ro"
            connection = sqlite3.connect(uri, timeout=self._bounds.busy_timeout_s, isolation_level=None, uri=True)
            try:
                yield connection
            finally:
                connection.close()
