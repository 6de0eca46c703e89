"""Reasons: each condition of a rule with its answer at an instant, and the facts that decide it. Pure."""

from collections.abc import Iterable, Iterator
from typing import TypedDict

from signpost.advice.evidence import Fact, fact_of
from signpost.case.facts import Entity
from signpost.case.instant import format_instant, on_calendar
from signpost.engine.moments import Env, instant_of
from signpost.engine.questions import items, spans_of
from signpost.engine.spans import holds
from signpost.rulebook.checks import references
from signpost.rulebook.printing import phrase
from signpost.rulebook.terms import AnyOf, Condition, Reached, Relation, Term


class Reason(TypedDict):
    """One condition. `answer`: yes, no, or unknown where it is no because something it compares is not known.

    `seen`: the facts that it read; `since` and `until`: the instants at which time turns its answer, if nothing else
    happens; `parts`: the conditions within it, for each alternative or each entity that was looked at (`of`: which).
    """

    condition: str
    of: str | None
    answer: str
    seen: list[Fact]
    turns: str | None
    parts: list["Reason"]


def reasons(condition: Condition, env: Env, now: int) -> list[Reason]:
    """The reasons of a condition, term by term."""
    return [_reason(term, env, now) for term in condition]


def _reason(term: Term, env: Env, now: int) -> Reason:
    spans = spans_of(term)(env)
    holding = holds(spans, now)
    seen = [] if isinstance(term, (AnyOf, Relation)) else [fact_of(ref, env) for ref in references(term)]
    unknown = not holding and any(fact["unknown"] for fact in seen)
    turn = on_calendar(next((flip for flip in spans if flip > now), None))
    return {
        "condition": phrase(term),
        "of": None,
        "answer": "yes" if holding else "unknown" if unknown else "no",
        "seen": seen + _threshold(term, env),
        "turns": None if turn is None else format_instant(turn),
        "parts": list(_parts(term, env, now)),
    }


def _threshold(term: Term, env: Env) -> list[Fact]:
    """The instant that a condition about time comes to, where it is not the field itself."""
    if not isinstance(term, Reached):
        return []
    instant = on_calendar(instant_of(term.moment)(env))
    value = None if instant is None else format_instant(instant)
    return [{"fact": "that is", "value": value, "unknown": instant is None, "event": None}]


def _parts(term: Term, env: Env, now: int) -> Iterator[Reason]:
    if isinstance(term, AnyOf):
        for number, alternative in enumerate(term.alternatives, 1):
            yield from _under(f"alternative {number}", reasons(alternative, env, now), len(alternative))
    elif isinstance(term, Relation):
        outer = env.item
        for item in items(term)(env):
            env.item = item
            yield _entity(item, reasons(term.where, env, now))
        env.item = outer


def _under(name: str, found: list[Reason], number: int) -> Iterable[Reason]:
    """An alternative of one condition is that condition."""
    return found if number == 1 else [_group(name, None, found)]


def _entity(item: Entity, found: list[Reason]) -> Reason:
    return _group("all of", f"{item.kind}/{item.id}", found)


def _group(condition: str, of: str | None, found: list[Reason]) -> Reason:
    answers = {reason["answer"] for reason in found}
    answer = "no" if "no" in answers else "unknown" if "unknown" in answers else "yes"
    return {"condition": condition, "of": of, "answer": answer, "seen": [], "turns": None, "parts": found}
