"""The relay: publishes outbox rows, advice and events alike, whose writer's lease has expired."""

import logging
from collections.abc import Sequence

from signpost.case.instant import DAY
from signpost.crash_points import reach
from signpost.errors import CallerError
from signpost.messaging.message import Message, Publisher
from signpost.messaging.topology import event_routing_key
from signpost.metrics import health, table
from signpost.names import EVENTS
from signpost.repeats import Repeats
from signpost.settings import Settings
from signpost.storage import OutboxRow, Store
from signpost.workers.correction import MAX_SKEW_US
from signpost.workers.outbox_publisher import OutboxPublisher, Outgoing
from signpost.workers.process import Clock, Parts, Stop, pauses, run
from signpost.workers.refused_keys import MAX_PAUSE_US, RefusedKeys, key_of
from signpost.workers.sampling import QueueSampler
from signpost.workers.sweeping import Sweeper

MAX_BATCH = 500
INTERVAL_S = 1.0

log = logging.getLogger("signpost.relay")


class Relay:
    """Publishes leased outbox rows. Several relays share the work: each leases what it claims."""

    def __init__(
        self,
        store: Store,
        publisher: Publisher,
        outbox: OutboxPublisher,
        clock: Clock,
        *,
        lease: int,
        interval_s: float,
        partitions: int = 1,
        sweeper: Sweeper | None = None,
        sampler: QueueSampler | None = None,
    ) -> None:
        """`lease`: microseconds until another relay may retry a failed row. `interval_s`: pause when idle.
        `partitions`: of events, today. `sweeper`: sweeps the queues meanwhile; `sampler`: samples their depths."""
        self._partitions, self._sweeper, self._sampler = partitions, sweeper, sampler
        self._store, self._publisher, self._outbox = store, publisher, outbox
        self._clock, self._lease, self._interval_s = clock, lease, interval_s
        self._refused_keys, self._lines = RefusedKeys(lease), Repeats()

    def run(self, stop: Stop) -> None:
        """Work until `stop` is set. Raises TransientError if the database is unavailable."""
        backoff = pauses()
        while not stop.is_set():
            health.turn()
            claimed, sent = self.step()
            if self._sampler is not None:
                self._sampler.step(self._clock())
            health.report({"database": True, "broker": not self._publisher.problem})
            if self._publisher.problem:
                stop.wait(next(backoff))
                continue
            backoff = pauses()
            if self._sweeper is not None:
                self._sweeper.step(self._clock(), lambda: _turn(stop))
            # Rows that a full queue refuses are retried later; they must not block later rows
            if claimed < MAX_BATCH or sent < claimed:
                stop.wait(self._interval_s)

    def step(self) -> tuple[int, int]:
        """Publish one batch; returns how many messages were claimed and how many confirmed."""
        if self._publisher.problem:
            # A lease would only delay rows that cannot be published now
            return 0, 0
        now = self._clock()
        # A lease beyond this was given by a clock that ran ahead
        latest = now + max(self._lease, MAX_PAUSE_US) + MAX_SKEW_US
        claimed = self._store.outbox.claim(now, now + self._lease, MAX_BATCH, latest)
        rows, keep = self._refused_keys.split(claimed, now)
        for until, ids in keep.items():
            self._store.outbox.lease(ids, until)
        table.OUTBOX_RETRIED.inc(by=len(rows))
        if rows:
            reach("outbox claimed")
        self._outbox.send([outgoing for row in rows if (outgoing := _outgoing(row, self._partitions)) is not None])
        if rows:
            reach("outbox published")
        sent = self._outbox.collect()
        self._note_refusals(rows, now)
        if rows:
            log.info("outbox published", extra={"messages": len(rows), "confirmed": sent})
        return len(claimed), sent

    def _note_refusals(self, rows: Sequence[OutboxRow], now: int) -> None:
        refused = {key_of(row) for row in rows if row.id in self._outbox.refused}
        self._refused_keys.add(refused, now)
        for exchange, key in self._refused_keys.remove({key_of(row) for row in rows} - refused):
            self._store.outbox.release(exchange, key, now + self._lease, now)
        keys = self._refused_keys.format_keys()
        if keys and self._lines.is_due(keys):
            log.warning(
                "degraded: the broker refuses messages for %s: a queue is full or missing; one message of each is tried"
                " again, the others wait in the outbox",
                keys,
            )


def _turn(stop: Stop) -> bool:
    """A long sweep goes on unless the process stops; whether it does."""
    health.turn()
    return stop.is_set()


def _outgoing(row: OutboxRow, partitions: int) -> Outgoing | None:
    key = row.routing_key
    if row.exchange == EVENTS:
        key = event_routing_key(key, row.tenant, row.case_key, partitions)
    try:
        message = Message(row.exchange, key, row.body, row.message_id, row.headers, row.content_type)
    except CallerError as error:
        log.error("outbox row %d cannot be published, delete it by hand: %s", row.id, error)
        return None
    return Outgoing(row.id, message)


def main(settings: Settings) -> int:
    """Run a relay until SIGTERM; returns the exit code."""

    def make(parts: Parts) -> Relay:
        return Relay(
            parts.store,
            parts.broker.publisher(),
            parts.outbox(),
            parts.clock,
            lease=parts.lease_us,
            interval_s=INTERVAL_S,
            partitions=settings.partitions,
            sweeper=Sweeper(
                parts.store,
                parts.broker,
                settings.dead_letter_days * DAY,
                settings.partitions,
                settings.dead_letter_messages,
            ),
            sampler=QueueSampler(parts.store, parts.broker, settings.partitions),
        )

    return run("relay", settings, make)
