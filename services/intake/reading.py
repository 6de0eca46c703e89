"""Routes that read advice, cases, recommendations and their feed, always of the caller's tenant."""

import re
from typing import Any, Final

import orjson
from flask import Blueprint, Response, request

from signpost.advice.document import urgency
from signpost.advice.records import suppressions
from signpost.case import Case
from signpost.case.instant import format_instant, on_calendar, parse_instant
from signpost.names import AUDIENCES
from signpost.services.intake.context import IntakeContext, reply
from signpost.services.intake.problems import BadQuery, NotFound
from signpost.storage import CaseRow

PLUS_AS_SPACE: Final = re.compile(r"T[0-9:.]+ [0-9]{2}:[0-9]{2}$")
"""The end of an instant whose offset was written with a plus sign in a query, where that means a space."""


def blueprint(context: IntakeContext) -> Blueprint:
    """The routes."""
    routes = Blueprint("reading", __name__)

    @routes.get("/v1/candidates/<anything:key>/advice")
    def advice(key: str) -> Response:
        tenant, audience = context.tenant(), read_audience()
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
        raise NotFound("no facts are known about this candidate" + hint)
    return row


def _known_case(context: IntakeContext, tenant: str, key: str) -> CaseRow | None:
    row = context.store.case(tenant, key) if "\0" not in key else None
    return row if row is not None and facts_in(row.state) else None


def facts_in(state: bytes) -> dict[str, Any]:
    """The stored facts of a case, by kind; empty where nothing is known."""
    facts: dict[str, Any] = orjson.loads(state)["facts"] if state else {}
    return facts


def read_audience() -> str | None:
    """The query parameter `audience`; None for all audiences."""
    audience = request.args.get("audience")
    if audience is not None and audience not in AUDIENCES:
        raise BadQuery("audience", f"must be one of {', '.join(AUDIENCES)}")
    return audience


def read_limit(maximum: int, default: int = 100) -> int:
    """The query parameter `limit`. Raises BadQuery."""
    raw = request.args.get("limit", str(default))
    if not (raw.isascii() and raw.isdigit() and len(raw) <= 6 and 1 <= int(raw) <= maximum):
        raise BadQuery("limit", f"must be a whole number from 1 to {maximum}")
    return int(raw)


def read_instant(name: str) -> int | None:
    """The query parameter `name` in microseconds; None without it. Raises BadQuery."""
    raw = request.args.get(name)
    if raw is None:
        return None
    try:
        instant = parse_instant(raw)
    except (ValueError, OverflowError):
        plus = "; write the + of an offset as %2B" if PLUS_AS_SPACE.search(raw) else ""
        raise BadQuery(name, f"must be an instant with an offset, like 2026-03-02T09:00:00Z{plus}") from None
    if on_calendar(instant) is None:
        raise BadQuery(name, "must be within the years 1970 to 9999")
    return instant
