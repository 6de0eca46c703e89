"""After the rulebook has changed: every case evaluated anew, so many a second, until none is left."""

import logging
import math
from typing import Final

from signpost.workers.outbox_publisher import OutboxPublisher
from signpost.workers.reevaluation import BATCH, DueCaseProcessor

SLICES: Final = 5
"""Into how many transactions a second's share is cut, so that nobody waits long for the cases of one."""
PROGRESS: Final = 10_000_000
"""Microseconds between two lines of the log."""

log = logging.getLogger("signpost.clock")


class Backfill:
    """Works slice by slice; several clocks share what is left, each at its own pace."""

    def __init__(self, processor: DueCaseProcessor, outbox: OutboxPublisher, per_second: int) -> None:
        self._processor, self._outbox = processor, outbox
        self._slice = min(BATCH, max(1, per_second // SLICES))
        self._every = math.ceil(self._slice * 1_000_000 / per_second)
        self._next = 0
        self._done = 0
        self._shown: int | None = None

    def step(self, now: int) -> float:
        """Renew a slice, if it is time for one; seconds until the next, infinite when nothing is to be had just now.

        Raises TransientError.
        """
        wait = self._next - now
        if 0 < wait <= self._every:
            return wait / 1_000_000
        renewed, outgoing = self._processor.renew(now, self._slice)
        self._outbox.send(outgoing)
        self._tell(renewed, now)
        self._next = now + self._every
        return self._every / 1_000_000 if renewed else math.inf

    def _tell(self, renewed: int, now: int) -> None:
        """A line at the beginning, now and then, and at the end."""
        self._done += renewed
        begun = self._shown is not None
        if bool(renewed) != begun or (self._shown is not None and now - self._shown >= PROGRESS):
            left = self._processor.left(now)
            log.info("cases evaluated anew with the rules in force", extra={"done": self._done, "left": left})
            self._done, self._shown = (self._done, now) if left else (0, None)
