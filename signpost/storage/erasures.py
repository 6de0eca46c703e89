"""Erasures that took place, as keyed digests of what they covered: no id can be read from them."""

import hmac
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import TypeAlias

from sqlalchemy import Connection, delete, func, or_, select, text

from signpost.names import ADVICE, AGENDA, QUESTIONS
from signpost.storage.delivery_tables import delivery_cases
from signpost.storage.endpoint_tables import announcements, endpoint_attempts, endpoint_items, endpoint_messages
from signpost.storage.rows import OutboxRow, to_outbox_row
from signpost.storage.tables import calendar_links, digest_keys, erasures, feed, outbox, recommendations, seen_events

OpenConnection: TypeAlias = Callable[[], AbstractContextManager[Connection]]
MAX_PARAMETERS = 5000
KEY = "erasures"
INSERT = text(
    "INSERT INTO erasures (tenant, digest, erased_at, recorded_at) VALUES (:tenant, :digest, :erased_at, :recorded_at)"
    " ON CONFLICT (tenant, digest) DO UPDATE SET erased_at = excluded.erased_at, recorded_at = excluded.recorded_at"
    " WHERE erasures.erased_at < excluded.erased_at"
)


class Digests:
    """Computes digests with the key of this database."""

    def __init__(self, connection: Connection) -> None:
        """Read the key with `connection`."""
        self._key = bytes(connection.execute(select(digest_keys.c.value).where(digest_keys.c.name == KEY)).scalar_one())

    def of(self, tenant: str, identity: str) -> bytes:
        """The digest of an identity (`case.erasure`) of a tenant."""
        return hmac.digest(self._key, f"{tenant}\0{identity}".encode(errors="replace"), "sha256")


def find(connection: Connection, tenant: str, identities: Collection[str]) -> dict[str, int]:
    """Identity -> its latest erasure (microseconds), of those that were erased."""
    mine = erasures.c.tenant == tenant
    if not identities or connection.execute(select(erasures.c.tenant).where(mine).limit(1)).first() is None:
        return {}
    digests = Digests(connection)
    names = {digests.of(tenant, identity): identity for identity in identities}
    found: dict[str, int] = {}
    for chunk in _chunks(sorted(names)):
        query = select(erasures.c.digest, erasures.c.erased_at).where(mine, erasures.c.digest.in_(chunk))
        found |= {names[bytes(digest)]: at for digest, at in connection.execute(query)}
    return found


def add(connection: Connection, tenant: str, identities: Iterable[str], erased_at: int, now: int) -> None:
    """Record an erasure of these identities, at least one."""
    digests = Digests(connection)
    rows = [
        {"tenant": tenant, "digest": digest, "erased_at": erased_at, "recorded_at": now}
        for digest in sorted({digests.of(tenant, identity) for identity in identities})
    ]
    connection.execute(INSERT, rows)


def delete_waiting(connection: Connection, tenant: str, keys: Collection[str], erased_at: int) -> list[OutboxRow]:
    """Delete the outbox rows of these cases, apart from events added after the erasure. Returns what was deleted of
    advice, agendas and lists of questions, in order."""
    published = outbox.c.exchange.in_((ADVICE, AGENDA, QUESTIONS))
    mine = (outbox.c.tenant == tenant, outbox.c.case_key.in_(sorted(keys)))
    statement = delete(outbox).where(*mine, or_(published, outbox.c.created <= erased_at)).returning(outbox)
    rows = map(to_outbox_row, connection.execute(statement).mappings())
    return sorted((row for row in rows if row.exchange in (ADVICE, AGENDA, QUESTIONS)), key=lambda row: row.id)


class ErasureStore:
    """What the erasures of one database covered. Every method may raise a TransientError."""

    def __init__(self, read: OpenConnection) -> None:
        """`read` opens a connection for reading."""
        self._read_connection = read

    def find(self, tenant: str, identities: Collection[str]) -> dict[str, int]:
        """Identity (`case.erasure`) -> its latest erasure (microseconds), of those that were erased."""
        with self._read_connection() as connection:
            return find(connection, tenant, identities)

    def tenants(self) -> list[str]:
        """The tenants that have erased."""
        with self._read_connection() as connection:
            return list(connection.execute(select(erasures.c.tenant).distinct().order_by(erasures.c.tenant)).scalars())

    def latest(self) -> int | None:
        """When the latest erasure was recorded (microseconds); None if there is none."""
        with self._read_connection() as connection:
            found: int | None = connection.execute(select(func.max(erasures.c.recorded_at))).scalar_one()
        return found

    def count_rows(self, tenant: str, key: str) -> dict[str, int]:
        """Table -> number of its rows that concern the case of a candidate."""
        tables = {"events": seen_events, "recommendations": recommendations, "feed": feed, "outbox": outbox,
                  "deliveries": delivery_cases, "calendar_links": calendar_links, "announcements": announcements,
                  "endpoint_messages": endpoint_messages, "endpoint_items": endpoint_items,
                  "endpoint_attempts": endpoint_attempts}  # fmt: skip
        with self._read_connection() as connection:
            return {
                name: connection.execute(
                    select(func.count()).select_from(table).where(table.c.tenant == tenant, table.c.case_key == key)
                ).scalar_one()
                for name, table in tables.items()
            }


def _chunks(digests: Sequence[bytes]) -> Iterator[tuple[bytes, ...]]:
    for start in range(0, len(digests), MAX_PARAMETERS):
        yield tuple(digests[start : start + MAX_PARAMETERS])
