"""Counts the texts that could not be published as their rule writes them, and logs each rule once."""

import logging
import threading
from collections import Counter
from typing import Final

SHORTENED: Final = "shortened"
REPLACED: Final = "replaced"

log = logging.getLogger("signpost.advice")


class TextFaults:
    """Counts how often a text of a rule was too long, or failed. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, str]] = Counter()

    def counts(self) -> dict[tuple[str, str], int]:
        """Return (SHORTENED or REPLACED, rule id) -> count; the counts never decrease."""
        with self._lock:
            return dict(self._counts)

    def count_shortened(self, rule: str, max_chars: int) -> None:
        """Count a text that was cut at `max_chars`."""
        if self._is_first(SHORTENED, rule):
            log.warning(
                "a text of rule %s is longer than %d characters and published shortened. Logged once for each rule",
                rule,
                max_chars,
            )

    def count_replaced(self, rule: str, error: Exception) -> None:
        """Count a text that failed. The message of the error is not logged: it may contain personal data."""
        if self._is_first(REPLACED, rule):
            log.error(
                "a text of rule %s fails (%s); the recommendation is published with the name of the rule instead. "
                "Logged once for each rule; handle the case with {%% if %%}",
                rule,
                type(error).__name__,
            )

    def _is_first(self, fault: str, rule: str) -> bool:
        with self._lock:
            self._counts[fault, rule] += 1
            return self._counts[fault, rule] == 1


FAULTS: Final = TextFaults()
