"""The endpoints of outgoing webhooks: add, read, enable, rotate, remove; their attempts. Sends nothing."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import fields
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, Connection, Table, delete, func, insert, select, update

from signpost.storage.dialect import Dialect
from signpost.storage.endpoint_rows import TEST, AttemptRow, EndpointCounts, EndpointRow, to_endpoint
from signpost.storage.endpoint_tables import endpoint_attempts, endpoint_items, endpoint_messages, endpoints
from signpost.storage.message_locks import lock_messages
from signpost.storage.rows import RecommendationRow
from signpost.storage.tables import recommendations

OpenConnection: TypeAlias = Callable[[], AbstractContextManager[Connection]]
ATTEMPT = tuple(endpoint_attempts.c[one.name] for one in fields(AttemptRow))


class EndpointStore:
    """The endpoints of one database. Every method may raise a TransientError."""

    def __init__(self, write: OpenConnection, read: OpenConnection, dialect: Dialect) -> None:
        """`write` opens a write transaction, `read` a connection for reading."""
        self._write_connection, self._read_connection, self._dialect = write, read, dialect

    def add(self, endpoint: EndpointRow, limit: int) -> bool:
        """Store an endpoint, which gets what changes from now on; False if its tenant has `limit` others."""
        mine = endpoints.c.tenant == endpoint.tenant
        with self._write_connection() as connection:
            self._dialect.lock_name(connection, f"endpoints {endpoint.tenant}")
            if connection.execute(select(func.count()).select_from(endpoints).where(mine)).scalar_one() >= limit:
                return False
            connection.execute(insert(endpoints).values(**endpoint.values()))
            return True

    def all(self, tenant: str | None = None) -> list[EndpointRow]:
        """The endpoints of a tenant, or of all for operators, by tenant and age."""
        query = select(endpoints).order_by(endpoints.c.tenant, endpoints.c.created, endpoints.c.id)
        if tenant is not None:
            query = query.where(endpoints.c.tenant == tenant)
        with self._read_connection() as connection:
            return [to_endpoint(row) for row in connection.execute(query).mappings()]

    def get(self, tenant: str, name: str) -> EndpointRow | None:
        """One endpoint; None if the tenant has none with this id."""
        with self._read_connection() as connection:
            row = connection.execute(select(endpoints).where(_is(endpoints, tenant, name))).mappings().one_or_none()
        return None if row is None else to_endpoint(row)

    def find(self, name: str) -> EndpointRow | None:
        """An endpoint of any tenant by its id, for operators."""
        with self._read_connection() as connection:
            row = connection.execute(select(endpoints).where(endpoints.c.id == name)).mappings().one_or_none()
        return None if row is None else to_endpoint(row)

    def counts(self, now: int, tenant: str | None = None) -> dict[str, EndpointCounts]:
        """Endpoint -> what waits for it; endpoints for which nothing waits are absent."""
        row = endpoint_messages.c
        query = select(row.endpoint, row.set_aside, func.count(), func.min(row.created)).where(row.item != TEST)
        if tenant is not None:
            query = query.where(row.tenant == tenant)
        found: dict[str, EndpointCounts] = {}
        with self._read_connection() as connection:
            for name, aside, number, since in connection.execute(query.group_by(row.endpoint, row.set_aside)):
                known = found.get(name, EndpointCounts())
                found[name] = (
                    EndpointCounts(known.waiting, known.oldest, number)
                    if aside
                    else EndpointCounts(number, max(0, now - since), known.set_aside)
                )
        return found

    def attempts(
        self, tenant: str, name: str, *, before: int | None = None, limit: int = 50, message: str | None = None
    ) -> list[AttemptRow]:
        """The attempts of an endpoint, the latest first; those before an id, or of one message."""
        query = select(*ATTEMPT).where(endpoint_attempts.c.tenant == tenant, endpoint_attempts.c.endpoint == name)
        if before is not None:
            query = query.where(endpoint_attempts.c.id < before)
        if message is not None:
            query = query.where(endpoint_attempts.c.message_id == message)
        page = query.order_by(endpoint_attempts.c.id.desc()).limit(limit)
        with self._read_connection() as connection:
            return [AttemptRow(**row) for row in connection.execute(page).mappings()]

    def enable(self, tenant: str, name: str, now: int) -> bool:
        """Enable an endpoint: what waits is due at once. False if there is none."""
        values = {"enabled": True, "reason": "", "failures": 0, "failing_since": None, "paused_until": 0}
        with self._write_connection() as connection:
            if not self._update(connection, tenant, name, {**values, "changed": now}):
                return False
            _resume(connection, tenant, name, now)
            return True

    def resume(self, tenant: str, name: str, now: int) -> None:
        """Let all that waits be due at once, what was set aside included."""
        with self._write_connection() as connection:
            _resume(connection, tenant, name, now)

    def active(self, tenant: str, case_key: str | None = None, page: int = 500) -> Iterator[RecommendationRow]:
        """The active recommendations of a tenant, or of one case; reads one page at a time."""
        after, row = "", recommendations.c
        while True:
            query = select(recommendations).where(row.tenant == tenant, row.status == "active", row.id > after)
            if case_key is not None:
                query = query.where(row.case_key == case_key)
            with self._read_connection() as connection:
                rows = connection.execute(query.order_by(row.id).limit(page)).mappings().all()
            yield from (RecommendationRow(**found) for found in rows)
            if len(rows) < page:
                return
            after = rows[-1]["id"]

    def disable(self, tenant: str, name: str, reason: str, now: int) -> bool:
        """Disable an endpoint: from now on it only gets what it waits for once it is enabled. False if there is
        none."""
        with self._write_connection() as connection:
            return self._update(connection, tenant, name, {"enabled": False, "reason": reason, "changed": now})

    def rotate(self, tenant: str, name: str, secret: str, until: int) -> bool:
        """Sign with a new secret, and with the present one as well until an instant. False if there is none."""
        values = {"previous_secret": endpoints.c.secret, "previous_until": until, "secret": secret}
        with self._write_connection() as connection:
            return self._update(connection, tenant, name, values)

    def remove(self, tenant: str, name: str) -> bool:
        """Delete an endpoint with all that is stored for it; False if there is none."""
        with self._write_connection() as connection:
            gone = connection.execute(delete(endpoints).where(_is(endpoints, tenant, name))).rowcount
            lock_messages(connection, _belongs(endpoint_messages, tenant, name))
            for table in (endpoint_messages, endpoint_items, endpoint_attempts):
                connection.execute(delete(table).where(_belongs(table, tenant, name)))
            return bool(gone)

    @staticmethod
    def _update(connection: Connection, tenant: str, name: str, values: Mapping[str, Any]) -> bool:
        statement = update(endpoints).where(_is(endpoints, tenant, name)).values(**values)
        return bool(connection.execute(statement).rowcount)


def tenants_with_endpoints(connection: Connection, tenants: Sequence[str]) -> set[str]:
    """Those of these tenants that have endpoints."""
    query = select(endpoints.c.tenant).where(endpoints.c.tenant.in_(tenants)).distinct()
    return set(connection.scalars(query))


def _resume(connection: Connection, tenant: str, name: str, now: int) -> None:
    lock_messages(connection, _belongs(endpoint_messages, tenant, name))
    again = {"due": now, "attempts": 0, "first_attempt": None, "set_aside": False}
    connection.execute(update(endpoint_messages).where(_belongs(endpoint_messages, tenant, name)).values(again))


def _is(table: Table, tenant: str, name: str) -> ColumnElement[bool]:
    return (table.c.tenant == tenant) & (table.c.id == name)


def _belongs(table: Table, tenant: str, name: str) -> ColumnElement[bool]:
    return (table.c.tenant == tenant) & (table.c.endpoint == name)
