"""The embedded consumer: leases messages in order, settles them in one transaction, gives back what the dead held."""

import json
import logging
import os
import sqlite3
import time
import uuid
from collections.abc import Callable, Sequence
from enum import Enum

from signpost.messaging.bounds import Bounds
from signpost.messaging.embedded.file import File
from signpost.messaging.embedded.owner import start_time, this_host
from signpost.messaging.embedded.returning import dismiss, give_back, gone, park
from signpost.messaging.embedded.routing import Router, bind
from signpost.messaging.embedded.rows import delivery_of, ready
from signpost.messaging.message import Delivery, Outcome, Settlement
from signpost.names import ADVICE, DEAD

log = logging.getLogger(__name__)

POLL = 0.02
"""Seconds between two looks at the file's version while waiting."""
RECLAIM = 1.0
"""Seconds between two looks for dead consumers while waiting."""
TEMPORARY_LENGTH = 10_000


class Verb(Enum):
    """What can be done to a message that is held."""

    DELETE = "delete"
    GIVE_BACK = "give back"
    PARK = "park"


VERBS = {Outcome.DONE: Verb.DELETE, Outcome.RETRY: Verb.GIVE_BACK, Outcome.DEAD: Verb.PARK}


class EmbeddedConsumer:
    """Consumes `queue`, or, when it is None, a temporary queue bound to the advice exchange with `pattern`."""

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
        self._lease = int(bounds.lease * 1_000_000)
        self._alive_until = 0
        self._held: set[int] = set()
        self._unsaid: list[tuple[Settlement, int]] = []
        self._reclaim_at = 0.0
        self._closed = False
        self.problem: str | None = None
        self._file = File(path, bounds.busy_timeout)
        with self._file.writing() as connection:
            self._register(connection)
        self._reclaim()

    def receive(self, limit: int, wait: float) -> list[Delivery]:
        """See Consumer.receive."""
        end = time.monotonic() + wait
        found: list[Delivery] = []
        version = -1
        while not self._closed:
            try:
                found, version = self._look(limit, version)
            except sqlite3.OperationalError as error:
                self._trouble("receive", error)
            left = end - time.monotonic()
            if found or left <= 0:
                break
            time.sleep(min(POLL, left))
        return found

    def settle(self, settlements: Sequence[Settlement], now: int) -> None:
        """See Consumer.settle. What a busy database does not take now is said again before the next receive."""
        self._unsaid.extend((settlement, now) for settlement in settlements)
        try:
            self._say()
        except sqlite3.OperationalError as error:
            self._trouble("settle", error)

    def close(self) -> None:
        """See Consumer.close."""
        if self._closed:
            return
        self._closed = True
        try:
            self._say()
            with self._file.writing() as connection:
                dismiss(connection, self._id, self._clock())
        except sqlite3.OperationalError as error:
            self._trouble("close", error)
        self._file.close()

    def _trouble(self, doing: str, error: sqlite3.OperationalError) -> None:
        self.problem = f"the database is busy or broken: {error}"
        log.warning("embedded queue %s: cannot %s: %s", self._queue, doing, error)

    def _look(self, limit: int, version: int) -> tuple[list[Delivery], int]:
        """Lease what is ready, if the file changed since `version`; with the version that was looked at."""
        if self._unsaid:
            self._say()
            version = -1
        if time.monotonic() >= self._reclaim_at:
            self._reclaim()
            version = -1
        seen = self._file.version()
        room = min(limit, self._prefetch - len(self._held))
        if seen == version or room <= 0 or not self._any_ready():
            return [], seen
        found = self._take(room)
        self.problem = None
        return found, seen

    def _any_ready(self) -> bool:
        statement = "SELECT 1 FROM queue_messages WHERE queue = ? AND consumer IS NULL LIMIT 1"
        with self._file.reading() as connection:
            return connection.execute(statement, (self._queue,)).fetchone() is not None

    def _take(self, room: int) -> list[Delivery]:
        with self._file.writing() as connection:
            self._stay(connection)
            rows = ready(connection, self._queue, room)
            hold = [(self._id, row[0]) for row in rows]
            connection.executemany("UPDATE queue_messages SET consumer = ? WHERE id = ?", hold)
        self._held.update(row[0] for row in rows)
        return [delivery_of(row) for row in rows]

    def _stay(self, connection: sqlite3.Connection) -> None:
        """Renew the lease; one that ran out begins anew, and what was held then is someone else's."""
        self._alive_until = self._clock() + self._lease
        renewed = connection.execute(
            "UPDATE queue_consumers SET alive_until = ? WHERE id = ?", (self._alive_until, self._id)
        )
        if renewed.rowcount == 0:
            log.warning("embedded queue %s: the lease ran out, %d deliveries go again", self._queue, len(self._held))
            self._held.clear()
            self._register(connection)

    def _register(self, connection: sqlite3.Connection) -> None:
        self._alive_until = self._clock() + self._lease
        pid = os.getpid()
        who = (self._id, self._queue, this_host(), pid, start_time(pid) or "", self._alive_until)
        connection.execute("INSERT INTO queue_consumers VALUES (?, ?, ?, ?, ?, ?)", who)
        if self._pattern is not None:
            arguments = json.dumps({"x-max-length": TEMPORARY_LENGTH, "x-overflow": "drop-head"})
            connection.execute("INSERT INTO queue_queues VALUES (?, ?, ?)", (self._queue, arguments, self._id))
            bind(connection, ADVICE, self._queue, self._pattern)

    def _reclaim(self) -> None:
        """Give back what dead consumers hold; renew the own lease when half of it is over."""
        self._reclaim_at = time.monotonic() + RECLAIM
        now = self._clock()
        with self._file.reading() as connection:
            lost = [name for name in gone(connection, now) if name != self._id]
        if not lost and now < self._alive_until - self._lease // 2:
            return
        with self._file.writing() as connection:
            self._stay(connection)
            for name in lost:
                count = dismiss(connection, name, now)
                log.warning("embedded queue: consumer %s is gone, %d deliveries go again", name, count)

    def _say(self) -> None:
        """Everything settled and not yet said, in one transaction."""
        if not self._unsaid:
            return
        with self._file.writing() as connection:
            router = Router(connection)
            for settlement, now in self._unsaid:
                self._apply(connection, router, settlement, now)
        self._held.difference_update(settlement.delivery.tag for settlement, _ in self._unsaid)
        self._unsaid.clear()

    def _apply(self, connection: sqlite3.Connection, router: Router, settlement: Settlement, now: int) -> None:
        row_id = settlement.delivery.tag
        held = connection.execute(
            "SELECT id, queue, attempts FROM queue_messages WHERE id = ? AND consumer = ?", (row_id, self._id)
        ).fetchall()
        verb = VERBS[settlement.outcome]
        if not held:
            log.warning("message %s: no longer held, it will be delivered again", settlement.delivery.message_id)
        elif verb is Verb.DELETE:
            connection.execute("DELETE FROM queue_messages WHERE id = ?", (row_id,))
        elif verb is Verb.GIVE_BACK:
            give_back(connection, router, held, now)
        else:
            park(connection, router, row_id, DEAD, settlement.reason, now)
