"""Reads the feed, and decides whether a cursor is one of this feed. Appending is `Dialect.insert_changes`.

A transaction takes its position from `feed_heads` and holds that row until its commit, so positions become visible in
their order. Their distances are random: a database that was restored from a backup and has gone on since has other
positions than the history it lost, so it recognizes a cursor of that history instead of skipping changes.
"""

from collections.abc import Collection, Iterator

from sqlalchemy import Connection, RowMapping, delete, exists, insert, literal, or_, select, tuple_

from signpost.storage.cursor import START, decode_cursor, encode_cursor
from signpost.storage.errors import StaleCursor
from signpost.storage.rows import FeedRow
from signpost.storage.tables import feed, feed_erased, feed_heads

PRUNED = (
    "changes after this cursor were deleted, because they were older than the feed keeps them (SIGNPOST_FEED_DAYS); "
    "start from the beginning (without `after`), which has the latest change of all active advice: what you have as "
    "active and do not get has ended"
)
STALE = (
    "this cursor stands at a change that the feed does not have: the database was replaced or restored from a backup; "
    "start from the beginning (without `after`) and skip what you know by its id"
)


def read_page(
    connection: Connection, tenant: str, after: str | None, limit: int, audience: str | None
) -> tuple[list[FeedRow], str | None]:
    """See `Store.feed`."""
    position = decode_cursor(after)
    if position != START:
        _check(connection, tenant, position)
    query = select(feed).where(feed.c.tenant == tenant, tuple_(feed.c.position, feed.c.id) > position)
    if audience is not None:
        query = query.where(feed.c.audience == audience)
    page = query.order_by(feed.c.position, feed.c.id).limit(limit)
    rows = [_to_row(row) for row in connection.execute(page).mappings()]
    return rows, rows[-1].cursor if rows else after


def read_positions(connection: Connection, tenants: Collection[str]) -> dict[str, int]:
    """See `Store.feed_positions`."""
    heads = select(feed_heads.c.tenant, feed_heads.c.position).where(feed_heads.c.tenant.in_(sorted(tenants)))
    return {row.tenant: row.position for row in connection.execute(heads)}


def read_latest(connection: Connection, limit: int) -> Iterator[tuple[int, bytes]]:
    """See `Store.latest_changes`."""
    query = select(feed.c.at, feed.c.body).order_by(feed.c.id.desc()).limit(limit)
    yield from ((at, body) for at, body in connection.execute(query))


def erase(connection: Connection, tenant: str, keys: Collection[str]) -> None:
    """Delete the changes of these cases; cursors that stand at them stay valid."""
    mine = (feed.c.tenant == tenant) & feed.c.case_key.in_(sorted(keys))
    known = exists().where(feed_erased.c.tenant == feed.c.tenant, feed_erased.c.position == feed.c.position)
    gone = select(feed.c.tenant, feed.c.position).where(mine, ~known).distinct()
    connection.execute(insert(feed_erased).from_select(["tenant", "position"], gone))
    connection.execute(delete(feed).where(mine))


def _check(connection: Connection, tenant: str, cursor: tuple[int, int]) -> None:
    """Raises StaleCursor."""
    pruned = select(feed_heads.c.pruned_position, feed_heads.c.pruned_id).where(feed_heads.c.tenant == tenant)
    last_deleted = tuple(connection.execute(pruned).one_or_none() or START)
    if cursor < last_deleted:
        raise StaleCursor(PRUNED)
    if cursor != last_deleted and not _is_ours(connection, tenant, cursor[0]):
        raise StaleCursor(STALE)


def _is_ours(connection: Connection, tenant: str, position: int) -> bool:
    """Whether a transaction of this history has this position."""
    has_rows, is_erased = (
        exists().where(table.c.tenant == tenant, table.c.position == position) for table in (feed, feed_erased)
    )
    return connection.execute(select(literal(1)).where(or_(has_rows, is_erased))).first() is not None


def _to_row(row: RowMapping) -> FeedRow:
    values = {name: value for name, value in row.items() if name not in ("id", "position")}
    return FeedRow(cursor=encode_cursor(row["position"], row["id"]), **values)
