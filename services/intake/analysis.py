"""Explanations, questions, agendas, forecasts and simulations as jobs for any process. No HTTP, no database."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import orjson

from signpost.advice.agenda import Reader, agenda_document, agendas, sequence_of
from signpost.advice.case_set import CaseSet, LoadedCase
from signpost.advice.forecast import ChangeFilter, ForecastTooLarge, Position, forecast_page
from signpost.authoring.backtest import history_of_case
from signpost.case import Case
from signpost.case.event import Event
from signpost.case.instant import format_instant
from signpost.engine import CompiledEngine
from signpost.explain import Question, TooManySubjects, UnknownRule, UnknownSubject, explain, explain_all, questions
from signpost.explain.simulation import SimulationTooLarge, simulate
from signpost.services.intake.problems import TooExpensive


@dataclass(frozen=True, slots=True)
class StoredCase:
    """A case as stored. `merged_into`: the key that has its facts, if it has none."""

    key: str
    state: bytes
    advice: bytes = b""
    merged_into: str | None = None
    agendas: bytes | None = None


@dataclass(frozen=True, slots=True)
class Explain:
    """Explain a rule about one subject, or about all, at `now`; `known_at`: with what was known then."""

    tenant: str
    case: StoredCase
    rule: str
    subject: str | None
    now: int
    known_at: int | None

    def run(self, engine: CompiledEngine) -> Any:
        """The explanation, or {"items": [...]}. Raises UnknownRule, UnknownSubject, TooManySubjects."""
        case, advice = _known_by(self.case, self.known_at), self.case.advice if self.known_at is None else b""
        if self.subject is not None:
            return explain(engine, case, self.case.key, self.rule, self.subject, self.now, advice)
        return {"items": explain_all(engine, case, self.case.key, self.rule, self.now, advice)}


@dataclass(frozen=True, slots=True)
class Ask:
    """Find at most `limit` questions to the candidate of a case at `now`."""

    tenant: str
    case: StoredCase
    now: int
    limit: int

    def run(self, engine: CompiledEngine) -> Any:
        """The case, the instant, the rulebook and the questions."""
        return {
            "candidate": self.case.key,
            "at": format_instant(self.now),
            "rulebook": engine.rulebook.version,
            "questions": _questions(engine, self.case, self.now, self.limit),
        }


@dataclass(frozen=True, slots=True)
class Forecast:
    """Forecast what changes for a case from `now` to `until`: at most `limit` changes after a position."""

    tenant: str
    case: StoredCase
    now: int
    until: int
    chosen: ChangeFilter
    after: Position | None
    limit: int

    def run(self, engine: CompiledEngine) -> Any:
        """The page. Raises ForecastTooLarge."""
        case = LoadedCase(self.case.key, Case.from_json(self.case.state), self.case.advice)
        times = (self.now, self.until)
        return forecast_page(engine, self.tenant, case, *times, chosen=self.chosen, after=self.after, limit=self.limit)


@dataclass(frozen=True, slots=True)
class ReadAgendas:
    """The agenda of one reader in each of these cases at `now`, without questions."""

    tenant: str
    cases: Sequence[StoredCase]
    reader: Reader
    now: int

    def run(self, engine: CompiledEngine) -> Any:
        """[{"candidate", "sequence", ...}]; leaves out cases in which nothing is left for the reader."""
        found = [_agenda(engine, self.tenant, case, self.reader, self.now) for case in self.cases]
        return [agenda for agenda in found if agenda["cards"] or agenda["held"]]


@dataclass(frozen=True, slots=True)
class ReadAgenda:
    """The agenda of one reader of a case at `now`, with at most `limit` questions."""

    tenant: str
    case: StoredCase
    reader: Reader
    now: int
    limit: int

    def run(self, engine: CompiledEngine) -> Any:
        """The agenda as it is now; `sequence` is that of the one published last."""
        asked = _questions(engine, self.case, self.now, self.limit) if self.limit else []
        return {**_agenda(engine, self.tenant, self.case, self.reader, self.now), "questions": asked}


def _questions(engine: CompiledEngine, case: StoredCase, now: int, limit: int) -> list[Question]:
    return questions(engine, Case.from_json(case.state), case.key, now, limit, case.advice)


def _agenda(engine: CompiledEngine, tenant: str, case: StoredCase, reader: Reader, now: int) -> dict[str, Any]:
    loaded = LoadedCase(case.key, Case.from_json(case.state), case.advice)
    cases = CaseSet(engine, tenant, {case.key: loaded})
    cases.wake(case.key, now)
    basis, policy = cases.find(case.key).basis, engine.rulebook.policy
    found = agendas(basis, policy, tenant=tenant, key=case.key, now=now).get(reader) if basis else None
    sequence, is_waiting = sequence_of(case.agendas, reader)
    return {
        "candidate": case.key,
        "audience": reader.audience,
        "employer": reader.employer or None,
        "at": format_instant(now),
        "sequence": sequence,
        "is_waiting": is_waiting,
        **(agenda_document(found, basis, now) if found and basis else {"cards": [], "held": []}),
    }


@dataclass(frozen=True, slots=True)
class Simulate:
    """Simulate events from `at` to `until` on stored cases; `known_at`: with what was known then."""

    tenant: str
    cases: Sequence[StoredCase]
    candidate: str
    events: Sequence[Event]
    at: int
    until: int
    known_at: int | None

    def run(self, engine: CompiledEngine) -> Any:
        """The result. Raises SimulationTooLarge."""
        cases = {one.key: self._load(one) for one in self.cases}
        return simulate(CaseSet(engine, self.tenant, cases), self.candidate, self.events, self.at, self.until)

    def _load(self, stored: StoredCase) -> LoadedCase:
        """The case; without advice for a past instant, because past advice states are not stored."""
        if stored.merged_into is not None:
            return LoadedCase(stored.key, merged_into=stored.merged_into)
        return LoadedCase(stored.key, _known_by(stored, self.known_at), stored.advice if self.known_at is None else b"")


class Job(Protocol):
    """What a child process can do: one of those above, or of a screen of the page."""

    @property
    def tenant(self) -> str:
        """Whose engine runs it."""

    def run(self, engine: CompiledEngine) -> Any:
        """The result, to be JSON. Raises one of REFUSALS."""


ASK_FOR_LESS = "send fewer events, choose a shorter period, or name one subject"
MAX_ANSWER_BYTES = 8_000_000
REFUSALS = (UnknownRule, UnknownSubject, TooManySubjects, SimulationTooLarge, ForecastTooLarge, TooExpensive)
"""What a job raises for the caller; each has a message only."""


class Analyst(Protocol):
    """Runs jobs."""

    def run(self, job: Job) -> bytes:
        """The result as JSON. Raises one of REFUSALS, or RulebookError (CallerError) without rules."""

    def close(self) -> None:
        """Free what it holds."""


class LocalAnalyst:
    """Runs jobs in the calling thread. `engine_of`: the engine of a tenant."""

    def __init__(self, engine_of: Callable[[str], CompiledEngine]) -> None:
        self._engine_of = engine_of

    def run(self, job: Job) -> bytes:
        """See Analyst."""
        result = orjson.dumps(job.run(self._engine_of(job.tenant)))
        if len(result) > MAX_ANSWER_BYTES:
            raise TooExpensive(f"the answer has {len(result)} bytes, the limit is {MAX_ANSWER_BYTES}; {ASK_FOR_LESS}")
        return result

    def close(self) -> None:
        """See Analyst."""


def _known_by(stored: StoredCase, at: int | None) -> Case:
    """The case as known at an instant; None: with all known facts."""
    case = Case.from_json(stored.state)
    return case if at is None else history_of_case(stored.key, case).case(at)
