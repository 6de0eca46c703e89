"""Keeps log lines that say the same again and again from filling the log; knows no logger."""

import time
from collections.abc import Callable
from typing import Final

EVERY_S: Final = 60.0
"""A line that stays the same is due again after this many seconds."""


class Repeats:
    """Decides which of a series of lines are due: those that differ from the last, and the same one now and then."""

    def __init__(self, every_s: float = EVERY_S, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._every_s, self._monotonic = every_s, monotonic
        self._last: tuple[str, float] | None = None

    def is_due(self, line: str) -> bool:
        """Whether to write this line now; counts as written if so."""
        now = self._monotonic()
        if self._last is not None and self._last[0] == line and now - self._last[1] < self._every_s:
            return False
        self._last = (line, now)
        return True

    def reset(self) -> None:
        """The next line is due, whatever it says: the trouble was over in between."""
        self._last = None
