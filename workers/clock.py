"""The clock: advises anew, at the very instant, the cases whose advice changes with time alone, and every case after
the rules have changed."""

import logging

from signpost.case.instant import DAY, MINUTE
from signpost.settings import Settings
from signpost.storage import Store
from signpost.workers.backfill import Backfill
from signpost.workers.outbox_publisher import OutboxPublisher
from signpost.workers.process import Clock, Parts, Stop, run
from signpost.workers.reevaluation import BATCH, DueCaseProcessor
from signpost.workers.rulebook_versions import RulebookVersions

PRUNE = 500
"""Deliveries forgotten in one transaction."""
PRUNE_EVERY = MINUTE

log = logging.getLogger("signpost.clock")


class CaseClock:
    """Wakes cases when they are due; several share the work, since each passes over what another holds."""

    def __init__(
        self,
        processor: DueCaseProcessor,
        backfill: Backfill,
        outbox: OutboxPublisher,
        clock: Clock,
        interval: float,
        store: Store,
        keep: int,
    ) -> None:
        """`interval`: seconds between two looks, the most by which advice is late. `keep`: for how long deliveries are
        kept, in microseconds."""
        self._processor, self._backfill, self._outbox = processor, backfill, outbox
        self._store, self._keep, self._pruned = store, keep, 0
        self._clock, self._interval = clock, interval

    def run(self, stop: Stop) -> None:
        """Work until told to stop. Raises TransientError when the database is away."""
        while not stop.is_set():
            woken, pause = self.step(), self._backfill.step(self._clock())
            self._prune()
            if woken < BATCH:
                self._outbox.collect()
                stop.wait(min(self._interval, pause))
        self._outbox.collect()

    def _prune(self) -> None:
        """Forget old deliveries, some at a time, once a minute."""
        now = self._clock()
        if now >= self._pruned + PRUNE_EVERY:
            forgotten = self._store.deliveries.prune(now - self._keep, PRUNE)
            self._pruned = now if forgotten < PRUNE else 0

    def step(self) -> int:
        """Wake one batch; how many cases were due."""
        woken, outgoing = self._processor.wake(self._clock())
        self._outbox.send(outgoing)
        if woken:
            log.info("cases woken", extra={"cases": woken, "changes": len(outgoing)})
        return woken


def main(settings: Settings) -> int:
    """Run a clock until SIGTERM; the exit code."""

    def make(parts: Parts) -> CaseClock:
        outbox = parts.outbox()
        processor = DueCaseProcessor(parts.store, RulebookVersions(parts.store, parts.rules()), parts.lease)
        backfill = Backfill(processor, outbox, settings.reevaluate_per_second)
        keep = max(settings.delivery_days, 1) * DAY
        return CaseClock(processor, backfill, outbox, parts.clock, settings.clock_interval, parts.store, keep)

    return run("clock", settings, make)
