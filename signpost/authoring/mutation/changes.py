"""Changes: every small way in which one term or one moment could be wrong, each with a line that says which. Pure."""

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
"""What was changed, and the term as it then is."""

TICK = Duration(microseconds=SECOND)
"""A second: the shortest time that a timeline can tell apart."""
DAY_TICK = Duration(days=1)
_NEGATED = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}
_OTHER_EDGE = {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}
_FURTHER = {"<": -1, "<=": 1, ">": 1, ">=": -1}
"""Operator -> the way to shift its right side that is not already the change of `<` to `<=`."""
_MODES = {
    "includes": ("beyond", "only"),
    "only": ("beyond", "includes"),
    "beyond": ("only",),
    "empty": ("some",),
    "some": ("empty",),
}
"""How a list is asked -> its opposite first, and the question that is most easily taken for it."""


def changes(term: Term) -> Iterator[TermChange]:
    """Every other term that this one could have been meant as; dropping it is left to whoever holds it."""
    return _CHANGES[type(term)](term)


def shifts(moment: Moment, tick: Duration = TICK, ways: tuple[int, ...] = (1, -1)) -> Iterator[tuple[str, Moment]]:
    """The moment later and earlier by a tick; without its distance, where that is a fact; on another day of the month.

    `ways`: 1 for later, -1 for earlier.
    """
    if isinstance(moment.offset, Ref):
        yield f"drop the distance of `{moment_phrase(moment)}`", replace(moment, offset=Duration())
        return
    if moment.back_to:
        yield f"drop `back to {moment.back_to}` of `{moment_phrase(moment)}`", replace(moment, back_to=None)
        tick = DAY_TICK
    for way in ways:
        yield _shifted(moment, tick, way)


def duration_shifts(duration: Duration) -> Iterator[tuple[str, Duration]]:
    """A duration longer and shorter by the smallest unit in which it is counted."""
    tick = DAY_TICK if duration.days else TICK
    if duration.business_days:
        tick = Duration(business_days=1)
    for way in (1, -1):
        yield f"shift `{duration_phrase(duration)}` by {_signed(tick, way)}", _sum(duration, tick, way)


def number_shifts(number: float) -> Iterator[tuple[str, float]]:
    """A number one more and one less."""
    for way in (1, -1):
        yield f"shift `{literal(number)}` by {way:+d}", number + way


def without_each(values: tuple[Any, ...]) -> Iterator[tuple[Any, tuple[Any, ...]]]:
    """(what was left out, the others)."""
    for index, value in enumerate(values):
        yield value, values[:index] + values[index + 1 :]


def _shifted(moment: Moment, tick: Duration, way: int) -> tuple[str, Moment]:
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


def _negated(term: Term, negated: Term) -> TermChange:
    return f"negate `{phrase(term)}`", negated


def _known(term: Known) -> Iterator[TermChange]:
    yield _negated(term, replace(term, known=not term.known))


def _one_of(term: OneOf) -> Iterator[TermChange]:
    yield _negated(term, replace(term, negated=not term.negated))
    yield from _without_literals(term)


def _without_literals(term: OneOf | Lists) -> Iterator[TermChange]:
    if len(term.values) > 1:
        for value, others in without_each(term.values):
            yield f"drop `{literal(value)}` of `{phrase(term)}`", replace(term, values=others)


def _edges(term: Compare | Order) -> Iterator[TermChange]:
    yield _negated(term, replace(term, operator=_NEGATED[term.operator]))
    edge = replace(term, operator=_OTHER_EDGE[term.operator])
    yield f"turn `{phrase(term)}` into `{phrase(edge)}`", edge


def _compare(term: Compare) -> Iterator[TermChange]:
    yield from _edges(term)
    if is_number(term.operand):
        shifted = replace(term, operand=term.operand + _FURTHER[term.operator])  # type: ignore[operator]
        yield f"turn `{phrase(term)}` into `{phrase(shifted)}`", shifted


def _order(term: Order) -> Iterator[TermChange]:
    """A moment with a distance is shifted; two dates differ by days, and nothing less."""
    yield from _edges(term)
    tick = DAY_TICK if {term.left.base.type, term.right.base.type} == {"date"} else TICK
    way = _FURTHER[term.operator]
    if term.right.offset != Duration():
        for what, moment in shifts(term.right, tick, (way,)):
            yield what, replace(term, right=moment)
    if term.left.offset != Duration():
        for what, moment in shifts(term.left, tick, (-way,)):
            yield what, replace(term, left=moment)


def _same(term: Same) -> Iterator[TermChange]:
    yield _negated(term, replace(term, same=not term.same))


def _lists(term: Lists) -> Iterator[TermChange]:
    for mode in _MODES[term.mode]:
        changed = replace(term, mode=mode)
        yield f"turn `{phrase(term)}` into `{phrase(changed)}`", changed
    yield from _without_literals(term)


def _reached(term: Reached) -> Iterator[TermChange]:
    yield _negated(term, replace(term, reached=not term.reached))
    for what, moment in shifts(term.moment):
        yield what, replace(term, moment=moment)


def _linked(term: Linked) -> Iterator[TermChange]:
    """`for: this one` has no opposite."""
    if term.how != "for":
        yield _negated(term, replace(term, how={"same": "another", "another": "same"}[term.how]))


def _any_of(term: AnyOf) -> Iterator[TermChange]:
    for alternative, others in without_each(term.alternatives):
        said = ", ".join(map(phrase, alternative))
        yield f"drop the alternative `{said}`", replace(term, alternatives=others)


def _relation(term: Relation) -> Iterator[TermChange]:
    yield _negated(term, replace(term, fewer=not term.fewer))
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
