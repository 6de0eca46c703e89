"""Renders a rule's texts, and provides the variables that they may use. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Any, TypeAlias

import orjson

from signpost.advice.addressing import salutation, signature, the_candidate
from signpost.advice.comparison import Comparison, compare, render_comparison
from signpost.advice.rendering import render_line, render_text, render_title
from signpost.engine.compiled import Answer
from signpost.engine.conditions import values_agree
from signpost.engine.environment import Env
from signpost.facts.clock import Clock
from signpost.facts.facts import Entity, Facts
from signpost.facts.vocabulary import Vocabulary
from signpost.rulebook.shapes import ADDRESSED
from signpost.rulebook.terms import AnyOf, Duration, Known, Rule, Scope, Texts
from signpost.rulebook.text_values import readable
from signpost.rulebook.texts import is_fixed, show, to_local_time
from signpost.rulebook.values import parse_duration

EMPLOYER_FALLBACK = "the employer"
EMPLOYER_TO_FILL_IN = "[name of the employer]"
"""In drafts, which the employer reads."""


@dataclass(frozen=True, slots=True)
class Words:
    """The rendered texts of one recommendation."""

    title: str
    message: str
    steps: list[str]
    drafts: list[dict[str, str]]
    comparison: Comparison | None


@dataclass(frozen=True, slots=True)
class JoinedWords:
    """What one recommendation adds to a card that joins several: a line of the list (`title` only if there is no
    `item`), and what the joined letter says and asks; empty texts add nothing."""

    title: str
    item: str
    opening: str
    questions: list[str]


_Key: TypeAlias = tuple[str, str, str]
"""(`RULE@KIND/ID`, priority, ids of the related entities)."""
_Context: TypeAlias = tuple[dict[str, Any], Comparison | None]


class Writer:
    """Renders the texts of one evaluation: a change, its digest and a card share them."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._written: dict[_Key, Words] = {}
        self._contexts: dict[_Key, _Context] = {}

    def words(self, answer: Answer, related: Mapping[str, list[Entity]], priority: str) -> Words:
        """The texts of a rule about a subject, from facts and the current priority; never from the clock."""
        key = _key(answer, related, priority)
        if key not in self._written:
            self._written[key] = _words(answer, *self._context(key, answer, related))
        return self._written[key]

    def joined(self, answer: Answer, related: Mapping[str, list[Entity]], priority: str) -> JoinedWords:
        """The part of a recommendation on a joined card."""
        rule = answer.rule
        if (fixed := _fixed_words(rule.id, rule.texts)) is not None:
            return fixed
        return _joined_words(rule.id, rule.texts, self._context(_key(answer, related, priority), answer, related)[0])

    def _context(self, key: _Key, answer: Answer, related: Mapping[str, list[Entity]]) -> _Context:
        if key not in self._contexts:
            self._contexts[key] = _context(answer, self._facts, related, key[1])
        return self._contexts[key]


def _key(answer: Answer, related: Mapping[str, list[Entity]], priority: str) -> _Key:
    return answer.key, priority, repr([[item.id for item in items] for items in related.values()])


def joined_words(answer: Answer, facts: Facts, related: Mapping[str, list[Entity]], priority: str) -> JoinedWords:
    """The part of a recommendation on a joined card."""
    return Writer(facts).joined(answer, related, priority)


def _words(answer: Answer, context: dict[str, Any], comparison: Comparison | None) -> Words:
    rule, texts = answer.rule, answer.rule.texts
    title, text = partial(render_title, rule.id, context=context), partial(render_text, rule.id, context=context)
    written = context if "employer_name" in answer.subject.values else context | {"employer": EMPLOYER_TO_FILL_IN}
    drafts = [
        {"name": draft.name, "title": title(draft.title, context=written), "body": text(draft.body, context=written)}
        for draft in texts.drafts
    ]
    steps = [step for step in map(text, texts.steps) if step]
    return Words(title(texts.title), text(texts.message), steps, drafts, comparison)


@lru_cache(maxsize=1024)
def _fixed_words(rule: str, texts: Texts) -> JoinedWords | None:
    """The part of a rule on a joined card if no fact changes it; None otherwise."""
    sources = (texts.item.strip() or texts.title, texts.opening, *texts.questions)
    return _joined_words(rule, texts, {}) if all(map(is_fixed, sources)) else None


def _joined_words(rule: str, texts: Texts, context: dict[str, Any]) -> JoinedWords:
    title, line = partial(render_title, rule, context=context), partial(render_line, rule, context=context)
    questions = [question for question in map(line, texts.questions) if question]
    item, opening = texts.item and title(texts.item), texts.opening and line(texts.opening)
    return JoinedWords("" if item else title(texts.title), item, opening, questions)


def _context(answer: Answer, facts: Facts, related: Mapping[str, list[Entity]], priority: str) -> _Context:
    """The variables of the texts, and the chart if the rule attaches one."""
    context = _variables(answer, facts, related) | {"priority": priority}
    if not answer.rule.attaches:
        return context, None
    offers = [_readable(offer) for offer in related.get("offers") or related.get("offer") or []]
    comparison = compare(offers, _readable(facts.candidate))
    return context | {"comparison": render_comparison(comparison)}, comparison


