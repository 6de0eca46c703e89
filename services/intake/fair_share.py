"""Decides which events go to the queue of bulk: those of a tenant that sends more than its share. Reads no clock."""

from dataclasses import dataclass, field

from signpost.case.instant import SECOND

SHARE_PER_S = 10
"""Events of one tenant a second that each process of the intake sends the prompt way."""
BURST = 50
"""Events of one tenant at once that go the prompt way."""


@dataclass(slots=True)
class FairShare:
    """The recent events of each tenant, as a bucket that leaks. Any thread may call it: a race costs a few events."""

    _levels: dict[str, tuple[float, int]] = field(default_factory=dict)

    def is_bulk(self, tenant: str, events: int, now: int) -> bool:
        """Whether this many events at `now` (microseconds) are more than the tenant's share; if not, they count."""
        level, since = self._levels.get(tenant, (0.0, now))
        level = max(0.0, level - SHARE_PER_S * max(0, now - since) / SECOND)
        bulk = level + events > BURST
        self._levels[tenant] = (level if bulk else level + events, now)
        return bulk
