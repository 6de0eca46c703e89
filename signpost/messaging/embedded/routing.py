"""Routes messages in the embedded queue: topic patterns, alternate exchanges, length limits, dead letters."""

import json
import sqlite3
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from signpost.messaging.message import MAX_NAME_BYTES, Headers

INSERT = (
    "INSERT INTO queue_messages (queue, exchange, routing_key, message_id, content_type, headers, body)"
    " VALUES (?, ?, ?, ?, ?, ?, ?)"
)


@lru_cache(maxsize=4096)
def matches(pattern: str, routing_key: str) -> bool:
    """AMQP topic match: words between dots; * matches one word, # any number of words, also none."""
    return _match(tuple(pattern.split(".")), tuple(routing_key.split(".")) if routing_key else ())


def _match(pattern: Sequence[str], words: Sequence[str]) -> bool:
    # The set of pattern positions reachable after the words so far: linear, however many # there are
    at = _skip({0}, pattern)
    for word in words:
        kept = {place for place in at if place < len(pattern) and pattern[place] == "#"}
        stepped = {place + 1 for place in at if place < len(pattern) and pattern[place] in ("*", word)}
        at = _skip(kept | stepped, pattern)
    return len(pattern) in at


def _skip(at: set[int], pattern: Sequence[str]) -> set[int]:
    """Add the positions after each reachable #, which may match no word."""
    reached = set(at)
    for place in range(len(pattern)):
        if place in reached and pattern[place] == "#":
            reached.add(place + 1)
    return reached


class NoSuchExchange(Exception):
    """No exchange of this name is declared."""


class Router:
    """The topology as one transaction sees it, and the messages that it has added."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._exchanges: dict[str, tuple[str, dict[str, Any]]] = {}
        for name, kind, arguments in connection.execute("SELECT name, kind, arguments FROM queue_exchanges"):
            self._exchanges[name] = (kind, json.loads(arguments))
        self._bindings: dict[str, list[tuple[str, str]]] = {}
        for exchange, pattern, queue in connection.execute("SELECT exchange, pattern, queue FROM queue_bindings"):
            self._bindings.setdefault(exchange, []).append((pattern, queue))
        rows = connection.execute("SELECT name, arguments FROM queue_queues")
        self._queues: dict[str, dict[str, Any]] = {name: json.loads(arguments) for name, arguments in rows}
        self._depth: dict[str, int] = {}

    def targets(self, exchange: str, routing_key: str) -> list[str]:
        """The queues of a message, or those of the alternate exchange if there are none. Raises NoSuchExchange."""
        seen: set[str] = set()
        while exchange and exchange not in seen:
            seen.add(exchange)
            if exchange not in self._exchanges:
                raise NoSuchExchange(exchange)
            kind, arguments = self._exchanges[exchange]
            bound = self._bindings.get(exchange, ())
            queues = {queue for pattern, queue in bound if kind == "fanout" or matches(pattern, routing_key)}
            if queues:
                return sorted(queues)
            exchange = arguments.get("alternate-exchange", "")
        return []

    def is_full(self, queue: str) -> bool:
        """True if the queue refuses new messages."""
        limit = self._queues[queue].get("x-max-length")
        refuses = self._queues[queue].get("x-overflow") == "reject-publish"
        return limit is not None and refuses and self._ready(queue) >= limit

    def _ready(self, queue: str) -> int:
        """Number of ready messages, counted once per transaction."""
        if queue not in self._depth:
            statement = "SELECT count(*) FROM queue_messages WHERE queue = ? AND consumer IS NULL"
            self._depth[queue] = self._connection.execute(statement, (queue,)).fetchone()[0]
        return self._depth[queue]

    def put(self, queues: Sequence[str], message: tuple[str, str, str, str, Headers, bytes]) -> None:
        """Append (exchange, routing key, message id, content type, headers, body), dropping the oldest if too long."""
        exchange, routing_key, message_id, content_type, headers, body = message
        row = (exchange, routing_key, message_id, content_type, json.dumps(dict(headers)), body)
        for queue in queues:
            limit = self._queues[queue].get("x-max-length")
            if limit is not None:
                depth = self._ready(queue)
                self._depth[queue] = depth + 1
                if depth >= limit and self._queues[queue].get("x-overflow") != "reject-publish":
                    self._drop_oldest(queue, depth + 1 - limit)
            self._connection.execute(INSERT, (queue, *row))

    def _drop_oldest(self, queue: str, count: int) -> None:
        self._connection.execute(
            "DELETE FROM queue_messages WHERE id IN"
            " (SELECT id FROM queue_messages WHERE queue = ? AND consumer IS NULL ORDER BY id LIMIT ?)",
            (queue, count),
        )
        self._depth[queue] -= count

    def limit_of(self, queue: str) -> tuple[int | None, str]:
        """The delivery limit of a queue and its dead-letter exchange ("": none)."""
        arguments = self._queues.get(queue, {})
        return arguments.get("x-delivery-limit"), arguments.get("x-dead-letter-exchange", "")


def bind(connection: sqlite3.Connection, exchange: str, queue: str, pattern: str) -> None:
    """Add a binding; keeps an existing one. Raises ValueError for a pattern longer than AMQP allows."""
    if len(pattern.encode()) > MAX_NAME_BYTES:
        raise ValueError(f"the pattern is longer than {MAX_NAME_BYTES} bytes, which AMQP does not allow")
    connection.execute("INSERT OR IGNORE INTO queue_bindings VALUES (?, ?, ?)", (exchange, queue, pattern))
