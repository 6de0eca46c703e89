"""Routes of the delivery log: list webhooks with their results, show one, replay one. Recording is not here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import orjson
from flask import Blueprint, Response, g

from signpost.case.instant import format_instant
from signpost.errors import CallerError
from signpost.ingress.receiving import TranslationResult
from signpost.schemas import InvalidEvent
from signpost.schemas.documents.answers import DELIVERY_STATUSES
from signpost.services.intake import prices
from signpost.services.intake.context import IntakeContext, reply
from signpost.services.intake.delivery_log import WebhookRecord, to_row
from signpost.services.intake.feedback_cases import with_cases
from signpost.services.intake.problems import NotFound, to_errors
from signpost.services.intake.query import BadValue, Query, read_query
from signpost.storage import DeliveryRow, DeliverySummary
from signpost.tenants.model import Source

HEADER = "Signpost-Delivery"


class NoBody(CallerError):
    """The delivery cannot be replayed: its body is not stored, or its source is gone."""


def blueprint(context: IntakeContext, read_again: "ReadAgain") -> Blueprint:
    """The routes."""
    routes = Blueprint("deliveries", __name__)

    @routes.get("/v1/deliveries")
    def list_deliveries() -> Response:
        tenant = context.tenant()
        with read_query() as query:
            wanted, limit = DeliveryFilter.of(query), query.limit(context.limits.max_page_items)
        return reply(list_deliveries_of(context, tenant, wanted, limit, paid=prices.REQUEST))

    @routes.get("/v1/deliveries/<name>")
    def show_delivery(name: str) -> Response:
        return reply(show_delivery_of(context, context.tenant(), name))

    @routes.post("/v1/deliveries/<name>/replay")
    def replay_delivery(name: str) -> Response:
        return reply(replay_delivery_of(context, context.tenant(), name, read_again))

    return routes


@dataclass(frozen=True, slots=True)
class DeliveryFilter:
    """Which deliveries are asked for; None: all."""

    source: str | None
    status: str | None
    before: tuple[int, str] | None

    @classmethod
    def of(cls, query: Query) -> "DeliveryFilter":
        """The filter of the query parameters `source`, `status` and `after`."""
        source, status = query.text("source") or None, query.choice("status", DELIVERY_STATUSES)
        return cls(source, status, query.read("after", _decode))


def list_deliveries_of(
    context: IntakeContext, tenant: str, wanted: DeliveryFilter, limit: int, paid: int
) -> dict[str, Any]:
    """A page of the deliveries of a tenant. `paid`: what was charged before. Raises RateLimited."""
    context.charge(tenant, prices.of_page(limit), paid)
    rows = context.store.deliveries.page(
        tenant, source=wanted.source, status=wanted.status, before=wanted.before, limit=limit
    )
    last = f"{rows[-1].received_at}.{rows[-1].id}" if rows else None
    return {"items": [_summary(row) for row in rows], "next": last}


def show_delivery_of(context: IntakeContext, tenant: str, name: str) -> dict[str, Any]:
    """A delivery with its body, without personal data. Raises NotFound."""
    return _document(_row(context, tenant, name))


ReadAgain: TypeAlias = Callable[[Source, Mapping[str, str], bytes, int], TranslationResult]
"""Translates the body of a source into events, without checking its signature."""


def replay_delivery_of(context: IntakeContext, tenant: str, name: str, read_again: ReadAgain) -> dict[str, Any]:
    """Translate a delivery again and accept its events; returns it with the result. Raises NotFound, NoBody."""
    row = _row(context, tenant, name)
    context.charge(row.tenant, prices.of_body(row.size))
    source = context.tenants.source(row.source)
    if row.body is None or not row.verified or source is None or source.tenant != row.tenant:
        raise NoBody(
            "this delivery cannot be replayed: its signature was not checked, its body is not stored, or its source"
            " is not configured any more"
        )
    delivery = WebhookRecord(row.id, source, orjson.loads(row.headers), row.body, row.received_at, verified=True)
    is_refused = False
    try:
        outcome = read_again(source, delivery.headers, row.body, row.received_at)
        events = with_cases(context.store, outcome.events)
        delivery.events, problems = list(events), to_errors(outcome.problems)
    except InvalidEvent as error:
        is_refused, problems = True, to_errors(error.problems, error.more)
    accepted, beyond = context.quotas.split(row.tenant, delivery.events)
    if accepted:
        context.accept(accepted, context.clock())
    if beyond:
        raise beyond
    status = "refused" if is_refused else "accepted" if delivery.events else "ignored"
    after = to_row(delivery, status, problems, bodies=True)
    context.store.deliveries.record_replay(after, delivery.events)
    return _document(after)


def add_delivery_header(response: Response) -> Response:
    """Add the id of the delivery to the response to its webhook."""
    if name := g.get("delivery"):
        response.headers[HEADER] = name
    return response


def _row(context: IntakeContext, tenant: str, name: str) -> DeliveryRow:
    row = context.store.deliveries.get(tenant, name) if "\0" not in name else None
    if row is None:
        raise NotFound("no delivery has this id")
    return row


def _summary(row: DeliverySummary) -> dict[str, Any]:
    return {
        "id": row.id,
        "source": row.source,
        "received_at": format_instant(row.received_at),
        "status": row.status,
        "size": row.size,
        "events": orjson.loads(row.events),
        "problems": orjson.loads(row.problems),
        "verified": row.verified,
        "replayable": row.replayable,
    }


def _document(row: DeliveryRow) -> dict[str, Any]:
    return {**_summary(row.summary()), "body": orjson.loads(row.shown)}


def _decode(cursor: str) -> tuple[int, str]:
    """The time and id of the last delivery of a page. Raises BadValue."""
    at, _, name = cursor.partition(".")
    if not (at.isascii() and at.isdigit() and len(at) < 19 and name and "\0" not in name):
        raise BadValue("must be the `next` of an earlier response")
    return int(at), name
