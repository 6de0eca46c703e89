"""Turns of requests that read a whole queue: who reads holds its messages, and others see the queue empty meanwhile."""

import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from signpost.services.intake.problems import NoSlot

MAX_WAITING: Final = 2
"""Requests of a process that have their turn or wait for it; each holds a thread."""
MAX_WAIT_S: Final = 1.0
REST: Final = 4
"""The queues rest for so many times as long as the last request read."""


class QueueTurns:
    """One request at a time, and pauses in which the relay finds all messages in their place."""

    def __init__(self) -> None:
        self._places, self._turn = threading.BoundedSemaphore(MAX_WAITING), threading.Lock()
        self._free_at = 0.0

    @contextmanager
    def take(self) -> Iterator[None]:
        """Have a turn for the block. Raises NoSlot if that takes long."""
        if not self._places.acquire(blocking=False):
            raise _busy(1)
        try:
            if not self._turn.acquire(timeout=MAX_WAIT_S):
                raise _busy(1)
            try:
                self._rest()
                started = time.monotonic()
                try:
                    yield
                finally:
                    self._free_at = time.monotonic() + REST * (time.monotonic() - started)
            finally:
                self._turn.release()
        finally:
            self._places.release()

    def _rest(self) -> None:
        left = self._free_at - time.monotonic()
        if left > MAX_WAIT_S:
            raise _busy(math.ceil(left))
        if left > 0:
            time.sleep(left)


def _busy(retry_after_s: int) -> NoSlot:
    return NoSlot(503, retry_after_s, "other requests read the dead letters")
