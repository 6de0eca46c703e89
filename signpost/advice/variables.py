"""The variables that the texts of a rule may use: made only where a text uses them. Pure."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any, Final

from signpost.advice.addressing import salutation, signature, the_candidate
from signpost.engine.compiled import Answer
from signpost.engine.conditions import compile_untimed, values_agree
from signpost.engine.environment import Env
from signpost.facts.clock import Clock
from signpost.facts.facts import Entity, Facts
from signpost.facts.vocabulary import Vocabulary
from signpost.rulebook.shapes import ADDRESSED
from signpost.rulebook.terms import AnyOf, Condition, Duration, Known, Scope, is_timed
from signpost.rulebook.text_values import readable
from signpost.rulebook.texts import show, to_local_time
from signpost.rulebook.typed_rule import Rule
from signpost.rulebook.values import parse_duration

EMPLOYER_FALLBACK = "the employer"


class RuleVariables:
    """The variables of the texts of one rule about one subject, with the times of one reader. Never from the clock."""

    def __init__(
        self, answer: Answer, facts: Facts, related: Mapping[str, list[Entity]], priority: str, clock: Clock
    ) -> None:
        self.answer, self.facts, self.related, self.priority = answer, facts, related, priority
        self.private, self.clock = answer.rule.audience == "candidate", clock

    def named(self, names: Iterable[str]) -> dict[str, Any]:
        """Those with these names that are known."""
        return {name: value for name in names if (value := self._find(name)) is not None}

    def _find(self, name: str) -> Any:
        """The value of a variable. What a rule defines or relates to hides a field of its subject."""
        rule, subject = self.answer.rule, self.answer.subject
        if name in _OF_RULES:
            return _OF_RULES[name](self)
        if name == "letter_differences" and subject.kind == "offer":
            return letter_differences(subject)
        if name in self.answer.defined:
            return readable(_format_value(self.answer.defined[name], _defined_type(rule, name), self.clock))
        if name == "params":
            return {param: readable(_format_param(value)) for param, value in rule.params.items()}
        if name in self._of_related:
            return self._of_related[name]
        if name == "candidate" and self.private:
            return context_of(self.facts.candidate, self.facts, self.clock)
        if name == "signature":
            return signature(
                self.facts.candidate.values.get("display_name") if self.private else subject.values.get("contact_name")
            )
        return context_of(subject, self.facts, self.clock, private=self.private).get(name)

    @cached_property
    def _of_related(self) -> dict[str, Any]:
        """The related entities: `offer` is the first, `offers` are all."""
        found: dict[str, Any] = {}
        for name, entities in self.related.items():
            items = [context_of(item, self.facts, self.clock, private=self.private) for item in entities]
            found |= {f"{name}s": items, name: items[0]} if items else {f"{name}s": items}
        return found

    def missing(self) -> list[str]:
        """See `missing_fields`."""
        subject = self.answer.subject
        return missing_fields(self.answer.rule, Env(self.facts, subject, subject, self.clock.zone))


_OF_RULES: Final[Mapping[str, Callable[[RuleVariables], Any]]] = {
    "priority": lambda known: known.priority,
    "missing": lambda known: known.missing(),
    "due": lambda known: to_local_time(known.answer.due, "instant", known.clock),
    "valid_until": lambda known: to_local_time(known.answer.valid_until, "instant", known.clock),
}


def missing_fields(rule: Rule, env: Env) -> list[str]:
    """The labels of the unknown fields that a rule's `any unknown` names, also as one of several alternatives."""
    fields = rule.vocabulary[env.item.kind]
    return [fields[name].label for name in _missing_names(rule.when, env)]


def _missing_names(condition: Condition, env: Env) -> Iterator[str]:
    for alternative in (one for term in condition if isinstance(term, AnyOf) for one in term.alternatives):
        nested = tuple(term for term in alternative if isinstance(term, AnyOf))
        beside = tuple(term for term in alternative if not isinstance(term, AnyOf))
        match beside:
            case (Known(ref=ref, known=False),) if not nested:
                if ref.scope == Scope.ITEM and ref.name not in env.item.values:
                    yield ref.name
            case _ if nested and not any(map(is_timed, beside)) and compile_untimed(beside)(env):
                yield from _missing_names(nested, env)


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
    """Differences between the letter and the offer: [{field, offer, letter}], formatted for a reader.

    Less pay than that of the yes is one, whatever the offer states by then."""
    differences = []
    for name in ("salary", "title", "start_date", "location", "workplace"):
        ours, theirs = offer.values.get(name), offer.values.get(f"letter_{name}")
        if ours is not None and theirs is not None and values_agree(ours, theirs) is False:
            differences.append(_difference(name.replace("_", " "), ours, theirs))
    accepted, written = offer.values.get("accepted_salary"), offer.values.get("letter_salary")
    if accepted is not None and written is not None and written < accepted:
        differences.append(_difference("salary when accepted", accepted, written))
    return differences


def _difference(name: str, ours: Any, theirs: Any) -> dict[str, str]:
    return {"field": name, "offer": show(readable(ours)), "letter": show(readable(theirs))}


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
