"""Questions: the few unknown facts whose answers would give a candidate the most, and the most urgent, advice. Pure.

Every question was tried: its event was folded into the case, and the rules were evaluated.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypedDict

from marshmallow import ValidationError

from signpost.advice.answers import set_aside
from signpost.advice.evidence import as_json
from signpost.advice.records import load_records
from signpost.advice.variables import EMPLOYER_FALLBACK
from signpost.case.case import Case
from signpost.case.event import Event
from signpost.case.instant import DAY, format_instant, on_calendar, to_datetime
from signpost.engine import CompiledEngine
from signpost.engine.compiled import Answer
from signpost.engine.supersession import suppressors
from signpost.explain.question_texts import PossibleAnswer
from signpost.explain.waiting import Unknown, unknowns
from signpost.facts.facts import Facts, facts_of
from signpost.names import PRIORITIES
from signpost.schemas import EVENT_SCHEMAS
from signpost.schemas.containers import object_schema
from signpost.schemas.event_attributes import full_type
from signpost.schemas.fields import JsonSchema, Kind
from signpost.schemas.money import MoneySchema
from signpost.schemas.reading import schema_loader

MAX_TRIALS: Final = 60
"""Answers tried in one call, each with an evaluation of the whole case."""
MAX_WORK: Final = 8_000
"""Entities evaluated in those: one to two seconds; a very large case has fewer answers tried."""
MAX_VALUES: Final = 6
"""Values tried for one answer."""
DEFAULT_LIMIT: Final = 5
MAX_LIMIT: Final = 20


class WaitingRule(TypedDict):
    """A rule that an answer makes give advice about a subject, and with which priority."""

    rule: str
    subject: dict[str, str]
    priority: str


class EventToSend(TypedDict):
    """The event that states an answer; the sender adds `specversion`, `id`, `source` and `time`."""

    type: str
    subject: str
    data: dict[str, Any]


class Fill(TypedDict):
    """The value that the person states: its place in the event (a JSON pointer), its JSON Schema, and an example."""

    pointer: str
    schema: JsonSchema
    example: Any


class OfferedAnswer(TypedDict):
    """One possible answer. `fill`: null if the event is complete; else its value is null until it is filled in."""

    text: str
    event: EventToSend
    fill: Fill | None


class Question(TypedDict):
    """One question. `fact` names it: `offer/o-1 start_date`; `rules`: the advice that some answer brings."""

    fact: str
    subject: dict[str, str]
    text: str
    priority: str
    rules: list[WaitingRule]
    answers: list[OfferedAnswer]


@dataclass(slots=True)
class _Result:
    """What the answers to one question bring."""

    unknown: Unknown
    rules: dict[str, WaitingRule] = field(default_factory=dict)
    examples: dict[int, Any] = field(default_factory=dict)
    """Number of the answer -> the value that brought the most advice."""

    @property
    def rank(self) -> tuple[int, int, str, str, str]:
        """Sort key: the most urgent advice first, then the most."""
        entity = self.unknown.entity
        priorities = [PRIORITIES.index(rule["priority"]) for rule in self.rules.values()]
        return -max(priorities), -len(priorities), entity.kind, entity.id, self.unknown.ask.name


def questions(
    engine: CompiledEngine, case: Case, key: str, now: int, limit: int = DEFAULT_LIMIT, advice_state: bytes = b""
) -> list[Question]:
    """The `limit` questions to the candidate of this case whose answers decide the most urgent advice, and the most.

    `key`: the key of the case; `advice_state`: its stored advice state, if known. Costs at most MAX_TRIALS evaluations,
    and those of single rules in `unknowns`.
    """
    facts = facts_of(case, key, engine.rulebook.vocabulary)
    found = unknowns(engine, facts, now)
    if not found:
        return []
    aside = set_aside(case, load_records(advice_state), now)
    wanted = frozenset(_wanted(engine, facts, now, aside))
    trials = _Trials(engine, case, key, now, wanted, aside, min(MAX_TRIALS, MAX_WORK // _size(facts)))
    order = sorted(found, key=lambda gap: (-found[gap].rank, -found[gap].rules, gap))
    results = [result for gap in order if (result := trials.run(found[gap])).rules]
    return [_question(result, key, now) for result in sorted(results, key=lambda result: result.rank)[:limit]]


def _wanted(engine: CompiledEngine, facts: Facts, now: int, aside: Mapping[str, int | None]) -> dict[str, Answer]:
    """The advice for the candidate, without what other advice replaces. `aside`: see `suppressors`."""
    current = {answer.key: answer for answer in engine.answers(facts) if answer.holds(now)}
    replaced = suppressors(current, aside)
    return {
        key: answer for key, answer in current.items() if key not in replaced and answer.rule.audience == "candidate"
    }


def _size(facts: Facts) -> int:
    return 1 + sum(map(len, facts.entities.values()))


@dataclass(slots=True)
class _Trials:
    """Tries answers on a case. `wanted`: the keys of the advice as the case is; `aside`: the answered advice, see
    `suppressors`; `left`: how many more it may try."""

    engine: CompiledEngine
    case: Case
    key: str
    now: int
    wanted: frozenset[str]
    aside: Mapping[str, int | None]
    left: int = 0

    def run(self, unknown: Unknown) -> _Result:
        """Try the answers to one question."""
        result = _Result(unknown)
        for number, answer in enumerate(unknown.ask.answers):
            most = 0
            for value in _values(unknown, answer, self.now):
                brought = self._try(answer, answer.data_with(_named(unknown), value))
                result.rules |= brought
                if len(brought) > most:
                    most, result.examples[number] = len(brought), value
        return result

    def _try(self, answer: PossibleAnswer, stated: dict[str, Any]) -> dict[str, WaitingRule]:
        """The advice that an answer brings; none beyond the budget."""
        data = _canonical(answer, stated)
        if data is None or self.left <= 0:
            return {}
        self.left -= 1
        event = Event("", "signpost", "question", answer.type, self.now, self.key, data)
        facts = facts_of(self.case.fold(event), self.key, self.engine.rulebook.vocabulary)
        wanted = _wanted(self.engine, facts, self.now, self.aside)
        return {key: _waiting(found, self.now) for key, found in wanted.items() if key not in self.wanted}


def _waiting(answer: Answer, now: int) -> WaitingRule:
    subject = {"kind": answer.subject.kind, "id": answer.subject.id}
    return {"rule": answer.rule.id, "subject": subject, "priority": answer.priority(now)}


def _named(unknown: Unknown) -> dict[str, Any]:
    """The id of the subject in the data of an event."""
    entity = unknown.entity
    return {} if entity.kind == "candidate" else {entity.kind: entity.id}


def _canonical(answer: PossibleAnswer, data: dict[str, Any]) -> dict[str, Any] | None:
    """The data as the intake would accept it; None if it would not."""
    try:
        return schema_loader(EVENT_SCHEMAS[answer.type]).load(data)
    except ValidationError:
        return None


def _values(unknown: Unknown, answer: PossibleAnswer, now: int) -> list[Any]:
    """The values to try, as JSON; [None] for an answer without a value of the person's own."""
    if not answer.fill:
        return [None]
    direct = [as_json(value, type_) for value, type_ in unknown.values]
    values = direct or list(_samples(_field(answer), now))
    distinct = [value for number, value in enumerate(values) if value not in values[:number]]
    return distinct[:MAX_VALUES]


