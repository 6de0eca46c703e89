"""Batches of events, handled in one transaction, and what was published and stored of them."""

from typing import Any

import orjson
from sqlalchemy import create_engine, select

from signpost.case.event import Event
from signpost.messaging import Delivery
from signpost.storage.tables import metadata
from signpost.workers.batch_result import BatchResult
from tests.support.workers_kit import System, event, message

SECRET = "Unspeakable Industries"
"""What nobody may find after an erasure."""


def delivery(one: Event) -> Delivery:
    """Return an event as a broker delivers it."""
    sent = message(one)
    return Delivery(sent.body, {}, sent.routing_key, sent.message_id, sent.content_type, False, 0, None)


def handle(signpost: System, *events: Event) -> BatchResult:
    """Handle events in one transaction, and those that it leaves for later in the next ones."""
    result = signpost.handler().handle([delivery(one) for one in events], signpost.clock)
    while later := result.deferred:
        result.deferred = []
        result.add(signpost.handler().handle(later, signpost.clock))
    return result


def changes(result: BatchResult) -> list[dict[str, Any]]:
    """Return the changes of advice that a batch publishes."""
    return [orjson.loads(item.message.body)["data"] for item in result.outgoing]


def latest(*results: BatchResult) -> dict[str, str]:
    """The last status of each recommendation that a consumer has received."""
    return {one["id"]: one["status"] for result in results for one in changes(result)}


def offer(who: str, at: float = 0, **data: Any) -> Event:
    """Return an event about an offer of the secret employer."""
    return event("offer.extended", who, at=at, offer="o", employer={"id": "e", "name": SECRET}, **data)


def rows_with(signpost: System, text: str, *, besides: tuple[str, ...] = ()) -> set[str]:
    """Return the names of the tables, other than `besides`, with a row that has this text."""
    engine = create_engine(signpost.database_url)
    with engine.connect() as connection:
        found = {
            table.name
            for table in metadata.sorted_tables
            for row in connection.execute(select(table))
            for value in row
            if text in (bytes(value).decode("latin-1") if isinstance(value, bytes | memoryview) else str(value))
        }
    engine.dispose()
    return found - set(besides)
