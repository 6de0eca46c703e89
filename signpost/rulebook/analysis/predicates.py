"""Translates one term over resolved values to the statements that it holds, and that it fails."""

from collections.abc import Iterable, Iterator
from datetime import date
from fractions import Fraction
from typing import Any, TypeAlias

from signpost.case.instant import DAY
from signpost.rulebook.analysis.amounts import NOW, ZERO, Bound, Point
from signpost.rulebook.analysis.guarantees import UNKNOWN, EntityTerm, Is, Var
from signpost.rulebook.analysis.logic import FALSE, TRUE, Comparable, Either, Equal, Every, Inside, Meets, Statement
from signpost.rulebook.terms import (
    Among,
    Compare,
    Duration,
    Known,
    Linked,
    Lists,
    Moment,
    OneOf,
    Order,
    Reached,
    Ref,
    Same,
    Term,
)

Value: TypeAlias = Var | Point | Duration | int | float | None
"""The value of a reference; None: unknown."""
_FIRST_DAY, _LAST_DAY = ((day.toordinal() - date(1970, 1, 1).toordinal()) * DAY for day in (date.min, date.max))
_TWO_WEEKS = 14 * DAY
_OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}
_COMPARED = ("text", "choice", "boolean", "number", "days", "money", "date", "instant")
"""Types with transitive equality."""
_AMOUNTS = ("number", "days", "money", "date", "instant")
_ANYTHING = frozenset(("anything",))


def either(parts: Iterable[Statement]) -> Statement:
    alternatives = tuple(parts)
    return alternatives[0] if len(alternatives) == 1 else Either(alternatives)


def known(value: Value) -> Statement:
    if isinstance(value, Var):
        return Is(value, frozenset((UNKNOWN,)), False)
    if isinstance(value, Point):
        return Every((known(value.inner), known(value.by[1]) if value.by else TRUE))
    return FALSE if value is None else TRUE


def unknown(value: Value) -> Statement:
    """A moment outside the calendar is unknown too."""
    if isinstance(value, Var):
        return Is(value, frozenset((UNKNOWN,)))
    if isinstance(value, Point):
        if value.by is not None:
            return TRUE
        return Either((unknown(value.inner), *(_off_the_calendar(value) if value.on_dates else ())))
    return TRUE if value is None else FALSE


def _off_the_calendar(point: Point) -> Iterator[Statement]:
    reach = point.reach() or (0, 0)
    yield Bound(point.inner, ZERO, _FIRST_DAY + _TWO_WEEKS - min(reach[0], 0))
    yield Bound(ZERO, point.inner, max(reach[1], 0) + _TWO_WEEKS - _LAST_DAY)


def _is_date(value: Value) -> bool:
    """Whether a moment is a whole day, not an instant."""
    if isinstance(value, Point):
        return value.on_dates and not value.microseconds
    return isinstance(value, Var) and value.type == "date"


def shift(base: Value, offset: Value, moment: Moment) -> Value:
    """A moment as a point: None if a part is unknown, the base itself if it is not shifted."""
    if base is None or offset is None or not isinstance(base, Var | Point):
        return None
    by = (moment.sign, offset) if isinstance(offset, Var) else None
    distance = offset if isinstance(offset, Duration) else Duration()
    days, business, rest = (moment.sign * n for n in (distance.days, distance.business_days, distance.microseconds))
    if not _is_date(base):
        point = Point(base, False, 0, business, days * DAY + rest, None, False, by)
    elif moment.back_to is None:
        point = _merge_days(Point(base, True, days + moment.end, business, rest, None, False, by))
    else:
        point = Point(base, True, days, business, rest, moment.back_to, moment.end, by)
    return base if point == Point(base, point.on_dates) else point


def _merge_days(point: Point) -> Point:
    """Merge a shift by days with an inner shift by days."""
    inner = point.inner
    if isinstance(inner, Point) and point.business_days == 0 and inner == Point(inner.inner, True, inner.days):
        return Point(inner.inner, True, inner.days + point.days, 0, point.microseconds, None, False, point.by)
    return point


def as_instant(value: Value) -> Value:
    """A date among instants is the start of its day."""
    return Point(value, False) if _is_date(value) else value


def plain(term: Term, values: dict[Ref, Value], expected: bool, item: EntityTerm) -> Statement:
    """A term whose references are resolved. With an unknown value, no term holds except `unknown`."""
    if isinstance(term, Linked):
        return Is(Var(item, ("linked", term.how), "fact"), frozenset((expected,)))
    if isinstance(term, Known):
        return (known if expected == term.known else unknown)(values[term.ref])
    points = _points(term, values)
    if None in points:
        return FALSE if expected else TRUE
    holds, fails = _holds_and_fails(term, points)
    if expected:
        return Every((*map(known, points), holds))
    return Either((*map(unknown, points), fails))


