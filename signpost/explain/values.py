"""Values worth trying for a fact that a condition reads: those on either side of its threshold. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from signpost.case.instant import DAY, on_calendar, to_datetime
from signpost.case.money import Money
from signpost.engine.environment import Env, instant_of, value_of
from signpost.facts.facts import Entity
from signpost.rulebook.terms import (
    Among,
    Compare,
    Duration,
    Known,
    Lists,
    Moment,
    OneOf,
    Order,
    Reached,
    Ref,
    Same,
    Scope,
    Term,
)

TICK_US = 1_000_000
STEPS_DAYS = (-40, -20, -8, -3, -1, 0, 1, 3, 8, 20, 40)
"""Offsets around a threshold: weekends and month ends may move it."""
DAYS = [0, 1, 7, 14, 30, 90, 365]
"""Durations worth trying."""


def entity_of(ref: Ref, env: Env) -> Entity:
    """The entity that a reference points to."""
    return {Scope.ITEM: env.item, Scope.SUBJECT: env.subject}.get(ref.scope, env.facts.candidate)


def values_for(term: Term, ref: Ref, env: Env, now: int) -> list[Any]:
    """Values of a field that may change a term's answer."""
    return _VALUES[type(term)](term, ref, env, now)


def target(term: Term, ref: Ref, env: Env, now: int) -> int | None:
    """The instant at which a moment changes a term's answer; None if there is none."""
    if isinstance(term, Reached) and ref == term.moment.base:
        return before(term.moment, now, env)
    if isinstance(term, Order):
        mine, other = (term.left, term.right) if ref == term.left.base else (term.right, term.left)
        return before(mine, instant_of(other)(env), env)
    return now if isinstance(term, Known) else None


def before(moment: Moment, instant: int | None, env: Env) -> int | None:
    """The base instant that moves a moment to `instant`; approximate to a few days for months and business days."""
    offset = value_of(moment.offset)(env) if isinstance(moment.offset, Ref) else moment.offset
    if instant is None or offset is None:
        return None
    distance = offset if isinstance(offset, Duration) else Duration(int(offset))
    return instant - moment.sign * (distance.total + distance.business_days * 7 * DAY // 5)


def around(ref: Ref, start: int | None, env: Env) -> list[Any]:
    """Values at an instant, just before and after it, and some days away."""
    if start is None:
        return []
    if ref.type == "date":
        day = _day(start, env)
        return [] if day is None else [day + timedelta(days=step) for step in STEPS_DAYS]
    near = (start - TICK_US, start, start + TICK_US, *(start + step * DAY for step in STEPS_DAYS if step))
    return sorted(instant for instant in near if on_calendar(instant) is not None)


def _known(term: Known, ref: Ref, env: Env, now: int) -> list[Any]:
    return list(_field_choices(ref, env)) if ref.type in ("boolean", "choice") else [_some_value(ref, env, now)]


def _one_of(term: OneOf, ref: Ref, env: Env, now: int) -> list[Any]:
    choices = _field_choices(ref, env)
    return [*term.values, *choices] if choices else [*term.values, far_side(term.values[0])]


def _compare(term: Compare, ref: Ref, env: Env, now: int) -> list[Any]:
    other = term.operand if ref == term.ref else term.ref
    bound = value_of(other)(env) if isinstance(other, Ref) else other
    if isinstance(bound, Money):
        return [_change_pay(bound, step) for step in (-1, 0, 1)]
    return [] if bound is None else [bound - 1, bound, bound + 1]


def _change_pay(money: Money, more: int) -> Money:
    """The same amount changed by `more`, rounded to the cent."""
    cents = Decimal(max(round((Fraction(money.amount) + more) * 100), 0)) / 100
    return replace(money, amount=f"{cents:f}")


def _same(term: Same, ref: Ref, env: Env, now: int) -> list[Any]:
    other = value_of(term.other if ref == term.ref else term.ref)(env)
    return [] if other is None else [other, far_side(other)]


def _among(term: Among, ref: Ref, env: Env, now: int) -> list[Any]:
    ours, listed = value_of(term.ref)(env), value_of(term.other)(env)
    if ref == term.ref:
        return [*(listed or ()), "elsewhere"]
    return [[], *([[ours]] if ours is not None else [])]


def _lists(term: Lists, ref: Ref, env: Env, now: int) -> list[Any]:
    others = [choice for choice in _field_choices(ref, env) if choice not in term.values] or ["something"]
    return [[], list(term.values) or others[:1], [*term.values, others[0]], others[:1]]


def _reached(term: Reached, ref: Ref, env: Env, now: int) -> list[Any]:
    return around(ref, target(term, ref, env, now), env) if ref == term.moment.base else DAYS


def _order(term: Order, ref: Ref, env: Env, now: int) -> list[Any]:
    bases = (term.left.base, term.right.base)
    return around(ref, target(term, ref, env, now), env) if ref in bases else DAYS


def _day(instant: int, env: Env) -> date | None:
    far = (STEPS_DAYS[-1] + 1) * DAY
    if on_calendar(instant - far) is None or on_calendar(instant + far) is None:
        return None
    return to_datetime(instant).astimezone(env.zone).date()


def _some_value(ref: Ref, env: Env, now: int) -> Any:
    """A sample value of a field without choices."""
    samples: Mapping[str, Any] = {
        "number": 1,
        "days": 1,
        "money": Money("1", "USD", "year", Fraction(1)),
        "instant": now,
        "date": _day(now, env) or date(2000, 1, 1),
        "texts": ["something"],
        "choices": list(_field_choices(ref, env)[:1]),
        "object": {"city": "somewhere"},
        "range": {},
    }
    return samples.get(ref.type, "something")


def _field_choices(ref: Ref, env: Env) -> tuple[Any, ...]:
    if ref.scope == Scope.DEFINED:
        return ()
    field = env.facts.vocabulary[entity_of(ref, env).kind][ref.name]
    return (True, False) if field.type == "boolean" else field.choices


def far_side(value: Any) -> Any:
    """A different value of the same type."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, (int, float)):
        return value + 1
    if isinstance(value, Money):
        return _change_pay(value, 1)
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
