"""A deliverer that runs in virtual time, with its loop, its pauses and its end."""

from collections.abc import Sequence
from threading import Event

from signpost.case.instant import SECOND
from signpost.storage import Store
from signpost.workers.delivering import Deliverer, DeliveryLimits, Result
from tests.support.receivers import LIMITS, VirtualDispatcher, World


class Waiting(VirtualDispatcher):
    """Waiting for what ends takes its time."""

    def finished(self, wait_s: float) -> Sequence[Result]:
        self._world.now += int(wait_s * SECOND)
        return super().finished(wait_s)


class Until(Event):
    """Set at an instant; waiting takes its time."""

    def __init__(self, world: World, end: int) -> None:
        super().__init__()
        self._world, self._end = world, end
        self.waits: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.waits.append(timeout or 0)
        self._world.now += int((timeout or 0) * SECOND)
        return self.is_set()

    def is_set(self) -> bool:
        return self._world.now >= self._end


def run_for(world: World, run_us: int, limits: DeliveryLimits = LIMITS, store: Store | None = None) -> Until:
    """Run a deliverer for a time; returns what ended it. Raises TransientError."""
    stop = Until(world, world.now + run_us)
    Deliverer(store or world.store, Waiting(world), world.clock, limits, lambda: 0.5).run(stop)
    return stop
