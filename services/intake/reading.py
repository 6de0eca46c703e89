"""Routes that read advice, cases, recommendations and their feed, always of the caller's tenant."""

from typing import Any

import orjson
from flask import Blueprint, Response

from signpost.advice.document import urgency
from signpost.advice.records import suppressions
from signpost.case import Case
from signpost.case.instant import format_instant
from signpost.names import NO_FACTS
from signpost.services.intake.context import IntakeContext, reply
from signpost.services.intake.problems import NotFound
from signpost.services.intake.query import read_query
from signpost.storage import CaseRow


def blueprint(context: IntakeContext) -> Blueprint:
    """The routes."""
    routes = Blueprint("reading", __name__)

    @routes.get("/v1/candidates/<anything:key>/advice")
    def advice(key: str) -> Response:
        tenant = context.tenant()
        with read_query() as query:
            audience = query.audience()
        row = case_of(context, tenant, key)
        rows = context.store.recommendations(tenant, row.key, status="active")
        active = [orjson.loads(found.body)["data"] for found in rows if audience in (None, found.audience)]
        suppressed = suppressions(row.advice, audience)
        return reply({"candidate": row.key, "active": sorted(active, key=urgency), "suppressed": suppressed})

    @routes.get("/v1/candidates/<anything:key>/case")
    def case(key: str) -> Response:
        row = case_of(context, context.tenant(), key)
        changes = None if row.next_change is None else format_instant(row.next_change)
        document = {
            "candidate": row.key,
            "case": orjson.loads(Case.from_json(row.state).as_read().to_json()),
            "next_change": changes,
            "rulebook": row.rulebook,
        }
        return reply(document)

    @routes.get("/v1/recommendations/<name>")
    def recommendation(name: str) -> Response:
        found = context.store.recommendation(context.tenant(), name) if "\0" not in name else None
        if found is None:
            raise NotFound("no recommendation has this id")
        return reply(orjson.loads(found.body)["data"])

    return routes


def case_of(context: IntakeContext, tenant: str, key: str) -> CaseRow:
    """The case of a key. Raises NotFound, also for a case without facts."""
    row = _known_case(context, tenant, key)
    if row is None:
        own = next((one for one in context.tenants.own_ids_of(tenant, key) if _known_case(context, tenant, one)), "")
        hint = f"; did you mean {own}? Ids of a source have its name before them" if own else ""
        raise NotFound(NO_FACTS + hint)
    return row


def _known_case(context: IntakeContext, tenant: str, key: str) -> CaseRow | None:
    row = context.store.case(tenant, key) if "\0" not in key else None
    return row if row is not None and facts_in(row.state) else None


def facts_in(state: bytes) -> dict[str, Any]:
    """The stored facts of a case, by kind; empty where nothing is known."""
    facts: dict[str, Any] = orjson.loads(state)["facts"] if state else {}
    return facts
