"""Recognises equivalent mutants from the rule itself, so that none is made. Pure."""

from collections.abc import Iterator

from signpost.rulebook.checks import references
from signpost.rulebook.terms import (
    Condition,
    Known,
    Linked,
    Moment,
    OneOf,
    Order,
    Ref,
    Relation,
    Same,
    Scope,
    Term,
    walk,
)
from signpost.rulebook.typed_rule import Rule


def is_never_the_subject(rule: Rule, relation: Relation) -> bool:
    """Whether the rule's subject can never match this relation, with or without `other`."""
    return any(_is_unlike_itself(term) or _is_excluded(term, rule.when) for term in relation.where)


def names_used(rule: Rule) -> set[str]:
    """The defined values that anything other than a text depends on."""
    used = {ref.name for ref in _references(rule) if ref.scope == Scope.DEFINED}
    for defined in reversed(rule.defined):
        if defined.name in used:
            values = [choice.value for choice in defined.choices]
            refs = [ref for value in values for ref in _of_value(value)]
            refs += [ref for choice in defined.choices for ref in _of_condition(choice.when)]
            used |= {ref.name for ref in refs if ref.scope == Scope.DEFINED}
    return used


def _is_unlike_itself(term: Term) -> bool:
    """Whether no entity meets this term with itself: earlier than itself, different, or of another employer."""
    if isinstance(term, Order):
        plain = (term.left, term.right) == (Moment(term.left.base), Moment(term.right.base))
        return plain and len(term.operator) == 1 and _is_itself(term.left.base, term.right.base)
    if isinstance(term, Same):
        return not term.same and _is_itself(term.ref, term.other)
    return isinstance(term, Linked) and term.how == "another"


def _is_itself(ours: Ref, theirs: Ref) -> bool:
    return (ours.scope, theirs.scope) == (Scope.ITEM, Scope.SUBJECT) and ours.name == theirs.name


def _is_excluded(term: Term, when: Condition) -> bool:
    """Whether the rule requires something of its subject that this term excludes."""
    return any(_exclude(term, other) or _exclude(other, term) for other in when)


def _exclude(term: Term, other: Term) -> bool:
    if getattr(term, "ref", None) is None or getattr(other, "ref", None) != term.ref:  # type: ignore[attr-defined]
        return False
    if isinstance(term, Known):
        return not term.known and not (isinstance(other, Known) and not other.known)
    if isinstance(term, OneOf) and isinstance(other, OneOf):
        return _are_disjoint(term, other)
    return False


def _are_disjoint(term: OneOf, other: OneOf) -> bool:
    ours, theirs = set(term.values), set(other.values)
    if term.negated or other.negated:
        return term.negated != other.negated and (ours >= theirs if term.negated else theirs >= ours)
    return not ours & theirs


def _references(rule: Rule) -> Iterator[Ref]:
    yield from _of_condition(rule.when)
    for level in rule.levels:
        yield from _of_condition(level.when)
    for moment in (rule.due, rule.valid):
        yield from _of_value(moment)


def _of_condition(condition: Condition) -> Iterator[Ref]:
    for term in walk(condition):
        yield from references(term)


def _of_value(value: object) -> Iterator[Ref]:
    if isinstance(value, Moment):
        yield value.base
        yield from _of_value(value.offset)
    elif isinstance(value, Ref):
        yield value
