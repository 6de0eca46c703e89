"""Replays events in arrival order and wakes cases at the instants at which the clock worker would. Pure."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from signpost.advice.advise import RecommendationChange
from signpost.advice.case_set import CaseSet
from signpost.case.event import Event


@dataclass(frozen=True, slots=True)
class ReplayedChange:
    """A change of advice, its case, and when it was emitted (microseconds)."""

    at: int
    case: str
    change: RecommendationChange


class Replay:
    """Replays events over a set of cases. `arrivals`: (arrival in microseconds, event), sorted by arrival.

    `prepare` may rewrite an event just before it is handled, for example to fill in a recommendation's id.
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
        """All changes up to and including an instant. Wakes a case before it handles an event of the same instant."""
        while self._arrivals and self._arrivals[0][0] <= now:
            at, event = self._arrivals.popleft()
            yield from self._wake(at)
            yield from _with_instant(at, self.case_set.handle(self._prepare(event), at))
        yield from self._wake(now)

    def _wake(self, until: int) -> Iterator[ReplayedChange]:
        """Wake every case at each of its `next_change` instants."""
        while due := [
            (case.next_change, case.key)
            for case in self.case_set.cases.values()
            if case.next_change is not None and case.next_change <= until
        ]:
            at, key = min(due)
            yield from _with_instant(at, self.case_set.wake(key, at))


def _with_instant(at: int, changes: Iterable[tuple[str, RecommendationChange]]) -> Iterator[ReplayedChange]:
    return (ReplayedChange(at, case, change) for case, change in changes)
