"""Replaces one term of a rule wherever it occurs. Pure."""

from dataclasses import replace

from signpost.rulebook.terms import AnyOf, Condition, Relation, Term
from signpost.rulebook.typed_rule import Choice, Defined, Level, Rule


def with_condition(rule: Rule, term: Term, others: Condition) -> Rule:
    """The rule with this term (by identity) replaced by others. A level that names a relation shares its terms."""
    levels = tuple(_level(level, term, others) for level in rule.levels)
    defined = tuple(_defined(one, term, others) for one in rule.defined)
    return replace(rule, when=_replace_term(rule.when, term, others), levels=levels, defined=defined)


def _replace_term(condition: Condition, term: Term, others: Condition) -> Condition:
    edited: list[Term] = []
    for one in condition:
        edited += others if one is term else (_replace_inside(one, term, others),)
    return tuple(edited)


def _replace_inside(one: Term, term: Term, others: Condition) -> Term:
    if isinstance(one, Relation):
        return replace(one, where=_replace_term(one.where, term, others))
    if isinstance(one, AnyOf):
        return replace(one, alternatives=tuple(_replace_term(each, term, others) for each in one.alternatives))
    return one


def _level(level: Level, term: Term, others: Condition) -> Level:
    edited = _replace_term(level.when, term, others)
    if isinstance(term, Relation) and len(others) == 1:
        edited = tuple(_copy_other(one, term, others[0]) for one in edited)
    return replace(level, when=edited)


def _copy_other(one: Term, relation: Relation, changed: Term) -> Term:
    """Give a level's copy of a relation the same `other` as the relation."""
    if isinstance(one, Relation) and isinstance(changed, Relation) and one.where[:-1] == relation.where:
        return replace(one, other=changed.other)
    return one


def _defined(defined: Defined, term: Term, others: Condition) -> Defined:
    choices = tuple(Choice(choice.value, _replace_term(choice.when, term, others)) for choice in defined.choices)
    return replace(defined, choices=choices)
