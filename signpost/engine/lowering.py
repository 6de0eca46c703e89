"""Lowers typed rules to flat conjunctions over one fact, the form that durable-rules evaluates reliably (see
docs/decisions)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import product
from typing import Any, TypeAlias

from signpost.rulebook.checks import references
from signpost.rulebook.terms import AnyOf, Compare, Condition, Known, OneOf, Reached, Ref, Scope, Term, walk
from signpost.rulebook.typed_rule import Defined, Rule

Test: TypeAlias = dict[str, Any]
"""One test of a flat rule, in the syntax of durable-rules: {"stage": "open"}, {"$ex": {"salary": 1}}, {"q7": True}."""

NUMBER = "n"
"""The property of every fact that identifies its subject. Without it, a rule with only unknown-conditions would also
match the fact that durable-rules keeps for its session."""
MAX_TERMS = 28
MAX_FLAT_RULES = 8
"""The limit for one rule; above it, an `any of` becomes a single derived property."""
PLAIN_TYPES = ("choice", "boolean", "number", "days")


@dataclass(frozen=True, slots=True)
class DerivedProperty:
    """A term that becomes a boolean property of the fact; equal ones are computed once and shared.

    The meaning of a term can depend on the values that its rule defines and on the time zone of the audience.
    """

    term: Term
    defined: tuple[Defined, ...]
    audience: str


@dataclass(slots=True)
class Lowered:
    """The flat rules of one kind as (rule id, tests), the properties that they read, and the rules that do not fit."""

    flat: list[tuple[str, list[Test]]] = field(default_factory=list)
    derived: dict[DerivedProperty, str] = field(default_factory=dict)
    plain: dict[str, Ref] = field(default_factory=dict)
    derived_of: dict[str, set[str]] = field(default_factory=dict)
    """Rule id -> the names of the derived properties that it reads."""
    unfit: list[str] = field(default_factory=list)


def lower(rules: Iterable[Rule]) -> Lowered:
    """Lower the rules about one kind."""
    lowered = Lowered()
    for rule in rules:
        alternatives = list(_alternatives(rule.when, rule))
        if max(map(len, alternatives)) + 1 > MAX_TERMS:
            lowered.unfit.append(rule.id)
            continue
        for alternative in alternatives:
            tests = [test for term in alternative for test in _tests(term, rule, lowered)]
            if rule.valid is not None:
                tests.append({_derive(Reached(rule.position, rule.valid, True), rule, lowered): False})
            if all("$nex" in test for test in tests):
                tests.append({"$ex": {NUMBER: 1}})
            lowered.flat.append((rule.id, tests))
    return lowered


def _alternatives(condition: Condition, rule: Rule) -> Iterator[Condition]:
    """Yield the condition without `any of`: one conjunction for each choice of alternatives."""
    choices = [_choices(term, rule) for term in condition]
    total = 1
    for options in choices:
        total *= len(options)
    if total > MAX_FLAT_RULES:
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
    return [{_derive(term, rule, lowered): True}]


def _plain_tests(term: Term, name: str) -> list[Test] | None:
    """Return the tests that durable-rules evaluates itself; None if the term needs a derived property."""
    if isinstance(term, Known):
        return [{"$ex": {name: 1}} if term.known else {"$nex": {name: 1}}]
    if isinstance(term, OneOf) and len(term.values) == 1:
        return [{"$ex": {name: 1}}, {"$neq": {name: term.values[0]}}] if term.negated else [{name: term.values[0]}]
    if isinstance(term, Compare) and not isinstance(term.operand, Ref):
        return [{_COMPARISONS[term.operator]: {name: term.operand}}]
    return None


_COMPARISONS = {"<": "$lt", "<=": "$lte", ">": "$gt", ">=": "$gte"}


def _property(ref: Ref, lowered: Lowered) -> str:
    """Register a plain property. Its name is never `id`, `sid` or that of a derived property."""
    name = f"{'c' if ref.scope == Scope.CANDIDATE else 's'}_{ref.name.replace('.', '_')}"
    lowered.plain[name] = ref
    return name


def _derive(term: Term, rule: Rule, lowered: Lowered) -> str:
    names_defined = any(ref.scope == Scope.DEFINED for inner in walk((term,)) for ref in references(inner))
    derived = DerivedProperty(term, rule.defined if names_defined else (), rule.audience)
    name = lowered.derived.setdefault(derived, f"q{len(lowered.derived)}")
    lowered.derived_of.setdefault(rule.id, set()).add(name)
    return name
