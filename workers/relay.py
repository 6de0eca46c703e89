"""The relay: sends what its writers could not, advice and events alike, once their lease on it has run out."""

import logging

from signpost.errors import CallerError
from signpost.messaging.message import Message, Publisher
from signpost.settings import Settings
from signpost.storage import OutboxRow, Store
from signpost.workers.case_rows import Outgoing
from signpost.workers.outbox_publisher import OutboxPublisher
from signpost.workers.process import Clock, Parts, Stop, pauses, run

BATCH = 500
INTERVAL = 1.0

log = logging.getLogger("signpost.relay")


class Relay:
    """One relay; several share the work, since each leases what it takes."""

    def __init__(
        self,
        store: Store,
        publisher: Publisher,
        outbox: OutboxPublisher,
        clock: Clock,
        *,
        lease: int,
        interval: float,
    ) -> None:
        """`lease`: microseconds until another may try what this one could not send. `interval`: seconds when idle."""
        self._store, self._publisher, self._outbox = store, publisher, outbox
        self._clock, self._lease, self._interval = clock, lease, interval

    def run(self, stop: Stop) -> None:
        """Work until told to stop. Raises TransientError when the database is away."""
        waits = pauses()
        while not stop.is_set():
            claimed, sent = self.step()
            if self._publisher.problem:
                stop.wait(next(waits))
                continue
            waits = pauses()
            # What a full queue refuses comes again when its lease is over, and must not hold up what lies behind it
            if claimed < BATCH or sent < claimed:
                stop.wait(self._interval)

    def step(self) -> tuple[int, int]:
        """Send one batch; how many messages were claimed, and how many of them confirmed."""
        if self._publisher.problem:
            # Leasing what cannot be sent would only delay it
            return 0, 0
        now = self._clock()
        rows = self._store.claim_outbox(now, now + self._lease, BATCH)
        self._outbox.send([outgoing for row in rows if (outgoing := _outgoing(row)) is not None])
        sent = self._outbox.collect()
        if rows:
            log.info("outbox sent", extra={"messages": len(rows), "confirmed": sent})
        return len(rows), sent


def _outgoing(row: OutboxRow) -> Outgoing | None:
    try:
        message = Message(row.exchange, row.routing_key, row.body, row.message_id, row.headers, row.content_type)
    except CallerError as error:
        log.error("outbox row %d can never be sent: %s", row.id, error)
        return None
    return Outgoing(row.id, message)


def main(settings: Settings) -> int:
    """Run a relay until SIGTERM; the exit code."""

    def make(parts: Parts) -> Relay:
        return Relay(
            parts.store,
            parts.broker.publisher(),
            parts.outbox(),
            parts.clock,
            lease=parts.lease,
            interval=INTERVAL,
        )

    return run("relay", settings, make)
