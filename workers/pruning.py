"""Deletes what is older than the operator keeps: deliveries, changes in the feed, ended advice, ids of seen events."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from signpost.case.instant import DAY, MINUTE, is_recent
from signpost.settings import Settings
from signpost.storage import Store
from signpost.storage.retention import Page, Place

MAX_PRUNED = 500
"""Rows of each table in one transaction."""
PRUNE_INTERVAL_US = MINUTE
"""Time between two looks at the oldest deliveries."""
WALK_INTERVAL_US = DAY
"""Time between the beginnings of two walks through a table."""

PrunePage: TypeAlias = Callable[[int, Place, int], Page]


@dataclass(slots=True)
class Walk:
    """A walk through a table, a page per step, which begins again after WALK_INTERVAL_US."""

    prune: PrunePage
    age_us: int
    began_at: int | None = None
    place: Place | None = None

    def step(self, now: int) -> None:
        """Look at the next page, if it is time."""
        if self.place is None:
            if is_recent(self.began_at, now, WALK_INTERVAL_US):
                return
            self.began_at, self.place = now, ()
        self.place = self.prune(now - self.age_us, self.place, MAX_PRUNED).end


class Pruner:
    """Deletes a little in each turn of the clock. Several clocks may do so at once."""

    def __init__(self, store: Store, settings: Settings) -> None:
        """The days of the settings; 0 deletes none, except deliveries, which then stay for a day."""
        self._store, self._pruned = store, 0
        self._delivery_age_us = max(settings.delivery_days, 1) * DAY
        kept = {
            store.retention.prune_feed: settings.feed_days,
            store.retention.prune_ended_advice: settings.ended_advice_days,
            store.retention.prune_seen_events: settings.seen_event_days,
        }
        self._walks = [Walk(prune, days * DAY) for prune, days in kept.items() if days]

    def step(self, now: int) -> None:
        """Delete a page of what is too old at `now`. Raises TransientError."""
        if not is_recent(self._pruned, now, PRUNE_INTERVAL_US):
            deleted = self._store.deliveries.prune(now - self._delivery_age_us, MAX_PRUNED)
            self._store.signed_messages.prune(now)
            self._pruned = now if deleted < MAX_PRUNED else 0
        for walk in self._walks:
            walk.step(now)
