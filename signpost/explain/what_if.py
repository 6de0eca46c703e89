"""What if: every single fact that a rule reads, changed in every way that could matter, and what then holds. Pure.

Each change that is reported has been tried: the rule was evaluated anew with that one fact changed.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, TypedDict

from signpost.advice.evidence import as_json
from signpost.case.facts import Entity, Facts
from signpost.case.vocabulary import KINDS
from signpost.engine import CompiledEngine
from signpost.engine.moments import Env
from signpost.engine.questions import spans_of
from signpost.engine.spans import holds
from signpost.explain.values import some_value, tries, values_for
from signpost.rulebook.checks import references
from signpost.rulebook.printing import phrase
from signpost.rulebook.terms import AnyOf, Known, Linked, Relation, Scope, Term


class Change(TypedDict):
    """One fact and the values that would turn the rule's answer; null: if it were unknown."""

    fact: str
    now: Any
    values: list[Any]


class Arrival(TypedDict):
    """One more entity such that, or one fewer, would turn the rule's answer."""

    entity: str
    such_that: list[str]


@dataclass(frozen=True, slots=True)
class Trial:
    """One rule about one subject at one instant, to be asked again of other facts."""

    engine: CompiledEngine
    rule: str
    subject: Entity
    facts: Facts
    now: int
    holding: bool

    def turns(self, facts: Facts, subject: Entity | None = None) -> bool:
        """Whether other facts give another answer."""
        answer = self.engine.answer_about(self.rule, subject or self.subject, facts)
        return answer.holds(self.now) is not self.holding


def changes(trial: Trial) -> list[Change]:
    """The facts of which some other value turns the answer."""
    rule = trial.engine.rulebook.rules[trial.rule]
    env = trial.engine.environment(trial.rule, trial.subject, trial.facts)
    defined = {one.name: one for one in rule.defined}
    found: dict[str, Change] = {}
    for entity, ref, values in tries(rule.when, defined, env, trial.now):
        type_ = KINDS[entity.kind][ref.name].type
        name, present = f"{entity.kind}/{entity.id} {ref.name}", entity.values.get(ref.name)
        turning = [
            as_json(value, type_) for value in values if value != present and _turns(trial, entity, ref.name, value)
        ]
        if turning:
            change = found.setdefault(name, {"fact": name, "now": as_json(present, type_), "values": []})
            for value in turning:
                if value not in change["values"]:
                    change["values"].append(value)
    return list(found.values())


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
    rule = trial.engine.rulebook.rules[trial.rule]
    relations = [term for term in rule.when if isinstance(term, Relation)]
    found = [
        arrival for relation in relations for arrival in (*_without(relation, trial), *_with_one_more(relation, trial))
    ]
    return [arrival for number, arrival in enumerate(found) if arrival not in found[:number]]


def _without(relation: Relation, trial: Trial) -> Iterator[Arrival]:
    entities = trial.facts.of_kind(relation.kind)
    for item in entities:
        if item is trial.subject:
            continue
        rest = [one for one in entities if one is not item]
        if trial.turns(_with(trial.facts, relation.kind, rest)):
            yield {"entity": f"no {item.kind}/{item.id}", "such_that": []}


def _with_one_more(relation: Relation, trial: Trial) -> Iterator[Arrival]:
    more = _one_more(relation, trial)
    if more is not None and trial.turns(_with(trial.facts, relation.kind, [*trial.facts.of_kind(relation.kind), more])):
        yield {"entity": f"one more {relation.kind}", "such_that": [phrase(term) for term in relation.where]}


def _one_more(relation: Relation, trial: Trial) -> Entity | None:
    """An entity that meets the conditions of a relation, as far as each can be met by itself."""
    one = Entity(relation.kind, "hypothetical")
    env = Env(trial.facts, trial.subject, one, trial.facts.zone)
    for term in relation.where:
        if isinstance(term, AnyOf):
            return None
        if isinstance(term, Linked):
            one.values |= _link(term.how, relation.kind, trial.subject)
        else:
            _meet(one, term, env, trial.now)
    return one


def _meet(one: Entity, term: Term, env: Env, now: int) -> None:
    """Give the entity the first value that meets a term."""
    ref = next(iter(references(term)))
    if ref.scope != Scope.ITEM:
        return
    tried = [some_value(ref, env, now)] if isinstance(term, Known) and term.known else values_for(term, ref, env, now)
    for value in tried:
        one.values[ref.name] = value
        if holds(spans_of(term)(env), now):
            return
    one.values.pop(ref.name, None)


def _link(how: str, kind: str, subject: Entity) -> dict[str, Any]:
    values = subject.values
    if how == "another":
        return {"employer": f"other than {values.get('employer')}"}
    if how == "for" and kind == "contact" and subject.kind == "offer":
        return {"offer": subject.id, **{key: values[key] for key in ("application", "employer") if key in values}}
    return {key: values[key] for key in ("application", "employer", "employer_name") if key in values}
