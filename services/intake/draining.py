"""Draining: a stopping intake first says so on /readyz and goes on serving, until load balancers have noticed."""

import mmap
import signal
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Final

from signpost.services.intake.readiness import Readiness, Report

STOPPING: Final = Report(False, {"intake": "is stopping; send requests to another one"})
STOPS: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)

# Shared with the worker processes, which are forked later
_flag: Final = mmap.mmap(-1, 1)


def drain_before(stop: Callable[[], None], seconds: float, signals: "SimpleQueue[int]") -> Callable[[], None]:
    """`stop` for gunicorn's main process, called so many seconds after readiness has failed; at once if it is asked
    again. `signals`: its queue of signals."""

    def drain() -> None:
        _flag[0] = 1
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and not _is_asked_again(signals, left):
            pass
        stop()

    return drain


def _is_asked_again(signals: "SimpleQueue[int]", seconds: float) -> bool:
    try:
        return signals.get(timeout=seconds) in STOPS
    except Empty:
        return False


def is_draining() -> bool:
    """Whether the intake was asked to stop."""
    return bool(_flag[0])


class DrainingReadiness:
    """Says that the intake is not ready from the moment when it was asked to stop."""

    def __init__(self, readiness: Readiness) -> None:
        self._readiness = readiness

    def report(self, now: int) -> Report:
        """See Readiness."""
        return STOPPING if is_draining() else self._readiness.report(now)
