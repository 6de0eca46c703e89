"""The embedded consumer: leases messages in order, settles them in one transaction, takes back those of the dead."""

import json
import logging
import os
import sqlite3
import time
import uuid
from collections.abc import Callable, Sequence
from enum import Enum

from signpost.crash_points import reach
from signpost.messaging.bounds import Bounds
from signpost.messaging.embedded.file import File
from signpost.messaging.embedded.owner import start_time, this_host
from signpost.messaging.embedded.returning import dead_letter, find_dead_consumers, give_back, remove_consumer
from signpost.messaging.embedded.routing import Router, bind
from signpost.messaging.embedded.rows import delivery_of, select_ready
from signpost.messaging.message import Delivery, Outcome, Settlement
from signpost.messaging.topology import consumer_binding
from signpost.names import DEAD

log = logging.getLogger(__name__)

POLL_S = 0.02
"""Time between two checks of the file's version while waiting."""
RECLAIM_S = 1.0
"""Time between two checks for dead consumers while waiting."""
MAX_TEMPORARY_MESSAGES = 10_000


class Verb(Enum):
    """How to settle a leased message."""

    DELETE = "delete"
    GIVE_BACK = "give back"
    DEAD_LETTER = "dead letter"


VERBS = {Outcome.DONE: Verb.DELETE, Outcome.RETRY: Verb.GIVE_BACK, Outcome.DEAD: Verb.DEAD_LETTER}


