"""Announces messages of tenants with endpoints to the deliverers, in the transaction of the case; and erases them."""

from collections.abc import Callable, Collection, Sequence
from typing import Any, Final, TypeAlias

from sqlalchemy import Connection, Table, delete, insert, select, update

from signpost.names import ADVICE, AGENDA, QUESTIONS
from signpost.storage.endpoint_tables import announcements, endpoint_attempts, endpoint_items, endpoint_messages
from signpost.storage.endpoints import tenants_with_endpoints
from signpost.storage.message_locks import lock_messages

TOPICS: Final = {ADVICE: "", AGENDA: "agenda:", QUESTIONS: "questions:"}
"""Exchange -> what stands before the routing key in patterns of endpoints."""
Redact: TypeAlias = Callable[[bytes], bytes | None]
"""The end of something without its content; None for any other message."""


class Announcer:
    """Announces what one transaction stores for the outbox."""

    def __init__(self, connection: Connection) -> None:
        """Use `connection`, which must be inside a transaction."""
        self._connection = connection
        self._known: dict[str, bool] = {}

    def announce(self, values: Sequence[dict[str, Any]]) -> None:
        """Announce rows of the outbox; those of tenants without an endpoint, and events, are left out."""
        ours = [row for row in values if row["exchange"] in TOPICS]
        if unknown := sorted({row["tenant"] for row in ours} - self._known.keys()):
            found = tenants_with_endpoints(self._connection, unknown)
            self._known |= {tenant: tenant in found for tenant in unknown}
        if rows := [_to_announcement(row) for row in ours if self._known[row["tenant"]]]:
            self._connection.execute(insert(announcements), rows)


def erase(connection: Connection, tenant: str, keys: Collection[str], redact: Redact | None) -> None:
    """Delete what waits for endpoints of these cases and the attempts; the ends of what a receiver may know stay,
    without content. Call it with the announcements of the tenant locked."""
    lock_messages(connection, endpoint_messages.c.tenant == tenant, endpoint_messages.c.case_key.in_(sorted(keys)))
    for table in (announcements, endpoint_messages):
        _redact(connection, table, tenant, keys, redact)
    mine = (endpoint_attempts.c.tenant == tenant, endpoint_attempts.c.case_key.in_(sorted(keys)))
    connection.execute(delete(endpoint_attempts).where(*mine))
    known = (endpoint_items.c.tenant == tenant, endpoint_items.c.case_key.in_(sorted(keys)))
    connection.execute(update(endpoint_items).where(*known).values(body=None))


def _redact(connection: Connection, table: Table, tenant: str, keys: Collection[str], redact: Redact | None) -> None:
    mine = (table.c.tenant == tenant, table.c.case_key.in_(sorted(keys)))
    gone = []
    for name, body in connection.execute(select(table.c.id, table.c.body).where(*mine)).all():
        if redact is None or (rest := redact(body)) is None:
            gone.append(name)
        else:
            connection.execute(update(table).where(table.c.id == name).values(body=rest))
    if gone:
        connection.execute(delete(table).where(table.c.id.in_(gone)))


def _to_announcement(row: dict[str, Any]) -> dict[str, Any]:
    names = ("tenant", "case_key", "message_id", "created", "body")
    return {"topic": TOPICS[row["exchange"]] + row["routing_key"], **{name: row[name] for name in names}}
