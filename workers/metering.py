"""Measures what each tenant stores, a page of rows at a time, for the quotas. Enforces none."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from signpost.storage import Store, Usage
from signpost.tenants.quotas import QuotaFile

PAGE: Final = 10_000
"""Rows read in one step."""
STEP_US: Final = 1_000_000
"""Time between two steps: with PAGE, it bounds the work to a few per cent of one core."""
INTERVAL_US: Final = 15_000_000
"""Time between two measurements; a large one takes longer."""


class UsageMeter:
    """Measures in steps. Several clocks may measure; each waits while another's measurement is recent."""

    def __init__(self, store: Store, quotas: QuotaFile) -> None:
        self._store, self._quotas = store, quotas
        self._next = 0
        self._steps: Iterator[None] | None = None

    def step(self, now: int) -> None:
        """Read the next page if it is due; the last one stores the measurement. Raises TransientError."""
        if 0 < self._next - now <= INTERVAL_US:
            return
        if self._steps is None and (recent := self._is_recent(now)):
            self._next = recent
            return
        steps, self._steps = self._steps or self._measure(now), None
        if next(steps, self) is None:
            self._steps, self._next = steps, now + STEP_US
        else:
            self._next = now + INTERVAL_US

    def _is_recent(self, now: int) -> int:
        """When the next measurement is due, if the latest is recent; else 0."""
        latest = max((usage.measured_at for usage in self._store.usage.all().values()), default=0)
        return latest + INTERVAL_US if 0 <= now - latest < INTERVAL_US else 0

    def _measure(self, now: int) -> Iterator[None]:
        cases, sizes, rows = Counter[str](), Counter[str](), 0
        for page in self._store.usage.pages(PAGE):
            cases.update(page.cases)
            sizes.update(page.bytes)
            rows += page.rows
            if rows >= PAGE:
                rows = 0
                yield
        quota_of = self._quotas.read()
        measured = {}
        for tenant in sizes:
            quota = quota_of(tenant)
            measured[tenant] = Usage(cases[tenant], sizes[tenant], quota.cases, quota.bytes, now)
        self._store.usage.replace(measured)
