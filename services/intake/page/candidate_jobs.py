"""One candidate at one instant, as a job for a child process: what was known, what is advised, and until when. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from signpost.advice.agenda import Reader, agenda_document, agendas
from signpost.advice.basis import Basis
from signpost.advice.case_set import CaseSet, LoadedCase
from signpost.advice.comparison import compare
from signpost.advice.evidence import as_json
from signpost.advice.forecast import ForecastTooLarge, forecast
from signpost.advice.records import AdviceRecord
from signpost.advice.replay import ReplayedChange
from signpost.authoring.backtest import history_of_case
from signpost.case import Case
from signpost.case.instant import DAY, format_instant, on_calendar
from signpost.engine import CompiledEngine
from signpost.engine.compiled import Answer
from signpost.engine.conditions import intervals_of
from signpost.engine.intervals import holds
from signpost.explain.visibility import subjects
from signpost.facts.facts import Entity, Facts
from signpost.names import PRIORITIES
from signpost.services.intake.analysis import StoredCase
from signpost.services.intake.page.lives import lives_of
from signpost.services.intake.page.past import Past, play, told

HORIZON_US: Final = 60 * DAY
MAX_QUIET: Final = 3_000
"""Rules about subjects that do not hold and are listed."""
COMPARED_STAGES: Final = ("open", "accepted")


@dataclass(frozen=True, slots=True)
class ReadCandidate:
    """A candidate at `at`, with what was known then; None: now."""

    tenant: str
    case: StoredCase
    now: int
    at: int | None

    def run(self, engine: CompiledEngine) -> Any:
        """The document that the screen of the candidate shows. Raises ForecastTooLarge."""
        return _Reading(engine, self).document()


class _Reading:
    def __init__(self, engine: CompiledEngine, job: ReadCandidate) -> None:
        self.engine, self.tenant, self.key, self.now = engine, job.tenant, job.case.key, job.now
        self.at = job.now if job.at is None else job.at
        self.case, self.state = Case.from_json(job.case.state), job.case.advice
        self.past: Past = play(engine, job.tenant, history_of_case(self.key, self.case), self.at, job.now)
        self.future = list(self._forecast(max(job.now + HORIZON_US, self.at)))
        self.basis = self._basis()

    def _forecast(self, until: int) -> Iterator[ReplayedChange]:
        """What time alone changes; as much of it as one request may look for."""
        try:
            yield from forecast(self.engine, self.tenant, self._present(), self.now, until)
        except ForecastTooLarge:
            return

    def _present(self) -> LoadedCase:
        return LoadedCase(self.key, self.case, self.state)

    def _basis(self) -> Basis:
        """What the rules find at the instant: in the past with what was known then."""
        case = self.past.known if self.at < self.now else self._present()
        if self.at > self.now:
            for _ in forecast(self.engine, self.tenant, case, self.now, self.at):
                pass
        CaseSet(self.engine, self.tenant, {self.key: case}).wake(self.key, self.at)
        assert case.basis is not None
        return case.basis

    def document(self) -> dict[str, Any]:
        facts, lives = self.basis.facts, lives_of(self.past.moments, self.future, self.case, self.state, self.now)
        return {
            "candidate": self.key,
            "name": facts.candidate.values.get("display_name"),
            "at": format_instant(self.at),
            "now": format_instant(self.now),
            "tense": "now" if self.at == self.now else "past" if self.at < self.now else "future",
            "rulebook": self.engine.rulebook.version,
            "instants": list(self._instants()),
            "told": told(self.case, self.at),
            "facts": [_entity(one, facts) for one in (facts.candidate, *_each(facts)) if one.values],
            "agenda": self._agenda(),
            "advice": list(self._advice()),
            "lives": [life.to_document() for life in lives],
            "quiet": list(self._quiet()),
            "comparison": _comparison(facts),
            "is_complete": self.past.is_complete,
        }

    def _instants(self) -> Iterator[dict[str, Any]]:
        """Where the slider stops: each event, and each instant at which time changes the advice."""
        notes: dict[int, list[str]] = {}
        for at, ids in self.past.events.items():
            notes.setdefault(at, []).extend(f"event {name}" for name in ids)
        for moment in self.past.moments:
            notes.setdefault(moment.at, []).extend(f"{one.change} {one.rule}" for one in moment.changes)
        for found in self.future:
            notes.setdefault(found.at, []).append(f"{found.change.change} {found.change.rule}")
        notes.setdefault(self.now, []).insert(0, "now")
        notes.setdefault(self.at, [])
        for at in sorted(notes):
            if on_calendar(at) is not None and (notes[at] or at == self.at):
                yield {
                    "at": format_instant(at),
                    "is_now": at == self.now,
                    "is_chosen": at == self.at,
                    "notes": notes[at],
                }

    def _agenda(self) -> dict[str, Any]:
        found = agendas(self.basis, self.engine.rulebook.policy, tenant=self.tenant, key=self.key, now=self.at).get(
            Reader("candidate")
        )
        return agenda_document(found, self.basis, self.at) if found else {"cards": [], "held": []}

    def _advice(self) -> Iterator[dict[str, Any]]:
        """Every rule that holds at the instant, the most urgent first, with what became of it."""
        current = {key: answer for key, answer in self.basis.answers.items() if answer.holds(self.at)}
        for key in sorted(current, key=lambda one: (-PRIORITIES.index(current[one].priority(self.at)), one)):
            yield self._recommendation(current[key], self.basis.records.get(key))

    def _recommendation(self, answer: Answer, record: AdviceRecord | None) -> dict[str, Any]:
        priority = answer.priority(self.at)
        words = self.basis.writer.words(answer, answer.related_at(self.at), priority)
        return {
            "rule": answer.rule.id,
            "subject": f"{answer.subject.kind}/{answer.subject.id}",
            "audience": answer.rule.audience,
            "employer": answer.subject.values.get("employer_name") or answer.subject.values.get("employer"),
            "priority": priority,
            "state": record.state if record else "active",
            "by": record.by if record else None,
            "title": words.title,
            "message": words.message,
            "steps": words.steps,
            "due": _text(answer.due),
            "valid_until": _text(answer.valid_until),
        }

    def _quiet(self) -> Iterator[dict[str, Any]]:
        """Every rule that does not hold about a subject, with the number of its conditions that fail."""
        left = MAX_QUIET
        for rule in self.engine.rulebook.rules.values():
            checks = [intervals_of(term) for term in rule.when]
            for subject in subjects(rule, self.basis.facts):
                answer = self.basis.answers.get(f"{rule.id}@{subject.kind}/{subject.id}")
                if answer is not None and answer.holds(self.at):
                    continue
                left -= 1
                if left < 0:
                    return
                env = self.engine.environment(rule.id, subject, self.basis.facts)
                yield {
                    "rule": rule.id,
                    "subject": f"{subject.kind}/{subject.id}",
                    "audience": rule.audience,
                    "failing": sum(not holds(check(env), self.at) for check in checks),
                    "conditions": len(checks),
                }


def _each(facts: Facts) -> Iterator[Entity]:
    for entities in facts.entities.values():
        yield from entities


def _entity(entity: Entity, facts: Facts) -> dict[str, Any]:
    fields = facts.vocabulary[entity.kind]
    return {
        "kind": entity.kind,
        "id": entity.id,
        "name": entity.values.get("employer_name") or entity.values.get("title") or "",
        "fields": [
            {
                "name": name,
                "value": as_json(value, fields[name].type if name in fields else "text"),
                "event": entity.stamps[name][2] if name in entity.stamps else None,
            }
            for name, value in sorted(entity.values.items())
        ],
    }


def _comparison(facts: Facts) -> dict[str, Any] | None:
    """The chart of the offers that are open or accepted, if there are two."""
    offers = [one for one in facts.of_kind("offer") if one.values.get("stage") in COMPARED_STAGES]
    return {**compare(offers, facts.candidate)} if len(offers) > 1 else None


def _text(instant: int | None) -> str | None:
    known = on_calendar(instant)
    return None if known is None else format_instant(known)