def _samples(field: Kind, now: int) -> Iterator[Any]:
    """Values of a field that no condition reads directly."""
    plain: Mapping[str, list[Any]] = {
        "integer": [0, 7, 14, 30, 90, 365],
        "number": [1, 20, 40],
        "money_or_false": [{"amount": "1", "currency": "USD", "per": "year"}],
        "money": [{"amount": "1", "currency": "USD", "per": "year"}],
        "texts": [["something"]],
        "choices": [[choice] for choice in field.choices],
        "instant": [format_instant(now)],
    }
    if field.kind == "date":
        yield from _days(now)
    else:
        yield from field.choices or plain.get(field.kind, ["something"])


def _days(now: int) -> Iterator[str]:
    for step in (0, 7, 14, 30, 60, 90, 180):
        instant = on_calendar(now + step * DAY)
        if instant is not None:
            yield to_datetime(instant).date().isoformat()


def _field(answer: PossibleAnswer) -> Kind:
    """The field of the event that a person's value fills."""
    schema: Any = EVENT_SCHEMAS[answer.type]()
    *outer, last = answer.fill
    for name in outer:
        schema = schema.fields[name].schema()
    found: Kind = schema.fields[last]
    return found


def _question(result: _Result, key: str, now: int) -> Question:
    unknown, entity = result.unknown, result.unknown.entity
    rules = sorted(result.rules.items(), key=lambda item: (-PRIORITIES.index(item[1]["priority"]), item[0]))
    employer = entity.values.get("employer_name", EMPLOYER_FALLBACK)
    return {
        "fact": f"{entity.kind}/{entity.id} {unknown.ask.name}",
        "subject": {"kind": entity.kind, "id": entity.id},
        "text": unknown.ask.text.replace("{employer}", str(employer)),
        "priority": rules[0][1]["priority"],
        "rules": [rule for _, rule in rules],
        "answers": [_offered(answer, result, number, key) for number, answer in enumerate(unknown.ask.answers)],
    }


def _offered(answer: PossibleAnswer, result: _Result, number: int, key: str) -> OfferedAnswer:
    data = answer.data_with(_named(result.unknown))
    event: EventToSend = {"type": full_type(answer.type), "subject": key, "data": data}
    return {"text": answer.text, "event": event, "fill": _fill(answer, result.examples.get(number))}


def _fill(answer: PossibleAnswer, example: Any) -> Fill | None:
    if not answer.fill:
        return None
    pointer = f"/data/{'/'.join(answer.fill)}"
    return {"pointer": pointer, "schema": _self_contained(_field(answer).json_schema()), "example": example}


def _self_contained(schema: JsonSchema) -> JsonSchema:
    """A schema with the definition of money, if it refers to it."""
    return {**schema, "$defs": {"money": object_schema(MoneySchema)}} if "#/$defs/money" in str(schema) else schema
