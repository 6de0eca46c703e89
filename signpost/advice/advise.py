"""Advising: the wanted advice of a case now against what was told, as changes to tell. Pure; `now` in microseconds."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any, Protocol

import orjson

from signpost.advice.document import document, employer_of, explained
from signpost.advice.evidence import evidence
from signpost.advice.records import PUT_ASIDE, TOLD, AdviceRecord, dump_records, load_records
from signpost.advice.wording import Words, inputs_of, words_for
from signpost.case.case import Case
from signpost.case.instant import on_calendar, parse_instant
from signpost.engine.compiled import Answer, Match
from signpost.engine.intervals import holds
from signpost.errors import BugError
from signpost.facts.facts import Entity, Facts, facts_of
from signpost.names import ANSWERS
from signpost.rulebook.rulebook import Rulebook
from signpost.rulebook.terms import Rule

WITHDRAWN = "the rule was withdrawn"


class Engine(Protocol):
    """What advising needs of an engine."""

    rulebook: Rulebook

    def matches(self, facts: Facts, now: int, answers: Iterable[Answer] | None = None) -> set[Match]:
        """What holds at an instant; `answers`: what `answers` gave, for an engine that can use it."""

    def answers(self, facts: Facts) -> list[Answer]:
        """What holds when, with priorities and times."""

    def answer_about(self, rule_id: str, subject: Entity, facts: Facts) -> Answer:
        """What one rule says of one subject, even if it never holds."""


@dataclass(frozen=True, slots=True)
class RecommendationChange:
    """One change to tell; `data` is the recommendation as published (see schemas)."""

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


@dataclass(frozen=True, slots=True)
class Advised:
    """The records to keep, the changes to tell, and the next instant (microseconds) at which time alone changes
    something."""

    advice_state: bytes
    changes: list[RecommendationChange]
    next_change: int | None


def advise(engine: Engine, case: Case, advice_state: bytes, *, tenant: str, key: str, now: int) -> Advised:
    """Compare what the rulebook says of a case at `now` with what was told of it. `key`: the case's, "c-1" or
    "application:a-7"."""
    return _Advising(engine, case, advice_state, tenant, key, now).run()


def close(engine: Engine, case: Case, advice_state: bytes, *, tenant: str, key: str, now: int, reason: str) -> Advised:
    """Resolve all that was told of a case that ends: "merged" or "erased"."""
    return _Advising(engine, case, advice_state, tenant, key, now).close(reason)


class _Advising:
    def __init__(self, engine: Engine, case: Case, advice_state: bytes, tenant: str, key: str, now: int) -> None:
        self.engine, self.case, self.tenant, self.key, self.now = engine, case, tenant, key, now
        self.facts = facts_of(case, key)
        self.records = load_records(advice_state)
        self.answers = {answer.key: answer for answer in engine.answers(self.facts)}
        self.changes: list[RecommendationChange] = []
        self.worded: dict[tuple[str, str, str], Words] = {}

    def run(self) -> Advised:
        wanted = self._wanted()
        suppressed = _suppressed(wanted)
        for key in sorted(self.records.keys() | wanted.keys()):
            answer = wanted.get(key)
            record = self.records.get(key) or _new_record(wanted[key])
            if not self._address(record):
                self._withdraw(record, answer is not None)
            elif answer is None:
                self._end(record)
            if answer is not None and key in suppressed:
                self._suppress(record, answer, suppressed[key])
            elif answer is not None:
                self._want(record, answer)
            self.records[key] = record
        return Advised(self._kept(), self.changes, self._next_change())

    def close(self, reason: str) -> Advised:
        for key in sorted(self.records):
            self._address(self.records[key])
            self._end(self.records[key], reason)
        return Advised(b"", self.changes, None)

    def _wanted(self) -> dict[str, Answer]:
        """What the engine says holds, with the compiled evaluator's times; the two must agree."""
        wanted = {key: answer for key, answer in self.answers.items() if answer.holds(self.now)}
        expected = {answer.match for answer in wanted.values()}
        if (found := self.engine.matches(self.facts, self.now, self.answers.values())) != expected:
            raise BugError(f"the engines disagree at {self.now} about {sorted(map(str, found ^ expected))}")
        return wanted

    def _want(self, record: AdviceRecord, answer: Answer) -> None:
        if record.state not in (*TOLD, *ANSWERS):
            record.begin_episode(self.tenant, self.key, self.case.erased_at, self.now)
            self._refresh(record, answer)
            self._tell(record, "raised")
        self.apply_feedback(record)
        if record.state == "active" and self._refresh(record, answer):
            self._tell(record, "updated")

    def apply_feedback(self, record: AdviceRecord) -> None:
        """Follow the consumer's latest answer to this very recommendation."""
        said = self._answer_to(record)
        state = said["answer"] if said else "active"
        until = parse_instant(said["until"]) if said and said.get("until") else None
        if state == "snoozed" and (until is None or until <= self.now):
            state, until = "active", None
        if state == record.state and until == record.until:
            return
        record.state, record.until = state, until
        self._tell(record, "raised" if state == "active" else state)

    def _answer_to(self, record: AdviceRecord) -> dict[str, Any] | None:
        told = self.case.registers.get("advice", {}).get(record.id)
        return told["answer"][1] if told else None

    def _suppress(self, record: AdviceRecord, answer: Answer, by: str) -> None:
        """Another rule takes its place: visible, with the reason, and told where it was told before."""
        if record.state in TOLD:
            record.state, record.by, record.until = "superseded", by, None
            self._tell(record, "superseded", f"superseded by {by}")
        elif record.state not in ANSWERS:
            record.state, record.by, record.priority = "suppressed", by, answer.priority(self.now)
            record.title = self._words(answer, answer.related_at(self.now), record.priority).title

    def _address(self, record: AdviceRecord) -> bool:
        """Note where a spell is told, for as long as it lasts; False where its rule is gone or speaks to others now."""
        rule = self._rule(record)
        if rule is not None and (not record.topic or record.state not in (*TOLD, *ANSWERS)):
            record.audience, record.topic = rule.audience, rule.topic
        return rule is not None

    def _withdraw(self, record: AdviceRecord, comes_back: bool) -> None:
        """End it without its rule. What was put aside stays aside, should the rule return."""
        if comes_back or record.state not in PUT_ASIDE:
            self._end(record, WITHDRAWN)
            record.topic = ""
            self._address(record)

    def _end(self, record: AdviceRecord, reason: str | None = None) -> None:
        if record.state in TOLD:
            answer = self.answers.get(record.key)
            expired = reason is None and answer is not None and holds(answer.condition, self.now)
            record.state = "expired" if expired else "resolved"
            self._tell(
                record, record.state, reason or ("its time has passed" if expired else "its conditions no longer hold")
            )
        record.state, record.until, record.by = "ended", None, None

    def _refresh(self, record: AdviceRecord, answer: Answer) -> bool:
        """Bring priority, times and words up to date; whether any of them changed. Unchanged inputs need no new
        words."""
        before = (record.priority, record.due, record.valid_until, record.text)
        record.priority = answer.priority(self.now)
        record.due, record.valid_until = on_calendar(answer.due), on_calendar(answer.valid_until)
        related = answer.related_at(self.now)
        made_from = inputs_of(answer, self.facts, related, record.priority)
        inputs = _digest(made_from + self.engine.rulebook.version.encode())
        if inputs != record.inputs:
            words = self._words(answer, related, record.priority)
            record.inputs, record.text, record.title = inputs, _digest(orjson.dumps(words)), words.title
            record.related = {name: [item.id for item in items] for name, items in related.items()}
        return before != (record.priority, record.due, record.valid_until, record.text)

    def _words(self, answer: Answer, related: Mapping[str, list[Entity]], priority: str) -> Words:
        """The words of a recommendation, made once: first their digest is needed, then they are told."""
        key = (answer.key, priority, repr([[item.id for item in items] for items in related.values()]))
        if key not in self.worded:
            self.worded[key] = words_for(answer, self.facts, related, priority)
        return self.worded[key]

    def _tell(self, record: AdviceRecord, change: str, reason: str | None = None) -> None:
        rule = self._rule(record)
        if not record.topic:
            # Told before this was noted, by a rule that is gone: nobody knows to whom
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
            related = answer.related_at(self.now) if answer.holds(self.now) else self._remembered(record)
            because = evidence(answer, self.facts, related, self.now)
            data = explained(data, self._words(answer, related, record.priority), because)
        what = (record.id, record.sequence, change, data["status"])
        where = (record.audience, record.rule, record.topic, f"{record.kind}/{record.subject}")
        self.changes.append(RecommendationChange(*what, *where, record.priority, data))

    def _rule(self, record: AdviceRecord) -> Rule | None:
        """The rule behind a record, unless it is gone, or speaks of something or to somebody else by now."""
        rule = self.engine.rulebook.rules.get(record.rule)
        if rule is None or rule.about != record.kind or (record.topic and rule.audience != record.audience):
            return None
        return rule

    def _remembered(self, record: AdviceRecord) -> dict[str, list[Entity]]:
        """The related entities as last told, as far as they still exist."""
        everything = {item.id: item for kind in self.facts.entities.values() for item in kind}
        return {name: [everything[id] for id in ids if id in everything] for name, ids in record.related.items()}

    def _kept(self) -> bytes:
        kept = {key: record if record.state != "ended" else _forgotten(record) for key, record in self.records.items()}
        return dump_records({key: record for key, record in kept.items() if record.state != "ended" or record.episode})

    def _next_change(self) -> int | None:
        instants = [answer.next_change(self.now) for answer in self.answers.values()]
        instants += [record.until for record in self.records.values() if record.state == "snoozed"]
        return min((instant for instant in map(on_calendar, instants) if instant is not None), default=None)


