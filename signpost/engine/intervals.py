"""Intervals: when something holds, as an ascending tuple of the instants (microseconds) at which the answer flips.

The answer starts as no. `(a, b)` holds from a until b, excluding b; `(START,)` always holds; `()` never holds. Exact
and pure: `now` is a parameter.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import TypeAlias

Intervals: TypeAlias = tuple[int, ...]

START = -(2**62)
NEVER: Intervals = ()
ALWAYS: Intervals = (START,)


def since(instant: int) -> Intervals:
    """Return the interval from an instant on."""
    return (instant,)


def until(instant: int) -> Intervals:
    """Return the interval until an instant, excluding it."""
    return (START, instant)


def between(first: int, end: int) -> Intervals:
    """Return the interval from `first` until `end`, excluding it."""
    return (first, end) if first < end else NEVER


def holds(intervals: Intervals, now: int) -> bool:
    """Return whether it holds at an instant."""
    return bisect_right(intervals, now) % 2 == 1


def next_flip(intervals: Intervals, now: int) -> int | None:
    """Return the first instant after `now` at which the answer flips."""
    index = bisect_right(intervals, now)
    return intervals[index] if index < len(intervals) else None


def held_since(intervals: Intervals, now: int) -> int:
    """Return since when it has held without a break; it must hold at `now`."""
    return intervals[bisect_right(intervals, now) - 1]


def negated(intervals: Intervals) -> Intervals:
    """Return when it does not hold."""
    return intervals[1:] if intervals[:1] == ALWAYS else (START, *intervals)


def at_least(number: int, many: Sequence[Intervals]) -> Intervals:
    """Return when at least `number` of them hold."""
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
    """Return when both hold."""
    if not first or not second:
        return NEVER
    if first == ALWAYS:
        return second
    if second == ALWAYS:
        return first
    return at_least(2, (first, second))


def either(many: Iterable[Intervals]) -> Intervals:
    """Return when any of them holds."""
    known = [intervals for intervals in many if intervals]
    if not known:
        return NEVER
    return known[0] if len(known) == 1 else at_least(1, known)
