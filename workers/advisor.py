"""The advisor: takes batches of events off the queue, has them committed, publishes the advice, then acknowledges."""

import logging
from collections.abc import Sequence
from hashlib import blake2b

from signpost.errors import TransientError
from signpost.messaging import Consumer, Delivery, advisor_queues
from signpost.settings import Settings
from signpost.storage import StorageConflict
from signpost.workers.batch import BatchHandler, Handled
from signpost.workers.outbox_publisher import OutboxPublisher
from signpost.workers.process import Clock, Parts, Stop, pauses, run
from signpost.workers.rulebook_versions import RulebookVersions

SUSPECT = 3
"""Attempts after which a delivery may be what kills the process; it is then handled alone."""
IDLE_WAIT = 0.5
HOLD = 600.0
"""Seconds that deliveries are held for a database that is away. Giving them back counts against their delivery limit;
keeping them for longer than the broker's consumer timeout (30 minutes) costs the connection."""

log = logging.getLogger("signpost.advisor")


class Advisor:
    """One advisor over the queues of its partitions."""

    def __init__(
        self,
        consumers: Sequence[Consumer],
        handler: BatchHandler,
        outbox: OutboxPublisher,
        clock: Clock,
        batch: int,
    ) -> None:
        """`batch`: the most events of one transaction; `clock` gives microseconds, once per transaction."""
        self._consumers, self._handler, self._outbox = list(consumers), handler, outbox
        self._clock, self._batch = clock, batch

    def run(self, stop: Stop) -> None:
        """Work until told to stop; what was taken is finished. Raises TransientError after holding on for long."""
        while not stop.is_set():
            self.step(stop, IDLE_WAIT)
        self._outbox.collect()

    def step(self, stop: Stop, wait: float) -> int:
        """One batch of each queue; how many deliveries there were. Waits up to `wait` seconds for the first."""
        taken = 0
        for consumer in self._consumers:
            deliveries = consumer.receive(self._batch, wait / len(self._consumers))
            for batch in batches(deliveries):
                self._handle(consumer, batch, stop)
            taken += len(deliveries)
        if not taken:
            self._outbox.collect()
            self._handler.beat(self._clock())
        return taken

    def _handle(self, consumer: Consumer, batch: Sequence[Delivery], stop: Stop) -> None:
        handled = self._committed(batch, stop)
        self._outbox.send(handled.outgoing)
        consumer.settle(handled.settlements, self._clock())
        log.info("batch handled", extra=handled.counts())

    def _committed(self, batch: Sequence[Delivery], stop: Stop) -> Handled:
        """Try until it is committed: a database that is away is no fault of the messages."""
        held = 0.0
        for pause in pauses():
            try:
                return self._handler.handle(batch, self._clock())
            except TransientError as error:
                if stop.is_set() or held > HOLD:
                    raise
                pause = pause / 10 if isinstance(error, StorageConflict) else pause
                log.warning("%d deliveries held, tried again in %.1f s: %s", len(batch), pause, error)
            held += pause
            stop.wait(pause)
        raise AssertionError("pauses never end")


def batches(deliveries: Sequence[Delivery]) -> list[list[Delivery]]:
    """How to group deliveries into transactions: together, but each alone when they come back again and again.

    A message that kills its process takes everything that was delivered with it along, attempt by attempt. The order of
    suspects changes with each attempt, so that the innocent get through before the delivery limit takes them too.
    """
    suspects = [delivery for delivery in deliveries if delivery.attempts >= SUSPECT]
    others = [delivery for delivery in deliveries if delivery.attempts < SUSPECT]
    shuffled = sorted(suspects, key=lambda one: blake2b(f"{one.message_id}\0{one.attempts}".encode()).digest())
    return [*([others] if others else []), *([one] for one in shuffled)]


def main(settings: Settings) -> int:
    """Run an advisor until SIGTERM; the exit code."""

    def make(parts: Parts) -> Advisor:
        consumers = [parts.broker.consumer(queue, settings.prefetch) for queue in advisor_queues(settings.partitions)]
        handler = BatchHandler(parts.store, RulebookVersions(parts.store, parts.rules()), parts.lease)
        return Advisor(consumers, handler, parts.outbox(), parts.clock, settings.batch_size)

    return run("advisor", settings, make)
