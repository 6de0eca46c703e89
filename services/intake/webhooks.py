"""POST /v1/webhooks/{source}: the signature over the raw bytes first, then translation, then keeping.

Each vendor is answered with the status that it counts as success, also for what is not kept: a sender must not send
again for ever what nobody here needs.
"""

import logging
from collections import Counter
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, request

from signpost.case.event import Event
from signpost.ingress.receiving import TranslationResult, WebhookRequest, handshake, read, understand
from signpost.ingress.sources import keys_of_source
from signpost.ingress.vendors import VENDORS
from signpost.services.intake.context import IntakeContext, lowered, reply
from signpost.services.intake.problems import NotFound, SourceDisabled
from signpost.tenants.model import Source

log = logging.getLogger(__name__)

UNKNOWN_EVENTS: Counter[tuple[str, str]] = Counter()
"""(vendor, event) -> how many of this process; at most MOST_UNKNOWN names, the rest under "other"."""
MOST_UNKNOWN = 200


def blueprint(context: IntakeContext) -> Blueprint:
    """The route, on this door."""
    routes = Blueprint("webhooks", __name__)

    @routes.post("/v1/webhooks/<anything:name>")
    def webhook(name: str) -> Response:
        source = context.tenants.source(name)
        if source is None:
            raise NotFound("no source of this name is configured")
        delivery = delivery_of(source, lowered(request.headers), context.body(), context.clock(), context.limits.depth)
        if context.deliveries is None:
            return _take(context, delivery)
        with context.deliveries.received(source, delivery.headers, delivery.raw, delivery.now) as record:
            return _take(context, delivery, record)

    return routes


def delivery_of(source: Source, headers: Mapping[str, str], raw: bytes, now: int, depth: int = 32) -> WebhookRequest:
    """One request of a source: headers by lower-case name, `now` in microseconds. Raises SourceDisabled."""
    if source.problem:
        raise SourceDisabled(f"source {source.name} is disabled; `signpost sources list` says why")
    return WebhookRequest(
        VENDORS[source.vendor], source, keys_of_source(source.vendor, source.secrets), headers, raw, now, depth
    )


def events_of(source: Source, headers: Mapping[str, str], raw: bytes, now: int) -> list[Event]:
    """What a delivery says that was verified when it came. Raises Malformed, TooLarge, Refused."""
    return list(read(delivery_of(source, headers, raw, now)).events)


def _take(context: IntakeContext, delivery: WebhookRequest, record: Any = None) -> Response:
    """Verify, translate and keep; the answer that the vendor expects. `record` is told the events."""
    name = record.id if record else None
    word, wanted = handshake(delivery), delivery.vendor.handshake
    if word is not None and wanted is not None:
        answer = _answer(0, wanted.status, name)
        answer.headers[wanted.header] = word
        return answer
    outcome = understand(delivery)
    if record:
        record.events = list(outcome.events)
    context.count_webhook(delivery.source, len(outcome.events))
    if outcome.events:
        context.acceptor.keep(outcome.events, delivery.now)
    else:
        _note(delivery.source, outcome)
    return _answer(len(outcome.events), delivery.vendor.success, name)


def _answer(events: int, status: int, name: str | None) -> Response:
    return reply({"events": events, "status": status, **({"delivery": name} if name else {})}, status)


def _note(source: Source, outcome: TranslationResult) -> None:
    """Count what is not known, so that a vendor's new event does not go unseen. Names are the sender's: cut, quoted."""
    event = outcome.event[:80]
    if outcome.unknown:
        key = (source.vendor, event)
        UNKNOWN_EVENTS[
            key if key in UNKNOWN_EVENTS or len(UNKNOWN_EVENTS) < MOST_UNKNOWN else (source.vendor, "other")
        ] += 1
        log.warning("unknown event of %s by source %s: %r", source.vendor, source.name, event)
        return
    log.info("nothing to keep of %s by source %s: %r: %s", source.vendor, source.name, event, outcome.reason)
