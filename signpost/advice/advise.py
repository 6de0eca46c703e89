"""Compares the current advice of a case with the published advice and emits changes. Pure; `now` in microseconds."""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Protocol

import orjson

from signpost.advice.answers import answer_to, is_outdated, set_aside, snoozed_until
from signpost.advice.basis import Basis
from signpost.advice.document import add_explanation, document, employer_of
from signpost.advice.evidence import evidence
from signpost.advice.records import CLOSED_BY_CONSUMER, PUBLISHED, AdviceRecord, dump_records, load_records
from signpost.advice.wording import Writer
from signpost.case.case import Case
from signpost.case.instant import on_calendar
from signpost.engine.compiled import Answer, Match
from signpost.engine.intervals import holds
from signpost.engine.supersession import suppressors
from signpost.facts.facts import Entity, Facts, facts_of
from signpost.names import ANSWERS
from signpost.rulebook.rulebook import Rulebook
from signpost.rulebook.typed_rule import Rule

WITHDRAWN = "the rule was withdrawn"


class Engine(Protocol):
    """The part of an engine that `advise` uses."""

    rulebook: Rulebook

    @property
    def name(self) -> str:
        """The name of the engine, for operators."""

    @property
    def compiled(self) -> "Engine":
        """The same without a library that could end the process."""

    def matches(self, facts: Facts, now: int, answers: Iterable[Answer] | None = None) -> set[Match]:
        """The rules that hold at an instant. `answers`: the result of `answers()`, for an engine that can use it."""

    def answers(self, facts: Facts) -> list[Answer]:
        """When each rule holds, with priorities and times."""

    def answer_about(self, rule_id: str, subject: Entity, facts: Facts) -> Answer:
        """The answer of one rule about one subject, even if it never holds."""


@dataclass(frozen=True, slots=True)
class RecommendationChange:
    """One change to publish; `data` is the published recommendation (see schemas), `at` its instant."""

    id: str
    sequence: int
    change: str
    status: str
    audience: str
    rule: str
    topic: str
    subject: str
    priority: str
    data: dict[str, Any]
    at: int


@dataclass(frozen=True, slots=True)
class AdviceResult:
    """The new advice state, the changes to publish, the next instant (microseconds) at which time alone changes
    the advice, and what the evaluation found."""

    advice_state: bytes
    changes: list[RecommendationChange]
    next_change: int | None
    basis: Basis


def advise(engine: Engine, case: Case, advice_state: bytes, *, tenant: str, key: str, now: int) -> AdviceResult:
    """Compare the advice for a case at `now` with its published advice. `key`: the case key, "c-1" or
    "application:a-7"."""
    return _Advisor(engine, case, advice_state, tenant, key, now).run()


def close(
    engine: Engine, case: Case, advice_state: bytes, *, tenant: str, key: str, now: int, reason: str
) -> AdviceResult:
    """Resolve all published advice of a case that ends. `reason`: "merged" or "erased"."""
    return _Advisor(engine, case, advice_state, tenant, key, now).close(reason)


