"""POST /v1/webhooks/{source}: verifies the signature over the raw bytes, translates the body, stores the events.

The response has the status that the vendor counts as success, also for a webhook without events: otherwise the vendor
would retry what Signpost ignores. A name of no source is handled like a source whose signature is wrong, to the last
step, so that nobody learns from a response or its time which sources exist.
"""

import logging
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final

from flask import Blueprint, Response, request

from signpost import traces
from signpost.crash_points import reach
from signpost.errors import CallerError, SignpostError
from signpost.ingress.receiving import (
    OPEN_PING,
    TranslationResult,
    WebhookRequest,
    authenticate,
    handshake,
    read,
)
from signpost.ingress.signatures import InvalidSignature
from signpost.ingress.sources import keys_of
from signpost.ingress.standard import standard_headers
from signpost.ingress.strict_json import TooLarge
from signpost.ingress.vendors import VENDORS, Vendor
from signpost.names import NO_SOURCE
from signpost.repeats import Repeats
from signpost.services.intake import prices
from signpost.services.intake.context import IntakeContext, lowercase_headers, reply
from signpost.services.intake.feedback_cases import with_cases
from signpost.services.intake.first_bodies import require_first_body
from signpost.services.intake.measuring import count_delivery
from signpost.services.intake.problems import SourceDisabled
from signpost.storage import Store
from signpost.tenants.model import Source

log = logging.getLogger(__name__)

UNKNOWN_EVENTS: Counter[tuple[str, str]] = Counter()
"""(vendor, event) -> count in this process; at most MAX_UNKNOWN_EVENTS names, the rest under "other"."""
MAX_UNKNOWN_EVENTS = 200
UNKNOWN: Final = Source("", "", "standard", (f"whsec_{b64encode(b'no request is accepted for it').decode()}",))
"""Stands for every name that belongs to no source."""


def blueprint(context: IntakeContext) -> Blueprint:
    """The route."""
    routes, lines = Blueprint("webhooks", __name__), Repeats()

    @routes.post("/v1/webhooks/<anything:name>")
    def webhook(name: str) -> Response:
        source = context.tenants.source(name.removesuffix("/")) or UNKNOWN
        raw = _body(context, name, source)
        if source is UNKNOWN and lines.is_due("unknown source"):
            log.warning("webhook for an unknown source, answered like a wrong signature: %r", name[:80])
        headers = lowercase_headers(request.headers)
        delivery = to_request(source, headers, raw, context.clock(), context.limits.max_depth)
        if context.deliveries is None:
            return _process(context, delivery)
        recording = context.deliveries.record(source, delivery.headers, delivery.raw, delivery.now)
        with recording as record, _naming(name, source):
            return _process(context, delivery, record)

    return routes


def _body(context: IntakeContext, name: str, source: Source) -> bytes:
    """The raw body. One that is not read is in the delivery log all the same, as one whose signature was not checked;
    the answer does not tell whether the source exists. Raises as `IntakeContext.body`."""
    try:
        return context.body()
    except CallerError as error:
        if context.deliveries is not None:
            reason = str(error) if source is not UNKNOWN else _no_source(name)
            hint = "; SIGNPOST_MAX_BODY_BYTES is the limit" * isinstance(error, TooLarge)
            context.deliveries.record_unread(source, reason + hint, request.content_length or 0, context.clock())
        raise


@contextmanager
def _naming(name: str, source: Source) -> Iterator[None]:
    """Let the delivery log say that no source has the name, whatever else is wrong; the answer does not."""
    try:
        yield
    except InvalidSignature:
        if source is not UNKNOWN:
            raise
        raise InvalidSignature(_no_source(name)) from None


def _no_source(name: str) -> str:
    return f"{NO_SOURCE}{name[:80]!r}"


