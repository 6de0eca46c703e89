"""Finds the rules that a single unknown fact keeps silent, and the questions that would settle it. Pure.

A rule waits for a fact if each of its conditions that does not hold now reads that fact, and the fact is unknown.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias
from weakref import WeakKeyDictionary

from signpost.engine import CompiledEngine
from signpost.engine.conditions import TimedCheck, intervals_of
from signpost.engine.environment import Env
from signpost.engine.intervals import holds
from signpost.explain.question_texts import Ask, asks
from signpost.explain.tries import tries_of
from signpost.explain.values import entity_of
from signpost.explain.what_if import Budget, Trial, flips_with
from signpost.facts.facts import Entity, Facts
from signpost.names import PRIORITIES
from signpost.rulebook.checks import references
from signpost.rulebook.terms import AnyOf, Linked, Ref, Relation, Scope, Term, is_timed
from signpost.rulebook.typed_rule import Rule

MAX_WORK: Final = 100_000
"""Entities that evaluations of single rules may read; beyond that, rules of lower priority are not asked for."""

Gap: TypeAlias = tuple[str, str, str]
"""An unknown fact to ask for: (kind, entity id, field of the question)."""


@dataclass(frozen=True, slots=True)
class _Check:
    """A condition of a rule. `refs`: the fields that it reads; None if it reads them by a relation or the like."""

    term: Term
    intervals: TimedCheck
    refs: tuple[Ref, ...] | None

    def fails_by_known_facts(self, env: Env) -> bool:
        """Whether a condition that does not hold reads nothing unknown: true of most."""
        return self.refs is not None and all(ref.name in entity_of(ref, env).values for ref in self.refs)


Checks: TypeAlias = list[tuple[Rule, list[_Check]]]


@dataclass(slots=True)
class Unknown:
    """One unknown fact. `values`: what makes a rule hold, with their type; `rules`: how many wait for it; `rank`: the
    highest of their priorities, as an index of PRIORITIES."""

    ask: Ask
    entity: Entity
    values: list[tuple[Any, str]] = field(default_factory=list)
    rules: int = 0
    rank: int = 0

    def add(self, rule: Rule, values: list[tuple[Any, str]]) -> None:
        """Add a rule that waits for the fact."""
        self.values += values
        self.rules += 1
        self.rank = max(self.rank, _rank(rule))


def _rank(rule: Rule) -> int:
    return max(PRIORITIES.index(level.priority) for level in rule.levels)


@dataclass(slots=True)
class _Tried:
    """An unknown fact and the values to try. `direct`: whether they are values of the fact itself."""

    ask: Ask
    entity: Entity
    direct: bool
    values: list[tuple[Any, str]]


def unknowns(engine: CompiledEngine, facts: Facts, now: int) -> dict[Gap, Unknown]:
    """The facts that rules for the candidate wait for."""
    found: dict[Gap, Unknown] = {}
    budget = Budget(MAX_WORK)
    for rule, checks in _checks(engine):
        for subject in facts.of_kind(rule.about):
            env = engine.environment(rule.id, subject, facts)
            for gap, one in _gaps_of_rule(rule, checks, env, now).items():
                values = _flipping(Trial(engine, rule, subject, facts, now, False, budget), one)
                if values or not one.direct:
                    found.setdefault(gap, Unknown(one.ask, one.entity)).add(rule, values)
    return found


def _flipping(trial: Trial, tried: _Tried) -> list[tuple[Any, str]]:
    """The first and the last value that makes the rule hold; values that only follow from the fact are kept."""
    if not tried.direct:
        return tried.values
    flipping = [one for one in tried.values if flips_with(trial, tried.entity, tried.ask.name, one[0])]
    return [flipping[0], flipping[-1]] if flipping else []


_CHECKS: WeakKeyDictionary[CompiledEngine, Checks] = WeakKeyDictionary()


def _checks(engine: CompiledEngine) -> Checks:
    """The conditions of every rule for the candidate, the most urgent rules first; compiled once for each engine."""
    if engine not in _CHECKS:
        rules = sorted(engine.rulebook.rules.values(), key=_rank, reverse=True)
        _CHECKS[engine] = [
            (rule, [_Check(term, intervals_of(term), _refs(term)) for term in sorted(rule.when, key=_cost)])
            for rule in rules
            if rule.audience == "candidate"
        ]
    return _CHECKS[engine]


def _cost(term: Term) -> tuple[bool, bool]:
    return is_timed(term), isinstance(term, (AnyOf, Relation))


def _refs(term: Term) -> tuple[Ref, ...] | None:
    refs = tuple(references(term))
    if isinstance(term, (AnyOf, Relation, Linked)) or any(ref.scope == Scope.DEFINED for ref in refs):
        return None
    return refs


def _gaps_of_rule(rule: Rule, checks: list[_Check], env: Env, now: int) -> dict[Gap, _Tried]:
    """The facts that every failing condition waits for; none if the rule holds, or fails by what is known."""
    failing: list[Term] = []
    for check in checks:
        if not holds(check.intervals(env), now):
            if check.fails_by_known_facts(env):
                return {}
            failing.append(check.term)
    common = _gaps_of_term(failing[0], rule, env, now) if failing else {}
    for term in failing[1:]:
        common = _intersect(common, _gaps_of_term(term, rule, env, now)) if common else {}
    return common


def _intersect(ours: dict[Gap, _Tried], theirs: dict[Gap, _Tried]) -> dict[Gap, _Tried]:
    both = {gap: tried for gap, tried in ours.items() if gap in theirs}
    for gap, tried in both.items():
        tried.values += theirs[gap].values
        tried.direct = tried.direct and theirs[gap].direct
    return both


def _gaps_of_term(term: Term, rule: Rule, env: Env, now: int) -> dict[Gap, _Tried]:
    found: dict[Gap, _Tried] = {}
    for entity, ref, values in tries_of(term, rule, env, now):
        if ref.name not in entity.values:
            for ask, part, owner in _questions_about(entity, ref.name, env.facts):
                direct = ask.kind == entity.kind and ask.name == ref.name
                tried = found.setdefault((owner.kind, owner.id, ask.name), _Tried(ask, owner, direct, []))
                tried.direct = tried.direct and direct
                tried.values += _typed(values, ref.type, direct, part)
    return found


def _questions_about(entity: Entity, name: str, facts: Facts) -> Iterator[tuple[Ask, str, Entity]]:
    """The questions that may be asked about a fact: the answer is unknown, and they make sense."""
    for ask, part in asks(entity.kind, name):
        owner = entity if ask.kind == entity.kind else facts.candidate
        if ask.name not in owner.values and all(owner.values.get(name) == value for name, value in ask.given.items()):
            yield ask, part, owner


def _typed(values: list[Any], type_: str, direct: bool, part: str) -> list[tuple[Any, str]]:
    """Values for the question's own field; none for a field that only follows from it."""
    known = [value for value in values if value is not None]
    if part:
        return [({part: value}, "object") for value in known]
    return [(value, type_) for value in known] if direct else []
