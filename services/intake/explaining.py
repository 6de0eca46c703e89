"""Explanations and simulations over HTTP. They read the stored case of the tenant whose key asks, and write nothing."""

from flask import Blueprint, Response, request

from schemas import Problem, Refused
from schemas.simulation import load_simulation
from services.intake.door import Door, reply
from services.intake.problems import BadQuery, Unknown
from services.intake.reading import case_of
from services.intake.rulebooks import TenantEngines
from signpost.advice.caseload import Caseload, OpenCase
from signpost.backtest import history_of_case
from signpost.case import Case
from signpost.case.instant import on_calendar, parse_instant
from signpost.explain import TooManySubjects, UnknownRule, UnknownSubject, explain, explain_all
from signpost.explain.simulation import TooMuch, keys_of, simulate
from signpost.ingress.strict_json import loads
from signpost.storage import CaseRow


def blueprint(door: Door, engines: TenantEngines) -> Blueprint:
    """The routes, on this door."""
    routes = Blueprint("explaining", __name__)

    @routes.get("/v1/recommendations/<anything:name>/explanation")
    def explanation(name: str) -> Response:
        tenant = door.tenant()
        found = door.store.recommendation(tenant, name) if "\0" not in name else None
        if found is None:
            raise Unknown("no recommendation of this id")
        row = case_of(door, tenant, found.case_key)
        return _explained(door, engines, tenant, row, found.rule, found.subject)

    @routes.get("/v1/candidates/<anything:key>/rules/<rule>")
    def rule(key: str, rule: str) -> Response:
        tenant = door.tenant()
        return _explained(door, engines, tenant, case_of(door, tenant, key), rule, request.args.get("subject"))

    @routes.post("/v1/simulate")
    def simulation() -> Response:
        tenant = door.tenant()
        wanted = load_simulation(loads(door.body(), max_depth=door.limits.depth), tenant=tenant, now=door.clock())
        at = wanted.at if wanted.at < door.clock() else None
        cases = _opened(door, tenant, keys_of(wanted.candidate, wanted.events), at)
        caseload = Caseload(engines.of(tenant), tenant, cases)
        try:
            return reply(simulate(caseload, wanted.candidate, wanted.events, wanted.at, wanted.until))
        except TooMuch as error:
            raise Refused([Problem("/until", str(error))]) from None

    return routes


def _explained(
    door: Door, engines: TenantEngines, tenant: str, row: CaseRow, rule: str, subject: str | None
) -> Response:
    at, engine = _instant(), engines.of(tenant)
    now, told = (door.clock(), row.advice) if at is None else (at, b"")
    case = _known_by(row, at)
    try:
        if subject is not None:
            return reply(explain(engine, case, row.key, rule, subject, now, told))
        return reply({"items": explain_all(engine, case, row.key, rule, now, told)})
    except (UnknownRule, UnknownSubject) as error:
        raise Unknown(str(error)) from None
    except TooManySubjects as error:
        raise BadQuery("subject", f"must be given: {error}") from None


def _known_by(row: CaseRow, at: int | None) -> Case:
    """The case as it was known at an instant; None: all that is known."""
    case = Case.from_json(row.state)
    return case if at is None else history_of_case(row.key, case).case(at)


def _instant() -> int | None:
    """The instant that is asked about, where one is. Raises BadQuery."""
    said = request.args.get("at")
    if said is None:
        return None
    try:
        instant = on_calendar(parse_instant(said))
    except (ValueError, OverflowError):
        instant = None
    if instant is None:
        raise BadQuery("at", "must be an instant with an offset, like 2026-03-02T09:00:00Z")
    return instant


def _opened(door: Door, tenant: str, keys: set[str], at: int | None) -> dict[str, OpenCase]:
    """The stored cases of these keys, in hand: a key that was merged leads to where it lives on. As they were known at
    an instant, where one is given; nobody knows what had been told by then."""
    opened: dict[str, OpenCase] = {}
    for key in sorted(keys):
        row = door.store.case(tenant, key)
        if row is None:
            continue
        told = row.advice if at is None else b""
        opened[row.key] = OpenCase(row.key, _known_by(row, at), told)
        if row.key != key:
            opened[key] = OpenCase(key, merged_into=row.key)
    return opened
