"""Spans: the instants at which something holds, as an ascending tuple of instants where the answer flips, starting
from no.

`(a, b)` holds from a up to, not including, b; `(START,)` always holds; `()` never. Exact and pure: `now` is a
parameter of the reader.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import TypeAlias

Intervals: TypeAlias = tuple[int, ...]

START = -(2**62)
NEVER: Intervals = ()
ALWAYS: Intervals = (START,)


def since(instant: int) -> Intervals:
    """From an instant on."""
    return (instant,)


def until(instant: int) -> Intervals:
    """Up to, not including, an instant."""
    return (START, instant)


def between(first: int, end: int) -> Intervals:
    """From the first up to, not including, the end."""
    return (first, end) if first < end else NEVER


def holds(intervals: Intervals, now: int) -> bool:
    """Whether it holds at an instant."""
    return bisect_right(intervals, now) % 2 == 1


def next_flip(intervals: Intervals, now: int) -> int | None:
    """The first instant after `now` at which the answer is another."""
    index = bisect_right(intervals, now)
    return intervals[index] if index < len(intervals) else None


def held_since(intervals: Intervals, now: int) -> int:
    """Where it holds at `now`: the instant since which it has held without a break."""
    return intervals[bisect_right(intervals, now) - 1]


def negated(intervals: Intervals) -> Intervals:
    """Whenever it does not hold."""
    return intervals[1:] if intervals[:1] == ALWAYS else (START, *intervals)


def at_least(number: int, many: Sequence[Intervals]) -> Intervals:
    """Whenever at least that many of them hold."""
    if number <= 0:
        return ALWAYS
    steps: dict[int, int] = {}
    for intervals in many:
        for index, instant in enumerate(intervals):
            steps[instant] = steps.get(instant, 0) + (1 if index % 2 == 0 else -1)
    flips: list[int] = []
    holding = 0
    for instant in sorted(steps):
        before = holding >= number
        holding += steps[instant]
        if before != (holding >= number):
            flips.append(instant)
    return tuple(flips)


def both(first: Intervals, second: Intervals) -> Intervals:
    """Whenever both hold."""
    if not first or not second:
        return NEVER
    if first == ALWAYS:
        return second
    if second == ALWAYS:
        return first
    return at_least(2, (first, second))


def either(many: Iterable[Intervals]) -> Intervals:
    """Whenever any of them holds."""
    known = [intervals for intervals in many if intervals]
    if not known:
        return NEVER
    return known[0] if len(known) == 1 else at_least(1, known)
