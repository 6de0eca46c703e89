"""POST /v1/webhooks/{source}: the signature over the raw bytes first, then translation, then keeping.

Each scheme answers with the status that its senders count as success: Greenhouse 200 and nothing else.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256

from flask import Blueprint, Response, request

from schemas import Refused, load_event
from services.intake.door import Door, Source, lowered, reply
from services.intake.problems import Unknown
from signpost.case.event import Event
from signpost.ingress import greenhouse, standard
from signpost.ingress.signatures import standard_key, verify_greenhouse, verify_standard
from signpost.ingress.strict_json import loads

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One request of a source: `headers` by lower-case name, `now` in microseconds."""

    source: Source
    headers: Mapping[str, str]
    raw: bytes
    now: int
    depth: int

    @property
    def event_source(self) -> str:
        """The `source` of the CloudEvents made of it."""
        return f"{self.source.vendor}/{self.source.name}"


def blueprint(door: Door) -> Blueprint:
    """The route, on this door."""
    routes = Blueprint("webhooks", __name__)

    @routes.post("/v1/webhooks/<anything:name>")
    def webhook(name: str) -> Response:
        source = door.tenants.source(name)
        if source is None:
            raise Unknown("no source of this name is configured")
        read, status = SCHEMES[source.vendor]
        events = read(Delivery(source, lowered(request.headers), door.body(), door.clock(), door.limits.depth))
        if events:
            door.keeper.keep(events, door.clock())
        return reply({"events": len(events), "status": status}, status)

    return routes


def _standard(delivery: Delivery) -> list[Event]:
    keys = [standard_key(secret) for secret in delivery.source.secrets]
    webhook_id = verify_standard(keys, delivery.headers, delivery.raw, now=delivery.now)
    payload = loads(delivery.raw, max_depth=delivery.depth)
    try:
        document = standard.to_cloudevent(payload, webhook_id=webhook_id, source=delivery.event_source)
        return [load_event(document, tenant=delivery.source.tenant, now=delivery.now)]
    except Refused as refused:
        raise standard.in_payload(refused) from None


def _greenhouse(delivery: Delivery) -> list[Event]:
    keys = [secret.encode() for secret in delivery.source.secrets]
    verify_greenhouse(keys, delivery.headers, delivery.raw)
    body = loads(delivery.raw, max_depth=delivery.depth) if delivery.raw.strip() else None
    digest = sha256(delivery.raw).hexdigest()[:32]
    receipt = greenhouse.Receipt(delivery.event_source, delivery.now, digest)
    documents = greenhouse.translate(body, receipt)
    if not documents:
        log.info("nothing to keep in a delivery of %s", delivery.event_source)
    return [load_event(document, tenant=delivery.source.tenant, now=delivery.now) for document in documents]


SCHEMES: dict[str, tuple[Callable[[Delivery], list[Event]], int]] = {
    "standard": (_standard, 202),
    "greenhouse": (_greenhouse, 200),
}
"""Vendor -> how its deliveries are read, and the status that it counts as success."""
