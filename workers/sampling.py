"""Samples depths and ages every few seconds, so that no scrape asks a server. Changes nothing."""

import math
from collections.abc import Callable
from time import perf_counter
from typing import Final, TypeVar

from signpost.case.instant import SECOND, is_recent
from signpost.errors import TransientError
from signpost.messaging import Broker, advisor_queues
from signpost.messaging.topology import UNROUTED, consumer_queue, dead_letter_queue
from signpost.metrics import table
from signpost.metrics.kinds import Gauge
from signpost.names import DEAD
from signpost.storage import Store

INTERVAL_US: Final = 5 * SECOND
PACE: Final = 50
"""A sample that takes long is taken more rarely: at most this share of the time is spent on it."""
UNKNOWN: Final = math.nan


T = TypeVar("T")


class Pace:
    """When the next sample is due."""

    def __init__(self) -> None:
        self._sampled_at, self._interval_us = 0, INTERVAL_US

    def step(self, now: int, sample: Callable[[], None]) -> None:
        """Take a sample if it is due. Raises what it raises."""
        if is_recent(self._sampled_at, now, self._interval_us):
            return
        self._sampled_at, started = now, perf_counter()
        try:
            sample()
        finally:
            self._interval_us = max(INTERVAL_US, int((perf_counter() - started) * PACE * SECOND))


class QueueSampler:
    """Samples the outbox, Signpost's queues, and the queues of registered consumers."""

    def __init__(self, store: Store, broker: Broker, partitions: int) -> None:
        self._store, self._broker, self._pace = store, broker, Pace()
        self._own = (*advisor_queues(partitions), DEAD, UNROUTED)

    def step(self, now: int) -> None:
        """Sample if it is due. Without the broker, its gauges are NaN. Raises TransientError without the database."""
        self._pace.step(now, lambda: self._sample(now))

    def _sample(self, now: int) -> None:
        depth = _known_or_nan(lambda: self._store.outbox.depth(now), table.OUTBOX_MESSAGES, table.OUTBOX_AGE)
        table.OUTBOX_MESSAGES.set(depth.waiting)
        table.OUTBOX_AGE.set((depth.oldest_age_us or 0) / SECOND)
        names = self._store.consumers.all()
        try:
            self._sample_queues([consumer_queue(name) for name in names], [dead_letter_queue(name) for name in names])
        except TransientError:
            self._forget_queues()

    def _sample_queues(self, consumers: list[str], dead: list[str]) -> None:
        found = self._broker.queue_counts([*self._own, *consumers, *dead])
        for queue in self._own:
            if queue in found:
                table.QUEUE_READY.set(found[queue].ready, queue)
                table.QUEUE_CONSUMERS.set(found[queue].consumers, queue)
        ready = [found[queue].ready for queue in consumers if queue in found]
        table.CONSUMERS_READY.set(sum(ready))
        table.CONSUMERS_DEEPEST.set(max(ready, default=0))
        table.CONSUMERS_DEAD.set(sum(found[queue].ready for queue in dead if queue in found))

    def _forget_queues(self) -> None:
        for queue in self._own:
            table.QUEUE_READY.set(UNKNOWN, queue)
            table.QUEUE_CONSUMERS.set(UNKNOWN, queue)
        for gauge in (table.CONSUMERS_READY, table.CONSUMERS_DEEPEST, table.CONSUMERS_DEAD):
            gauge.set(UNKNOWN)


class DueSampler:
    """Samples the cases that are due."""

    def __init__(self, store: Store) -> None:
        self._store, self._pace = store, Pace()

    def step(self, now: int) -> None:
        """Sample if it is due. Raises TransientError."""
        self._pace.step(now, lambda: self._sample(now))

    def _sample(self, now: int) -> None:
        backlog = _known_or_nan(lambda: self._store.due_backlog(now), table.CASES_DUE, table.CLOCK_LAG)
        table.CASES_DUE.set(backlog.cases)
        table.CLOCK_LAG.set(backlog.oldest_age / SECOND)


def _known_or_nan(read: Callable[[], T], *gauges: Gauge) -> T:
    """What the database answers; if it does not, the gauges are NaN. Raises TransientError."""
    try:
        return read()
    except TransientError:
        for gauge in gauges:
            gauge.set(UNKNOWN)
        raise
