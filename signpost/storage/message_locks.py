"""Locks what waits for endpoints in one order, so that no transaction waits for another in a circle: the announcements
of a tenant, then endpoints, then messages. Changes nothing."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, select

from signpost.storage.dialect import Dialect
from signpost.storage.endpoint_tables import endpoint_messages

_ORDER = tuple(endpoint_messages.c[name] for name in ("tenant", "endpoint", "item", "id"))


def lock_announcements(connection: Connection, dialect: Dialect, tenant: str) -> None:
    """Let nobody else hand out, queue again or erase messages of a tenant until the transaction ends."""
    dialect.lock_name(connection, f"announcements {tenant}")


def lock_messages(connection: Connection, *where: ColumnElement[bool]) -> list[int]:
    """Lock the messages that a transaction is going to change; their ids."""
    query = select(endpoint_messages.c.id).where(*where).order_by(*_ORDER)
    return list(connection.scalars(query.with_for_update()))


def locked(query: Any) -> Any:
    """A query of messages that locks them."""
    return query.order_by(*_ORDER).with_for_update()
