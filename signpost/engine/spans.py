"""Spans: the instants at which something holds, as an ascending tuple of instants where the answer flips, starting
from no.

`(a, b)` holds from a up to, not including, b; `(START,)` always holds; `()` never. Exact and pure: `now` is a
parameter of the reader.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import TypeAlias

Spans: TypeAlias = tuple[int, ...]

START = -(2**62)
NEVER: Spans = ()
ALWAYS: Spans = (START,)


def since(instant: int) -> Spans:
    """From an instant on."""
    return (instant,)


def until(instant: int) -> Spans:
    """Up to, not including, an instant."""
    return (START, instant)


def between(first: int, end: int) -> Spans:
    """From the first up to, not including, the end."""
    return (first, end) if first < end else NEVER


def holds(spans: Spans, now: int) -> bool:
    """Whether it holds at an instant."""
    return bisect_right(spans, now) % 2 == 1


def next_flip(spans: Spans, now: int) -> int | None:
    """The first instant after `now` at which the answer is another."""
    index = bisect_right(spans, now)
    return spans[index] if index < len(spans) else None


def held_since(spans: Spans, now: int) -> int:
    """Where it holds at `now`: the instant since which it has held without a break."""
    return spans[bisect_right(spans, now) - 1]


def negated(spans: Spans) -> Spans:
    """Whenever it does not hold."""
    return spans[1:] if spans[:1] == ALWAYS else (START, *spans)


def at_least(number: int, many: Sequence[Spans]) -> Spans:
    """Whenever at least that many of them hold."""
    if number <= 0:
        return ALWAYS
    steps: dict[int, int] = {}
    for spans in many:
        for index, instant in enumerate(spans):
            steps[instant] = steps.get(instant, 0) + (1 if index % 2 == 0 else -1)
    flips: list[int] = []
    holding = 0
    for instant in sorted(steps):
        before = holding >= number
        holding += steps[instant]
        if before != (holding >= number):
            flips.append(instant)
    return tuple(flips)


def both(first: Spans, second: Spans) -> Spans:
    """Whenever both hold."""
    if not first or not second:
        return NEVER
    if first == ALWAYS:
        return second
    if second == ALWAYS:
        return first
    return at_least(2, (first, second))


def either(many: Iterable[Spans]) -> Spans:
    """Whenever any of them holds."""
    known = [spans for spans in many if spans]
    if not known:
        return NEVER
    return known[0] if len(known) == 1 else at_least(1, known)
