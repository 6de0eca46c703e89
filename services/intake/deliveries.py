"""Routes of the delivery log: list webhooks with their results, show one, replay one."""

from collections.abc import Callable, Mapping
from typing import Any

import orjson
from flask import Blueprint, Response, g, request

from signpost.case.event import Event
from signpost.case.instant import format_instant
from signpost.errors import CallerError
from signpost.schemas import InvalidEvent
from signpost.schemas.documents.answers import DELIVERY_STATUSES
from signpost.services.intake.context import IntakeContext, reply
from signpost.services.intake.delivery_log import WebhookRecord, keys_of_events, row_of
from signpost.services.intake.problems import BadQuery, NotFound, listed
from signpost.storage import DeliveryRow
from signpost.tenants.model import Source

HEADER = "Signpost-Delivery"


class NoBody(CallerError):
    """The delivery cannot be played again, because what was sent is not kept."""


def blueprint(
    context: IntakeContext, events_of: Callable[[Source, Mapping[str, str], bytes, int], list[Event]]
) -> Blueprint:
    """The routes, on this door. `events_of`: what a body of a source says, its signature aside."""
    routes = Blueprint("deliveries", __name__)

    @routes.get("/v1/deliveries")
    def page() -> Response:
        tenant, status = context.tenant(), request.args.get("status")
        if status is not None and status not in DELIVERY_STATUSES:
            raise BadQuery("status", f"must be one of {', '.join(DELIVERY_STATUSES)}")
        rows = context.store.deliveries.page(
            tenant, source=request.args.get("source"), status=status, before=_before(), limit=_limit(context)
        )
        last = f"{rows[-1].received_at}.{rows[-1].id}" if rows else None
        return reply({"items": [_brief(row) for row in rows], "next": last})

    @routes.get("/v1/deliveries/<name>")
    def one(name: str) -> Response:
        return reply(_whole(_row(context, name)))

    @routes.post("/v1/deliveries/<name>/replay")
    def replay(name: str) -> Response:
        row = _row(context, name)
        source = context.tenants.source(row.source)
        if row.body is None or source is None or source.tenant != row.tenant:
            raise NoBody("what was sent is not kept, or its source is no longer configured")
        delivery = WebhookRecord(row.id, source, orjson.loads(row.headers), row.body, row.received_at)
        problems: list[dict[str, str]] = []
        try:
            delivery.events = events_of(source, delivery.headers, row.body, row.received_at)
        except InvalidEvent as refused:
            problems = listed(refused.problems)
        if delivery.events:
            context.acceptor.keep(delivery.events, context.clock())
        status = "refused" if problems else "accepted" if delivery.events else "ignored"
        after = row_of(delivery, status, problems, bodies=True)
        context.store.deliveries.record_replay(after, keys_of_events(delivery.events))
        return reply(_whole(after))

    return routes


def mark(response: Response) -> Response:
    """Name the delivery in the answer to its webhook."""
    if name := g.get("delivery"):
        response.headers[HEADER] = name
    return response


def _row(context: IntakeContext, name: str) -> DeliveryRow:
    row = context.store.deliveries.get(context.tenant(), name) if "\0" not in name else None
    if row is None:
        raise NotFound("no delivery of this id")
    return row


def _brief(row: DeliveryRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "source": row.source,
        "received_at": format_instant(row.received_at),
        "status": row.status,
        "size": row.size,
        "events": orjson.loads(row.events),
        "problems": orjson.loads(row.problems),
        "replayable": row.body is not None,
    }


def _whole(row: DeliveryRow) -> dict[str, Any]:
    return {**_brief(row), "body": orjson.loads(row.shown)}


def _before() -> tuple[int, str] | None:
    said = request.args.get("after")
    if said is None:
        return None
    at, _, name = said.partition(".")
    if not (at.isascii() and at.isdigit() and len(at) < 20 and name and "\0" not in name):
        raise BadQuery("after", "must be the `next` of an earlier answer")
    return int(at), name


def _limit(context: IntakeContext) -> int:
    said = request.args.get("limit", "100")
    if not (said.isascii() and said.isdigit() and 1 <= len(said) <= 4 and 1 <= int(said) <= context.limits.page):
        raise BadQuery("limit", f"must be a whole number from 1 to {context.limits.page}")
    return int(said)
