"""What if: changes each fact that a rule reads and evaluates the rule again. Pure.

Each reported change was tried: the rule was evaluated with only that fact changed.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, TypedDict

from signpost.advice.evidence import as_json
from signpost.engine import CompiledEngine
from signpost.engine.conditions import intervals_of
from signpost.engine.environment import Env
from signpost.engine.intervals import holds
from signpost.explain.tries import tries
from signpost.explain.values import values_for
from signpost.explain.visibility import seen_items
from signpost.explain.words import format_values, nearest_values
from signpost.facts.facts import Entity, Facts
from signpost.rulebook.analysis.guarantees import ALWAYS_KNOWN
from signpost.rulebook.checks import references
from signpost.rulebook.printing import phrase
from signpost.rulebook.terms import AnyOf, Condition, Linked, Relation, Scope, Term, walk
from signpost.rulebook.typed_rule import Rule


class Change(TypedDict):
    """One fact and the values that flip the rule's answer (null: unknown); for amounts and times only the nearest value
    on either side. `words`: the same as text."""

    fact: str
    now: Any
    values: list[Any]
    words: str


class Arrival(TypedDict):
    """One more or one fewer entity that flips the rule's answer."""

    entity: str
    such_that: list[str]


@dataclass(slots=True)
class Budget:
    """The remaining budget, in entities evaluated. Changes beyond it are not tried."""

    left: int = 1_000_000

    def spend(self, facts: Facts) -> bool:
        """Pay for one evaluation; False if the budget is used up."""
        self.left -= 20 + sum(map(len, facts.entities.values()))
        return self.left >= 0


@dataclass(frozen=True, slots=True)
class Trial:
    """One rule about one subject at one instant, to be evaluated with other facts."""

    engine: CompiledEngine
    rule: Rule
    subject: Entity
    facts: Facts
    now: int
    holding: bool
    budget: Budget

    @property
    def env(self) -> Env:
        """The rule's environment with the actual facts."""
        return self.engine.environment(self.rule.id, self.subject, self.facts)

    def flips(self, facts: Facts, subject: Entity | None = None) -> bool:
        """Whether other facts flip the answer."""
        if not self.budget.spend(facts):
            return False
        return self.engine.holds_about(self.rule.id, subject or self.subject, facts, self.now) is not self.holding


def changes(trial: Trial) -> list[Change]:
    """The facts with another value that flips the answer."""
    tried: dict[tuple[str, str], _TriedFact] = {}
    for entity, ref, values in tries(trial.rule, trial.env, trial.now):
        one = tried.setdefault((f"{entity.kind}/{entity.id}", ref.name), _TriedFact(entity, ref.name, ref.type, [], []))
        for value in values:
            if value != one.present and one.is_untried(value):
                one.values.append(value)
                if flips_with(trial, entity, ref.name, value):
                    one.flipping.append(value)
    return [one.change() for one in tried.values() if one.flipping]


@dataclass(frozen=True, slots=True)
class _TriedFact:
    """One fact, the values tried, and those that flipped the answer."""

    entity: Entity
    name: str
    type: str
    values: list[Any]
    flipping: list[Any]

    @property
    def present(self) -> Any:
        return self.entity.values.get(self.name)

    def is_untried(self, value: Any) -> bool:
        """Whether a value is allowed and not tried yet; 1 is not True."""
        if value is None and self.name in ALWAYS_KNOWN.get(self.entity.kind, ()):
            return False
        return not any(value == one and type(value) is type(one) for one in self.values)

    def change(self) -> Change:
        fact = f"{self.entity.kind}/{self.entity.id} {self.name}"
        values = nearest_values(self.present, self.flipping, self.type)
        any_known = self.present is None and len(self.flipping) == len(self.values)
        words = f"if {fact} {format_values(values, any_known, self.type)}"
        formatted = [as_json(value, self.type) for value in values]
        return {"fact": fact, "now": as_json(self.present, self.type), "values": formatted, "words": words}


def flips_with(trial: Trial, entity: Entity, name: str, value: Any) -> bool:
    """Whether another value of one fact flips the answer."""
    other, facts = _replace_value(trial.facts, entity, name, value)
    return trial.flips(facts, other if entity is trial.subject else None)


def _replace_value(facts: Facts, entity: Entity, name: str, value: Any) -> tuple[Entity, Facts]:
    """The facts with one value replaced: (the new entity, all facts)."""
    values = {key: value_ for key, value_ in entity.values.items() if key != name}
    other = replace(entity, values=values if value is None else values | {name: value})
    if entity is facts.candidate:
        return other, replace(facts, candidate=other)
    return other, _with_entities(
        facts, entity.kind, [other if one is entity else one for one in facts.entities[entity.kind]]
    )


def _with_entities(facts: Facts, kind: str, entities: list[Entity]) -> Facts:
    return replace(facts, entities=facts.entities | {kind: entities})


def arrivals(trial: Trial) -> list[Arrival]:
    """Entities whose removal flips the answer, and additional entities that flip it."""
    relations = [term for term in walk(trial.rule.when) if isinstance(term, Relation)]
    found = [
        arrival
        for relation in relations
        for arrival in (*_without(relation, trial), *_with_hypothetical(relation, trial))
    ]
    return [arrival for number, arrival in enumerate(found) if arrival not in found[:number]]


def _without(relation: Relation, trial: Trial) -> Iterator[Arrival]:
    entities = trial.facts.of_kind(relation.kind)
    for item in seen_items(trial.rule, relation, trial.env):
        if item is trial.subject:
            continue
        rest = [one for one in entities if one is not item]
        if trial.flips(_with_entities(trial.facts, relation.kind, rest)):
            yield {"entity": f"no {item.kind}/{item.id}", "such_that": []}


def _with_hypothetical(relation: Relation, trial: Trial) -> Iterator[Arrival]:
    entities = [*trial.facts.of_kind(relation.kind), _hypothetical(relation, trial)]
    if trial.flips(_with_entities(trial.facts, relation.kind, entities)):
        yield {"entity": f"one more {relation.kind}", "such_that": [phrase(term) for term in relation.where]}


def _hypothetical(relation: Relation, trial: Trial) -> Entity:
    """An entity that meets the conditions of a relation, as far as each can be met separately."""
    one, env = Entity(relation.kind, "hypothetical"), trial.env
    env.item = one
    _meet_all(one, relation.where, env, trial.now)
    return one


def _meet_all(one: Entity, condition: Condition, env: Env, now: int) -> None:
    for term in condition:
        if isinstance(term, AnyOf):
            _meet_all(one, term.alternatives[0], env, now)
        elif isinstance(term, Linked):
            one.values |= _link(term.how, one.kind, env.subject)
        else:
            _meet(one, term, env, now)


def _meet(one: Entity, term: Term, env: Env, now: int) -> None:
    """Give the entity the first value that meets a term."""
    ref = next(iter(references(term)))
    if ref.scope != Scope.ITEM:
        return
    for value in values_for(term, ref, env, now):
        one.values[ref.name] = value
        if holds(intervals_of(term)(env), now):
            return
    one.values.pop(ref.name, None)


def _link(how: str, kind: str, subject: Entity) -> dict[str, Any]:
    values = subject.values
    if how == "another":
        return {"employer": f"other than {values.get('employer')}"}
    if how == "for" and kind == "contact" and subject.kind == "offer":
        return {"offer": subject.id, **{key: values[key] for key in ("application", "employer") if key in values}}
    return {key: values[key] for key in ("application", "employer", "employer_name") if key in values}
