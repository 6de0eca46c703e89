"""How messages come back to their queue: failed attempts counted, the delivery limit, holders that are gone."""

import json
import logging
import sqlite3

from signpost.case.instant import format_instant
from signpost.messaging.embedded.owner import is_dead
from signpost.messaging.embedded.routing import NoSuchExchange, Router
from signpost.messaging.message import dead_headers

log = logging.getLogger(__name__)

HELD = "SELECT id, queue, attempts FROM queue_messages WHERE consumer = ? ORDER BY id"
READY_AGAIN = "UPDATE queue_messages SET consumer = NULL, attempts = attempts + 1, redelivered = 1 WHERE id = ?"
LIMIT_REASON = "delivery limit"


def give_back(connection: sqlite3.Connection, router: Router, held: list[tuple[int, str, int]], now: int) -> None:
    """Return (row id, queue, attempts) to their places in their queues; beyond the limit to the dead letters."""
    for row_id, queue, attempts in held:
        limit, dead_exchange = router.limit_of(queue)
        if limit is None or attempts < limit:
            connection.execute(READY_AGAIN, (row_id,))
        else:
            park(connection, router, row_id, dead_exchange, LIMIT_REASON, now)


def park(
    connection: sqlite3.Connection, router: Router, row_id: int, dead_exchange: str, reason: str, now: int
) -> bool:
    """Move a message to the dead letters with its reason. False when they have no queue: then it stays where it is."""
    row = connection.execute(
        "SELECT queue, routing_key, message_id, content_type, headers, body FROM queue_messages WHERE id = ?", (row_id,)
    ).fetchone()
    queue, routing_key, message_id, content_type, headers, body = row
    try:
        targets = router.targets(dead_exchange, routing_key)
    except NoSuchExchange:
        targets = []
    if not targets:
        log.error("message %s: no queue takes the dead letter of %s", message_id, queue)
        connection.execute(READY_AGAIN, (row_id,))
        return False
    said = dead_headers(json.loads(headers), reason, queue, format_instant(now))
    router.put(targets, (dead_exchange, routing_key, message_id, content_type, said, body))
    connection.execute("DELETE FROM queue_messages WHERE id = ?", (row_id,))
    return True


def gone(connection: sqlite3.Connection, now: int) -> list[str]:
    """Consumers whose process is dead, or that have not been heard of for a whole lease."""
    rows = connection.execute("SELECT id, host, pid, started, alive_until FROM queue_consumers").fetchall()
    return [name for name, host, pid, started, until in rows if until < now or is_dead(host, pid, started)]


def dismiss(connection: sqlite3.Connection, consumer: str, now: int) -> int:
    """Forget a consumer: its deliveries go back, its temporary queue vanishes; how many deliveries it held."""
    owned = connection.execute("SELECT name FROM queue_queues WHERE owner = ?", (consumer,)).fetchall()
    for (queue,) in owned:
        connection.execute("DELETE FROM queue_messages WHERE queue = ?", (queue,))
        connection.execute("DELETE FROM queue_bindings WHERE queue = ?", (queue,))
        connection.execute("DELETE FROM queue_queues WHERE name = ?", (queue,))
    held = connection.execute(HELD, (consumer,)).fetchall()
    give_back(connection, Router(connection), held, now)
    connection.execute("DELETE FROM queue_consumers WHERE id = ?", (consumer,))
    return len(held)
