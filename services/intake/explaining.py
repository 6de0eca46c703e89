"""Routes of explanations, questions and simulations. They read cases of the caller's tenant and write nothing."""

from flask import Blueprint, Response

from signpost.explain import TooManySubjects, UnknownRule, UnknownSubject
from signpost.explain.questions import DEFAULT_LIMIT, MAX_LIMIT
from signpost.explain.simulation import SimulationTooLarge, keys_of
from signpost.ingress.strict_json import loads
from signpost.names import JSON
from signpost.schemas import InvalidEvent, Problem
from signpost.schemas.simulation import load_simulation
from signpost.services.intake import prices
from signpost.services.intake.analysis import Analyst, Ask, Explain, Job, Simulate, StoredCase
from signpost.services.intake.context import IntakeContext
from signpost.services.intake.problems import BadQuery, NotFound
from signpost.services.intake.query import read_query
from signpost.services.intake.reading import case_of
from signpost.services.intake.slots import Slots
from signpost.storage import CaseRow


def blueprint(context: IntakeContext, analyst: Analyst, slots: Slots) -> Blueprint:
    """The routes. `analyst` runs what they ask, at most as much at once as there are `slots`."""
    routes = Blueprint("explaining", __name__)

    @routes.get("/v1/recommendations/<name>/explanation")
    def explanation(name: str) -> Response:
        tenant = context.tenant()
        with read_query() as query:
            at = query.instant("at")
        found = context.store.recommendation(tenant, name) if "\0" not in name else None
        if found is None:
            raise NotFound("no recommendation has this id")
        row = case_of(context, tenant, found.case_key)
        return _explain(tenant, row, found.rule, found.subject, at)

    @routes.get("/v1/candidates/<anything:key>/rules/<rule>")
    def rule(key: str, rule: str) -> Response:
        tenant = context.tenant()
        with read_query() as query:
            subject, at = query.text("subject"), query.instant("at")
        return _explain(tenant, case_of(context, tenant, key), rule, subject, at)

    @routes.get("/v1/candidates/<anything:key>/questions")
    def questions(key: str) -> Response:
        tenant = context.tenant()
        with read_query() as query:
            limit = query.limit(MAX_LIMIT, DEFAULT_LIMIT)
        row = case_of(context, tenant, key)
        context.charge(tenant, prices.QUESTIONS)
        with slots.take(tenant):
            return _run(Ask(tenant, StoredCase(row.key, row.state, row.advice), context.clock(), limit))

    @routes.post("/v1/simulate")
    def simulation() -> Response:
        tenant, raw, now = context.tenant(), context.body(), context.clock()
        document = loads(raw, max_depth=context.limits.max_depth)
        context.charge(tenant, prices.of_simulation(_count_events(document), len(raw)))
        with slots.take(tenant):
            wanted = load_simulation(document, tenant=tenant, now=now, own=context.tenants.own_fields(tenant))
            at = wanted.at if wanted.at < now else None
            cases = _load_cases(context, tenant, keys_of(wanted.candidate, wanted.events))
            job = Simulate(tenant, cases, wanted.candidate, wanted.events, wanted.at, wanted.until, at)
            return _run(job)

    def _explain(tenant: str, row: CaseRow, rule: str, subject: str | None, at: int | None) -> Response:
        context.charge(tenant, prices.EXPLANATION)
        case, now = StoredCase(row.key, row.state, row.advice), context.clock() if at is None else at
        with slots.take(tenant):
            return _run(Explain(tenant, case, rule, subject, now, at))

    def _run(job: Job) -> Response:
        try:
            return Response(analyst.run(job), mimetype=JSON)
        except (UnknownRule, UnknownSubject) as error:
            raise NotFound(str(error)) from None
        except TooManySubjects as error:
            raise BadQuery({"subject": f"must be given: {error}"}) from None
        except SimulationTooLarge as error:
            raise InvalidEvent([Problem("/until", str(error))]) from None

    return routes


def _count_events(document: object) -> int:
    """The events of a simulation that is not checked yet."""
    events = document.get("events") if isinstance(document, dict) else None
    return len(events) if isinstance(events, list) else 0


def _load_cases(context: IntakeContext, tenant: str, keys: set[str]) -> list[StoredCase]:
    """The stored cases of these keys; a merged key refers to the case that it is merged into."""
    cases: dict[str, StoredCase] = {}
    for key in sorted(keys):
        row = context.store.case(tenant, key)
        if row is None:
            continue
        cases[row.key] = StoredCase(row.key, row.state, row.advice)
        if row.key != key:
            cases[key] = StoredCase(key, row.state, merged_into=row.key)
    return list(cases.values())
