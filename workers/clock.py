"""The clock: re-evaluates cases when time alone changes their advice, and all cases after a rulebook change."""

import logging

from signpost.crash_points import reach
from signpost.metrics import health, table
from signpost.settings import Settings
from signpost.tenants.quotas import Quota, QuotaFile
from signpost.workers.backfill import Backfill
from signpost.workers.metering import UsageMeter
from signpost.workers.outbox_publisher import OutboxPublisher
from signpost.workers.process import Clock, Parts, Stop, run
from signpost.workers.pruning import Pruner
from signpost.workers.reevaluation import DueCaseProcessor
from signpost.workers.rulebook_versions import RulebookVersions
from signpost.workers.sampling import DueSampler

log = logging.getLogger("signpost.clock")


class CaseClock:
    """Wakes due cases. Several clocks share the work: each skips rows that another has locked."""

    def __init__(
        self,
        processor: DueCaseProcessor,
        backfill: Backfill,
        outbox: OutboxPublisher,
        clock: Clock,
        interval_s: float,
        pruner: Pruner,
        meter: UsageMeter,
        sampler: DueSampler | None = None,
    ) -> None:
        """`interval_s`: time between two polls, and the maximum delay of advice. `sampler`: samples how many cases are
        due."""
        self._sampler = sampler
        self._processor, self._backfill, self._outbox = processor, backfill, outbox
        self._clock, self._interval_s, self._pruner, self._meter = clock, interval_s, pruner, meter

    def run(self, stop: Stop) -> None:
        """Work until `stop` is set. Raises TransientError if the database is unavailable."""
        while not stop.is_set():
            health.turn()
            woken, pause = self.step(), self._backfill.step(self._clock)
            self._pruner.step(self._clock())
            self._meter.step(self._clock())
            if self._sampler is not None:
                self._sampler.step(self._clock())
            health.report({"database": True, "broker": not self._outbox.problem})
            if not woken:
                stop.wait(min(self._interval_s, pause))
        self._outbox.collect()

    def step(self) -> int:
        """Wake one batch; returns how many cases were due."""
        woken, outgoing = self._processor.wake(self._clock)
        if woken:
            reach("woken cases committed")
        self._outbox.send(outgoing)
        if woken:
            reach("woken cases published")
            table.CASES_WOKEN.inc(by=woken)
            log.info("cases woken", extra={"cases": woken, "changes": len(outgoing)})
        return woken


def main(settings: Settings) -> int:
    """Run a clock until SIGTERM; returns the exit code."""

    def make(parts: Parts) -> CaseClock:
        outbox = parts.outbox()
        versions = RulebookVersions(parts.store, parts.rules())
        processor = DueCaseProcessor(parts.store, versions, parts.lease_us, ask=settings.questions == "on")
        backfill = Backfill(processor, outbox, settings.reevaluate_per_second)
        quota = Quota(settings.max_cases_per_tenant, settings.max_bytes_per_tenant)
        meter = UsageMeter(parts.store, QuotaFile(settings.tenants, quota))
        pruner = Pruner(parts.store, settings)
        sampler = DueSampler(parts.store)
        return CaseClock(processor, backfill, outbox, parts.clock, settings.clock_interval, pruner, meter, sampler)

    return run("clock", settings, make)
