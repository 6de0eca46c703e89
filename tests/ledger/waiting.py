"""Waits for a condition, without sleeping for longer than it takes."""

import threading
import time
from collections.abc import Callable

POLL_S = 0.1


def wait_for(condition: Callable[[], bool], seconds: float, what: str = "a condition") -> None:
    """Raises TimeoutError."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {seconds:.0f} s")
        threading.Event().wait(POLL_S)
