"""Deliveries: what became of each webhook that was received. Every read names its tenant."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from typing import TypeAlias

from sqlalchemy import Connection, delete, insert, select, tuple_, update

from signpost.storage.tables import deliveries, delivery_cases

MOST_FORGOTTEN = 1000
Opened: TypeAlias = Callable[[], AbstractContextManager[Connection]]


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """One webhook. `status`: accepted, ignored (nothing to keep), unsigned, refused or unavailable.

    `problems`, `events`, `shown` (the body without what is personal) and `headers` are JSON; `body` is what was sent,
    where it is kept. Times in microseconds.
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


class DeliveryStore:
    """The deliveries of one database. Every method may raise a TransientError."""

    def __init__(self, writing: Opened, reading: Opened) -> None:
        """`writing` opens a transaction, `reading` a connection."""
        self._writing, self._reading = writing, reading

    def add(self, row: DeliveryRow, case_keys: Sequence[str]) -> None:
        """Keep a delivery, and of whom it speaks."""
        with self._writing() as connection:
            connection.execute(insert(deliveries).values(**asdict(row)))
            _note_cases(connection, row, case_keys)

    def replayed(self, row: DeliveryRow, case_keys: Sequence[str]) -> None:
        """Note what became of a delivery when it was replayed."""
        with self._writing() as connection:
            mine = deliveries.c.id == row.id
            values = {"status": row.status, "problems": row.problems, "events": row.events}
            if connection.execute(update(deliveries).where(mine).values(**values)).rowcount:
                connection.execute(delete(delivery_cases).where(delivery_cases.c.delivery == row.id))
                _note_cases(connection, row, case_keys)

    def get(self, tenant: str, delivery_id: str) -> DeliveryRow | None:
        """One delivery of a tenant; None where there is none."""
        wanted = select(deliveries).where(deliveries.c.tenant == tenant, deliveries.c.id == delivery_id)
        with self._reading() as connection:
            row = connection.execute(wanted).mappings().one_or_none()
        return None if row is None else DeliveryRow(**row)

    def page(
        self,
        tenant: str,
        *,
        source: str | None = None,
        status: str | None = None,
        before: tuple[int, str] | None = None,
        limit: int = 100,
    ) -> list[DeliveryRow]:
        """Deliveries of a tenant, the latest first; `before`: (received_at, id) of the last one seen."""
        wanted = select(deliveries).where(deliveries.c.tenant == tenant)
        if source is not None:
            wanted = wanted.where(deliveries.c.source == source)
        if status is not None:
            wanted = wanted.where(deliveries.c.status == status)
        if before is not None:
            wanted = wanted.where(tuple_(deliveries.c.received_at, deliveries.c.id) < before)
        ordered = wanted.order_by(deliveries.c.received_at.desc(), deliveries.c.id.desc()).limit(limit)
        with self._reading() as connection:
            return [DeliveryRow(**row) for row in connection.execute(ordered).mappings()]

    def prune(self, before: int, limit: int) -> int:
        """Forget up to `limit` deliveries that were received before an instant; how many there were."""
        old = select(deliveries.c.id).where(deliveries.c.received_at < before).order_by(deliveries.c.received_at)
        return self._forget(old.limit(limit))

    def keep_latest(self, tenant: str, source: str, status: str, most: int) -> int:
        """Forget all but the latest of one status: a sender who cannot sign must not fill the database."""
        mine = (deliveries.c.tenant == tenant, deliveries.c.source == source, deliveries.c.status == status)
        ordered = select(deliveries.c.id).where(*mine).order_by(deliveries.c.received_at.desc(), deliveries.c.id.desc())
        return self._forget(ordered.offset(most).limit(MOST_FORGOTTEN))

    def _forget(self, wanted: object) -> int:
        with self._writing() as connection:
            ids = list(connection.execute(wanted).scalars())  # type: ignore[call-overload]
            if ids:
                connection.execute(delete(delivery_cases).where(delivery_cases.c.delivery.in_(ids)))
                connection.execute(delete(deliveries).where(deliveries.c.id.in_(ids)))
        return len(ids)


def _note_cases(connection: Connection, row: DeliveryRow, case_keys: Sequence[str]) -> None:
    of_cases = [{"delivery": row.id, "tenant": row.tenant, "case_key": key} for key in sorted(set(case_keys))]
    if of_cases:
        connection.execute(insert(delivery_cases), of_cases)
