"""Reads rows of the queue and converts them to deliveries."""

import json
import sqlite3

from signpost.messaging.message import Delivery

COLUMNS = "id, body, headers, routing_key, message_id, content_type, redelivered, attempts, exchange"
Row = tuple[int, bytes, str, str, str, str, int, int, str]


def select_ready(connection: sqlite3.Connection, queue: str, limit: int, after: int = 0) -> list[Row]:
    """The oldest rows of a queue, with an id above `after`, that no consumer holds."""
    statement = (
        f"SELECT {COLUMNS} FROM queue_messages WHERE queue = ? AND id > ? AND consumer IS NULL ORDER BY id LIMIT ?"
    )
    return connection.execute(statement, (queue, after, limit)).fetchall()


def delivery_of(row: Row) -> Delivery:
    """The delivery of a row; its tag is the row's id."""
    row_id, body, headers, routing_key, message_id, content_type, redelivered, attempts, exchange = row
    return Delivery(
        body=body,
        headers=json.loads(headers),
        routing_key=routing_key,
        message_id=message_id,
        content_type=content_type,
        redelivered=bool(redelivered),
        attempts=attempts,
        tag=row_id,
        exchange=exchange,
    )