class EmbeddedConsumer:
    """Consumes `queue`, or, if it is None, a temporary queue bound by `pattern` (see `consumer_binding`)."""

    def __init__(
        self,
        path: str,
        bounds: Bounds,
        clock: Callable[[], int],
        *,
        queue: str | None,
        prefetch: int,
        pattern: str = "#",
    ) -> None:
        self._id = uuid.uuid4().hex
        self._queue = queue if queue is not None else f"temporary.{self._id}"
        self._pattern = pattern if queue is None else None
        self._prefetch, self._clock = prefetch, clock
        self._lease = int(bounds.lease_s * 1_000_000)
        self._held: set[int] = set()
        self._unsettled: list[tuple[Settlement, int]] = []
        self._closed = False
        self.problem: str | None = None
        self._file = File(path, bounds.busy_timeout_s)
        with self._file.write_transaction() as connection:
            self._register(connection)
        self._reclaim()

    def receive(self, limit: int, wait_s: float) -> list[Delivery]:
        """See Consumer.receive."""
        end = time.monotonic() + wait_s
        deliveries: list[Delivery] = []
        version = -1
        while not self._closed:
            try:
                deliveries, version = self._poll(limit, version)
            except sqlite3.OperationalError as error:
                self._note_problem("receive", error)
            left = end - time.monotonic()
            if deliveries or left <= 0:
                break
            time.sleep(min(POLL_S, left))
        return deliveries

    def settle(self, settlements: Sequence[Settlement], now: int) -> None:
        """See Consumer.settle. Settlements that a busy database rejects are retried before the next receive."""
        self._unsettled.extend((settlement, now) for settlement in settlements)
        try:
            self._flush_settlements()
        except sqlite3.OperationalError as error:
            self._note_problem("settle", error)

    def competitors(self) -> int:
        """One: consumers of the embedded queue take turns with each message."""
        return 1

    def yield_turn(self) -> None:
        """Do nothing, see `competitors`."""

    def close(self) -> None:
        """See Consumer.close."""
        if self._closed:
            return
        self._closed = True
        try:
            self._flush_settlements()
            with self._file.write_transaction() as connection:
                remove_consumer(connection, self._id, self._clock())
        except sqlite3.OperationalError as error:
            self._note_problem("close", error)
        self._file.close()

    def _note_problem(self, operation: str, error: sqlite3.OperationalError) -> None:
        self.problem = f"the database is busy or damaged: {error}"
        log.warning("embedded queue %s: cannot %s, will retry: %s", self._queue, operation, error)

    def _poll(self, limit: int, version: int) -> tuple[list[Delivery], int]:
        """Lease ready messages if the file changed since `version`; returns them and the version checked."""
        if self._unsettled:
            self._flush_settlements()
            version = -1
        if time.monotonic() >= self._reclaim_at:
            self._reclaim()
            version = -1
        current = self._file.version()
        room = min(limit, self._prefetch - len(self._held))
        if current == version or room <= 0 or not self._has_ready():
            return [], current
        deliveries = self._take(room)
        self.problem = None
        return deliveries, current

    def _has_ready(self) -> bool:
        statement = "SELECT 1 FROM queue_messages WHERE queue = ? AND consumer IS NULL LIMIT 1"
        with self._file.read_connection() as connection:
            return connection.execute(statement, (self._queue,)).fetchone() is not None

    def _take(self, room: int) -> list[Delivery]:
        with self._file.write_transaction() as connection:
            self._renew_lease(connection)
            rows = select_ready(connection, self._queue, room)
            hold = [(self._id, row[0]) for row in rows]
            connection.executemany("UPDATE queue_messages SET consumer = ? WHERE id = ?", hold)
        self._held.update(row[0] for row in rows)
        return [delivery_of(row) for row in rows]

    def _renew_lease(self, connection: sqlite3.Connection) -> None:
        """Renew the lease; after an expired lease register again and drop the deliveries it held."""
        self._alive_until = self._clock() + self._lease
        renewed = connection.execute(
            "UPDATE queue_consumers SET alive_until = ? WHERE id = ?", (self._alive_until, self._id)
        )
        if renewed.rowcount == 0:
            log.warning(
                "embedded queue %s: the lease expired, %d deliveries will be redelivered", self._queue, len(self._held)
            )
            self._held.clear()
            self._register(connection)

    def _register(self, connection: sqlite3.Connection) -> None:
        self._alive_until = self._clock() + self._lease
        pid = os.getpid()
        row = (self._id, self._queue, this_host(), pid, start_time(pid) or "", self._alive_until)
        connection.execute("INSERT INTO queue_consumers VALUES (?, ?, ?, ?, ?, ?)", row)
        if self._pattern is not None:
            arguments = json.dumps({"x-max-length": MAX_TEMPORARY_MESSAGES, "x-overflow": "drop-head"})
            connection.execute("INSERT INTO queue_queues VALUES (?, ?, ?)", (self._queue, arguments, self._id))
            bound = consumer_binding(self._queue, self._pattern or "#")
            bind(connection, bound.exchange, self._queue, bound.pattern)

    def _reclaim(self) -> None:
        """Requeue the deliveries of dead consumers; renew the own lease after half of it."""
        self._reclaim_at = time.monotonic() + RECLAIM_S
        now = self._clock()
        with self._file.read_connection() as connection:
            dead = [name for name in find_dead_consumers(connection, now) if name != self._id]
        if not dead and now < self._alive_until - self._lease // 2:
            return
        with self._file.write_transaction() as connection:
            self._renew_lease(connection)
            for name in dead:
                count = remove_consumer(connection, name, now)
                log.warning("embedded queue: consumer %s is dead, %d deliveries will be redelivered", name, count)

    def _flush_settlements(self) -> None:
        """Write all pending settlements in one transaction."""
        if not self._unsettled:
            return
        with self._file.write_transaction() as connection:
            router = Router(connection)
            for settlement, now in self._unsettled:
                self._apply(connection, router, settlement, now)
            reach("embedded settlements written")
        self._held.difference_update(settlement.delivery.tag for settlement, _ in self._unsettled)
        self._unsettled.clear()

    def _apply(self, connection: sqlite3.Connection, router: Router, settlement: Settlement, now: int) -> None:
        row_id = settlement.delivery.tag
        held = connection.execute(
            "SELECT id, queue, attempts FROM queue_messages WHERE id = ? AND consumer = ?", (row_id, self._id)
        ).fetchall()
        verb = VERBS[settlement.outcome]
        if not held:
            log.warning(
                "message %s not settled: its lease expired, it will be redelivered", settlement.delivery.message_id
            )
        elif verb is Verb.DELETE:
            connection.execute("DELETE FROM queue_messages WHERE id = ?", (row_id,))
        elif verb is Verb.GIVE_BACK:
            give_back(connection, router, held, now)
        else:
            dead_letter(connection, router, row_id, DEAD, settlement.reason, now)
