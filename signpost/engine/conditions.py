"""Compiles conditions: each term becomes a function of an environment that returns a boolean, or intervals if time can
change the answer. Pure."""

import operator
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from signpost.case.money import Money, amounts_agree, comparable
from signpost.engine.environment import Env, instant_of, value_of
from signpost.engine.intervals import ALWAYS, NEVER, Intervals, at_least, both, either, negated, since, until
from signpost.engine.links import is_linked, linked
from signpost.facts.facts import Entity
from signpost.facts.likeness import same_place, same_text
from signpost.rulebook.terms import (
    Among,
    AnyOf,
    Compare,
    Condition,
    Known,
    Linked,
    Lists,
    Moment,
    OneOf,
    Order,
    Reached,
    Relation,
    Same,
    Scope,
    Term,
    is_timed,
)

Check: TypeAlias = Callable[[Env], bool]
TimedCheck: TypeAlias = Callable[[Env], Intervals]

OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def compile_timed(condition: Condition) -> TimedCheck:
    """Compile a condition into its intervals. Untimed checks run first, because most of them fail."""
    plain = [check(term) for term in condition if not is_timed(term)]
    timed = [intervals_of(term) for term in condition if is_timed(term)]

    def timed_condition(env: Env) -> Intervals:
        for passes in plain:
            if not passes(env):
                return NEVER
        intervals = ALWAYS
        for timed_check in timed:
            intervals = both(intervals, timed_check(env))
            if not intervals:
                return NEVER
        return intervals

    return timed_condition


def compile_untimed(condition: Condition) -> Check:
    """Compile a condition without timed terms into a boolean."""
    checks = [check(term) for term in condition]
    return lambda env: all(passes(env) for passes in checks)


def intervals_of(term: Term) -> TimedCheck:
    """Compile a term into its intervals."""
    if not is_timed(term):
        plain = check(term)
        return lambda env: ALWAYS if plain(env) else NEVER
    if isinstance(term, Reached):
        return _reached(term)
    if isinstance(term, AnyOf):
        alternatives = [compile_timed(alternative) for alternative in term.alternatives]
        return lambda env: either([alternative(env) for alternative in alternatives])
    if isinstance(term, Relation):
        return _timed_relation(term)
    raise TypeError(f"the compiled evaluator does not know the timed term {type(term).__name__}")


def check(term: Term) -> Check:
    """Compile an untimed term into a boolean."""
    return _CHECKS[type(term)](term)


def items(term: Relation) -> Callable[[Env], list[Entity]]:
    """Return a function that finds the entities of a relation."""
    kind = term.kind
    if not term.other:
        return lambda env: env.facts.of_kind(kind)
    return lambda env: [item for item in env.facts.of_kind(kind) if item is not env.subject]


def _candidates(term: Relation) -> tuple[Callable[[Env], list[Entity]], Condition]:
    """Return a function that finds the entities of a relation by an indexed link, and the remaining conditions."""
    how = next((link.how for link in term.where if isinstance(link, Linked)), None)
    if how is None:
        return items(term), term.where
    kind, other = term.kind, term.other

    def find(env: Env) -> list[Entity]:
        entities = linked(how, kind, env.subject, env.facts)
        return [item for item in entities if item is not env.subject] if other else entities

    return find, tuple(part for part in term.where if not (isinstance(part, Linked) and part.how == how))


def _known(term: Known) -> Check:
    value, name, known = value_of(term.ref), term.ref.name, term.known
    if term.ref.scope == Scope.ITEM:  # most are; one call less
        if known:
            return lambda env: env.item.values.get(name) is not None
        return lambda env: env.item.values.get(name) is None
    return lambda env: (value(env) is not None) is known


def _one_of(term: OneOf) -> Check:
    value, name, values, expected = value_of(term.ref), term.ref.name, term.values, not term.negated
    if term.ref.scope == Scope.ITEM and expected and None not in values:
        return lambda env: env.item.values.get(name) in values

    def one_of(env: Env) -> bool:
        found = value(env)
        return found is not None and (found in values) is expected

    return one_of


