"""Decides whether bounds on the distances of amounts and times can hold together. Knows no rules."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from typing import Any, TypeAlias

from signpost.case.instant import DAY, HOUR
from signpost.case.instant import NEVER as LAST

NOW, ZERO = "now", "zero"
"""The present, and the number 0 (for times: the epoch)."""
MAX_ZONE_GAP_US = 26 * HOUR
"""The largest distance of two local midnights of one day, so the largest error of counting a day as 24 hours."""
MAX_DAYS_BACK = 31

Node: TypeAlias = Any
"""A value with an amount: a `Var`, a `Point`, NOW or ZERO."""


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
    or the like, then to the end of that day, then by microseconds. `by`: (sign, field) of further days."""

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
        """Points of one family are ordered by their days."""
        return self.inner, self.on_dates, self.business_days, self.back_to, self.by

    def reach(self) -> tuple[int, int] | None:
        """The least and largest distance from the inner moment in microseconds; None if unbounded."""
        if self.by is not None:
            return None
        days = self.days + self.end
        least, most = sorted((self.business_days, _calendar_days(self.business_days)))
        least -= MAX_DAYS_BACK if self.back_to else 0
        slack = MAX_ZONE_GAP_US if self.on_dates or self.business_days else 0
        low, high = (least + days) * DAY - slack, (most + days) * DAY + slack
        low = max(low, 0) if least + days >= 0 else low  # a later day does not begin earlier
        high = min(high, 0) if most + days <= 0 else high
        return low + self.microseconds, high + self.microseconds


def _calendar_days(business_days: int) -> int:
    """The largest number of calendar days that these business days span."""
    sign = 1 if business_days > 0 else -1
    return business_days + sign * 2 * ((abs(business_days) + 4) // 5)


def are_consistent(bounds: list[Bound]) -> bool:
    """Whether amounts exist that satisfy all bounds, which holds if no cycle of bounds has a negative sum."""
    limits: dict[tuple[Node, Node], tuple[Any, int]] = {}
    for bound in [*bounds, *_implied(_nodes(bounds))]:
        pair, limit = (bound.left, bound.right), (bound.limit, -1 if bound.strict else 0)
        limits[pair] = min(limit, limits.get(pair, limit))
    return _has_no_negative_cycle(limits)


def _has_no_negative_cycle(limits: dict[tuple[Node, Node], tuple[Any, int]]) -> bool:
    """The Bellman-Ford algorithm."""
    best: dict[Node, tuple[Any, int]] = {node: (0, 0) for pair in limits for node in pair}
    for _ in range(len(best) + 1):
        changed = False
        for (left, right), (limit, strict) in limits.items():
            distance = best[right][0] + limit, best[right][1] + strict
            if distance < best[left]:
                best[left], changed = distance, True
        if not changed:
            return True
    return False


def _nodes(bounds: Iterable[Bound]) -> list[Node]:
    nodes: dict[Node, None] = {}
    pending = [node for bound in bounds for node in (bound.left, bound.right)]
    while pending:
        node = pending.pop()
        if node not in nodes:
            nodes[node] = None
            pending += [node.inner] if isinstance(node, Point) else []
    return list(nodes)


def _implied(nodes: list[Node]) -> Iterator[Bound]:
    """The bounds that hold for moments regardless of any rule."""
    if NOW in nodes:
        yield from (Bound(ZERO, NOW), Bound(NOW, ZERO, LAST))
    points = [node for node in nodes if isinstance(node, Point)]
    for point in points:
        if (reach := point.reach()) is not None:
            yield from (Bound(point, point.inner, reach[1]), Bound(point.inner, point, -reach[0]))
    for first, second in combinations(points, 2):
        if first.family == second.family:
            yield from _in_order(*sorted((first, second), key=lambda point: (point.days, point.end)))


def _in_order(early: Point, late: Point) -> Iterator[Bound]:
    """The bounds of two points that differ only in days, end and microseconds."""
    apart = late.microseconds - early.microseconds
    if early.end <= late.end:
        yield Bound(early, late, -apart)
    if (early.days, early.end) == (late.days, late.end):
        yield Bound(late, early, apart)
    elif early.back_to is None:
        days = (late.days + late.end - early.days - early.end) * DAY
        yield from (
            Bound(late, early, days + MAX_ZONE_GAP_US + apart),
            Bound(early, late, MAX_ZONE_GAP_US - days - apart),
        )
