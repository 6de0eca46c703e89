"""POST /v1/webhooks/{source}: the signature over the raw bytes first, then translation, then keeping.

Each scheme answers with the status that its senders count as success: Greenhouse 200 and nothing else.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256

from flask import Blueprint, Response, request

from schemas import Refused, load_event
from services.intake.door import Door, lowered, reply
from services.intake.problems import Unknown
from signpost.case.event import Event
from signpost.errors import CallerError
from signpost.ingress import greenhouse, standard
from signpost.ingress.signatures import standard_key, verify_greenhouse, verify_standard
from signpost.ingress.strict_json import loads
from signpost.tenants import Source, Tenants

log = logging.getLogger(__name__)


class BadSecrets(CallerError):
    """A source has a secret that its scheme cannot use."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One request of a source: `keys` of its active secrets, `headers` by lower-case name, `now` in microseconds."""

    source: Source
    keys: Sequence[bytes]
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
        scheme, now = SCHEMES[source.vendor], door.clock()
        keys = keys_of_source(source.vendor, source.secrets)
        delivery = Delivery(source, keys, lowered(request.headers), door.body(), now, door.limits.depth)
        events = scheme.read(delivery)
        door.count_webhook(source, len(events))
        if events:
            door.keeper.keep(events, now)
        return reply({"events": len(events), "status": scheme.success}, scheme.success)

    return routes


def check_secrets(tenants: Tenants) -> None:
    """Raises BadSecrets for secrets that verify nothing, before they are taken rather than at the first event."""
    problems = []
    for name, source in tenants.sources.items():
        try:
            keys_of_source(source.vendor, source.secrets)
        except ValueError as error:
            problems.append(f"source {name}: {error}")
    if problems:
        raise BadSecrets("; ".join(problems))


@lru_cache(maxsize=1024)
def keys_of_source(vendor: str, secrets: tuple[str, ...]) -> tuple[bytes, ...]:
    """The keys of a source's secrets. Raises ValueError for one that the vendor's scheme cannot use."""
    return tuple(SCHEMES[vendor].key(secret) for secret in secrets)


def _standard(delivery: Delivery) -> list[Event]:
    webhook_id = verify_standard(delivery.keys, delivery.headers, delivery.raw, now=delivery.now)
    payload = loads(delivery.raw, max_depth=delivery.depth)
    try:
        document = standard.to_cloudevent(payload, webhook_id=webhook_id, source=delivery.event_source)
        return [load_event(document, tenant=delivery.source.tenant, now=delivery.now)]
    except Refused as refused:
        raise standard.in_payload(refused) from None


def _greenhouse(delivery: Delivery) -> list[Event]:
    verify_greenhouse(delivery.keys, delivery.headers, delivery.raw)
    body = loads(delivery.raw, max_depth=delivery.depth) if delivery.raw.strip() else None
    digest = sha256(delivery.raw).hexdigest()[:32]
    receipt = greenhouse.Receipt(delivery.event_source, delivery.now, digest, delivery.source.employer)
    documents = greenhouse.translate(body, receipt)
    if not documents:
        log.info("nothing to keep in a delivery of %s", delivery.event_source)
    return [load_event(document, tenant=delivery.source.tenant, now=delivery.now) for document in documents]


@dataclass(frozen=True, slots=True)
class Scheme:
    """How a vendor's deliveries are read, the key of a secret, and the status that the vendor counts as success."""

    read: Callable[[Delivery], list[Event]]
    key: Callable[[str], bytes]
    success: int


SCHEMES = {
    "standard": Scheme(_standard, standard_key, 202),
    "greenhouse": Scheme(_greenhouse, str.encode, 200),
}
