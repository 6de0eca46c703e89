"""The advisor: consumes events in batches, commits them, publishes the advice, then acknowledges."""

import logging
from collections.abc import Sequence
from hashlib import blake2b

from signpost.errors import TransientError
from signpost.messaging import Consumer, Delivery, advisor_queues
from signpost.settings import Settings
from signpost.storage import StorageConflict
from signpost.workers.batch import ISOLATE_AFTER_ATTEMPTS, BatchHandler, BatchResult
from signpost.workers.outbox_publisher import OutboxPublisher
from signpost.workers.process import Clock, Parts, Stop, pauses, run
from signpost.workers.rulebook_versions import RulebookVersions

IDLE_WAIT_S = 0.5
MAX_HOLD_S = 600.0
"""How long deliveries are kept while the database is unavailable. Returning them counts against their delivery limit;
keeping them beyond the broker's consumer timeout (30 minutes) costs the connection."""

log = logging.getLogger("signpost.advisor")


class Advisor:
    """Consumes the queues of all partitions."""

    def __init__(
        self,
        consumers: Sequence[Consumer],
        handler: BatchHandler,
        outbox: OutboxPublisher,
        clock: Clock,
        batch: int,
    ) -> None:
        """`batch`: maximum events per transaction; `clock` returns microseconds, once per transaction."""
        self._consumers, self._handler, self._outbox = list(consumers), handler, outbox
        self._clock, self._batch = clock, batch

    def run(self, stop: Stop) -> None:
        """Work until `stop` is set. Raises TransientError after MAX_HOLD_S without a database."""
        while not stop.is_set():
            self.step(stop, IDLE_WAIT_S)
        self._outbox.collect()

    def step(self, stop: Stop, wait_s: float) -> int:
        """Handle one batch per queue; returns the number of deliveries. Waits up to `wait_s` for the first."""
        received = 0
        for consumer in self._consumers:
            deliveries = consumer.receive(self._batch, wait_s / len(self._consumers))
            for batch in group_batches(deliveries):
                self._handle(consumer, batch, stop)
            received += len(deliveries)
        if not received:
            self._outbox.collect()
            self._handler.announce_rulebooks(self._clock())
        return received

    def _handle(self, consumer: Consumer, batch: Sequence[Delivery], stop: Stop) -> None:
        result = self._commit_with_retry(batch, stop)
        self._outbox.send(result.outgoing)
        consumer.settle(result.settlements, self._clock())
        log.info("batch handled", extra=result.counts())

    def _commit_with_retry(self, batch: Sequence[Delivery], stop: Stop) -> BatchResult:
        """Retry until the batch is committed: an unavailable database is no fault of the messages."""
        held_s = 0.0
        for pause in pauses():
            try:
                return self._handler.handle(batch, self._clock())
            except TransientError as error:
                if stop.is_set() or held_s > MAX_HOLD_S:
                    raise
                pause = pause / 10 if isinstance(error, StorageConflict) else pause
                log.warning("batch of %d deliveries not committed, retry in %.1f s: %s", len(batch), pause, error)
            held_s += pause
            stop.wait(pause)
        raise AssertionError("unreachable: pauses() does not end")


def group_batches(deliveries: Sequence[Delivery]) -> list[list[Delivery]]:
    """Group deliveries into transactions: new ones together, each repeatedly failed one alone.

    A message that kills its process fails all deliveries of its batch with it. The order of suspects changes with each
    attempt, so that good messages succeed before they reach the delivery limit.
    """
    suspects = [delivery for delivery in deliveries if delivery.attempts >= ISOLATE_AFTER_ATTEMPTS]
    others = [delivery for delivery in deliveries if delivery.attempts < ISOLATE_AFTER_ATTEMPTS]
    shuffled = sorted(
        suspects, key=lambda delivery: blake2b(f"{delivery.message_id}\0{delivery.attempts}".encode()).digest()
    )
    return [*([others] if others else []), *([delivery] for delivery in shuffled)]


def main(settings: Settings) -> int:
    """Run an advisor until SIGTERM; returns the exit code."""

    def make(parts: Parts) -> Advisor:
        consumers = [parts.broker.consumer(queue, settings.prefetch) for queue in advisor_queues(settings.partitions)]
        handler = BatchHandler(parts.store, RulebookVersions(parts.store, parts.rules()), parts.lease_us)
        return Advisor(consumers, handler, parts.outbox(), parts.clock, settings.batch_size)

    return run("advisor", settings, make)
