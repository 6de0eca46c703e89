"""The advisor: consumes events in batches, commits them, publishes the advice, then acknowledges."""

import logging
from collections.abc import Sequence
from hashlib import blake2b
from time import perf_counter

from signpost import traces
from signpost.crash_points import reach
from signpost.errors import TransientError
from signpost.messaging import Consumer, Delivery, Outcome, advisor_queues
from signpost.metrics import health, table
from signpost.settings import Settings
from signpost.storage import StorageConflict
from signpost.workers.batch import BatchHandler
from signpost.workers.batch_result import BatchResult, traceparent_of
from signpost.workers.batch_transaction import ISOLATE_AFTER_ATTEMPTS
from signpost.workers.counts import count_ages, count_dead_letter
from signpost.workers.outbox_publisher import OutboxPublisher
from signpost.workers.process import Clock, Parts, Stop, pauses, run
from signpost.workers.rulebook_versions import RulebookVersions
from signpost.workers.sharing import PartitionShare
from signpost.workers.turns import Turns

IDLE_WAIT_S = 0.5
POLL_S = 0.02
"""Time between two looks at several queues while all are empty."""
MAX_HOLD_S = 600.0
"""How long deliveries are kept while the database is unavailable. Returning them counts against their delivery limit;
keeping them beyond the broker's consumer timeout (30 minutes) costs the connection."""
MAX_BULK_EVENTS = 10
"""Events of a transaction of bulk while the other queues have work: what arrives meanwhile waits only for these."""
LEAST_TO_SHARE = 2
"""One queue of events and that of bulk: any number of advisors consume both."""
STEPS_ALONE = 50
"""Steps without work on the other queues after which bulk is handled in whole batches."""
MAX_LOGGED = 10
"""Ids of events in the log line of a batch."""
MAX_HELD = 2_000
"""Deliveries to take from a consumer at once, so that turns are taken among all that it has prefetched."""

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
        """`consumers`: of several, the last is that of bulk. `batch`: maximum events per transaction.

        `clock` returns microseconds.
        """
        self._queues, self._handler, self._outbox = [(each, Turns()) for each in consumers], handler, outbox
        self._clock, self._batch, self._steps_alone = clock, batch, 0
        self._share = PartitionShare(consumers[:-1] if len(consumers) > LEAST_TO_SHARE else (), consumers[-1])

    def run(self, stop: Stop) -> None:
        """Work until `stop` is set. Raises TransientError after MAX_HOLD_S without a database."""
        while not stop.is_set():
            health.turn()
            self.step(stop, IDLE_WAIT_S)
            health.report(
                {"broker": not any(consumer.problem for consumer, _ in self._queues) and not self._outbox.problem}
            )
        self._outbox.collect()

    def step(self, stop: Stop, wait_s: float) -> int:
        """Handle one batch per queue; returns the number of handled deliveries. Waits up to `wait_s` for the first."""
        handled = 0
        self._share.step(self._clock())
        self._receive(wait_s)
        for number, (consumer, turns) in enumerate(self._queues):
            limit = self._bulk_limit(handled) if 0 < number == len(self._queues) - 1 else self._batch
            for batch in group_batches(turns.take(limit)):
                result = self._handle(consumer, batch, stop)
                turns.put_back(result.deferred)
                handled += len(result.settlements)
        if not handled:
            self._outbox.collect()
            health.report({"database": self._handler.announce_rulebooks(self._clock())})
        return handled

    def _bulk_limit(self, handled: int) -> int:
        """The size of a batch of bulk, after `handled` deliveries of the other queues in this step."""
        self._steps_alone = 0 if handled else self._steps_alone + 1
        return self._batch if self._steps_alone > STEPS_ALONE else min(self._batch, MAX_BULK_EVENTS)

    def _receive(self, wait_s: float) -> None:
        """Receive from every queue; while all are empty, wait on the first and look at the others now and then."""
        alone = len(self._queues) == 1
        for look in range(1 if alone else 1 + int(wait_s / POLL_S)):
            for number, (consumer, turns) in enumerate(self._queues):
                waits = number == 0 and not self._waiting()
                received = consumer.receive(MAX_HELD, (wait_s if alone else POLL_S * bool(look)) if waits else 0)
                turns.add(received)
                if received:
                    self._share.note(consumer)
            if self._waiting():
                return

    def _waiting(self) -> bool:
        return any(turns for _, turns in self._queues)

    def _handle(self, consumer: Consumer, batch: Sequence[Delivery], stop: Stop) -> BatchResult:
        links = map(traceparent_of, batch) if traces.is_on() else ()
        with traces.span("batch", "consumer", links=links, messaging__batch__message_count=len(batch)) as span:
            return self._process(consumer, batch, stop, span.traceparent)

    def _process(self, consumer: Consumer, batch: Sequence[Delivery], stop: Stop, traceparent: str) -> BatchResult:
        reach("batch received")
        started = perf_counter()
        result = self._commit_with_retry(batch, stop)
        table.BATCH_SECONDS.observe(perf_counter() - started)
        self._count(result)
        if result.outgoing:
            reach("batch committed")
        self._outbox.send(result.outgoing)
        reach("batch published")
        consumer.settle(result.settlements, self._clock())
        reach("batch settled")
        ids = [settlement.delivery.message_id for settlement in result.settlements[:MAX_LOGGED]]
        took = {"duration_ms": round((perf_counter() - started) * 1000, 1), "ids": ids}
        log.info("batch handled", extra={**result.counts(), **took, **traces.ids_of(traceparent)})
        return result

    def _count(self, result: BatchResult) -> None:
        """Count a committed batch."""
        table.BATCH_EVENTS.observe(len(result.settlements))
        table.EVENTS_FOLDED.inc(by=result.fresh)
        table.EVENTS_DUPLICATE.inc(by=result.repeated)
        table.EVENTS_ERASED.inc(by=result.refused)
        count_ages(result.accepted_at, self._clock())
        for settlement in result.settlements:
            if settlement.outcome is Outcome.DEAD:
                count_dead_letter(settlement.reason)
        result.evaluated.count()

    def _commit_with_retry(self, batch: Sequence[Delivery], stop: Stop) -> BatchResult:
        """Retry until the batch is committed: an unavailable database is no fault of the messages."""
        held_s = 0.0
        for pause in pauses():
            health.turn()
            try:
                result = self._handler.handle(batch, self._clock)
                health.report({"database": True})
                return result
            except TransientError as error:
                table.BATCH_RETRIES.inc()
                health.report({"database": isinstance(error, StorageConflict)})
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
        versions = RulebookVersions(parts.store, parts.rules())
        handler = BatchHandler(parts.store, versions, parts.lease_us, ask=settings.questions == "on")
        return Advisor(consumers, handler, parts.outbox(), parts.clock, settings.batch_size)

    return run("advisor", settings, make)
