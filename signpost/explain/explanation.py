"""Builds the explanation of one rule about one subject at one instant. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypedDict

from signpost.advice.answers import set_aside
from signpost.advice.records import AdviceRecord, load_records
from signpost.case.case import Case
from signpost.case.instant import format_instant, on_calendar
from signpost.engine import CompiledEngine
from signpost.engine.compiled import Answer
from signpost.engine.intervals import holds
from signpost.engine.supersession import suppressors
from signpost.errors import CallerError
from signpost.explain.reasons import Reason, reasons
from signpost.explain.visibility import subjects
from signpost.explain.what_if import Arrival, Budget, Change, Trial, arrivals, changes
from signpost.facts.facts import Entity, Facts, facts_of
from signpost.rulebook.printing import level_phrase
from signpost.rulebook.typed_rule import Rule
from signpost.suggestions import meant


class UnknownRule(CallerError):
    """The rulebook has no such rule."""


class UnknownSubject(CallerError):
    """The case has no such offer, interview or application."""


class TooManySubjects(CallerError):
    """The case has more subjects than one call may explain."""


class Next(TypedDict):
    """What time alone changes next. `change`: starts, stops, or `becomes PRIORITY`."""

    at: str
    change: str


class AdviceState(TypedDict):
    """The published state and the consumer's answer. `state`: active, done, dismissed, snoozed (`until` an instant), or
    suppressed or superseded (`by` another rule)."""

    id: str
    state: str
    until: str | None
    by: str | None


class Explanation(TypedDict):
    """Why a rule holds or not, when, and what would change that. Instants are RFC 3339.

    `complete`: whether every single change was tried; a very large case exceeds the budget.
    """

    rule: str
    subject: dict[str, str]
    at: str
    rulebook: str
    holds: bool
    priority: str | None
    because: list[Reason]
    levels: list[str]
    due: str | None
    valid_until: str | None
    told: AdviceState | None
    suppressed_by: list[str]
    next: Next | None
    if_changed: list[Change]
    if_there_were: list[Arrival]
    complete: bool
    article: dict[str, str]


MAX_SUBJECTS = 50


@dataclass(frozen=True, slots=True)
class _Advice:
    """The stored advice of the case, by key. `aside`: what of it was answered, see `suppressors`."""

    records: Mapping[str, AdviceRecord]
    aside: Mapping[str, int | None]

    @classmethod
    def load(cls, advice_state: bytes, case: Case, now: int) -> "_Advice":
        records = load_records(advice_state)
        return cls(records, set_aside(case, records, now))


def explain_all(
    engine: CompiledEngine, case: Case, key: str, rule: str, now: int, advice_state: bytes = b""
) -> list[Explanation]:
    """One explanation for each subject of the rule in this case.

    Raises UnknownRule; TooManySubjects beyond MAX_SUBJECTS.
    """
    facts, checked_rule = facts_of(case, key, engine.rulebook.vocabulary), _rule(engine, rule)
    found, budget = subjects(checked_rule, facts), Budget()
    if len(found) > MAX_SUBJECTS:
        names = ", ".join(map(_name, found[:3]))
        raise TooManySubjects(f"this case has {len(found)} {checked_rule.about}s; name one of them: {names}, ...")
    advice = _Advice.load(advice_state, case, now)
    return [_explain(engine, checked_rule, subject, facts, now, advice, budget) for subject in found]


def explain(
    engine: CompiledEngine, case: Case, key: str, rule: str, subject: str, now: int, advice_state: bytes = b""
) -> Explanation:
    """`subject`: KIND/ID. `advice_state`: the stored advice state of the case, if known.

    Raises UnknownRule, UnknownSubject.
    """
    facts, checked_rule = facts_of(case, key, engine.rulebook.vocabulary), _rule(engine, rule)
    known = {_name(entity): entity for entity in subjects(checked_rule, facts)}
    if subject not in known:
        names = [*known][:MAX_SUBJECTS]
        hint = f"it has: {', '.join(names)}{', ...' if len(known) > len(names) else ''}" if known else "it has none"
        raise UnknownSubject(f"rule {rule} is about {checked_rule.about}s, and this case has no {subject!r}; {hint}")
    advice = _Advice.load(advice_state, case, now)
    return _explain(engine, checked_rule, known[subject], facts, now, advice, Budget())


def _rule(engine: CompiledEngine, rule: str) -> Rule:
    if rule not in engine.rulebook.rules:
        raise UnknownRule(f"there is no rule {rule!r}; {meant(rule, engine.rulebook.rules)}".rstrip("; "))
    return engine.rulebook.rules[rule]


def _name(subject: Entity) -> str:
    return f"{subject.kind}/{subject.id}"


def _explain(
    engine: CompiledEngine, rule: Rule, subject: Entity, facts: Facts, now: int, advice: _Advice, budget: Budget
) -> Explanation:
    answer = engine.answer_about(rule.id, subject, facts)
    holding = answer.holds(now)
    trial = Trial(engine, rule, subject, facts, now, holding, budget)
    return {
        "rule": rule.id,
        "subject": {"kind": subject.kind, "id": subject.id},
        "at": format_instant(now),
        "rulebook": engine.rulebook.version,
        "holds": holding,
        "priority": answer.priority(now) if holding else None,
        "because": reasons(rule, trial.env, now),
        "levels": [level_phrase(level) for level in rule.levels],
        "due": _text(answer.due),
        "valid_until": _text(answer.valid_until),
        "told": _advice_state(advice.records.get(answer.key)),
        "suppressed_by": list(_suppressors(engine, answer, facts, now, advice.aside)) if holding else [],
        "next": _next(answer, now),
        "if_changed": changes(trial),
        "if_there_were": arrivals(trial),
        "complete": budget.left >= 0,
        "article": {"id": rule.source.article, "title": rule.source.title},
    }


def _advice_state(record: AdviceRecord | None) -> AdviceState | None:
    if record is None or record.state == "ended":
        return None
    return {"id": record.id, "state": record.state, "until": _text(record.until), "by": record.by}


def _suppressors(
    engine: CompiledEngine, answer: Answer, facts: Facts, now: int, aside: Mapping[str, int | None]
) -> Iterator[str]:
    """The rule that takes the place of this advice; with its subject if that is another one."""
    current = {one.key: one for one in engine.answers(facts) if one.holds(now)}
    by = suppressors(current, aside).get(answer.key)
    if by is not None:
        rule, _, subject = by.partition("@")
        yield rule if subject == _name(answer.subject) else by


def _next(answer: Answer, now: int) -> Next | None:
    flips = sorted(
        {
            flip
            for intervals in (answer.intervals, *(intervals for _, intervals in answer.levels))
            for flip in intervals
            if flip > now
        }
    )
    before = _state(answer, now)
    for flip in flips:
        after = _state(answer, flip)
        if after != before and on_calendar(flip) is not None:
            change = "stops" if after is None else "starts" if before is None else f"becomes {after}"
            return {"at": format_instant(flip), "change": change}
    return None


def _state(answer: Answer, now: int) -> str | None:
    return answer.priority(now) if holds(answer.intervals, now) else None


def _text(instant: int | None) -> str | None:
    representable = on_calendar(instant)
    return None if representable is None else format_instant(representable)
