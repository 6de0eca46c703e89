"""Shares the partitions between advisors: each queue delivers to one of them, and who comes first would have all."""

import logging
from collections.abc import Sequence

from signpost.case.instant import SECOND, is_recent
from signpost.messaging import Consumer

INTERVAL_US = 10 * SECOND
"""Time between two looks at how many advisors there are."""

log = logging.getLogger("signpost.advisor")


class PartitionShare:
    """Keeps no more partitions than a fair share, rounded up, while others wait for them."""

    def __init__(self, partitions: Sequence[Consumer], shared: Consumer) -> None:
        """`partitions`: the consumers of all partitions of this advisor. `shared`: of a queue that delivers to all
        advisors; of the others RabbitMQ counts only the active one."""
        self._partitions, self._shared = partitions, shared
        self._active: set[Consumer] = set()
        self._looked_at: int | None = None

    def note(self, consumer: Consumer) -> None:
        """This queue delivers to this advisor."""
        self._active.add(consumer)

    def step(self, now: int) -> None:
        """Hand over what exceeds the fair share, if it is time."""
        if is_recent(self._looked_at, now, INTERVAL_US):
            return
        self._looked_at = now
        advisors = self._shared.competitors()
        fair = -(-len(self._partitions) // advisors)
        mine = [each for each in self._partitions if each in self._active]
        for each in mine[fair:]:
            each.yield_turn()
        if len(mine) > fair:
            over, total = len(mine) - fair, len(self._partitions)
            log.info("%d partitions handed over: %d advisors share %d", over, advisors, total)
        self._active.clear()
