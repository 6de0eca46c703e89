"""Registered consumers: names, binding patterns and broker users of consumer queues. Declares no queue."""

import json
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import TypeAlias

from sqlalchemy import Connection, delete, insert, select

from signpost.storage.rows import ConsumerRow
from signpost.storage.tables import consumers

OpenConnection: TypeAlias = Callable[[], AbstractContextManager[Connection]]


class ConsumerStore:
    """The consumers of one installation. Every method may raise a TransientError."""

    def __init__(self, write: OpenConnection, read: OpenConnection) -> None:
        """`write` opens a write transaction, `read` a connection for reading."""
        self._write_connection, self._read_connection = write, read

    def put(self, name: str, patterns: Sequence[str], now: int, *, user: str = "") -> None:
        """Add a consumer, or replace its patterns and its broker user."""
        row = {"name": name, "patterns": json.dumps(list(patterns)), "added_at": now, "broker_user": user or None}
        with self._write_connection() as connection:
            connection.execute(delete(consumers).where(consumers.c.name == name))
            connection.execute(insert(consumers).values(row))

    def all(self) -> dict[str, ConsumerRow]:
        """All consumers by name, sorted."""
        with self._read_connection() as connection:
            return read_consumers(connection)

    def remove(self, name: str) -> None:
        """Delete a consumer's entry."""
        with self._write_connection() as connection:
            connection.execute(delete(consumers).where(consumers.c.name == name))


def read_consumers(connection: Connection) -> dict[str, ConsumerRow]:
    """See `ConsumerStore.all`."""
    query = select(consumers.c.name, consumers.c.patterns, consumers.c.broker_user).order_by(consumers.c.name)
    return {name: ConsumerRow(json.loads(patterns), user or "") for name, patterns, user in connection.execute(query)}
