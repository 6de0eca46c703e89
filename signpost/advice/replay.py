"""Replay: events in the order of their arrival, and cases woken at the very instants at which the clock would. Pure."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from signpost.advice.advise import RecommendationChange
from signpost.advice.case_set import CaseSet
from signpost.case.event import Event


@dataclass(frozen=True, slots=True)
class ReplayedChange:
    """A change of advice, the case that it is of, and when it was told (microseconds)."""

    at: int
    case: str
    change: RecommendationChange


class Replay:
    """Plays events, each given with its arrival in microseconds and sorted by it, over a caseload.

    `prepare` may rewrite an event when its turn comes, for instance to name a recommendation that did not stand before.
    """

    def __init__(
        self,
        case_set: CaseSet,
        arrivals: Iterable[tuple[int, Event]],
        prepare: Callable[[Event], Event] = lambda event: event,
    ) -> None:
        self.case_set = case_set
        self._arrivals = deque(arrivals)
        self._prepare = prepare

    def until(self, now: int) -> Iterator[ReplayedChange]:
        """Everything told up to an instant, that instant included. A case is woken before an event of the same
        instant is handled."""
        while self._arrivals and self._arrivals[0][0] <= now:
            at, event = self._arrivals.popleft()
            yield from self._wake(at)
            yield from _told(at, self.case_set.handle(self._prepare(event), at))
        yield from self._wake(now)

    def _wake(self, until: int) -> Iterator[ReplayedChange]:
        """Wake every case at each instant at which it asked to be."""
        while due := [
            (case.next_change, case.key)
            for case in self.case_set.cases.values()
            if case.next_change is not None and case.next_change <= until
        ]:
            at, key = min(due)
            yield from _told(at, self.case_set.wake(key, at))


def _told(at: int, changes: Iterable[tuple[str, RecommendationChange]]) -> Iterator[ReplayedChange]:
    return (ReplayedChange(at, case, change) for case, change in changes)
