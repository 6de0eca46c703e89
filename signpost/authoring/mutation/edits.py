"""Edits: a rule with one of its terms replaced wherever it stands. Pure."""

from dataclasses import replace

from signpost.rulebook.terms import AnyOf, Choice, Condition, Defined, Level, Relation, Rule, Term


def with_condition(rule: Rule, term: Term, others: Condition) -> Rule:
    """The rule with this very term replaced by others, or by none. A level that names a relation shares its terms."""
    levels = tuple(_level(level, term, others) for level in rule.levels)
    defined = tuple(_defined(one, term, others) for one in rule.defined)
    return replace(rule, when=_edited(rule.when, term, others), levels=levels, defined=defined)


def _edited(condition: Condition, term: Term, others: Condition) -> Condition:
    edited: list[Term] = []
    for one in condition:
        edited += others if one is term else (_inside(one, term, others),)
    return tuple(edited)


def _inside(one: Term, term: Term, others: Condition) -> Term:
    if isinstance(one, Relation):
        return replace(one, where=_edited(one.where, term, others))
    if isinstance(one, AnyOf):
        return replace(one, alternatives=tuple(_edited(each, term, others) for each in one.alternatives))
    return one


def _level(level: Level, term: Term, others: Condition) -> Level:
    edited = _edited(level.when, term, others)
    if isinstance(term, Relation) and len(others) == 1:
        edited = tuple(_following(one, term, others[0]) for one in edited)
    return replace(level, when=edited)


def _following(one: Term, relation: Relation, changed: Term) -> Term:
    """A level's copy of a relation says `other` as the relation itself does."""
    if isinstance(one, Relation) and isinstance(changed, Relation) and one.where[:-1] == relation.where:
        return replace(one, other=changed.other)
    return one


def _defined(defined: Defined, term: Term, others: Condition) -> Defined:
    choices = tuple(Choice(choice.value, _edited(choice.when, term, others)) for choice in defined.choices)
    return replace(defined, choices=choices)