def suppressions(advice_state: bytes) -> list[dict[str, str]]:
    """What would be advised now but for another rule: [{rule, subject, by, title, priority}]."""
    return [
        {
            "rule": record.rule,
            "subject": f"{record.kind}/{record.subject}",
            "by": record.by or "",
            "title": record.title,
            "priority": record.priority,
        }
        for record in load_records(advice_state).values()
        if record.state in ("suppressed", "superseded")
    ]


def active(advice_state: bytes) -> dict[str, AdviceRecord]:
    """What consumers believe stands and have not answered, by `RULE@KIND/ID`."""
    return {key: record for key, record in load_records(advice_state).items() if record.state == "active"}


def carried(advice_state: bytes, into: bytes) -> bytes:
    """The records of a case that absorbs another: what a consumer had put aside there stays aside here."""
    records = load_records(into)
    for key, record in load_records(advice_state).items():
        if record.state in ("done", "dismissed") and key not in records:
            records[key] = replace(record)
    return dump_records(records)


def _suppressed(wanted: Mapping[str, Answer]) -> dict[str, str]:
    """What another wanted rule takes the place of -> that rule."""
    found: dict[str, str] = {}
    for key in sorted(wanted):
        answer = wanted[key]
        for rule in answer.rule.suppresses:
            target = f"{rule}@{answer.subject.kind}/{answer.subject.id}"
            if target in wanted:
                found.setdefault(target, key)
    return found


def _new_record(answer: Answer) -> AdviceRecord:
    return AdviceRecord(answer.rule.id, answer.subject.kind, answer.subject.id)


def _forgotten(record: AdviceRecord) -> AdviceRecord:
    """Of advice that has ended only the number of its spells is kept."""
    return AdviceRecord(record.rule, record.kind, record.subject, episode=record.episode)


def _digest(text: bytes) -> str:
    return blake2b(text, digest_size=12).hexdigest()
