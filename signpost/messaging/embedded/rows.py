"""Reads rows of the queue and converts them to deliveries."""

import json
import sqlite3

from signpost.messaging.message import SWEEP_PAGE, SWEEP_PAGE_BYTES, Delivery

COLUMNS = "id, body, headers, routing_key, message_id, content_type, redelivered, attempts, exchange"
Row = tuple[int, bytes, str, str, str, str, int, int, str]


def select_ready(connection: sqlite3.Connection, queue: str, limit: int) -> list[Row]:
    """The oldest rows of a queue that no consumer holds."""
    statement = f"SELECT {COLUMNS} FROM queue_messages WHERE queue = ? AND consumer IS NULL ORDER BY id LIMIT ?"
    return connection.execute(statement, (queue, limit)).fetchall()


def select_page(connection: sqlite3.Connection, queue: str, after: int) -> list[Row]:
    """The same rows with an id above `after`, as many as a sweep looks at together."""
    rows: list[Row] = []
    size = 0
    statement = f"SELECT {COLUMNS} FROM queue_messages WHERE queue = ? AND id > ? AND consumer IS NULL ORDER BY id"
    for row in connection.execute(statement, (queue, after)):
        rows.append(row)
        size += len(row[1])
        if len(rows) >= SWEEP_PAGE or size >= SWEEP_PAGE_BYTES:
            break
    return rows


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