class _Advisor:
    def __init__(self, engine: Engine, case: Case, advice_state: bytes, tenant: str, key: str, now: int) -> None:
        self.engine, self.case, self.tenant, self.key, self.now = engine, case, tenant, key, now
        self.facts = facts_of(case, key, engine.rulebook.vocabulary)
        self.records = load_records(advice_state)
        self.answers = {answer.key: answer for answer in engine.answers(self.facts)}
        self.changes: list[RecommendationChange] = []
        self.writer = Writer(self.facts)

    def run(self) -> AdviceResult:
        current = self._active_answers()
        suppressed = suppressors(current, set_aside(self.case, self.records, self.now))
        for key in sorted(self.records.keys() | current.keys()):
            answer = current.get(key)
            record = self.records.get(key) or _new_record(current[key])
            if not self._set_audience(record):
                self._withdraw(record, answer is not None)
            elif answer is None:
                self._end(record)
            if answer is not None and key in suppressed:
                self._suppress(record, answer, suppressed[key])
            elif answer is not None:
                self._activate(record, answer)
            self.records[key] = record
        return AdviceResult(self._dump_records(), self.changes, self._next_change(), self._basis())

    def close(self, reason: str) -> AdviceResult:
        for key in sorted(self.records):
            self._set_audience(self.records[key])
            self._end(self.records[key], reason)
        return AdviceResult(b"", self.changes, None, self._basis())

    def _basis(self) -> Basis:
        return Basis(self.engine.rulebook, self.facts, self.answers, self.records, self.case.erased_at, self.writer)

    def _active_answers(self) -> dict[str, Answer]:
        """The answers that hold now, as the engine says."""
        matches = self.engine.matches(self.facts, self.now, self.answers.values())
        return {key: answer for key, answer in self.answers.items() if answer.match in matches}

    def _activate(self, record: AdviceRecord, answer: Answer) -> None:
        if record.state not in (*PUBLISHED, *ANSWERS) or (record.state == "done" and self._is_outdated(record)):
            record.begin_episode(self.tenant, self.key, self.case.erased_at, self.now)
            self._refresh(record, answer)
            self._emit(record, "raised")
            self.apply_feedback(record)
            return
        self.apply_feedback(record)
        if record.state == "active" and self._refresh(record, answer):
            self._emit(record, "updated")

    def apply_feedback(self, record: AdviceRecord) -> None:
        """Apply the consumer's latest answer to this recommendation."""
        answer = answer_to(self.case, record) if not self._is_outdated(record) else None
        state, until = answer["answer"] if answer else "active", snoozed_until(answer, self.now)
        if state == "snoozed" and until is None:
            state = "active"
        if state == record.state and until == record.until:
            return
        record.state, record.until = state, until
        self._emit(record, "raised" if state == "active" else state)

    def _is_outdated(self, record: AdviceRecord) -> bool:
        answer = self.answers.get(record.key)
        return answer is not None and is_outdated(self.case, record, answer)

    def _suppress(self, record: AdviceRecord, answer: Answer, by: str) -> None:
        """Let another rule replace it; emits "superseded" if it was published."""
        if record.state in PUBLISHED:
            record.state, record.by, record.until = "superseded", by, None
            self._emit(record, "superseded", f"superseded by {by}")
        elif record.state not in ANSWERS:
            record.state, record.by, record.priority = "suppressed", by, answer.priority(self.now)
            record.title = self.writer.title(answer, answer.related_at(self.now), record.priority)

    def _set_audience(self, record: AdviceRecord) -> bool:
        """Fix audience and topic for the whole episode; False if its rule is gone or has another audience now."""
        rule = self._rule(record)
        if rule is not None and (not record.topic or record.state not in (*PUBLISHED, *ANSWERS)):
            record.audience, record.topic = rule.audience, rule.topic
        return rule is not None

    def _withdraw(self, record: AdviceRecord, comes_back: bool) -> None:
        """End it because its rule is gone. Done and dismissed records stay, in case the rule returns."""
        if comes_back or record.state not in CLOSED_BY_CONSUMER:
            self._end(record, WITHDRAWN)
            record.topic = ""
            self._set_audience(record)

    def _end(self, record: AdviceRecord, reason: str | None = None) -> None:
        if record.state in PUBLISHED and reason is None:
            self._close_as_answered(record)
        if record.state in PUBLISHED:
            answer = self.answers.get(record.key)
            expired = reason is None and answer is not None and holds(answer.condition, self.now)
            record.state = "expired" if expired else "resolved"
            self._emit(
                record, record.state, reason or ("its time has passed" if expired else "its conditions no longer hold")
            )
        record.state, record.until, record.by = "ended", None, None

    def _close_as_answered(self, record: AdviceRecord) -> None:
        """Tell the answer of a consumer whose action ends the advice by what it implies, rather than its end alone."""
        answer = answer_to(self.case, record)
        if answer is not None and answer["answer"] in CLOSED_BY_CONSUMER:
            self.apply_feedback(record)

    def _refresh(self, record: AdviceRecord, answer: Answer) -> bool:
        """Update priority, times and texts; returns whether any of them changed. Renders texts only if what they use
        has changed."""
        before = (record.priority, record.due, record.valid_until, record.text)
        record.priority = answer.priority(self.now)
        record.due, record.valid_until = on_calendar(answer.due), on_calendar(answer.valid_until)
        related = answer.related_at(self.now)
        known = self.writer.known(answer, related, record.priority, self.engine.rulebook.version)
        if not record.inputs.startswith(known):
            used = self.writer.used(answer, related, record.priority)
            if not record.inputs.endswith(used):
                words = self.writer.words(answer, related, record.priority)
                record.text, record.title = _digest(orjson.dumps(words)), words.title
            record.inputs = known + used
            record.related = {name: [item.id for item in items] for name, items in related.items()}
        return before != (record.priority, record.due, record.valid_until, record.text)

    def _emit(self, record: AdviceRecord, change: str, reason: str | None = None) -> None:
        rule = self._rule(record)
        if not record.topic:
            # Published by 0.1.0, which stored no topic, and its rule is gone: the audience is unknown
            return
        record.sequence += 1
        data = document(
            record,
            rule,
            change,
            candidate=self.key,
            now=self.now,
            version=self.engine.rulebook.version,
            reason=reason,
        )
        subject = next((item for item in self.facts.of_kind(record.kind) if item.id == record.subject), None)
        if subject is not None:
            data["employer"] = employer_of(subject)
        if subject is not None and rule is not None:
            answer = self.answers.get(record.key) or self.engine.answer_about(rule.id, subject, self.facts)
            related = answer.related_at(self.now) if answer.holds(self.now) else self._last_related(record)
            because = evidence(answer, self.facts, related, self.now)
            data = add_explanation(data, self.writer.words(answer, related, record.priority), because)
        identity = (record.id, record.sequence, change, data["status"])
        address = (record.audience, record.rule, record.topic, f"{record.kind}/{record.subject}")
        self.changes.append(RecommendationChange(*identity, *address, record.priority, data, self.now))

    def _rule(self, record: AdviceRecord) -> Rule | None:
        """The rule of a record; None if it is gone or its kind or audience has changed."""
        rule = self.engine.rulebook.rules.get(record.rule)
        if rule is None or rule.about != record.kind or (record.topic and rule.audience != record.audience):
            return None
        return rule

    def _last_related(self, record: AdviceRecord) -> dict[str, list[Entity]]:
        """The related entities of the last published change, as far as they still exist."""
        by_id = {item.id: item for kind in self.facts.entities.values() for item in kind}
        return {name: [by_id[id] for id in ids if id in by_id] for name, ids in record.related.items()}

    def _dump_records(self) -> bytes:
        kept = {
            key: record if record.state != "ended" else _keep_episodes_only(record)
            for key, record in self.records.items()
        }
        return dump_records({key: record for key, record in kept.items() if record.is_needed})

    def _next_change(self) -> int | None:
        instants = [answer.next_change(self.now) for answer in self.answers.values()]
        instants += [record.until for record in self.records.values() if record.state == "snoozed"]
        return min((instant for instant in map(on_calendar, instants) if instant is not None), default=None)


def _new_record(answer: Answer) -> AdviceRecord:
    return AdviceRecord(answer.rule.id, answer.subject.kind, answer.subject.id)


def _keep_episodes_only(record: AdviceRecord) -> AdviceRecord:
    """Of ended advice only the number of its episodes is kept, and its ids in merged cases."""
    return AdviceRecord(record.rule, record.kind, record.subject, episode=record.episode, merged_ids=record.merged_ids)


def _digest(text: bytes) -> str:
    return blake2b(text, digest_size=12).hexdigest()
