"""Slots for expensive requests: a few at once in each process, and never all of them for one tenant."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from signpost.services.intake.problems import NoSlot

RETRY_AFTER_S = 1


class Slots:
    """`total` requests at once; one tenant has at most all but one, and at least one."""

    def __init__(self, total: int) -> None:
        self._total, self._share = total, max(1, total - 1)
        self._used: Counter[str] = Counter()
        self._lock = threading.Lock()

    @contextmanager
    def take(self, tenant: str) -> Iterator[None]:
        """Hold a slot for the block. Raises NoSlot at once if there is none."""
        self._enter(tenant)
        try:
            yield
        finally:
            with self._lock:
                self._used[tenant] -= 1
                self._used += Counter()  # drops tenants without a slot

    def _enter(self, tenant: str) -> None:
        with self._lock:
            if self._used[tenant] >= self._share:
                running = f"this tenant has {self._share} explanations, forecasts or simulations running"
                raise NoSlot(429, RETRY_AFTER_S, running)
            if self._used.total() >= self._total:
                raise NoSlot(503, RETRY_AFTER_S, "all places for explanations, forecasts and simulations are taken")
            self._used[tenant] += 1