def _points(term: Term, values: dict[Ref, Value]) -> list[Value]:
    """The fields, numbers and moments that a term compares."""
    match term:
        case Reached():
            return [_at(term.moment, values)]
        case Order():
            return [_at(term.left, values), _at(term.right, values)]
        case Compare():
            return [values[term.ref], values[term.operand] if isinstance(term.operand, Ref) else term.operand]
        case Same() | Among():
            return [values[term.ref], values[term.other]]
    return list(values.values())


def _at(moment: Moment, values: dict[Ref, Value]) -> Value:
    offset = values[moment.offset] if isinstance(moment.offset, Ref) else moment.offset
    return shift(values[moment.base], offset, moment)


def _holds_and_fails(term: Term, points: list[Any]) -> tuple[Statement, Statement]:
    """The statements that a term holds, and that it fails, for known values."""
    match term:
        case OneOf():
            return _one_of(points[0], frozenset(term.values), term.negated)
        case Compare():
            return _compare(points[0], term.operator, points[1])
        case Order():
            return _bound(points[0], term.operator, points[1]), _bound(points[0], _OPPOSITE[term.operator], points[1])
        case Reached():
            past, ahead = Bound(points[0], NOW), Bound(NOW, points[0], 0, True)
            return (past, ahead) if term.reached else (ahead, past)
        case Same():
            return _same(points[0], points[1], term.same)
        case Lists():
            return _lists(points[0], term)
    return _fact(points[0], ("among", points[1]))


def _one_of(var: Var, words: frozenset[Any], negated: bool) -> tuple[Statement, Statement]:
    among = Is(var, words) if var.type not in _AMOUNTS else either(_exactly(var, word) for word in words)
    return (Is(var, words, False), among) if negated else (among, Is(var, words, False))


def _exactly(var: Var, number: Any) -> Statement:
    return Every((Is(var, frozenset((number,))), _bound(var, "<=", number), _bound(var, ">=", number)))


def _compare(left: Any, operator: str, right: Any) -> tuple[Statement, Statement]:
    holds, fails = _bound(left, operator, right), _bound(left, _OPPOSITE[operator], right)
    if not (isinstance(left, Var) and left.type == "money" and isinstance(right, Var)):
        return holds, fails
    return (
        Every((holds, Comparable(left, right, True))),
        Either((Every((fails, Comparable(left, right, True))), Comparable(left, right, False))),
    )


def _bound(left: Any, operator: str, right: Any) -> Bound:
    if operator in (">", ">="):
        return _bound(right, {">": "<", ">=": "<="}[operator], left)
    strict = operator == "<"
    if isinstance(right, int | float):
        return Bound(left, ZERO, Fraction(right), strict)
    if isinstance(left, int | float):
        return Bound(ZERO, right, -Fraction(left), strict)
    return Bound(left, right, 0, strict)


def _same(left: Value, right: Value, expected: bool) -> tuple[Statement, Statement]:
    same, differs = _equal(left, right)
    return (same, differs) if expected else (differs, same)


def _equal(left: Value, right: Value) -> tuple[Statement, Statement]:
    if not (isinstance(left, Var) and isinstance(right, Var)):
        return TRUE, TRUE  # a value that the rule defines is not analysed
    if left.type not in _COMPARED:
        return _fact(left, ("same", right))
    bounds = (Bound(left, right), Bound(right, left)) if left.type in _AMOUNTS else ()
    return Every((Equal(left, right, True), *bounds)), Equal(left, right, False)


def _fact(var: Var, what: Any) -> tuple[Statement, Statement]:
    """An opaque boolean, equal wherever it occurs."""
    fact = Var(var.entity, (var.name, what), "fact")
    return Is(fact, frozenset((True,))), Is(fact, frozenset((False,)))


def _lists(var: Var, term: Lists) -> tuple[Statement, Statement]:
    everything = frozenset(var.choices) or _ANYTHING
    words, nothing = frozenset(term.values), Inside(var, frozenset())
    beyond, within = Meets(var, everything - words), Inside(var, words)
    match term.mode:
        case "includes":
            return Meets(var, words), Inside(var, everything - words)
        case "only":
            return Every((Meets(var, words), within)), Either((nothing, beyond))
        case "beyond":
            return beyond, within
        case "empty":
            return nothing, Meets(var, everything)
    return Meets(var, everything), nothing
