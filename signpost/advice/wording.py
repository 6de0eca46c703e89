"""Wording: the variables that a rule's texts may name, and the texts filled in. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from signpost.advice.comparison import Comparison, compare, render_comparison
from signpost.engine.compiled import Answer
from signpost.engine.conditions import says_same
from signpost.engine.environment import Env
from signpost.facts.facts import UTC_ZONE, Entity, Facts
from signpost.facts.vocabulary import KINDS
from signpost.rulebook.terms import AnyOf, Duration, Known, Rule, Scope
from signpost.rulebook.texts import placed, render, show
from signpost.rulebook.values import parse_duration

SOMEBODY = "the employer"


@dataclass(frozen=True, slots=True)
class Words:
    """The texts of one recommendation, filled in."""

    title: str
    message: str
    steps: list[str]
    drafts: list[dict[str, str]]
    comparison: Comparison | None


def words_for(answer: Answer, facts: Facts, related: Mapping[str, list[Entity]], priority: str) -> Words:
    """The texts of a rule about a subject, from facts and the priority in force; never from the clock."""
    rule = answer.rule
    comparison = (
        compare(related.get("offers") or related.get("offer") or [], facts.candidate) if rule.attaches else None
    )
    context = _variables(answer, facts, related) | {"priority": priority}
    if comparison is not None:
        context["comparison"] = render_comparison(comparison)
    texts = rule.texts
    drafts = [
        {"name": draft.name, "title": render(draft.title, context), "body": render(draft.body, context)}
        for draft in texts.drafts
    ]
    steps = [step for step in (render(source, context) for source in texts.steps) if step]
    return Words(render(texts.title, context), render(texts.message, context), steps, drafts, comparison)


def inputs_of(answer: Answer, facts: Facts, related: Mapping[str, list[Entity]], priority: str) -> bytes:
    """Everything that the texts are made from: while this stays, so do the words."""
    parts = [
        priority,
        answer.subject.values,
        answer.due,
        answer.valid_until,
        answer.defined,
        [[item.id, item.values] for items in related.values() for item in items],
    ]
    if answer.rule.audience == "candidate":
        parts.append(facts.candidate.values)
    return orjson.dumps(parts, default=str, option=orjson.OPT_SORT_KEYS)


def zone_of(rule: Rule, facts: Facts) -> ZoneInfo:
    """Whose clock the texts show: the candidate's, which an employer does not know."""
    return facts.zone if rule.audience == "candidate" else UTC_ZONE


def missing_fields(rule: Rule, env: Env) -> list[str]:
    """The labels of the fields that a rule's `any unknown` names and nobody has told."""
    missing = []
    for term in rule.when:
        if isinstance(term, AnyOf):
            for alternative in term.alternatives:
                question = alternative[0]
                if (
                    len(alternative) == 1
                    and isinstance(question, Known)
                    and not question.known
                    and question.ref.scope == Scope.ITEM
                ) and question.ref.name not in env.item.values:
                    missing.append(KINDS[env.item.kind][question.ref.name].label)
    return missing


def _variables(answer: Answer, facts: Facts, related: Mapping[str, list[Entity]]) -> dict[str, Any]:
    rule, zone = answer.rule, zone_of(answer.rule, facts)
    private = rule.audience == "candidate"
    context = shown(answer.subject, zone, private=private)
    if private:
        context["candidate"] = shown(facts.candidate, zone)
    for name, entities in related.items():
        items = [shown(item, zone, private=private) for item in entities]
        context[f"{name}s"] = items
        if items:
            context[name] = items[0]
    context["params"] = {name: _param(value) for name, value in rule.params.items()}
    for name, value in answer.defined.items():
        context[name] = _shown_value(value, _defined_type(rule, name), zone)
    context["missing"] = missing_fields(rule, Env(facts, answer.subject, answer.subject, zone))
    context["due"] = placed(answer.due, "instant", zone)
    context["valid_until"] = placed(answer.valid_until, "instant", zone)
    if answer.subject.kind == "offer":
        context["letter_differences"] = letter_differences(answer.subject)
    return {name: value for name, value in context.items() if value is not None}


def shown(entity: Entity, zone: ZoneInfo, *, private: bool = True) -> dict[str, Any]:
    """An entity's values as texts name them: instants local, groups nested, the employer by name; without `private`
    nothing that the candidate said in private."""
    values: dict[str, Any] = {"id": entity.id}
    for name, value in entity.values.items():
        field = KINDS[entity.kind].get(name)
        if field is not None and field.private and not private:
            continue
        local = placed(value, field.type if field else "", zone)
        group, _, leaf = name.partition(".")
        if leaf:
            values.setdefault(group, {})[leaf] = local
        else:
            values[name] = local
    if entity.kind != "candidate":
        values["employer"] = entity.values.get("employer_name", SOMEBODY)
    return values


def letter_differences(offer: Entity) -> list[dict[str, str]]:
    """Where the letter says other than the offer: [{field, offer, letter}] as a person reads it."""
    found = []
    for name in ("salary", "title", "start_date", "location", "workplace"):
        ours, theirs = offer.values.get(name), offer.values.get(f"letter_{name}")
        if ours is not None and theirs is not None and not says_same(ours, theirs):
            found.append({"field": name.replace("_", " "), "offer": show(ours), "letter": show(theirs)})
    return found


def _shown_value(value: Any, type_: str, zone: ZoneInfo) -> Any:
    """A defined value as texts show it; a number of days and a duration read alike."""
    if type_ == "duration" and value is not None:
        return _days(value if isinstance(value, Duration) else Duration(value))
    return placed(value, type_, zone)


def _param(value: Any) -> Any:
    duration = parse_duration(value) if isinstance(value, str) else None
    return value if duration is None else _days(duration)


def _days(duration: Duration) -> str:
    hours = duration.microseconds // 3_600_000_000
    parts = [(duration.business_days, "business day"), (duration.days, "day"), (hours, "hour")]
    return " ".join(f"{number} {unit}{'' if number == 1 else 's'}" for number, unit in parts if number) or "no time"


def _defined_type(rule: Rule, name: str) -> str:
    return next(defined.type for defined in rule.defined if defined.name == name)
