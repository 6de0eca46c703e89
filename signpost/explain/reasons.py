"""Reasons: each condition of a rule with its answer at an instant and the facts that decide it. Pure."""

from collections.abc import Iterator
from typing import TypedDict

from signpost.advice.evidence import Fact, fact_of
from signpost.case.instant import format_instant, on_calendar
from signpost.engine.conditions import check, intervals_of
from signpost.engine.environment import Env, instant_of
from signpost.engine.intervals import holds
from signpost.explain.visibility import link_facts, seen_items
from signpost.rulebook.checks import references
from signpost.rulebook.printing import phrase
from signpost.rulebook.terms import AnyOf, Condition, Linked, Reached, Relation, Term
from signpost.rulebook.typed_rule import Rule


class Reason(TypedDict):
    """One condition. `answer`: yes, no, or unknown (it does not hold, because a compared fact is unknown).

    `seen`: the facts that it read, each with its event; `turns`: the instant at which time alone changes its answer;
    `parts`: its inner conditions, for each alternative or each entity checked (`of`: which one).
    """

    condition: str
    of: str | None
    answer: str
    seen: list[Fact]
    turns: str | None
    parts: list["Reason"]


def reasons(rule: Rule, env: Env, now: int) -> list[Reason]:
    """The reasons of a rule about the subject of an environment, one per condition."""
    return _Reasons(rule, env, now).of(rule.when)


class _Reasons:
    def __init__(self, rule: Rule, env: Env, now: int) -> None:
        self.rule, self.env, self.now = rule, env, now

    def of(self, condition: Condition) -> list[Reason]:
        return [self._reason(term) for term in condition]

    def _reason(self, term: Term) -> Reason:
        intervals = intervals_of(term)(self.env)
        seen, parts = self._facts_read(term), list(self._parts(term))
        turn = on_calendar(next((flip for flip in intervals if flip > self.now), None))
        return {
            "condition": phrase(term),
            "of": None,
            "answer": "yes"
            if holds(intervals, self.now)
            else "unknown"
            if _depends_on_unknown(term, seen, parts)
            else "no",
            "seen": seen + _threshold(term, seen, self.env),
            "turns": None if turn is None else format_instant(turn),
            "parts": parts,
        }

    def _facts_read(self, term: Term) -> list[Fact]:
        if isinstance(term, Linked):
            return link_facts(term, self.env)
        return [] if isinstance(term, (AnyOf, Relation)) else [fact_of(ref, self.env) for ref in references(term)]

    def _parts(self, term: Term) -> Iterator[Reason]:
        if isinstance(term, AnyOf):
            for number, alternative in enumerate(term.alternatives, 1):
                yield from _as_group(f"alternative {number}", self.of(alternative))
        elif isinstance(term, Relation):
            outer = self.env.item
            for item in seen_items(self.rule, term, self.env):
                self.env.item = item
                yield _group("all of", f"{item.kind}/{item.id}", self._of_item(term.where))
            self.env.item = outer

    def _of_item(self, where: Condition) -> list[Reason]:
        """The reasons for one entity; if it does not belong to the subject, only that reason."""
        for term in where:
            if isinstance(term, Linked) and not check(term)(self.env):
                return [self._reason(term)]
        return self.of(where)


def _depends_on_unknown(term: Term, seen: list[Fact], parts: list[Reason]) -> bool:
    """Whether a condition that does not hold could hold if more facts were known."""
    if isinstance(term, Relation) and term.fewer:
        return False
    return any(fact["unknown"] for fact in seen) or any(part["answer"] == "unknown" for part in parts)


def _threshold(term: Term, seen: list[Fact], env: Env) -> list[Fact]:
    """The threshold instant of a time condition, unless it equals the field."""
    if not isinstance(term, Reached):
        return []
    instant = on_calendar(instant_of(term.moment)(env))
    value = None if instant is None else format_instant(instant)
    if value == seen[0]["value"]:
        return []
    return [{"fact": "that is", "value": value, "unknown": instant is None, "event": None}]


def _as_group(name: str, found: list[Reason]) -> list[Reason]:
    """Group the reasons of an alternative, unless it has only one condition."""
    return found if len(found) == 1 else [_group(name, None, found)]


def _group(condition: str, of: str | None, found: list[Reason]) -> Reason:
    answers = {reason["answer"] for reason in found}
    answer = "no" if "no" in answers else "unknown" if "unknown" in answers else "yes"
    return {"condition": condition, "of": of, "answer": answer, "seen": [], "turns": None, "parts": found}
