"""Counts the faults of durable-rules by rule and logs each rule once. The fallback is in `durable`."""

import logging
import threading
from collections import Counter
from collections.abc import Collection
from typing import Final

DIFFERENCE: Final = "difference"
FAILURE: Final = "failure"
ADVICE: Final = "SIGNPOST_ENGINE=compiled turns durable-rules off"

log = logging.getLogger("signpost.engine")


class EngineFaults:
    """Counts how often durable-rules differed from the compiled evaluator, or failed. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, str]] = Counter()

    def counts(self) -> dict[tuple[str, str], int]:
        """Return (DIFFERENCE or FAILURE, rule id) -> count; the counts never decrease."""
        with self._lock:
            return dict(self._counts)

    def count_difference(self, rule: str, subject: str, now: int, *, holds: bool) -> None:
        """Count a subject (`KIND/ID`) about which the engines differ. `holds`: the compiled answer, at `now`."""
        if self._count(DIFFERENCE, [rule]):
            log.error(
                "durable-rules and the compiled evaluator differ about rule %s, which %s by the compiled evaluator; "
                "its answer is used. Logged once for each rule; please report it. %s",
                rule,
                "holds" if holds else "does not hold",
                ADVICE,
                extra={"rule": rule, "subject": subject, "at_us": now},
            )

    def count_failure(self, rules: Collection[str], reason: str) -> None:
        """Count a failure that leaves these rules to the compiled evaluator."""
        if unlogged := self._count(FAILURE, rules):
            log.error(
                "durable-rules failed (%s); the compiled evaluator answers for %d rules until the rules are loaded "
                "again. Logged once for each rule; please report it. %s",
                reason,
                len(unlogged),
                ADVICE,
                extra={"rules": unlogged},
            )

    def _count(self, fault: str, rules: Collection[str]) -> list[str]:
        """Add one for each rule. Return the rules that had no such fault before."""
        with self._lock:
            unlogged = [rule for rule in sorted(rules) if not self._counts[fault, rule]]
            self._counts.update((fault, rule) for rule in rules)
        return unlogged


FAULTS: Final = EngineFaults()
"""The faults of this process over all tenants and rule reloads, as metrics export them."""
