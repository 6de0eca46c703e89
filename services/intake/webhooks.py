"""POST /v1/webhooks/{source}: the signature over the raw bytes first, then translation, then keeping.

Each vendor is answered with the status that it counts as success, also for what is not kept: a sender must not send
again for ever what nobody here needs.
"""

import logging
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from flask import Blueprint, Response, request

from services.intake.door import Door, lowered, reply
from services.intake.problems import Unknown
from signpost.case.event import Event
from signpost.errors import CallerError
from signpost.ingress.receiving import Delivery, Outcome, handshake, read, understand
from signpost.ingress.vendors import VENDORS
from signpost.tenants import Source, Tenants

log = logging.getLogger(__name__)

UNKNOWN_EVENTS: Counter[tuple[str, str]] = Counter()
"""(vendor, event) -> how many of this process; at most MOST_UNKNOWN names, the rest under "other"."""
MOST_UNKNOWN = 200


class BadSecrets(CallerError):
    """A source has a secret that its scheme cannot use."""


def blueprint(door: Door) -> Blueprint:
    """The route, on this door."""
    routes = Blueprint("webhooks", __name__)

    @routes.post("/v1/webhooks/<anything:name>")
    def webhook(name: str) -> Response:
        source = door.tenants.source(name)
        if source is None:
            raise Unknown("no source of this name is configured")
        delivery = delivery_of(source, lowered(request.headers), door.body(), door.clock(), door.limits.depth)
        if door.deliveries is None:
            return _take(door, delivery)
        with door.deliveries.received(source, delivery.headers, delivery.raw, delivery.now) as record:
            return _take(door, delivery, record)

    return routes


def delivery_of(source: Source, headers: Mapping[str, str], raw: bytes, now: int, depth: int = 32) -> Delivery:
    """One request of a source: headers by lower-case name, `now` in microseconds."""
    return Delivery(
        VENDORS[source.vendor], source, keys_of_source(source.vendor, source.secrets), headers, raw, now, depth
    )


def events_of(source: Source, headers: Mapping[str, str], raw: bytes, now: int) -> list[Event]:
    """What a delivery says that was verified when it came. Raises Malformed, TooLarge, Refused."""
    return list(read(delivery_of(source, headers, raw, now)).events)


def _take(door: Door, delivery: Delivery, record: Any = None) -> Response:
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
    door.count_webhook(delivery.source, len(outcome.events))
    if outcome.events:
        door.keeper.keep(outcome.events, delivery.now)
    else:
        _note(delivery.source, outcome)
    return _answer(len(outcome.events), delivery.vendor.success, name)


def _answer(events: int, status: int, name: str | None) -> Response:
    return reply({"events": events, "status": status, **({"delivery": name} if name else {})}, status)


def _note(source: Source, outcome: Outcome) -> None:
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
    return tuple(VENDORS[vendor].scheme.key_of(secret) for secret in secrets)
