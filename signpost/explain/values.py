"""Values worth trying: for every fact that a condition reads, those on either side of what it asks. Pure."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from signpost.case.facts import Entity
from signpost.case.instant import DAY, on_calendar, to_datetime
from signpost.case.money import Money
from signpost.case.vocabulary import KINDS
from signpost.engine.moments import Env, instant_of, value_of
from signpost.rulebook.checks import references
from signpost.rulebook.terms import (
    Among,
    AnyOf,
    Compare,
    Condition,
    Defined,
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
    Scope,
    Term,
)

TICK = 1_000_000
"""A second, in microseconds."""


def tries(
    condition: Condition, defined: Mapping[str, Defined], env: Env, now: int
) -> Iterator[tuple[Entity, Ref, list[Any]]]:
    """Every fact that a condition reads, with the values worth trying."""
    for term in condition:
        if isinstance(term, AnyOf):
            for alternative in term.alternatives:
                yield from tries(alternative, defined, env, now)
        elif isinstance(term, Relation):
            outer = env.item
            for item in env.facts.of_kind(term.kind):
                if not (term.other and item is env.subject):
                    env.item = item
                    yield from tries(term.where, defined, env, now)
            env.item = outer
        elif not isinstance(term, Linked):
            for ref in references(term):
                if ref.scope == Scope.DEFINED:
                    yield from _behind(defined[ref.name], term, ref, env, now)
                else:
                    yield entity_of(ref, env), ref, [None, *values_for(term, ref, env, now)]


def values_for(term: Term, ref: Ref, env: Env, now: int) -> list[Any]:
    """What a field that a term reads could be, so that the term's answer may be another."""
    return _VALUES[type(term)](term, ref, env, now)


def _behind(defined: Defined, term: Term, ref: Ref, env: Env, now: int) -> Iterator[tuple[Entity, Ref, list[Any]]]:
    """The facts that a defined value rests on."""
    for choice in defined.choices:
        if isinstance(choice.value, Ref) and choice.value.scope != Scope.DEFINED:
            yield entity_of(choice.value, env), choice.value, [None, *values_for(term, ref, env, now)]
        elif isinstance(choice.value, Moment) and choice.value.base.scope != Scope.DEFINED:
            base = choice.value.base
            yield entity_of(base, env), base, [None, *_around(choice.value, base, env, now)]


def entity_of(ref: Ref, env: Env) -> Entity:
    """Whose fact a reference means."""
    return {Scope.ITEM: env.item, Scope.SUBJECT: env.subject}.get(ref.scope, env.facts.candidate)


def _known(term: Known, ref: Ref, env: Env, now: int) -> list[Any]:
    return [some_value(ref, env, now)]


def _one_of(term: OneOf, ref: Ref, env: Env, now: int) -> list[Any]:
    choices = _field_choices(ref, env)
    return [*term.values, *choices] if choices else [*term.values, _other_than(term.values[0])]


def _compare(term: Compare, ref: Ref, env: Env, now: int) -> list[Any]:
    other = term.operand if ref == term.ref else term.ref
    bound = value_of(other)(env) if isinstance(other, Ref) else other
    if isinstance(bound, Money):
        return [_paying(bound, step) for step in (-1, 0, 1)]
    return [] if bound is None else [bound - 1, bound, bound + 1]


def _paying(money: Money, more: int) -> Money:
    annual = money.annual + more
    return Money(f"{float(annual):.2f}".rstrip("0").rstrip("."), money.currency, "year", Fraction(annual))


def _same(term: Same, ref: Ref, env: Env, now: int) -> list[Any]:
    other = value_of(term.other if ref == term.ref else term.ref)(env)
    return [] if other is None else [other, _other_than(other)]


def _among(term: Among, ref: Ref, env: Env, now: int) -> list[Any]:
    ours, listed = value_of(term.ref)(env), value_of(term.other)(env)
    if ref == term.ref:
        return [*(listed or ()), "elsewhere"]
    return [[], *([[ours]] if ours is not None else [])]


def _lists(term: Lists, ref: Ref, env: Env, now: int) -> list[Any]:
    others = [choice for choice in _field_choices(ref, env) if choice not in term.values] or ["something"]
    return [[], list(term.values) or others[:1], [*term.values, others[0]], others[:1]]


def _reached(term: Reached, ref: Ref, env: Env, now: int) -> list[Any]:
    if ref != term.moment.base:
        return [0, 1, 7, 14, 30, 90, 365] if ref.type == "days" else []
    return _around(term.moment, ref, env, now)


def _order(term: Order, ref: Ref, env: Env, now: int) -> list[Any]:
    mine, other = (term.left, term.right) if ref == term.left.base else (term.right, term.left)
    bound = instant_of(other)(env)
    return [] if bound is None else _around(mine, ref, env, bound)


def _around(moment: Moment, ref: Ref, env: Env, bound: int) -> list[Any]:
    """Values of the base that bring the moment to a bound, just before it and just after."""
    offset = value_of(moment.offset)(env) if isinstance(moment.offset, Ref) else moment.offset
    if offset is None:
        return []
    total = offset.total if isinstance(offset, Duration) else int(offset) * DAY
    start = bound - moment.sign * total
    if ref.type == "date":
        day = _day(start, env)
        return [] if day is None else [day + timedelta(days=step) for step in (-8, -1, 0, 1, 8)]
    week = 7 * DAY
    instants = (start + step for step in (-week, -TICK, 0, TICK, week))
    return [instant for instant in instants if on_calendar(instant) is not None]


def _day(instant: int, env: Env) -> date | None:
    if on_calendar(instant) is None or not instant > 20 * DAY:
        return None
    return to_datetime(instant).astimezone(env.zone).date()


def some_value(ref: Ref, env: Env, now: int) -> Any:
    """Any value of a field."""
    choices = _field_choices(ref, env)
    samples: Mapping[str, Any] = {
        "boolean": True,
        "number": 1,
        "days": 1,
        "money": Money("1", "USD", "year", Fraction(1)),
        "instant": now,
        "date": _day(now, env),
        "texts": ["something"],
        "choices": list(choices[:1]),
        "object": {"city": "somewhere"},
        "range": {},
    }
    return samples.get(ref.type, choices[0] if choices else "something")


def _field_choices(ref: Ref, env: Env) -> tuple[Any, ...]:
    field = KINDS[entity_of(ref, env).kind][ref.name]
    return (True, False) if field.type == "boolean" else field.choices


def _other_than(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, (int, float)):
        return value + 1
    if isinstance(value, Money):
        return _paying(value, 1)
    if isinstance(value, date):
        return value + timedelta(days=1)
    return {"city": "elsewhere"} if isinstance(value, dict) else f"other than {value}"


_VALUES: Mapping[type[Term], Callable[[Any, Ref, Env, int], list[Any]]] = {
    Known: _known,
    OneOf: _one_of,
    Compare: _compare,
    Same: _same,
    Among: _among,
    Lists: _lists,
    Reached: _reached,
    Order: _order,
}
