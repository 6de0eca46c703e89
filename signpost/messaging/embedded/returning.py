"""Returns messages to their queue: counts attempts, applies the delivery limit, finds dead consumers."""

import json
import logging
import sqlite3

from signpost.case.instant import format_instant
from signpost.messaging.embedded.owner import is_dead
from signpost.messaging.embedded.routing import NoSuchExchange, Router
from signpost.messaging.message import DELIVERY_LIMIT_REASON, FIRST_EXCHANGE
from signpost.messaging.parking import dead_letter_headers

log = logging.getLogger(__name__)

HELD = "SELECT id, queue, attempts FROM queue_messages WHERE consumer = ? ORDER BY id"
MARK_READY = "UPDATE queue_messages SET consumer = NULL, attempts = attempts + 1, redelivered = 1 WHERE id = ?"


def give_back(connection: sqlite3.Connection, router: Router, held: list[tuple[int, str, int]], now: int) -> None:
    """Return messages (row id, queue, attempts) to their place in the queue, or dead-letter them beyond the limit."""
    for row_id, queue, attempts in held:
        limit, dead_exchange = router.limit_of(queue)
        if limit is None or attempts < limit:
            connection.execute(MARK_READY, (row_id,))
        else:
            dead_letter(connection, router, row_id, dead_exchange, DELIVERY_LIMIT_REASON, now)


def dead_letter(
    connection: sqlite3.Connection, router: Router, row_id: int, dead_exchange: str, reason: str, now: int
) -> None:
    """Move a message to the dead letters with a reason. If no queue is bound for them, the message stays."""
    row = connection.execute(
        "SELECT queue, exchange, routing_key, message_id, content_type, headers, body FROM queue_messages WHERE id = ?",
        (row_id,),
    ).fetchone()
    queue, exchange, routing_key, message_id, content_type, headers, body = row
    try:
        targets = router.targets(dead_exchange, routing_key)
    except NoSuchExchange:
        targets = []
    if not targets:
        log.error(
            "message %s stays in %s: its dead-letter exchange has no queue; run `signpost topology apply`",
            message_id,
            queue,
        )
        connection.execute(MARK_READY, (row_id,))
        return
    letter_headers = dead_letter_headers(json.loads(headers), reason, queue, format_instant(now), exchange)
    if reason == DELIVERY_LIMIT_REASON:
        letter_headers[FIRST_EXCHANGE] = exchange
    router.put(targets, (dead_exchange, routing_key, message_id, content_type, letter_headers, body))
    connection.execute("DELETE FROM queue_messages WHERE id = ?", (row_id,))


def find_dead_consumers(connection: sqlite3.Connection, now: int) -> list[str]:
    """Consumers whose process has ended or whose lease has expired."""
    rows = connection.execute("SELECT id, host, pid, started, alive_until FROM queue_consumers").fetchall()
    return [name for name, host, pid, started, until in rows if until < now or is_dead(host, pid, started)]


def remove_consumer(connection: sqlite3.Connection, consumer: str, now: int) -> int:
    """Remove a consumer and its temporary queue, requeue its deliveries; returns how many it held."""
    owned = connection.execute("SELECT name FROM queue_queues WHERE owner = ?", (consumer,)).fetchall()
    for (queue,) in owned:
        connection.execute("DELETE FROM queue_messages WHERE queue = ?", (queue,))
        connection.execute("DELETE FROM queue_bindings WHERE queue = ?", (queue,))
        connection.execute("DELETE FROM queue_queues WHERE name = ?", (queue,))
    held = connection.execute(HELD, (consumer,)).fetchall()
    give_back(connection, Router(connection), held, now)
    connection.execute("DELETE FROM queue_consumers WHERE id = ?", (consumer,))
    return len(held)
