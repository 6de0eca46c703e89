"""What each tenant stores, and how much it may: measured page by page, so that no statement reads a whole table."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Final, NamedTuple, TypeAlias

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Integer,
    Table,
    and_,
    case,
    cast,
    delete,
    func,
    insert,
    or_,
    select,
    tuple_,
)

from signpost.storage.delivery_tables import deliveries
from signpost.storage.dialect import Dialect
from signpost.storage.tables import cases, feed, recommendations, usage

OpenConnection: TypeAlias = Callable[[], AbstractContextManager[Connection]]

# An empty row was only locked
_EXISTS: Final = or_(cases.c.state != b"", cases.c.merged_into.is_not(None))
_IS_CASE: Final = and_(cases.c.state != b"", cases.c.merged_into.is_(None))
_SIZES: Final[dict[Table, Sequence[Column[Any]]]] = {
    cases: (cases.c.state, cases.c.advice),
    recommendations: (recommendations.c.body,),
    feed: (feed.c.body,),
    deliveries: (deliveries.c.body, deliveries.c.shown, deliveries.c.headers),
}
"""Table -> its columns that count; the outbox is empty most of the time."""


class Usage(NamedTuple):
    """What a tenant stored at `measured_at` (microseconds), and its quotas (0: none)."""

    cases: int
    bytes: int
    max_cases: int
    max_bytes: int
    measured_at: int

    @property
    def excess(self) -> str:
        """Which quota is reached; "" if none is."""
        if 0 < self.max_cases <= self.cases:
            return f"this tenant has {self.cases} cases of at most {self.max_cases}"
        if 0 < self.max_bytes <= self.bytes:
            return f"this tenant stores {self.bytes} bytes of at most {self.max_bytes}"
        return ""


class Page(NamedTuple):
    """Tenant -> cases and bytes of a page of `rows`."""

    rows: int
    cases: Counter[str]
    bytes: Counter[str]


class UsageStore:
    """The usage of tenants. Every method may raise a TransientError."""

    def __init__(self, write: OpenConnection, read: OpenConnection, dialect: Dialect) -> None:
        """`write` opens a write transaction, `read` a connection for reading."""
        self._write_connection, self._read_connection, self._dialect = write, read, dialect

    def all(self) -> dict[str, Usage]:
        """Tenant -> its usage when it was last measured."""
        with self._read_connection() as connection:
            rows = connection.execute(select(usage.c.tenant, *(usage.c[name] for name in Usage._fields)))
            return {tenant: Usage(*values) for tenant, *values in rows}

    def replace(self, measured: dict[str, Usage]) -> None:
        """Store a new measurement of all tenants."""
        rows = [{"tenant": tenant, **values._asdict()} for tenant, values in sorted(measured.items())]
        with self._write_connection() as connection:
            self._dialect.lock_name(connection, "usage")
            connection.execute(delete(usage))
            if rows:
                connection.execute(insert(usage), rows)

    def pages(self, limit: int) -> Iterator[Page]:
        """What all rows come to, `limit` rows at a time; each page is read when it is asked for."""
        for table, sizes in _SIZES.items():
            after: Sequence[Any] | None = ()
            while after is not None:
                with self._read_connection() as connection:
                    page, after = _measure(connection, table, sizes, after, limit)
                yield page

    def existing_cases(self, tenant: str, keys: Collection[str]) -> set[str]:
        """Those of the keys under which a case of the tenant is stored, or was before it was merged."""
        query = select(cases.c.key).where(cases.c.tenant == tenant, cases.c.key.in_(sorted(keys)), _EXISTS)
        with self._read_connection() as connection:
            return set(connection.scalars(query))


def _measure(
    connection: Connection, table: Table, sizes: Sequence[Column[Any]], after: Sequence[Any], limit: int
) -> tuple[Page, Sequence[Any] | None]:
    """A page of the rows behind a key (an empty one: from the start), and its last key; None for the last page."""
    keys = tuple(table.primary_key.columns)
    start = [_beyond(keys, after)] if after else []
    last = connection.execute(select(*keys).where(*start).order_by(*keys).offset(limit - 1).limit(1)).first()
    end = [] if last is None else [~_beyond(keys, tuple(last))]
    size = sum((func.coalesce(func.length(column), 0) for column in sizes[1:]), func.coalesce(func.length(sizes[0]), 0))
    count = func.sum(case((_IS_CASE, 1), else_=0)) if table is cases else cast(0, Integer)
    query = select(table.c.tenant, func.count(), count, func.sum(size)).where(*start, *end).group_by(table.c.tenant)
    found = connection.execute(query).all()
    page = Page(
        sum(row[1] for row in found),
        Counter({row[0]: int(row[2]) for row in found}),
        Counter({row[0]: int(row[3]) for row in found}),
    )
    return page, None if last is None else tuple(last)


def _beyond(keys: Sequence[Column[Any]], key: Sequence[Any]) -> ColumnElement[bool]:
    return tuple_(*keys) > tuple_(*key)
