"""Limits repeated log lines: decides which lines are due. Writes no log itself."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

REPEAT_S: Final = 60.0
"""How long an unchanged line is not due again."""
MAX_VARIANTS: Final = 200
"""Lines with one template and different values within REPEAT_S."""
MAX_SERIES: Final = 2_000
"""Texts and templates of which the latest line is remembered."""


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


class RepeatFilter(logging.Filter):
    """Drops warnings and errors that a failing loop repeats: of one text all but the first in REPEAT_S, of one template
    all but MAX_VARIANTS. The next line of a text has the number of those dropped in its field `repeated`."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._monotonic = monotonic
        self._series: dict[tuple[str, ...], _Series] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to write the line. The handler calls it under its lock."""
        if record.levelno < logging.WARNING:
            return True
        try:
            text = record.getMessage()
        except Exception:  # wrong arguments: the handler reports them
            return True
        error = str(record.exc_info[0]) if record.exc_info else ""
        of_text = self._find((record.name, text, error))
        if not of_text.take(1) or not self._find((record.name, str(record.msg))).take(MAX_VARIANTS):
            of_text.dropped += 1
            return False
        if of_text.dropped:
            record.repeated, of_text.dropped = of_text.dropped, 0
        return True

    def _find(self, key: tuple[str, ...]) -> "_Series":
        """The series of a key, reset if its time is over; now the latest of all."""
        now, series = self._monotonic(), self._series.pop(key, None)
        if series is None or now - series.began_s >= REPEAT_S:
            series = _Series(now, dropped=series.dropped if series else 0)
        self._series[key] = series
        if len(self._series) > MAX_SERIES:
            del self._series[next(iter(self._series))]
        return series


@dataclass(slots=True)
class _Series:
    """The lines of one text or template since an instant."""

    began_s: float
    written: int = 0
    dropped: int = 0

    def take(self, limit: int) -> bool:
        """Count a line if there are fewer than `limit`; whether there were."""
        self.written += self.written < limit + 1
        return self.written <= limit
