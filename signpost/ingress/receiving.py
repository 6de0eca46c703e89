"""One delivery of a vendor's webhook, from raw bytes to events: verified, parsed, translated, validated. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

from signpost.case.event import Event
from signpost.errors import CallerError
from signpost.ingress import standard
from signpost.ingress.mapping import Vendor
from signpost.ingress.signatures import verify
from signpost.ingress.strict_json import loads
from signpost.ingress.translate import Receipt, event_name, translate
from signpost.schemas import InvalidEvent, load_event
from signpost.tenants.model import Source

SHORT = 200
"""How long a body may be that is answered without a signature, in bytes."""
LONGEST = 128
"""How long a handshake's word may be."""


@dataclass(frozen=True, slots=True)
class WebhookRequest:
    """One request of a source: `keys` of its active secrets, `headers` by lower-case name, `now` in microseconds."""

    vendor: Vendor
    source: Source
    keys: Sequence[bytes]
    headers: Mapping[str, str]
    raw: bytes
    now: int
    depth: int = 32

    @property
    def event_source(self) -> str:
        """The `source` of the CloudEvents made of it."""
        return f"{self.source.vendor}/{self.source.name}"


@dataclass(frozen=True, slots=True)
class TranslationResult:
    """What became of a delivery. `reason`: why there is nothing to keep, "" where there is something."""

    events: tuple[Event, ...]
    event: str = ""
    reason: str = ""
    unknown: bool = False
    """Whether the vendor sent an event that its mapping does not know."""


def handshake(delivery: WebhookRequest) -> str | None:
    """The word that the vendor wants to have back; None where the request is no handshake. Raises Unsigned for one that
    is signed, and wrongly."""
    wanted = delivery.vendor.handshake
    said = delivery.headers.get(wanted.header.lower(), "") if wanted else ""
    if not (0 < len(said) <= LONGEST and said.isascii() and said.isprintable()):
        return None
    if delivery.headers.get(delivery.vendor.scheme.header):
        _verify(delivery)
    return said


def understand(delivery: WebhookRequest) -> TranslationResult:
    """The events of a delivery. Raises Unsigned, Malformed, TooLarge, Refused (with problems in the sender's terms)."""
    if _is_open_ping(delivery):
        return TranslationResult((), reason="a test request")
    _verify(delivery)
    return read(delivery)


def _verify(delivery: WebhookRequest) -> None:
    scheme, skew = delivery.vendor.scheme, delivery.source.clock_skew
    verify(scheme, delivery.keys, delivery.headers, delivery.raw, now=delivery.now, tolerance=skew)


def read(delivery: WebhookRequest) -> TranslationResult:
    """The same without a look at the signature: for what was verified when it came. Raises all but Unsigned."""
    vendor, source = delivery.vendor, delivery.source
    body = loads(delivery.raw, max_depth=delivery.depth) if delivery.raw.strip() or vendor.speaks_ours else None
    if vendor.speaks_ours:
        return TranslationResult((_ours(delivery, body),))
    name = event_name(vendor, delivery.headers, body)
    documents = translate(vendor, delivery.headers, body, _receipt(delivery))
    events = tuple(
        load_event(document, tenant=source.tenant, now=delivery.now, own=source.vocabulary.own_kinds)
        for document in documents
    )
    return TranslationResult(events, name or "") if events else _nothing(vendor, name, body)


def _nothing(vendor: Vendor, name: str | None, body: Any) -> TranslationResult:
    if name is None or name in vendor.pings.events or body in vendor.pings.bodies:
        return TranslationResult((), name or "", "a test request, or one that names no event")
    if not vendor.knows(name):
        return TranslationResult((), name, "an event that is not known", unknown=True)
    if name in vendor.ignored:
        return TranslationResult((), name, vendor.ignored[name])
    return TranslationResult((), name, "says nothing about a case")


def _is_open_ping(delivery: WebhookRequest) -> bool:
    pings = delivery.vendor.pings
    if not pings.unsigned or len(delivery.raw) > SHORT:
        return False
    try:
        # As text, because true is not 1.
        return repr(loads(delivery.raw)) in map(repr, pings.bodies)
    except CallerError:
        return False


def _receipt(delivery: WebhookRequest) -> Receipt:
    source = delivery.source
    zone = ZoneInfo(source.time_zone) if source.time_zone else None
    digest = sha256(delivery.raw).hexdigest()[:32]
    return Receipt(
        delivery.event_source, delivery.now, digest, source.employer, zone, source.fields, source.vocabulary.own_kinds
    )


def _ours(delivery: WebhookRequest, payload: Any) -> Event:
    webhook_id = delivery.headers.get("webhook-id", "")
    try:
        document = standard.to_cloudevent(payload, webhook_id=webhook_id, source=delivery.event_source)
        return load_event(
            document, tenant=delivery.source.tenant, now=delivery.now, own=delivery.source.vocabulary.own_kinds
        )
    except InvalidEvent as refused:
        raise standard.in_payload(refused) from None
