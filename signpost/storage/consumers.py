"""The consumers that have a queue: names and patterns."""

import json
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import TypeAlias

from sqlalchemy import Connection, delete, insert, select

from signpost.storage.tables import consumers

Opened: TypeAlias = Callable[[], AbstractContextManager[Connection]]


class ConsumerStore:
    """The consumers of one installation. Every method may raise a TransientError."""

    def __init__(self, writing: Opened, reading: Opened) -> None:
        """`writing` opens a transaction, `reading` a connection."""
        self._writing, self._reading = writing, reading

    def put(self, name: str, patterns: Sequence[str], now: int) -> None:
        """Add a consumer, or name its patterns anew."""
        with self._writing() as connection:
            connection.execute(delete(consumers).where(consumers.c.name == name))
            connection.execute(insert(consumers).values(name=name, patterns=json.dumps(list(patterns)), added_at=now))

    def all(self) -> dict[str, list[str]]:
        """Name -> patterns, in the order of names."""
        with self._reading() as connection:
            rows = connection.execute(select(consumers.c.name, consumers.c.patterns).order_by(consumers.c.name))
            return {name: json.loads(patterns) for name, patterns in rows}

    def remove(self, name: str) -> None:
        """Forget a consumer."""
        with self._writing() as connection:
            connection.execute(delete(consumers).where(consumers.c.name == name))
