"""Amounts and times that are at most so far apart: whether a list of such bounds can hold at once."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from typing import Any, TypeAlias

from signpost.case.instant import DAY, HOUR
from signpost.case.instant import NEVER as LAST

NOW, ZERO = "now", "zero"
"""The present, and the number 0 (for times: the epoch)."""
ZONES_APART = 26 * HOUR
"""No two local midnights of one day are further apart, so no shift by days differs more from so many times 24 hours."""
LONGEST_BACK = 31

Node: TypeAlias = Any
"""Something with an amount: a `Var`, a `Point`, NOW or ZERO."""


@dataclass(frozen=True, slots=True)
class Bound:
    """`left` is at most `limit` more than `right`; or, `strict`, less than that."""

    left: Node
    right: Node
    limit: int | Fraction = 0
    strict: bool = False


@dataclass(frozen=True, slots=True)
class Point:
    """A moment moved from another one (a `Var` or a `Point`): by business days, then days, then back to a month's end
    or the like, then to the end of that day, then by microseconds. `by`: further days that are a fact themselves."""

    inner: Node
    on_dates: bool
    days: int = 0
    business_days: int = 0
    microseconds: int = 0
    back_to: str | None = None
    end: bool = False
    by: tuple[int, Node] | None = None

    @property
    def family(self) -> tuple[Any, ...]:
        """Points of one family lie in the order of their days."""
        return self.inner, self.on_dates, self.business_days, self.back_to, self.by

    def reach(self) -> tuple[int, int] | None:
        """How far from the inner moment it may be: least and most, in microseconds; None where nobody can tell."""
        if self.by is not None:
            return None
        days = self.days + self.end
        least, most = sorted((self.business_days, _calendar_days(self.business_days)))
        least -= LONGEST_BACK if self.back_to else 0
        slack = ZONES_APART if self.on_dates or self.business_days else 0
        low, high = (least + days) * DAY - slack, (most + days) * DAY + slack
        low = max(low, 0) if least + days >= 0 else low  # a later day does not begin earlier
        high = min(high, 0) if most + days <= 0 else high
        return low + self.microseconds, high + self.microseconds


def _calendar_days(business_days: int) -> int:
    """The most days that so many business days can take."""
    sign = 1 if business_days > 0 else -1
    return business_days + sign * 2 * ((abs(business_days) + 4) // 5)


def are_consistent(bounds: list[Bound]) -> bool:
    """Whether amounts exist that keep all bounds: no way round from one amount back to itself may sum up to less than
    nothing."""
    ways: dict[tuple[Node, Node], tuple[Any, int]] = {}
    for one in [*bounds, *_implied(_nodes(bounds))]:
        pair, way = (one.left, one.right), (one.limit, -1 if one.strict else 0)
        ways[pair] = min(way, ways.get(pair, way))
    return _has_no_way_down(ways)


def _has_no_way_down(ways: dict[tuple[Node, Node], tuple[Any, int]]) -> bool:
    """Bellman and Ford's search for a cycle of negative length."""
    best: dict[Node, tuple[Any, int]] = {node: (0, 0) for pair in ways for node in pair}
    for _ in range(len(best) + 1):
        changed = False
        for (left, right), (limit, strict) in ways.items():
            found = best[right][0] + limit, best[right][1] + strict
            if found < best[left]:
                best[left], changed = found, True
        if not changed:
            return True
    return False


def _nodes(bounds: Iterable[Bound]) -> list[Node]:
    found: dict[Node, None] = {}
    to_do = [node for bound in bounds for node in (bound.left, bound.right)]
    while to_do:
        node = to_do.pop()
        if node not in found:
            found[node] = None
            to_do += [node.inner] if isinstance(node, Point) else []
    return list(found)


def _implied(nodes: list[Node]) -> Iterator[Bound]:
    """What holds of the moments themselves, whatever a rule says of them."""
    if NOW in nodes:
        yield from (Bound(ZERO, NOW), Bound(NOW, ZERO, LAST))
    points = [node for node in nodes if isinstance(node, Point)]
    for point in points:
        if (reach := point.reach()) is not None:
            yield from (Bound(point, point.inner, reach[1]), Bound(point.inner, point, -reach[0]))
    for one, other in combinations(points, 2):
        if one.family == other.family:
            yield from _in_order(*sorted((one, other), key=lambda point: (point.days, point.end)))


def _in_order(early: Point, late: Point) -> Iterator[Bound]:
    """Of two points that differ in days, end and microseconds alone."""
    apart = late.microseconds - early.microseconds
    if early.end <= late.end:
        yield Bound(early, late, -apart)
    if (early.days, early.end) == (late.days, late.end):
        yield Bound(late, early, apart)
    elif early.back_to is None:
        days = (late.days + late.end - early.days - early.end) * DAY
        yield from (Bound(late, early, days + ZONES_APART + apart), Bound(early, late, ZONES_APART - days - apart))
