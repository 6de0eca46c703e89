"""Webhook deliveries and their results. Every read is limited to one tenant."""

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, replace
from typing import Any, TypeAlias

from sqlalchemy import Connection, Select, delete, func, insert, literal, select, tuple_, update

from signpost.case.erasure import identities, is_covered, of_id
from signpost.case.event import Event
from signpost.case.identity import case_keys
from signpost.storage.delivery_tables import deliveries, delivery_cases, delivery_ids
from signpost.storage.dialect import Dialect
from signpost.storage.erasures import Digests, find

MAX_UNVERIFIED = 100
MAX_UNVERIFIED_BYTES = 256_000
"""Stored deliveries of one source whose signature was not checked: their senders must not fill the database."""
NOT_KEPT = b'[{"pointer": "", "detail": "its content is not kept: it names a candidate who was erased"}]'
"""The problem that stands in place of a delivery's own, which may quote it."""
OpenConnection: TypeAlias = Callable[[], AbstractContextManager[Connection]]


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """One webhook. `status`: accepted, ignored (nothing to keep), unsigned, refused or unavailable.

    `problems`, `events`, `shown` (the body without personal data) and `headers` are JSON; `body` is the body as
    received, or None if it is not stored; `verified`: whether the signature was checked. Times in microseconds.
    """

    id: str
    tenant: str
    source: str
    received_at: int
    status: str
    problems: bytes
    events: bytes
    size: int
    shown: bytes
    headers: bytes
    body: bytes | None
    verified: bool

    def summary(self) -> "DeliverySummary":
        """The row as lists show it."""
        members = {name: getattr(self, name) for name in _SUMMARY}
        return DeliverySummary(**members, replayable=self.verified and self.body is not None)


@dataclass(frozen=True, slots=True)
class DeliverySummary:
    """A delivery without its body and headers, which may be large. `replayable`: whether the signature was checked
    and the body is stored."""

    id: str
    tenant: str
    source: str
    received_at: int
    status: str
    problems: bytes
    events: bytes
    size: int
    verified: bool
    replayable: bool


_SUMMARY = ("id", "tenant", "source", "received_at", "status", "problems", "events", "size", "verified")
_BYTES = sum(
    (
        func.coalesce(func.length(column), 0)
        for column in (
            deliveries.c.problems,
            deliveries.c.events,
            deliveries.c.shown,
            deliveries.c.headers,
            deliveries.c.body,
        )
    ),
    literal(0),
)


class DeliveryStore:
    """The deliveries of one database. Every method may raise a TransientError."""

    def __init__(self, write: OpenConnection, read: OpenConnection, dialect: Dialect) -> None:
        """`write` opens a write transaction, `read` a connection for reading."""
        self._write_connection, self._read_connection, self._dialect = write, read, dialect

    def add(self, row: DeliveryRow, events: Sequence[Event], ids: Collection[str] = ()) -> None:
        """Store a delivery, without its body if an erasure covers it. Later erasures find it by the cases of its
        events, or by `ids` in its body.

        Of the unverified deliveries of one source only the latest stay, within MAX_UNVERIFIED and MAX_UNVERIFIED_BYTES.
        """
        with self._write_connection() as connection:
            if not row.verified:
                # One writer per source, so that the limit holds exactly
                self._dialect.lock_name(connection, f"unverified {row.tenant} {row.source}")
            if row.verified and _is_erased(connection, row.tenant, events, ids):
                row = replace(row, shown=b"null", headers=b"{}", events=b"[]", problems=NOT_KEPT, body=None)
                events, ids = (), ()
            connection.execute(insert(deliveries).values(**asdict(row)))
            _link(connection, row, events, ids)
            if not row.verified:
                _delete_rows(connection, connection.scalars(_excess(row.tenant, row.source)).all())

    def record_replay(self, row: DeliveryRow, events: Sequence[Event]) -> None:
        """Store the result of a replay of a delivery."""
        with self._write_connection() as connection:
            mine = deliveries.c.id == row.id
            values = {"status": row.status, "problems": row.problems, "events": row.events}
            if connection.execute(update(deliveries).where(mine).values(**values)).rowcount:
                connection.execute(delete(delivery_cases).where(delivery_cases.c.delivery == row.id))
                _link(connection, row, events, ())

    def get(self, tenant: str, delivery_id: str) -> DeliveryRow | None:
        """One delivery of a tenant; None if it does not exist."""
        query = select(deliveries).where(deliveries.c.tenant == tenant, deliveries.c.id == delivery_id)
        with self._read_connection() as connection:
            row = connection.execute(query).mappings().one_or_none()
        return None if row is None else DeliveryRow(**row)

    def page(
        self,
        tenant: str,
        *,
        source: str | None = None,
        status: str | None = None,
        before: tuple[int, str] | None = None,
        limit: int = 100,
    ) -> list[DeliverySummary]:
        """Deliveries of a tenant, newest first; `before`: (received_at, id) of the last one already read."""
        columns = [deliveries.c[name] for name in _SUMMARY]
        replayable = deliveries.c.verified & deliveries.c.body.is_not(None)
        query = select(*columns, replayable.label("replayable")).where(deliveries.c.tenant == tenant)
        if source is not None:
            query = query.where(deliveries.c.source == source)
        if status is not None:
            query = query.where(deliveries.c.status == status)
        if before is not None:
            query = query.where(tuple_(deliveries.c.received_at, deliveries.c.id) < before)
        ordered = query.order_by(deliveries.c.received_at.desc(), deliveries.c.id.desc()).limit(limit)
        with self._read_connection() as connection:
            return [DeliverySummary(**row) for row in connection.execute(ordered).mappings()]

    def prune(self, before: int, limit: int) -> int:
        """Delete up to `limit` deliveries received before an instant; returns how many it deleted."""
        old = select(deliveries.c.id).where(deliveries.c.received_at < before).order_by(deliveries.c.received_at)
        with self._write_connection() as connection:
            return _delete_rows(connection, connection.execute(old.limit(limit)).scalars().all())


