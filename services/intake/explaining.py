"""Routes of explanations and simulations. They read the stored cases of the caller's tenant and write nothing."""

from flask import Blueprint, Response, request

from signpost.advice.case_set import CaseSet, LoadedCase
from signpost.authoring.backtest import history_of_case
from signpost.case import Case
from signpost.case.instant import on_calendar, parse_instant
from signpost.explain import TooManySubjects, UnknownRule, UnknownSubject, explain, explain_all
from signpost.explain.simulation import SimulationTooLarge, keys_of, simulate
from signpost.ingress.strict_json import loads
from signpost.schemas import InvalidEvent, Problem
from signpost.schemas.simulation import load_simulation
from signpost.services.intake.context import IntakeContext, reply
from signpost.services.intake.engines import TenantEngines
from signpost.services.intake.problems import BadQuery, NotFound
from signpost.services.intake.reading import case_of
from signpost.storage import CaseRow


def blueprint(context: IntakeContext, engines: TenantEngines) -> Blueprint:
    """The routes."""
    routes = Blueprint("explaining", __name__)

    @routes.get("/v1/recommendations/<anything:name>/explanation")
    def explanation(name: str) -> Response:
        tenant = context.tenant()
        found = context.store.recommendation(tenant, name) if "\0" not in name else None
        if found is None:
            raise NotFound("no recommendation has this id")
        row = case_of(context, tenant, found.case_key)
        return _explain(context, engines, tenant, row, found.rule, found.subject)

    @routes.get("/v1/candidates/<anything:key>/rules/<rule>")
    def rule(key: str, rule: str) -> Response:
        tenant = context.tenant()
        return _explain(context, engines, tenant, case_of(context, tenant, key), rule, request.args.get("subject"))

    @routes.post("/v1/simulate")
    def simulation() -> Response:
        tenant = context.tenant()
        wanted = load_simulation(
            loads(context.body(), max_depth=context.limits.max_depth),
            tenant=tenant,
            now=context.clock(),
            own=context.tenants.own_fields(tenant),
        )
        at = wanted.at if wanted.at < context.clock() else None
        cases = _load_cases(context, tenant, keys_of(wanted.candidate, wanted.events), at)
        case_set = CaseSet(engines.of(tenant), tenant, cases)
        try:
            return reply(simulate(case_set, wanted.candidate, wanted.events, wanted.at, wanted.until))
        except SimulationTooLarge as error:
            raise InvalidEvent([Problem("/until", str(error))]) from None

    return routes


def _explain(
    context: IntakeContext, engines: TenantEngines, tenant: str, row: CaseRow, rule: str, subject: str | None
) -> Response:
    at, engine = _instant(), engines.of(tenant)
    now, advice_state = (context.clock(), row.advice) if at is None else (at, b"")
    case = _known_by(row, at)
    try:
        if subject is not None:
            return reply(explain(engine, case, row.key, rule, subject, now, advice_state))
        return reply({"items": explain_all(engine, case, row.key, rule, now, advice_state)})
    except (UnknownRule, UnknownSubject) as error:
        raise NotFound(str(error)) from None
    except TooManySubjects as error:
        raise BadQuery("subject", f"must be given: {error}") from None


def _known_by(row: CaseRow, at: int | None) -> Case:
    """The case as known at an instant; None: with all known facts."""
    case = Case.from_json(row.state)
    return case if at is None else history_of_case(row.key, case).case(at)


def _instant() -> int | None:
    """The query parameter `at`; None without it. Raises BadQuery."""
    raw = request.args.get("at")
    if raw is None:
        return None
    try:
        instant = on_calendar(parse_instant(raw))
    except (ValueError, OverflowError):
        instant = None
    if instant is None:
        raise BadQuery("at", "must be an instant with an offset, like 2026-03-02T09:00:00Z")
    return instant


def _load_cases(context: IntakeContext, tenant: str, keys: set[str], at: int | None) -> dict[str, LoadedCase]:
    """The stored cases of these keys; a merged key refers to the case that it is merged into.

    With an instant: the cases as known then, without advice, because past advice states are not stored.
    """
    cases: dict[str, LoadedCase] = {}
    for key in sorted(keys):
        row = context.store.case(tenant, key)
        if row is None:
            continue
        advice_state = row.advice if at is None else b""
        cases[row.key] = LoadedCase(row.key, _known_by(row, at), advice_state)
        if row.key != key:
            cases[key] = LoadedCase(key, merged_into=row.key)
    return cases
