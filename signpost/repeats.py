"""Limits repeated log lines: decides which lines are due. Writes no log itself."""

import time
from collections.abc import Callable
from typing import Final

REPEAT_S: Final = 60.0
"""How long an unchanged line is not due again."""


class Repeats:
    """Decides which lines of a series are due: new lines at once, an unchanged line once in `every_s` seconds."""

    def __init__(self, every_s: float = REPEAT_S, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._every_s, self._monotonic = every_s, monotonic
        self._last: tuple[str, float] | None = None

    def is_due(self, line: str) -> bool:
        """Whether to write this line now; if so, it counts as written."""
        now = self._monotonic()
        if self._last is not None and self._last[0] == line and now - self._last[1] < self._every_s:
            return False
        self._last = (line, now)
        return True

    def reset(self) -> None:
        """Make the next line due: the failure is over."""
        self._last = None
