"""POST /v1/events: CloudEvents, structured, binary and batched.

A batch is answered for each event: 202 when all are kept, 207 when some were refused; the others are kept all the same.
When nothing can be kept the whole batch is answered with 503 and can be sent again as it is.
"""

from typing import Any

from flask import Blueprint, Response, request

from signpost.case.event import Event
from signpost.ingress.cloudevents_http import Mode, binary_document, mode_of
from signpost.ingress.strict_json import MalformedJson, TooLarge, loads
from signpost.schemas import InvalidEvent, load_event
from signpost.schemas.custom import OwnKinds
from signpost.services.intake.context import IntakeContext, lowered, reply
from signpost.services.intake.problems import listed


def blueprint(context: IntakeContext) -> Blueprint:
    """The route, on this door."""
    routes = Blueprint("events", __name__)

    @routes.post("/v1/events")
    def events() -> Response:
        tenant = context.tenant()
        headers, now = lowered(request.headers), context.clock()
        mode = mode_of(headers.get("content-type", ""), headers)
        raw = context.body()
        document = loads(raw, max_depth=context.limits.depth) if raw or mode is not Mode.BINARY else None
        if mode is Mode.BATCH:
            return _batch(context, document, tenant, now)
        if mode is Mode.BINARY:
            document = binary_document(headers, document)
        event = load_event(document, tenant=tenant, now=now, own=context.tenants.own_fields(tenant))
        context.acceptor.keep([event], now)
        return reply({"id": event.id, "status": 202}, 202)

    return routes


def _batch(context: IntakeContext, documents: Any, tenant: str, now: int) -> Response:
    if not isinstance(documents, list):
        raise MalformedJson("a batch is a JSON array of events")
    if len(documents) > context.batch:
        raise TooLarge(f"the batch has {len(documents)} events; at most {context.batch} are accepted")
    context.count(tenant, len(documents) - 1)
    accepted: list[Event] = []
    own = context.tenants.own_fields(tenant)
    items = [_item(index, document, tenant, now, own, accepted) for index, document in enumerate(documents)]
    if accepted:
        context.acceptor.keep(accepted, now)
    return reply({"items": items}, 202 if len(accepted) == len(items) else 207)


def _item(index: int, document: Any, tenant: str, now: int, own: OwnKinds, accepted: list[Event]) -> dict[str, Any]:
    """The answer for one event, which is added to the accepted ones where it is one. Pointers point into the event."""
    said = document.get("id") if isinstance(document, dict) else None
    item = {"index": index, "id": said if isinstance(said, str) else None}
    try:
        accepted.append(load_event(document, tenant=tenant, now=now, own=own))
    except InvalidEvent as refused:
        return {**item, "status": 422, "errors": listed(refused.problems)}
    return {**item, "status": 202, "errors": []}