def to_request(source: Source, headers: Mapping[str, str], raw: bytes, now: int, depth: int = 32) -> WebhookRequest:
    """A request of a source: headers by lower-case name, `now` in microseconds. Raises SourceDisabled."""
    if source.problem:
        raise SourceDisabled(f"source {source.name} is disabled: {source.problem}")
    vendor, keys = _vendor_of(source)
    headers = standard_headers(headers) if vendor.speaks_ours else headers
    return WebhookRequest(vendor, source, keys, headers, raw, now, depth)


def _vendor_of(source: Source) -> tuple[Vendor, tuple[bytes, ...]]:
    """The mapping of a source and its keys. Raises SourceDisabled if its file changed just now, before the source."""
    try:
        vendor = VENDORS[source.vendor]
        return vendor, keys_of(vendor.scheme, source.secrets)
    except (KeyError, ValueError):
        raise SourceDisabled(f"source {source.name} is disabled: its mapping file changes") from None


def read_again(source: Source, headers: Mapping[str, str], raw: bytes, now: int) -> TranslationResult:
    """Translate a delivery that was verified on arrival. Raises MalformedJson, TooLarge, InvalidEvent."""
    return read(to_request(source, headers, raw, now))


def _process(context: IntakeContext, delivery: WebhookRequest, record: Any = None) -> Response:
    """Verify, translate and store; sets `record`. Returns the response that the vendor expects."""
    name = record.id if record else None
    challenge, wanted = handshake(delivery), delivery.vendor.handshake
    if challenge is not None and wanted is not None:
        response = _respond(0, wanted.status, name)
        response.headers[wanted.header] = challenge
        return response
    signed = authenticate(delivery)
    if delivery.source is UNKNOWN:
        raise InvalidSignature("no source has this name")  # as if its signature were wrong
    if signed:
        require_first_body(context.store, delivery, signed)
    if record:
        record.verified = signed is not None
    size = prices.of_body(len(delivery.raw))
    if signed is not None:
        context.charge_webhook(delivery.source, size)
        reach("webhook verified")
    outcome = OPEN_PING if signed is None else _read(context.store, delivery)
    if record:
        record.events, record.notes = list(outcome.events), outcome.problems
    if signed is not None:
        context.charge_webhook(delivery.source, prices.of_events(len(outcome.events), len(delivery.raw)), paid=size)
    accepted, refused = context.quotas.split_webhook(delivery.source, outcome.events)
    if accepted:
        context.accept(accepted, delivery.now)
    if refused:
        raise refused
    _log_unmapped(delivery.source, outcome)
    return _respond(len(outcome.events), delivery.vendor.success, name)


def _read(store: Store, delivery: WebhookRequest) -> TranslationResult:
    """Translate a verified webhook, and count its outcome."""
    try:
        with traces.span("translate", signpost__vendor=delivery.source.vendor):
            outcome = read(delivery)
        outcome = replace(outcome, events=with_cases(store, outcome.events))
    except SignpostError:
        count_delivery(delivery.source.vendor, "refused")
        raise
    count_delivery(delivery.source.vendor, outcome.kind)
    return outcome


def _respond(events: int, status: int, name: str | None) -> Response:
    return reply({"events": events, "status": status, **({"delivery": name} if name else {})}, status)


def _log_unmapped(source: Source, outcome: TranslationResult) -> None:
    """Count and log unknown events and items, so that a new one is noticed. Its name is untrusted: cut and quoted."""
    event = outcome.event[:80]
    for name in [event] if outcome.unknown else [f"{event}: {words}" for words in outcome.unknown_items]:
        key = (source.vendor, name)
        UNKNOWN_EVENTS[
            key if key in UNKNOWN_EVENTS or len(UNKNOWN_EVENTS) < MAX_UNKNOWN_EVENTS else (source.vendor, "other")
        ] += 1
        log.warning("unknown event of %s by source %s: %r", source.vendor, source.name, name)
    if not (outcome.events or outcome.unknown):
        log.info("ignored event of %s by source %s: %r: %s", source.vendor, source.name, event, outcome.reason)
