"""When to look for cases that a clock running ahead has evaluated: at once after a jump, ever more rarely while two
clocks disagree. Looks at no case."""

from dataclasses import dataclass
from typing import Final

from signpost.case.instant import MINUTE, SECOND, is_recent

MAX_SKEW_US: Final = 10 * SECOND
"""How far the clocks of two processes may differ. A case evaluated for a later instant is evaluated again."""
FIRST_PAUSE_US: Final = 2 * SECOND
MAX_PAUSE_US: Final = MINUTE
"""Longest pause between two corrections: the other clock may evaluate the same cases ahead again, and each time the
changes are published."""
CALM_US: Final = 20 * MINUTE
"""Time without a correction after which the pauses begin from the first."""


@dataclass(slots=True)
class CorrectionPace:
    """The pauses between corrections, as one process makes them. Instants in microseconds."""

    _corrected_at: int | None = None
    _pause: int = 0

    def is_due(self, now: int) -> bool:
        """Whether to look for such cases now; also if the clock was set back meanwhile."""
        return not is_recent(self._corrected_at, now, self._pause)

    def note(self, now: int) -> None:
        """Note that all such cases have been corrected, and that there were some."""
        goes_on = is_recent(self._corrected_at, now, CALM_US)
        self._pause = min(2 * self._pause, MAX_PAUSE_US) if goes_on else FIRST_PAUSE_US
        self._corrected_at = now
