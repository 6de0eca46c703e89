"""Evidence: the facts that make a rule hold, with the events behind them. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any, TypedDict

from signpost.case.case import Stamp
from signpost.case.instant import format_instant, on_calendar
from signpost.case.money import Money
from signpost.engine.compiled import Answer
from signpost.engine.conditions import TimedCheck, compile_timed
from signpost.engine.environment import Env
from signpost.engine.intervals import holds
from signpost.facts.facts import Entity, Facts
from signpost.facts.places import HOME_OF
from signpost.rulebook.checks import references
from signpost.rulebook.derived import derive_once
from signpost.rulebook.ends import is_life
from signpost.rulebook.printing import duration_phrase
from signpost.rulebook.terms import AnyOf, Condition, Duration, Ref, Relation, Scope, Term


class EventRef(TypedDict):
    """The event that stated a fact."""

    source: str
    id: str
    time: str


class Fact(TypedDict):
    """One fact that a condition read; `unknown`: whether it has no value."""

    fact: str
    value: Any
    unknown: bool
    event: EventRef | None


def evidence(answer: Answer, facts: Facts, related: Mapping[str, list[Entity]], now: int) -> list[Fact]:
    """The facts that the rule's conditions read, each once, in the order of the rule."""
    env = Env(
        facts,
        answer.subject,
        answer.subject,
        facts.clock(answer.subject, private=answer.rule.audience == "candidate").zone,
        {k: _constant(v) for k, v in answer.defined.items()},
    )
    facts_read: dict[str, Fact] = {}
    for fact in _of_condition(answer.rule.when, env, related, now):
        facts_read.setdefault(fact["fact"], fact)
    return list(facts_read.values())


def _constant(value: object) -> Any:
    return lambda env: value


def _of_condition(condition: Condition, env: Env, related: Mapping[str, list[Entity]], now: int) -> Iterator[Fact]:
    for step in _steps(condition):
        if isinstance(step, Ref):
            yield fact_of(step, env)
        elif isinstance(step, Relation):
            yield from _of_relation(step, env, related, now)
        else:
            holding = [alternative for alternative in step.alternatives if holds(_compiled(alternative)(env), now)]
            for alternative in holding or step.alternatives:
                yield from _of_condition(alternative, env, related, now)


@derive_once
def _steps(condition: Condition) -> tuple[Ref | Relation | AnyOf, ...]:
    """The terms of a condition in order, plain ones as the fields that they read."""
    return tuple(step for term in condition for step in _steps_of(term))


def _steps_of(term: Term) -> Iterator[Ref | Relation | AnyOf]:
    if isinstance(term, Relation | AnyOf):
        yield term
    elif not is_life(term):
        for ref in references(term):
            yield ref
            for name in HOME_OF.get(ref.name, ()) if ref.scope != Scope.DEFINED else ():
                yield Ref(Scope.CANDIDATE, name, "text")


def _of_relation(term: Relation, env: Env, related: Mapping[str, list[Entity]], now: int) -> Iterator[Fact]:
    if term.fewer:
        yield {"fact": _describe_absence(term), "value": 0, "unknown": False, "event": None}
        return
    outer = env.item
    for item in related.get(term.name, []):
        env.item = item
        yield from _of_condition(term.where, env, related, now)
    env.item = outer


def _describe_absence(term: Relation) -> str:
    """Describe a relation without a match: `no contact with the channel, purpose asked for`."""
    names = dict.fromkeys(ref.name for inner in term.where if not is_life(inner) for ref in references(inner))
    few = "no" if term.number == 1 else f"fewer than {term.number}"
    kind = term.kind if term.number == 1 else f"{term.kind}s"
    return f"{few} {'other ' if term.other else ''}{kind}" + (
        f" with the {', '.join(names)} asked for" if names else ""
    )


def fact_of(ref: Ref, env: Env) -> Fact:
    if ref.scope == Scope.DEFINED:
        value = env.defined[ref.name](env)
        return {
            "fact": f"{ref.name} of this rule",
            "value": as_json(value, ref.type),
            "unknown": value is None,
            "event": None,
        }
    entity = {Scope.ITEM: env.item, Scope.SUBJECT: env.subject}.get(ref.scope, env.facts.candidate)
    value = entity.values.get(ref.name)
    stamp = entity.stamps.get(ref.name)
    return {
        "fact": f"{entity.kind}/{entity.id} {ref.name}",
        "value": as_json(value, ref.type),
        "unknown": value is None,
        "event": _event(stamp) if stamp else None,
    }


def _event(stamp: Stamp) -> EventRef:
    time, source, event = stamp
    return {"source": source, "id": event, "time": format_instant(time)}


def as_json(value: Any, type_: str) -> Any:
    """A typed value as JSON; a duration as rules write it."""
    if isinstance(value, Money):
        return value.to_json()
    if type_ == "instant" and isinstance(value, int):
        return None if on_calendar(value) is None else format_instant(value)
    if isinstance(value, Duration):
        return duration_phrase(value)
    return value if isinstance(value, str | int | float | bool | list | dict | None) else str(value)


@derive_once
def _compiled(condition: Condition) -> TimedCheck:
    return compile_timed(condition)
