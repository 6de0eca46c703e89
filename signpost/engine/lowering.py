"""Lowering: typed rules as flat conjunctions over one fact, which is what durable-rules can be trusted with (see
docs/decisions)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import product
from typing import Any, TypeAlias

from signpost.rulebook.checks import references
from signpost.rulebook.terms import (
    AnyOf,
    Compare,
    Condition,
    Defined,
    Known,
    OneOf,
    Reached,
    Ref,
    Rule,
    Scope,
    Term,
    walk,
)

Test: TypeAlias = dict[str, Any]
"""One test of a flat rule, in the engine's own words: {"stage": "open"}, {"$ex": {"salary": 1}}, {"q7": True}."""

NUMBER = "n"
"""The property of every fact that tells which subject it is. Without it, a rule that only asks for unknowns would also
match the fact that the engine keeps for its own session."""
MOST_TERMS = 28
MOST_FLAT_RULES = 8
"""Of one rule: with more alternatives, an `any of` is asked as one question instead."""
PLAIN_TYPES = ("choice", "boolean", "number", "days")


@dataclass(frozen=True, slots=True)
class Question:
    """A term that becomes a true or false property of the fact; equal questions are asked once and shared.

    What a term means can depend on the values that its rule defines, and on whose time zone counts.
    """

    term: Term
    defined: tuple[Defined, ...]
    audience: str


@dataclass(slots=True)
class Lowered:
    """The flat rules of one kind: (rule id, tests); the properties they read; the rules that do not fit."""

    flat: list[tuple[str, list[Test]]] = field(default_factory=list)
    questions: dict[Question, str] = field(default_factory=dict)
    plain: dict[str, Ref] = field(default_factory=dict)
    asked_by: dict[str, set[str]] = field(default_factory=dict)
    """Rule id -> the questions' properties that it reads."""
    unfit: list[str] = field(default_factory=list)


def lower(rules: Iterable[Rule]) -> Lowered:
    """Flat rules for the rules about one kind."""
    lowered = Lowered()
    for rule in rules:
        alternatives = list(_alternatives(rule.when, rule))
        if max(map(len, alternatives)) + 1 > MOST_TERMS:
            lowered.unfit.append(rule.id)
            continue
        for alternative in alternatives:
            tests = [test for term in alternative for test in _tests(term, rule, lowered)]
            if rule.valid is not None:
                tests.append({_ask(Reached(rule.position, rule.valid, True), rule, lowered): False})
            if all("$nex" in test for test in tests):
                tests.append({"$ex": {NUMBER: 1}})
            lowered.flat.append((rule.id, tests))
    return lowered


def _alternatives(condition: Condition, rule: Rule) -> Iterator[Condition]:
    """The condition without `any of`: one conjunction for each choice of alternatives."""
    choices = [_choices(term, rule) for term in condition]
    total = 1
    for options in choices:
        total *= len(options)
    if total > MOST_FLAT_RULES:
        yield condition
        return
    for choice in product(*choices):
        yield tuple(term for part in choice for term in part)


def _choices(term: Term, rule: Rule) -> list[Condition]:
    if not isinstance(term, AnyOf):
        return [(term,)]
    return [flat for alternative in term.alternatives for flat in _alternatives(alternative, rule)]


def _tests(term: Term, rule: Rule, lowered: Lowered) -> list[Test]:
    ref = getattr(term, "ref", None)
    if isinstance(ref, Ref) and ref.type in PLAIN_TYPES and ref.scope in (Scope.ITEM, Scope.CANDIDATE):
        tests = _plain_tests(term, _property(ref, lowered))
        if tests is not None:
            return tests
    return [{_ask(term, rule, lowered): True}]


def _plain_tests(term: Term, name: str) -> list[Test] | None:
    """The tests that the engine makes itself; None where it is better asked."""
    if isinstance(term, Known):
        return [{"$ex": {name: 1}} if term.known else {"$nex": {name: 1}}]
    if isinstance(term, OneOf) and len(term.values) == 1:
        return [{"$ex": {name: 1}}, {"$neq": {name: term.values[0]}}] if term.negated else [{name: term.values[0]}]
    if isinstance(term, Compare) and not isinstance(term.operand, Ref):
        return [{_COMPARISONS[term.operator]: {name: term.operand}}]
    return None


_COMPARISONS = {"<": "$lt", "<=": "$lte", ">": "$gt", ">=": "$gte"}


def _property(ref: Ref, lowered: Lowered) -> str:
    """A name that is never `id`, `sid` or a question's."""
    name = f"{'c' if ref.scope == Scope.CANDIDATE else 's'}_{ref.name.replace('.', '_')}"
    lowered.plain[name] = ref
    return name


def _ask(term: Term, rule: Rule, lowered: Lowered) -> str:
    names_defined = any(ref.scope == Scope.DEFINED for inner in walk((term,)) for ref in references(inner))
    question = Question(term, rule.defined if names_defined else (), rule.audience)
    name = lowered.questions.setdefault(question, f"q{len(lowered.questions)}")
    lowered.asked_by.setdefault(rule.id, set()).add(name)
    return name
