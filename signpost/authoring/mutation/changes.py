"""Lists the small mutations of one term or one moment, each with a description. Pure."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, TypeAlias

from signpost.case.instant import SECOND
from signpost.rulebook.printing import duration_phrase, literal, moment_phrase, phrase
from signpost.rulebook.terms import (
    Among,
    AnyOf,
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
    Relation,
    Same,
    Term,
)
from signpost.rulebook.values import is_number

TermChange: TypeAlias = tuple[str, Term]
"""(description, changed term)."""

MIN_SHIFT = Duration(microseconds=SECOND)
"""One second: the shortest difference that a timeline can detect."""
DAY_SHIFT = Duration(days=1)
_NEGATED = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}
_OTHER_EDGE = {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}
_FURTHER = {"<": -1, "<=": 1, ">": 1, ">=": -1}
"""Operator -> direction to shift its right side so that the mutant differs from `<` changed to `<=`."""
_MODES = {
    "includes": ("beyond", "only"),
    "only": ("beyond", "includes"),
    "beyond": ("only",),
    "empty": ("some",),
    "some": ("empty",),
}
"""Mode of a list condition -> its opposite, then the mode most easily confused with it."""


def changes(term: Term) -> Iterator[TermChange]:
    """All mutations of a term except dropping it, which the caller does."""
    return _CHANGES[type(term)](term)


def shifts(moment: Moment, tick: Duration = MIN_SHIFT, ways: tuple[int, ...] = (1, -1)) -> Iterator[tuple[str, Moment]]:
    """The moment shifted by a tick; without its offset if that is a fact; without its `back to`.

    `ways`: 1 for later, -1 for earlier.
    """
    if isinstance(moment.offset, Ref):
        yield f"drop the distance of `{moment_phrase(moment)}`", replace(moment, offset=Duration())
        return
    if moment.back_to:
        yield f"drop `back to {moment.back_to}` of `{moment_phrase(moment)}`", replace(moment, back_to=None)
        tick = DAY_SHIFT
    for way in ways:
        yield _shift_moment(moment, tick, way)


def duration_shifts(duration: Duration) -> Iterator[tuple[str, Duration]]:
    """A duration longer and shorter by its smallest unit."""
    tick = DAY_SHIFT if duration.days else MIN_SHIFT
    if duration.business_days:
        tick = Duration(business_days=1)
    for way in (1, -1):
        yield f"shift `{duration_phrase(duration)}` by {_signed(tick, way)}", _sum(duration, tick, way)


def number_shifts(number: float) -> Iterator[tuple[str, float]]:
    """A number plus one and minus one."""
    for way in (1, -1):
        yield f"shift `{literal(number)}` by {way:+d}", number + way


def without_each(values: tuple[Any, ...]) -> Iterator[tuple[Any, tuple[Any, ...]]]:
    """(omitted value, remaining values)."""
    for index, value in enumerate(values):
        yield value, values[:index] + values[index + 1 :]


def _shift_moment(moment: Moment, tick: Duration, way: int) -> tuple[str, Moment]:
    assert isinstance(moment.offset, Duration)
    offset = _sum(moment.offset, tick, way * moment.sign)
    return f"shift `{moment_phrase(moment)}` by {_signed(tick, way)}", replace(moment, offset=offset)


def _sum(duration: Duration, tick: Duration, way: int) -> Duration:
    return Duration(
        duration.days + way * tick.days,
        duration.microseconds + way * tick.microseconds,
        duration.business_days + way * tick.business_days,
    )


def _signed(tick: Duration, way: int) -> str:
    return f"{'+' if way > 0 else '-'}{duration_phrase(tick)}"


def _negate(term: Term, negated: Term) -> TermChange:
    return f"negate `{phrase(term)}`", negated


def _known(term: Known) -> Iterator[TermChange]:
    yield _negate(term, replace(term, known=not term.known))


def _one_of(term: OneOf) -> Iterator[TermChange]:
    yield _negate(term, replace(term, negated=not term.negated))
    yield from _without_literals(term)


def _without_literals(term: OneOf | Lists) -> Iterator[TermChange]:
    if len(term.values) > 1:
        for value, others in without_each(term.values):
            yield f"drop `{literal(value)}` of `{phrase(term)}`", replace(term, values=others)


def _edges(term: Compare | Order) -> Iterator[TermChange]:
    yield _negate(term, replace(term, operator=_NEGATED[term.operator]))
    edge = replace(term, operator=_OTHER_EDGE[term.operator])
    yield f"turn `{phrase(term)}` into `{phrase(edge)}`", edge


def _compare(term: Compare) -> Iterator[TermChange]:
    yield from _edges(term)
    if is_number(term.operand):
        shifted = replace(term, operand=term.operand + _FURTHER[term.operator])  # type: ignore[operator]
        yield f"turn `{phrase(term)}` into `{phrase(shifted)}`", shifted


def _order(term: Order) -> Iterator[TermChange]:
    """Shifts a moment with an offset; dates differ by at least a day."""
    yield from _edges(term)
    tick = DAY_SHIFT if {term.left.base.type, term.right.base.type} == {"date"} else MIN_SHIFT
    way = _FURTHER[term.operator]
    if term.right.offset != Duration():
        for what, moment in shifts(term.right, tick, (way,)):
            yield what, replace(term, right=moment)
    if term.left.offset != Duration():
        for what, moment in shifts(term.left, tick, (-way,)):
            yield what, replace(term, left=moment)


def _same(term: Same) -> Iterator[TermChange]:
    yield _negate(term, replace(term, same=not term.same))


def _lists(term: Lists) -> Iterator[TermChange]:
    for mode in _MODES[term.mode]:
        changed = replace(term, mode=mode)
        yield f"turn `{phrase(term)}` into `{phrase(changed)}`", changed
    yield from _without_literals(term)


def _reached(term: Reached) -> Iterator[TermChange]:
    yield _negate(term, replace(term, reached=not term.reached))
    for what, moment in shifts(term.moment):
        yield what, replace(term, moment=moment)


def _linked(term: Linked) -> Iterator[TermChange]:
    """`for: this one` has no negation."""
    if term.how != "for":
        yield _negate(term, replace(term, how={"same": "another", "another": "same"}[term.how]))


def _any_of(term: AnyOf) -> Iterator[TermChange]:
    for alternative, others in without_each(term.alternatives):
        conditions = ", ".join(map(phrase, alternative))
        yield f"drop the alternative `{conditions}`", replace(term, alternatives=others)


def _relation(term: Relation) -> Iterator[TermChange]:
    yield _negate(term, replace(term, fewer=not term.fewer))
    for number in (term.number + 1, term.number - 1):
        if number:
            changed = replace(term, number=number)
            yield f"turn `{phrase(term)}` into `{phrase(changed)}`", changed
    if term.other:
        yield f"drop `other` of `{phrase(term)}`", replace(term, other=False)


_CHANGES: Mapping[type[Term], Callable[[Any], Iterator[TermChange]]] = {
    Known: _known,
    OneOf: _one_of,
    Compare: _compare,
    Same: _same,
    Among: lambda term: iter(()),
    Lists: _lists,
    Reached: _reached,
    Order: _order,
    Linked: _linked,
    AnyOf: _any_of,
    Relation: _relation,
}
