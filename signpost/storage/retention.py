"""Deletes what is older than the operator keeps, a page of a table at a time, so that no transaction is long."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy import Column, ColumnElement, Connection, Row, Table, delete, exists, select, tuple_, update

from signpost.storage.tables import feed, feed_erased, feed_heads, recommendations, seen_events

OpenConnection: TypeAlias = Callable[[], AbstractContextManager[Connection]]
Place: TypeAlias = tuple[Any, ...]
"""The key of a row, after which the next page begins; () is the beginning of the table."""


@dataclass(frozen=True, slots=True)
class Page:
    """`deleted`: number of rows; `end`: where the next page begins, None after the last."""

    deleted: int
    end: Place | None


class RetentionStore:
    """Walks through tables in the order of their keys. Every method may raise a TransientError."""

    def __init__(self, write: OpenConnection) -> None:
        """`write` opens a write transaction."""
        self._write_connection = write

    def prune_seen_events(self, before: int, after: Place, limit: int) -> Page:
        """Forget the ids of events received before an instant: their repeats are new events."""
        key = (seen_events.c.tenant, seen_events.c.source, seen_events.c.id)
        with self._write_connection() as connection:
            return _prune(connection, seen_events, key, seen_events.c.received_at < before, after, limit)

    def prune_ended_advice(self, before: int, after: Place, limit: int) -> Page:
        """Delete recommendations that ended before an instant."""
        table = recommendations.c
        is_old = (table.status != "active") & (table.at < before)
        with self._write_connection() as connection:
            return _prune(connection, recommendations, (table.tenant, table.id), is_old, after, limit)

    def prune_feed(self, before: int, after: Place, limit: int) -> Page:
        """Delete changes before an instant, except the last change of active advice: a reader that starts from the
        beginning still gets all that is in force. A cursor before a deleted change becomes stale."""
        with self._write_connection() as connection:
            return _prune(connection, feed, (feed.c.id,), (feed.c.at < before) & ~_is_in_force(), after, limit, _mark)


def _is_in_force() -> ColumnElement[bool]:
    advice = recommendations.c
    same = (advice.tenant == feed.c.tenant) & (advice.id == feed.c.recommendation_id)
    return exists().where(same, advice.status == "active", advice.sequence == feed.c.sequence)


def _prune(
    connection: Connection,
    table: Table,
    key: Sequence[Column[Any]],
    is_old: ColumnElement[bool],
    after: Place,
    limit: int,
    prepare: Callable[[Connection, list[Row[Any]]], None] | None = None,
) -> Page:
    """Delete the old rows among `limit` rows after a place. `prepare` gets them before."""
    query = select(*key, is_old.label("is_old")).order_by(*key).limit(limit)
    if after:
        query = query.where(tuple_(*key) > tuple_(*after))
    rows = [tuple(row) for row in connection.execute(query)]
    if old := [row[:-1] for row in rows if row[-1]]:
        these = tuple_(*key).in_(old)
        if prepare:
            prepare(connection, list(connection.execute(select(table).where(these))))
        # Asked again: a row may have changed since
        connection.execute(delete(table).where(these, is_old))
    return Page(len(old), rows[-1][:-1] if len(rows) == limit else None)


def _mark(connection: Connection, rows: list[Row[Any]]) -> None:
    """Record the last deleted change of each tenant; cursors before it are stale, whatever was erased there."""
    last: dict[str, tuple[int, int]] = {}
    for row in rows:
        last[row.tenant] = max(last.get(row.tenant, (0, 0)), (row.position, row.id))
    for tenant, (position, row_id) in sorted(last.items()):
        head = feed_heads.c
        is_later = (head.pruned_position < position) | (head.pruned_position == position) & (head.pruned_id < row_id)
        values = {"pruned_position": position, "pruned_id": row_id}
        connection.execute(update(feed_heads).where(head.tenant == tenant, is_later).values(values))
        before = (feed_erased.c.tenant == tenant, feed_erased.c.position < position)
        connection.execute(delete(feed_erased).where(*before))
