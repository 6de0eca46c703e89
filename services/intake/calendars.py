"""Routes of the candidate's calendar, and of the links by which calendar programs read it."""

import secrets
from hashlib import sha256
from typing import Any

import orjson
from flask import Blueprint, Response, request

from signpost.advice.calendar import calendar_entries
from signpost.advice.calendar_ics import write_ics
from signpost.case import Case
from signpost.case.instant import format_instant
from signpost.facts.facts import facts_of
from signpost.ingress.strict_json import loads
from signpost.schemas import InvalidEvent, Problem
from signpost.schemas.calendar_links import load_calendar_link
from signpost.services.intake import prices
from signpost.services.intake.context import IntakeContext, reply
from signpost.services.intake.problems import NotFound
from signpost.services.intake.reading import case_of
from signpost.storage import CalendarLink, CaseRow

ICS = "text/calendar"
MAX_LINKS = 20
"""Valid links of one candidate."""
TOKEN_BYTES = 32
NO_CALENDAR = "no calendar has this address"
"""The same for an unknown, a revoked and an expired link, and for a candidate who was erased."""


def blueprint(context: IntakeContext) -> Blueprint:
    """The routes."""
    routes = Blueprint("calendars", __name__)

    @routes.get("/v1/candidates/<anything:key>/calendar.ics")
    def calendar(key: str) -> Response:
        tenant = context.tenant()
        row = case_of(context, tenant, key)
        context.charge(tenant, prices.CALENDAR)
        return _calendar(context, row, Case.from_json(row.state))

    @routes.get("/v1/calendars/<token>.ics")
    def linked_calendar(token: str) -> Response:
        link = context.store.calendar_links.by_digest(digest(token), context.clock())
        row = None if link is None else context.store.case(link.tenant, link.case_key)
        if link is None or row is None or not row.state:
            raise NotFound(NO_CALENDAR)
        case = Case.from_json(row.state)
        # What was erased and came back is another candidate, as far as links go
        if not case.registers or (case.erased_at or 0) >= link.created:
            raise NotFound(NO_CALENDAR)
        context.charge(link.tenant, prices.CALENDAR, paid=0)
        return _calendar(context, row, case)

    @routes.get("/v1/candidates/<anything:key>/calendar-links")
    def list_links(key: str) -> Response:
        tenant = context.tenant()
        row = case_of(context, tenant, key)
        links = context.store.calendar_links.of_case(tenant, row.key, context.clock())
        return reply({"items": [_document(link) for link in links]})

    @routes.post("/v1/candidates/<anything:key>/calendar-links")
    def add_link(key: str) -> Response:
        tenant, raw, now = context.tenant(), context.body(), context.clock()
        document = loads(raw, max_depth=context.limits.max_depth) if raw.strip() else {}
        expires = load_calendar_link(document, now)
        row, token = case_of(context, tenant, key), secrets.token_urlsafe(TOKEN_BYTES)
        link = CalendarLink(tenant, f"cal_{secrets.token_hex(12)}", row.key, digest(token), now, expires)
        if not context.store.calendar_links.add(link, now, MAX_LINKS):
            raise InvalidEvent([Problem("", f"the candidate has {MAX_LINKS} links; revoke one first")])
        return reply(_document(link) | {"url": f"{request.host_url}v1/calendars/{token}.ics"}, 201)

    @routes.delete("/v1/candidates/<anything:key>/calendar-links/<link>")
    def remove_link(key: str, link: str) -> Response:
        tenant = context.tenant()
        row = case_of(context, tenant, key)
        if "\0" in link or not context.store.calendar_links.remove(tenant, row.key, link):
            raise NotFound("the candidate has no link with this id")
        return Response(status=204)

    return routes


def digest(token: str) -> bytes:
    """What is stored of the secret in a link. It has 256 random bits, so a plain hash cannot be reversed."""
    return sha256(token.encode(errors="replace")).digest()


def _calendar(context: IntakeContext, row: CaseRow, case: Case) -> Response:
    """The calendar of a case, with a validator for conditional requests."""
    now, facts = context.clock(), facts_of(case, row.key)
    advice = [
        orjson.loads(one.body)["data"]
        for one in context.store.recommendations(row.tenant, row.key)
        if one.audience == "candidate"
    ]
    entries = calendar_entries(facts, case, advice, tenant=row.tenant, now=now)
    body = write_ics(entries, name=facts.candidate.values.get("display_name"), now=now)
    response = Response(body, mimetype=ICS)
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["Content-Disposition"] = 'inline; filename="calendar.ics"'
    response.set_etag(sha256(body).hexdigest()[:32])
    response.make_conditional(request)
    return response


def _document(link: CalendarLink) -> dict[str, Any]:
    expires = None if link.expires is None else format_instant(link.expires)
    return {"id": link.id, "created": format_instant(link.created), "expires": expires}
