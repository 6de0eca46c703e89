"""The outbox: leases its messages to those who publish them, and deletes what the broker has confirmed."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import TypeAlias

from sqlalchemy import Connection, delete, func, select, update

from signpost.case.instant import NEVER
from signpost.storage.dialect import Dialect
from signpost.storage.rows import OutboxDepth, OutboxRow, to_outbox_row
from signpost.storage.tables import outbox

OpenConnection: TypeAlias = Callable[[], AbstractContextManager[Connection]]


class OutboxStore:
    """The outbox of one database. Every method may raise a TransientError."""

    def __init__(self, write: OpenConnection, read: OpenConnection, dialect: Dialect) -> None:
        """`write` opens a write transaction, `read` a connection for reading."""
        self._write_connection, self._read_connection, self._dialect = write, read, dialect

    def claim(self, now: int, lease_until: int, limit: int, latest: int = NEVER) -> list[OutboxRow]:
        """Lease up to `limit` messages without a current lease until `lease_until`: those that wait longest since their
        last attempt, so that messages that are refused again and again do not keep others waiting; in order of ids.

        A lease that ends later than `latest` does not count.
        """
        with self._write_connection() as connection:
            connection.execute(update(outbox).where(outbox.c.leased_until > latest).values(leased_until=now))
            rows = self._dialect.claim_outbox(connection, now, lease_until, limit)
        return sorted(map(to_outbox_row, rows), key=lambda row: row.id)

    def lease(self, ids: Sequence[int], lease_until: int) -> None:
        """Lease these messages until `lease_until`."""
        with self._write_connection() as connection:
            connection.execute(update(outbox).where(outbox.c.id.in_(ids)).values(leased_until=lease_until))

    def release(self, exchange: str, routing_key: str, after: int, now: int) -> None:
        """Make the messages of a routing key due whose lease ends later than `after`."""
        mine = (outbox.c.exchange == exchange, outbox.c.routing_key == routing_key, outbox.c.leased_until > after)
        with self._write_connection() as connection:
            connection.execute(update(outbox).where(*mine).values(leased_until=now))

    def delete(self, ids: Sequence[int]) -> None:
        """Delete messages that the broker confirmed. A crash may undo the deletion; they are then published again."""
        if not ids:
            return
        with self._write_connection() as connection:
            self._dialect.relax_commit(connection)
            connection.execute(delete(outbox).where(outbox.c.id.in_(ids)))

    def depth(self, now: int) -> OutboxDepth:
        """Number of waiting messages, leased ones included, and the age of the oldest."""
        with self._read_connection() as connection:
            count, oldest = connection.execute(select(func.count(), func.min(outbox.c.created))).one()
        return OutboxDepth(count, None if oldest is None else max(0, now - oldest))

    def age(self, now: int) -> int | None:
        """The age of the message that was added first (microseconds), whatever their number; None if there is none.
        Raises StorageConflict while nobody can write."""
        query = select(outbox.c.created).order_by(outbox.c.id).limit(1)
        with self._write_connection() as connection:
            created = connection.execute(query).scalar_one_or_none()
        return None if created is None else max(0, now - created)