def _excess(tenant: str, source: str) -> Select[Any]:
    """The ids of the unverified deliveries beyond the limits, counted from the latest."""
    mine = (deliveries.c.tenant == tenant, deliveries.c.source == source, deliveries.c.verified.is_(False))
    newest_first = (deliveries.c.received_at.desc(), deliveries.c.id.desc())
    ranked = (
        select(
            deliveries.c.id,
            func.row_number().over(order_by=newest_first).label("rank"),
            func.sum(_BYTES).over(order_by=newest_first).label("bytes"),
        )
        .where(*mine)
        .subquery()
    )
    return select(ranked.c.id).where((ranked.c.rank > MAX_UNVERIFIED) | (ranked.c.bytes > MAX_UNVERIFIED_BYTES))


def delete_found_by(connection: Connection, tenant: str, keys: Collection[str], ids: Collection[str]) -> None:
    """Delete every delivery that concerns one of these cases or has one of these identities (`of_id`) in its body,
    whole, even if it concerns others."""
    digests = Digests(connection)
    wanted = sorted(digests.of(tenant, identity) for identity in ids)
    for table, condition in (
        (delivery_cases, delivery_cases.c.case_key.in_(sorted(keys))),
        (delivery_ids, delivery_ids.c.digest.in_(wanted)),
    ):
        query = select(table.c.delivery).where(table.c.tenant == tenant, condition).distinct()
        _delete_rows(connection, connection.scalars(query).all())


def _is_erased(connection: Connection, tenant: str, events: Sequence[Event], ids: Collection[str]) -> bool:
    names = {name for event in events for name in identities(event)} | {of_id(name) for name in ids}
    erased_at = find(connection, tenant, names)
    return any(is_covered(event, erased_at) for event in events) or any(of_id(name) in erased_at for name in ids)


def _delete_rows(connection: Connection, ids: Sequence[str]) -> int:
    if ids:
        connection.execute(delete(delivery_cases).where(delivery_cases.c.delivery.in_(ids)))
        connection.execute(delete(delivery_ids).where(delivery_ids.c.delivery.in_(ids)))
        connection.execute(delete(deliveries).where(deliveries.c.id.in_(ids)))
    return len(ids)


def _link(connection: Connection, row: DeliveryRow, events: Sequence[Event], ids: Collection[str]) -> None:
    keys = {key for event in events for key in case_keys(event)}
    links = [{"delivery": row.id, "tenant": row.tenant, "case_key": key} for key in sorted(keys)]
    if links:
        connection.execute(insert(delivery_cases), links)
    if ids:
        digests = Digests(connection)
        found = sorted(digests.of(row.tenant, of_id(name)) for name in ids)
        rows = [{"delivery": row.id, "tenant": row.tenant, "digest": digest} for digest in found]
        connection.execute(insert(delivery_ids), rows)
