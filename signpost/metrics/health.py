"""The health of a role, kept in its gauges: a server in another process of the tree can read it. Uses no server."""

import time
from collections.abc import Mapping
from threading import Lock
from typing import Final

from signpost.metrics.table import LOOP_TIME, PROBLEM, READY

_lock: Final = Lock()
_problems: dict[str, bool] = {}
"""Part that does not work -> whether the role can work without it."""
_is_stopping = False


def turn() -> None:
    """Note that the main loop has turned."""
    LOOP_TIME.set(time.time())


def report(parts: Mapping[str, bool], *, needed: bool = True) -> None:
    """Note which parts work. `needed`: whether the role is not ready without them."""
    with _lock:
        for part, works in parts.items():
            if works and _problems.pop(part, None) is not None:
                PROBLEM.set(0, part)
            elif not works and _problems.get(part) is not needed:
                _problems[part] = needed
                PROBLEM.set(1, part)
        _set_ready()


def drain() -> None:
    """Not ready from now on: the process finishes its work and ends."""
    global _is_stopping
    with _lock:
        _is_stopping = True
        _set_ready()


def reset() -> None:
    """The state of a process that starts."""
    global _is_stopping
    with _lock:
        _problems.clear()
        _is_stopping = False
        READY.set(0)
    turn()


def _set_ready() -> None:
    READY.set(0 if _is_stopping or any(_problems.values()) else 1)