def _compare(term: Compare) -> Check:
    value, compare = value_of(term.ref), OPERATORS[term.operator]
    if isinstance(term.operand, int | float):
        number = term.operand
        return lambda env: (found := value(env)) is not None and compare(found, number)
    other, money = value_of(term.operand), term.ref.type == "money"

    def compared(env: Env) -> bool:
        ours, theirs = value(env), other(env)
        if money:
            pair = comparable(ours, theirs) if isinstance(ours, Money) and isinstance(theirs, Money) else None
            return pair is not None and compare(*pair)
        return ours is not None and theirs is not None and compare(ours, theirs)

    return compared


def _same(term: Same) -> Check:
    value, other, expected = value_of(term.ref), value_of(term.other), term.same

    def same(env: Env) -> bool:
        ours, theirs = value(env), other(env)
        return ours is not None and theirs is not None and values_agree(ours, theirs) is expected

    return same


def values_agree(ours: Any, theirs: Any) -> bool | None:
    """Return whether two known values agree: money in one unit, text as people write it, a place by what both state.

    None if that is unknown: the period of an amount is unknown.
    """
    if isinstance(ours, Money) and isinstance(theirs, Money):
        return amounts_agree(ours, theirs)
    if isinstance(ours, str) and isinstance(theirs, str):
        return same_text(ours, theirs)
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return same_place(ours, theirs)
    return bool(ours == theirs)


def _among(term: Among) -> Check:
    value, listed = value_of(term.ref), value_of(term.other)

    def among(env: Env) -> bool:
        ours, theirs = value(env), listed(env)
        return ours is not None and theirs is not None and any(values_agree(ours, item) for item in theirs)

    return among


_LISTS: Mapping[str, Callable[[set[Any], set[Any]], bool]] = {
    "includes": lambda found, words: bool(found & words),
    "only": lambda found, words: bool(found) and found <= words,
    "beyond": lambda found, words: bool(found - words),
    "empty": lambda found, _: not found,
    "some": lambda found, _: bool(found),
}


def _lists(term: Lists) -> Check:
    value, words, matches = value_of(term.ref), set(term.values), _LISTS[term.mode]

    def lists(env: Env) -> bool:
        found = value(env)
        return found is not None and matches(set(found), words)

    return lists


def _order(term: Order) -> Check:
    left, right, compare = instant_of(term.left), instant_of(term.right), OPERATORS[term.operator]

    def order(env: Env) -> bool:
        ours, theirs = left(env), right(env)
        return ours is not None and theirs is not None and compare(ours, theirs)

    return order


def _linked(term: Linked) -> Check:
    how = term.how
    return lambda env: is_linked(how, env.item, env.subject)


def _any_of(term: AnyOf) -> Check:
    alternatives = [compile_untimed(alternative) for alternative in term.alternatives]
    return lambda env: any(alternative(env) for alternative in alternatives)


def _relation(term: Relation) -> Check:
    (find, rest), number, fewer = _candidates(term), term.number, term.fewer
    where = compile_untimed(rest)

    def relation(env: Env) -> bool:
        outer, count = env.item, 0
        for item in find(env):
            env.item = item
            count += where(env)
            if count >= number:
                break
        env.item = outer
        return (count < number) is fewer

    return relation


def _timed_relation(term: Relation) -> TimedCheck:
    (find, rest), number, fewer = _candidates(term), term.number, term.fewer
    where = compile_timed(rest)

    def relation(env: Env) -> Intervals:
        outer, found = env.item, []
        for item in find(env):
            env.item = item
            found.append(where(env))
        env.item = outer
        enough = at_least(number, found)
        return negated(enough) if fewer else enough

    return relation


def _reached(term: Reached) -> TimedCheck:
    make = since if term.reached else until
    if term.moment == Moment(term.moment.base, end=term.moment.end) and term.moment.base.type == "instant":
        value = value_of(term.moment.base)
        return lambda env: NEVER if (instant := value(env)) is None else make(instant)
    moment = instant_of(term.moment)

    def reached(env: Env) -> Intervals:
        instant = moment(env)
        return NEVER if instant is None else make(instant)

    return reached


_CHECKS: Mapping[type[Term], Callable[[Any], Check]] = {
    Known: _known,
    OneOf: _one_of,
    Compare: _compare,
    Same: _same,
    Among: _among,
    Lists: _lists,
    Order: _order,
    Linked: _linked,
    AnyOf: _any_of,
    Relation: _relation,
}
