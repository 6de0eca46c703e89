"""Re-evaluates at a bounded rate all cases after a rulebook change, and those that a clock running ahead has evaluated.
Handles no events."""

import logging
import math
from typing import Final

from signpost.crash_points import reach
from signpost.metrics.table import CASES_REEVALUATED
from signpost.workers.outbox_publisher import OutboxPublisher
from signpost.workers.process import Clock
from signpost.workers.reevaluation import MAX_BATCH, DueCaseProcessor

SLICES_PER_SECOND: Final = 5
"""Transactions per second, so that none of them locks its cases for long."""
PROGRESS_INTERVAL_US: Final = 10_000_000
"""Time between two progress log lines."""

log = logging.getLogger("signpost.clock")


class Backfill:
    """Works in slices; several clocks share the remaining cases, each at its own rate."""

    def __init__(self, processor: DueCaseProcessor, outbox: OutboxPublisher, per_second: int) -> None:
        self._processor, self._outbox = processor, outbox
        self._slice = min(MAX_BATCH, max(1, per_second // SLICES_PER_SECOND))
        self._slice_us = math.ceil(self._slice * 1_000_000 / per_second)
        self._next = 0
        self._done = 0
        self._logged_at: int | None = None

    def step(self, clock: Clock) -> float:
        """Re-evaluate a slice if it is due; returns the seconds until the next one, infinite if no case is outdated.

        Raises TransientError.
        """
        now = clock()
        wait = self._next - now
        if 0 < wait <= self._slice_us:
            return wait / 1_000_000
        count, outgoing = self._processor.reevaluate(clock, self._slice)
        CASES_REEVALUATED.inc(by=count)
        if count:
            reach("backfill committed")
        self._outbox.send(outgoing)
        self._log_progress(count, now)
        self._next = now + self._slice_us
        return self._slice_us / 1_000_000 if count else math.inf

    def _log_progress(self, count: int, now: int) -> None:
        """Log at the start, every PROGRESS_INTERVAL_US, and at the end."""
        self._done += count
        started = self._logged_at is not None
        if bool(count) != started or (self._logged_at is not None and now - self._logged_at >= PROGRESS_INTERVAL_US):
            remaining = self._processor.count_outdated(now)
            log.info("cases re-evaluated with the current rulebook", extra={"done": self._done, "left": remaining})
            self._done, self._logged_at = (self._done, now) if remaining else (0, None)
