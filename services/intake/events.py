"""POST /v1/events: CloudEvents, structured, binary and batched.

The response to a batch has one item for each event: 202 if all are accepted, 207 if some are rejected; the others are
stored. If nothing can be stored, the whole batch gets 503 and the sender can retry it unchanged.
"""

from collections.abc import Collection
from typing import Any

from flask import Blueprint, Response, request

from signpost.case.event import Event
from signpost.ingress.cloudevents_http import Mode, binary_document, mode_of, with_data
from signpost.ingress.strict_json import MalformedJson, TooLarge, loads
from signpost.metrics.table import EVENTS_REFUSED
from signpost.names import CLOUDEVENTS_BATCH_JSON
from signpost.printable import shorten
from signpost.schemas import InvalidEvent, load_event
from signpost.schemas.custom import OwnKinds
from signpost.schemas.fields import MAX_ID
from signpost.schemas.problems import MAX_PROBLEMS, Hints, Problem
from signpost.services.intake import prices
from signpost.services.intake.context import IntakeContext, lowercase_headers, reply
from signpost.services.intake.feedback_cases import FeedbackCases, find_cases, with_cases
from signpost.services.intake.problems import to_errors


def blueprint(context: IntakeContext) -> Blueprint:
    """The route."""
    routes = Blueprint("events", __name__)

    @routes.post("/v1/events")
    def events() -> Response:
        tenant = context.caller()
        headers, now = lowercase_headers(request.headers), context.clock()
        mode = mode_of(headers.get("content-type", ""), headers)
        raw = context.body()
        price = prices.of_body(len(raw)) if mode is not Mode.BATCH else _price_of_batch(raw, context.max_batch_events)
        context.charge(tenant, price, paid=0)
        document = loads(raw, max_depth=context.limits.max_depth) if raw or mode is not Mode.BINARY else None
        if mode is Mode.BATCH:
            return _batch(context, document, tenant, now, len(raw), price)
        if mode is Mode.BINARY:
            document = binary_document(headers, document)
        elif isinstance(document, list):
            raise InvalidEvent([Problem("", f"must be an object; send an array of events as {CLOUDEVENTS_BATCH_JSON}")])
        read = load_event(with_data(document), tenant=tenant, now=now, own=context.tenants.own_fields(tenant))
        [event] = with_cases(context.store, [read])
        _, refused = context.quotas.split(tenant, [event])
        if refused:
            raise refused
        context.accept([event], now)
        return reply({"id": event.id, "status": 202}, 202)

    return routes


def _price_of_batch(raw: bytes, most: int) -> int:
    """The price of an unread batch: all of it at once, so that a refused one costs nothing and learns how long
    the whole has to wait. One with too many events costs its body."""
    events = raw.count(b'"specversion"')
    return prices.of_events(events if events <= most else 1, len(raw))


def _batch(context: IntakeContext, documents: Any, tenant: str, now: int, size: int, paid: int) -> Response:
    if not isinstance(documents, list):
        raise MalformedJson("a batch must be a JSON array of events")
    if len(documents) > context.max_batch_events:
        raise TooLarge(f"the batch has {len(documents)} events; at most {context.max_batch_events} are accepted")
    context.charge(tenant, prices.of_events(len(documents), size), paid=paid)
    answer = _BatchAnswer(tenant, now, context.tenants.own_fields(tenant))
    items = [answer.item(index, document) for index, document in enumerate(documents)]
    answer.find_cases(items, find_cases(context.store, answer.valid.values()))
    accepted, refused = context.quotas.split(tenant, list(answer.valid.values()))
    if refused:
        answer.refuse(items, {id(event) for event in accepted}, str(refused), refused.status)
    if accepted:
        context.accept(accepted, now)
    return reply({"items": items}, 202 if len(accepted) == len(items) else 207)


class _BatchAnswer:
    """The items of the response to a batch; together they list at most MAX_PROBLEMS problems."""

    def __init__(self, tenant: str, now: int, own: OwnKinds) -> None:
        self._tenant, self._now, self._own, self._hints = tenant, now, own, Hints()
        self._left = MAX_PROBLEMS
        self.valid: dict[int, Event] = {}
        """Index -> event, in order."""

    def item(self, index: int, document: Any) -> dict[str, Any]:
        """The item of one event; pointers are relative to it. A valid event is added to `valid`."""
        identity = document.get("id") if isinstance(document, dict) else None
        item = {"index": index, "id": shorten(identity, MAX_ID) if isinstance(identity, str) else None}
        try:
            self.valid[index] = load_event(
                with_data(document), tenant=self._tenant, now=self._now, own=self._own, hints=self._hints
            )
        except InvalidEvent as error:
            EVENTS_REFUSED.inc("refused")
            return {**item, "status": 422, **self._errors(error)}
        return {**item, "status": 202, "errors": []}

    def find_cases(self, items: list[dict[str, Any]], cases: FeedbackCases) -> None:
        """Give valid feedback the case of its recommendation, and refuse what has none."""
        for index, event in list(self.valid.items()):
            try:
                self.valid[index] = cases.of(event)
            except InvalidEvent as error:
                EVENTS_REFUSED.inc("refused")
                del self.valid[index]
                items[index] |= {"status": 422, **self._errors(error)}

    def refuse(self, items: list[dict[str, Any]], accepted: Collection[int], reason: str, status: int) -> None:
        """Refuse the valid events whose id() is not `accepted`."""
        for index, event in self.valid.items():
            if id(event) not in accepted:
                problem = InvalidEvent([Problem("/subject", reason)])
                EVENTS_REFUSED.inc("quota")
                items[index] |= {"status": status, **self._errors(problem)}

    def _errors(self, error: InvalidEvent) -> dict[str, Any]:
        listed = error.problems[: self._left]
        self._left -= len(listed)
        more = error.more + len(error.problems) - len(listed)
        return {"errors": to_errors(listed), **({"more": more} if more else {})}
