"""What if: every single fact that a rule reads, changed in every way that could matter, and what then holds. Pure.

Each change that is reported has been tried: the rule was evaluated anew with that one fact changed.
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
from signpost.explain.words import said, telling
from signpost.facts.facts import Entity, Facts
from signpost.facts.vocabulary import KINDS
from signpost.rulebook.analysis.guarantees import ALWAYS_KNOWN
from signpost.rulebook.checks import references
from signpost.rulebook.printing import phrase
from signpost.rulebook.terms import AnyOf, Condition, Linked, Relation, Rule, Scope, Term, walk


class Change(TypedDict):
    """One fact and values that would turn the rule's answer (null: were it unknown); of amounts and times the nearest
    found on either side. `words`: the same as a person says it."""

    fact: str
    now: Any
    values: list[Any]
    words: str


class Arrival(TypedDict):
    """One more entity such that, or one fewer, would turn the rule's answer."""

    entity: str
    such_that: list[str]


@dataclass(slots=True)
class Budget:
    """How much may still be tried: entities looked at. What is left out is not said to make no difference."""

    left: int = 1_000_000

    def spend(self, facts: Facts) -> bool:
        """Whether there is enough for one more evaluation."""
        self.left -= 20 + sum(map(len, facts.entities.values()))
        return self.left >= 0


@dataclass(frozen=True, slots=True)
class Trial:
    """One rule about one subject at one instant, to be asked again of other facts."""

    engine: CompiledEngine
    rule: Rule
    subject: Entity
    facts: Facts
    now: int
    holding: bool
    budget: Budget

    @property
    def env(self) -> Env:
        """What the rule sees, the facts being as they are."""
        return self.engine.environment(self.rule.id, self.subject, self.facts)

    def turns(self, facts: Facts, subject: Entity | None = None) -> bool:
        """Whether other facts give another answer."""
        if not self.budget.spend(facts):
            return False
        answer = self.engine.answer_about(self.rule.id, subject or self.subject, facts)
        return answer.holds(self.now) is not self.holding


def changes(trial: Trial) -> list[Change]:
    """The facts of which some other value turns the answer."""
    tried: dict[tuple[str, str], _Tried] = {}
    for entity, ref, values in tries(trial.rule, trial.env, trial.now):
        one = tried.setdefault((f"{entity.kind}/{entity.id}", ref.name), _Tried(entity, ref.name, [], []))
        for value in values:
            if value != one.present and one.may_be(value):
                one.values.append(value)
                if _turns(trial, entity, ref.name, value):
                    one.turning.append(value)
    return [one.change() for one in tried.values() if one.turning]


@dataclass(frozen=True, slots=True)
class _Tried:
    """One fact with the values given to it, and those of them that turned the answer."""

    entity: Entity
    name: str
    values: list[Any]
    turning: list[Any]

    @property
    def present(self) -> Any:
        return self.entity.values.get(self.name)

    def may_be(self, value: Any) -> bool:
        """Whether a value is still to be tried; 1 is not True."""
        if value is None and self.name in ALWAYS_KNOWN.get(self.entity.kind, ()):
            return False
        return not any(value == one and type(value) is type(one) for one in self.values)

    def change(self) -> Change:
        type_ = KINDS[self.entity.kind][self.name].type
        fact = f"{self.entity.kind}/{self.entity.id} {self.name}"
        values = telling(self.present, self.turning, type_)
        any_known = self.present is None and len(self.turning) == len(self.values)
        words = f"if {fact} {said(values, any_known, type_)}"
        shown = [as_json(value, type_) for value in values]
        return {"fact": fact, "now": as_json(self.present, type_), "values": shown, "words": words}


def _turns(trial: Trial, entity: Entity, name: str, value: Any) -> bool:
    other, facts = _changed(trial.facts, entity, name, value)
    return trial.turns(facts, other if entity is trial.subject else None)


def _changed(facts: Facts, entity: Entity, name: str, value: Any) -> tuple[Entity, Facts]:
    """The facts with one of them changed: (the entity as it then is, everything)."""
    values = {key: held for key, held in entity.values.items() if key != name}
    other = replace(entity, values=values if value is None else values | {name: value})
    if entity is facts.candidate:
        return other, replace(facts, candidate=other)
    return other, _with(facts, entity.kind, [other if one is entity else one for one in facts.entities[entity.kind]])


def _with(facts: Facts, kind: str, entities: list[Entity]) -> Facts:
    return replace(facts, entities=facts.entities | {kind: entities})


def arrivals(trial: Trial) -> list[Arrival]:
    """The other entities without which the answer would be another, and those with which it would."""
    relations = [term for term in walk(trial.rule.when) if isinstance(term, Relation)]
    found = [
        arrival for relation in relations for arrival in (*_without(relation, trial), *_with_one_more(relation, trial))
    ]
    return [arrival for number, arrival in enumerate(found) if arrival not in found[:number]]


def _without(relation: Relation, trial: Trial) -> Iterator[Arrival]:
    entities = trial.facts.of_kind(relation.kind)
    for item in seen_items(trial.rule, relation, trial.env):
        if item is trial.subject:
            continue
        rest = [one for one in entities if one is not item]
        if trial.turns(_with(trial.facts, relation.kind, rest)):
            yield {"entity": f"no {item.kind}/{item.id}", "such_that": []}


def _with_one_more(relation: Relation, trial: Trial) -> Iterator[Arrival]:
    entities = [*trial.facts.of_kind(relation.kind), _one_more(relation, trial)]
    if trial.turns(_with(trial.facts, relation.kind, entities)):
        yield {"entity": f"one more {relation.kind}", "such_that": [phrase(term) for term in relation.where]}


def _one_more(relation: Relation, trial: Trial) -> Entity:
    """An entity that meets the conditions of a relation, as far as each can be met by itself."""
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
