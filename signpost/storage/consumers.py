"""Registered consumers: the names and binding patterns of consumer queues. Declares no queue."""

import json
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import TypeAlias

from sqlalchemy import Connection, delete, insert, select

from signpost.storage.tables import consumers

OpenConnection: TypeAlias = Callable[[], AbstractContextManager[Connection]]


class ConsumerStore:
    """The consumers of one installation. Every method may raise a TransientError."""

    def __init__(self, write: OpenConnection, read: OpenConnection) -> None:
        """`write` opens a write transaction, `read` a connection for reading."""
        self._write_connection, self._read_connection = write, read

    def put(self, name: str, patterns: Sequence[str], now: int) -> None:
        """Add a consumer, or replace its patterns."""
        with self._write_connection() as connection:
            connection.execute(delete(consumers).where(consumers.c.name == name))
            connection.execute(insert(consumers).values(name=name, patterns=json.dumps(list(patterns)), added_at=now))

    def all(self) -> dict[str, list[str]]:
        """Name -> patterns, sorted by name."""
        with self._read_connection() as connection:
            rows = connection.execute(select(consumers.c.name, consumers.c.patterns).order_by(consumers.c.name))
            return {name: json.loads(patterns) for name, patterns in rows}

    def remove(self, name: str) -> None:
        """Delete a consumer's entry."""
        with self._write_connection() as connection:
            connection.execute(delete(consumers).where(consumers.c.name == name))
