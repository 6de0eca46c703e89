"""Looks at a database without changing anything: server, revision, rights, and what waits. Every query is bounded, on a
million cases too: it reads an index from its end, or the latest rows only."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Select, Table, func, inspect, select, text

from signpost.storage import due_cases
from signpost.storage.delivery_tables import deliveries
from signpost.storage.tables import cases, feed, outbox, usage

LATEST: Final = 10_000
"""Rows from the end of a table that a count of a time reads at most."""

_SERVER: Final = text(
    "SELECT 'PostgreSQL', current_setting('server_version'), current_user,"
    " CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint)"
)
_NAMES: Final = text(
    "SELECT application_name, count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND application_name LIKE 'signpost %' GROUP BY application_name"
)
_MISSING: Final = text(
    "SELECT t, p, c FROM unnest(CAST(:tables AS text[]), CAST(:privileges AS text[]), CAST(:columns AS text[]))"
    " AS wanted(t, p, c) WHERE NOT CASE WHEN to_regclass(t) IS NULL THEN true"
    " WHEN c = '' THEN has_table_privilege(t, p) ELSE has_column_privilege(t, c, p) END"
)


class ServerRow(NamedTuple):
    """The server as it describes itself. `user` and `clock` (microseconds): of PostgreSQL only."""

    product: str
    version: str
    user: str = ""
    clock: int | None = None


class Right(NamedTuple):
    """A right of PostgreSQL on a table, or on one column of it."""

    table: str
    privilege: str
    column: str = ""


class Waiting(NamedTuple):
    """How many rows wait, up to a limit, and since when the oldest does (microseconds; None without any)."""

    number: int
    since: int | None


class RefusedDelivery(NamedTuple):
    """A webhook that had no effect; `problems` is JSON."""

    id: str
    tenant: str
    source: str
    received_at: int
    status: str
    problems: bytes


class InspectionStore:
    """What there is to see in one database. Every method may raise a TransientError."""

    def __init__(self, read: Callable[[], AbstractContextManager[Connection]]) -> None:
        """`read` opens a connection for reading."""
        self._read_connection = read

    def server(self) -> ServerRow:
        """The server that answers."""
        with self._read_connection() as connection:
            if connection.dialect.name == "postgresql":
                return ServerRow(*connection.execute(_SERVER).one())
            return ServerRow("SQLite", str(connection.execute(text("SELECT sqlite_version()")).scalar_one()))

    def connections(self) -> Mapping[str, int]:
        """Name of connections to this database, like "signpost relay" -> their number. SQLite has none."""
        with self._read_connection() as connection:
            if connection.dialect.name != "postgresql":
                return {}
            return {str(name): int(count) for name, count in connection.execute(_NAMES)}

    def revision(self) -> str | None:
        """The revision of the tables; None if there are none."""
        with self._read_connection() as connection:
            if not inspect(connection).has_table("alembic_version"):
                return None
            found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
        return None if found is None else str(found)

    def missing_rights(self, wanted: Iterable[Right]) -> list[Right]:
        """Those that the user of PostgreSQL does not have, on tables that exist; SQLite knows none."""
        tables, privileges, columns = ([list(column) for column in zip(*wanted, strict=True)] or [[], [], []])[:3]
        with self._read_connection() as connection:
            if connection.dialect.name != "postgresql":
                return []
            found = connection.execute(_MISSING, {"tables": tables, "privileges": privileges, "columns": columns})
            return sorted(Right(*row) for row in found)

    def outbox(self, limit: int) -> Waiting:
        """The messages that wait to be published."""
        with self._read_connection() as connection:
            first = connection.execute(select(outbox.c.created).order_by(outbox.c.id).limit(1)).scalar_one_or_none()
            return Waiting(_count(connection, select(outbox.c.id), limit), first)

    def due(self, now: int, limit: int) -> Waiting:
        """The cases whose advice should have changed by now."""
        with self._read_connection() as connection:
            tenants = connection.execute(due_cases.TENANTS, {"now": now, "limit": 100}).scalars().all()
            due = [cases.c.next_change <= now, cases.c.next_change.is_not(None), cases.c.merged_into.is_(None)]
            number, oldest = 0, None
            for tenant in tenants:
                mine = select(cases.c.next_change).where(cases.c.tenant == tenant, *due).order_by(cases.c.next_change)
                number += _count(connection, mine, max(0, limit - number))
                first = connection.execute(mine.limit(1)).scalar_one_or_none()
                oldest = first if oldest is None else oldest
            return Waiting(number, oldest)

    def latest_instants(self) -> Mapping[str, int]:
        """What -> the latest instant that it is stored with: "case" and "webhook"; nothing where there is none."""
        of = {"case": (cases.c.updated, cases.c.merged_into.is_(None)), "webhook": (deliveries.c.received_at,)}
        with self._read_connection() as connection:
            found = {
                what: connection.execute(select(func.max(column)).where(*where)).scalar_one_or_none()
                for what, (column, *where) in of.items()
            }
        return {what: instant for what, instant in found.items() if instant is not None}

    def cases(self) -> int | None:
        """The number of cases, as a clock measured it last; None if none did."""
        with self._read_connection() as connection:
            found = connection.execute(select(func.sum(usage.c.cases))).scalar_one_or_none()
        return None if found is None else int(found)

    def since(self, instants: Sequence[int]) -> Mapping[str, list[int]]:
        """What -> its number since each instant, up to LATEST: evaluated "cases", changes of "advice", "webhooks"."""
        whole = (cases.c.updated, (cases.c.merged_into.is_(None),))
        of: dict[str, tuple[Any, tuple[Any, ...]]] = {"cases": whole, "webhooks": (deliveries.c.received_at, ())}
        with self._read_connection() as connection:
            found = {
                what: [_count(connection, select(column).where(column >= at, *where), LATEST) for at in instants]
                for what, (column, where) in of.items()
            }
            latest = _latest(feed, feed.c.at, feed.c.id)
            found["advice"] = [_count(connection, select(latest).where(latest.c.at >= at), LATEST) for at in instants]
        return found

    def refused(self, limit: int) -> list[RefusedDelivery]:
        """The last webhooks that had no effect because of a mistake, among the latest of all tenants."""
        shown = [deliveries.c[name] for name in RefusedDelivery._fields]
        latest = select(*shown).order_by(deliveries.c.received_at.desc()).limit(LATEST // 10).subquery()
        query = select(latest).where(latest.c.status.in_(("unsigned", "refused", "unavailable")))
        with self._read_connection() as connection:
            rows = connection.execute(query.order_by(latest.c.received_at.desc()).limit(limit))
            return [RefusedDelivery(*row) for row in rows]


def _latest(table: Table, shown: Any, order: Any) -> Any:
    return select(shown).select_from(table).order_by(order.desc()).limit(LATEST).subquery()


def _count(connection: Connection, query: Select[Any], limit: int) -> int:
    """The number of rows, up to a limit."""
    return int(connection.execute(select(func.count()).select_from(query.limit(limit).subquery())).scalar_one())