def inputs_of(answer: Answer, facts: Facts, related: Mapping[str, list[Entity]], priority: str) -> bytes:
    """The inputs of the texts as bytes: equal inputs give equal texts."""
    parts = [
        priority,
        answer.subject.values,
        answer.subject.offsets,
        answer.due,
        answer.valid_until,
        answer.defined,
        [[item.id, item.values, item.offsets] for items in related.values() for item in items],
    ]
    if answer.rule.audience == "candidate":
        parts += [facts.candidate.values, facts.candidate.offsets]
    return orjson.dumps(parts, default=str, option=orjson.OPT_SORT_KEYS)


def missing_fields(rule: Rule, env: Env) -> list[str]:
    """The labels of the unknown fields that a rule's `any unknown` names."""
    missing = []
    for term in rule.when:
        if isinstance(term, AnyOf):
            for alternative in term.alternatives:
                condition = alternative[0]
                if (
                    len(alternative) == 1
                    and isinstance(condition, Known)
                    and not condition.known
                    and condition.ref.scope == Scope.ITEM
                ) and condition.ref.name not in env.item.values:
                    missing.append(rule.vocabulary[env.item.kind][condition.ref.name].label)
    return missing


def _variables(answer: Answer, facts: Facts, related: Mapping[str, list[Entity]]) -> dict[str, Any]:
    rule, private = answer.rule, answer.rule.audience == "candidate"
    clock = facts.clock(answer.subject, private=private)
    context = dict(context_of(answer.subject, facts, clock, private=private))
    context["signature"] = signature(
        facts.candidate.values.get("display_name") if private else answer.subject.values.get("contact_name")
    )
    if private:
        context["candidate"] = context_of(facts.candidate, facts, clock)
    for name, entities in related.items():
        items = [context_of(item, facts, clock, private=private) for item in entities]
        context[f"{name}s"] = items
        if items:
            context[name] = items[0]
    context["params"] = {name: readable(_format_param(value)) for name, value in rule.params.items()}
    for name, value in answer.defined.items():
        context[name] = readable(_format_value(value, _defined_type(rule, name), clock))
    context["missing"] = missing_fields(rule, Env(facts, answer.subject, answer.subject, clock.zone))
    context["due"] = to_local_time(answer.due, "instant", clock)
    context["valid_until"] = to_local_time(answer.valid_until, "instant", clock)
    if answer.subject.kind == "offer":
        context["letter_differences"] = letter_differences(answer.subject)
    return {name: value for name, value in context.items() if value is not None}


def context_of(entity: Entity, facts: Facts, clock: Clock, *, private: bool = True) -> Mapping[str, Any]:
    """An entity of these facts as template variables, made once for all texts of one reader."""
    key = (entity.kind, entity.id, clock, private)
    if key not in facts.contexts:
        facts.contexts[key] = to_context(entity, clock, facts.vocabulary, private=private)
    return facts.contexts[key]


def to_context(entity: Entity, clock: Clock, vocabulary: Vocabulary, *, private: bool = True) -> dict[str, Any]:
    """An entity's values as template variables: local instants, nested groups, the employer's name, and texts in
    readable form; unless `private`, without fields that are private to the candidate."""
    values: dict[str, Any] = {"id": readable(entity.id)}
    for name, value in entity.values.items():
        field = vocabulary[entity.kind].get(name)
        if field is not None and field.private and not private:
            continue
        local = readable(to_local_time(value, field.type if field else "", clock, entity.offsets.get(name)))
        group, _, leaf = name.partition(".")
        if leaf:
            values.setdefault(group, {})[leaf] = local
        else:
            values[name] = local
    if entity.kind != "candidate":
        values["employer"] = readable(entity.values.get("employer_name", EMPLOYER_FALLBACK))
    if entity.kind in ADDRESSED:
        values["salutation"] = salutation(entity.kind, entity.values, by_candidate=private)
        values["the_candidate"] = the_candidate(entity.kind, entity.id, entity.values)
    return values


def letter_differences(offer: Entity) -> list[dict[str, str]]:
    """Differences between the letter and the offer: [{field, offer, letter}], formatted for a reader."""
    differences = []
    for name in ("salary", "title", "start_date", "location", "workplace"):
        ours, theirs = offer.values.get(name), offer.values.get(f"letter_{name}")
        if ours is not None and theirs is not None and values_agree(ours, theirs) is False:
            shown = {"offer": show(readable(ours)), "letter": show(readable(theirs))}
            differences.append({"field": name.replace("_", " "), **shown})
    return differences


def _readable(entity: Entity) -> Entity:
    """The entity with readable texts."""
    return replace(entity, id=readable(entity.id), values=readable(entity.values))


def _format_value(value: Any, type_: str, clock: Clock) -> Any:
    """Format a defined value; a number of days reads like a duration."""
    if type_ == "duration" and value is not None:
        return _format_duration(value if isinstance(value, Duration) else Duration(value))
    return to_local_time(value, type_, clock)


def _format_param(value: Any) -> Any:
    duration = parse_duration(value) if isinstance(value, str) else None
    return value if duration is None else _format_duration(duration)


def _format_duration(duration: Duration) -> str:
    hours = duration.microseconds // 3_600_000_000
    parts = [(duration.business_days, "business day"), (duration.days, "day"), (hours, "hour")]
    return " ".join(f"{number} {unit}{'' if number == 1 else 's'}" for number, unit in parts if number) or "no time"


def _defined_type(rule: Rule, name: str) -> str:
    return next(defined.type for defined in rule.defined if defined.name == name)
