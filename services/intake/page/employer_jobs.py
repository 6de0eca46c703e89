"""What one employer may see of a candidate, as jobs for a child process. All of it comes from advice to this employer,
which the barrier of the rulebook limits to what the employer knows. Pure."""

from dataclasses import dataclass
from typing import Any, Final

from signpost.advice.agenda import Reader, agenda_document, agendas
from signpost.advice.case_set import CaseSet, LoadedCase
from signpost.advice.document import employer_of
from signpost.advice.forecast import ChangeFilter, ForecastTooLarge, forecast
from signpost.advice.records import PUBLISHED, load_records
from signpost.case import Case
from signpost.case.instant import DAY, format_instant, on_calendar
from signpost.engine import CompiledEngine
from signpost.explain import UnknownSubject, explain
from signpost.explain.visibility import subjects
from signpost.facts.facts import facts_of
from signpost.names import PRIORITIES
from signpost.services.intake.analysis import StoredCase

HORIZON_US: Final = 60 * DAY
NOTHING: Final = "there is no advice to you about this"
"""The same whether nobody knows the candidate or another employer does."""


@dataclass(frozen=True, slots=True)
class ReadForEmployer:
    """A candidate as an employer sees it at `at`, now or in the forecast."""

    tenant: str
    case: StoredCase
    employer: str
    now: int
    at: int

    def run(self, engine: CompiledEngine) -> Any:
        """The agenda, the recommendations, and what time changes of them. Raises UnknownSubject without any."""
        loaded = LoadedCase(self.case.key, Case.from_json(self.case.state), self.case.advice)
        changes = self._changes(engine)
        if self.at > self.now:
            for _ in forecast(engine, self.tenant, loaded, self.now, self.at):
                pass
        CaseSet(engine, self.tenant, {loaded.key: loaded}).wake(loaded.key, self.at)
        assert loaded.basis is not None
        advice = self._advice(engine, loaded)
        if not advice and not changes:
            raise UnknownSubject(NOTHING)
        policy = engine.rulebook.policy
        found = agendas(loaded.basis, policy, tenant=self.tenant, key=loaded.key, now=self.at)
        agenda = found.get(Reader("employer", self.employer))
        return {
            "candidate": loaded.key,
            "at": format_instant(self.at),
            "is_now": self.at == self.now,
            "agenda": agenda_document(agenda, loaded.basis, self.at) if agenda else {"cards": [], "held": []},
            "advice": advice,
            "changes": changes,
        }

    def _advice(self, engine: CompiledEngine, case: LoadedCase) -> list[dict[str, Any]]:
        basis = case.basis
        assert basis is not None
        held = {key: one for key, one in load_records(case.advice_state).items() if one.state in PUBLISHED}
        mine = [
            (basis.answers[key], record)
            for key, record in held.items()
            if record.audience == "employer" and key in basis.answers and self._is_mine(basis.answers[key].subject)
        ]
        mine.sort(key=lambda pair: (-PRIORITIES.index(pair[1].priority), pair[1].key))
        return [
            {
                "rule": record.rule,
                "subject": f"{record.kind}/{record.subject}",
                "priority": record.priority,
                "title": record.title,
                "state": record.state,
                "due": _text(record.due),
            }
            for _, record in mine
        ]

    def _is_mine(self, subject: Any) -> bool:
        return (employer_of(subject) or {}).get("id") == self.employer

    def _changes(self, engine: CompiledEngine) -> list[dict[str, Any]]:
        """What time alone changes of the advice to this employer."""
        chosen, case = (
            ChangeFilter("employer", self.employer),
            LoadedCase(self.case.key, Case.from_json(self.case.state), self.case.advice),
        )
        found = []
        try:
            for one in forecast(engine, self.tenant, case, self.now, self.now + HORIZON_US):
                if chosen.may_see(one.change):
                    data = one.change.data
                    names = {"change": one.change.change, "title": data["title"], "priority": data["priority"]}
                    found.append({"at": format_instant(one.at), **names})
        except ForecastTooLarge:
            return found
        return found


@dataclass(frozen=True, slots=True)
class ExplainToEmployer:
    """Explain a rule for employers about a subject of this employer."""

    tenant: str
    case: StoredCase
    employer: str
    rule: str
    subject: str
    now: int

    def run(self, engine: CompiledEngine) -> Any:
        """The explanation, which shows an employer what it knows. Raises UnknownSubject."""
        case, rule = Case.from_json(self.case.state), engine.rulebook.rules.get(self.rule)
        if rule is None or rule.audience != "employer":
            raise UnknownSubject(NOTHING)
        facts = facts_of(case, self.case.key, engine.rulebook.vocabulary)
        mine = [
            one
            for one in subjects(rule, facts)
            if f"{one.kind}/{one.id}" == self.subject and (employer_of(one) or {}).get("id") == self.employer
        ]
        if not mine:
            raise UnknownSubject(NOTHING)
        return explain(engine, case, self.case.key, self.rule, self.subject, self.now, self.case.advice)


def _text(instant: int | None) -> str | None:
    known = on_calendar(instant)
    return None if known is None else format_instant(known)
