"""Receives one webhook delivery: verifies, parses, translates and validates the raw bytes into events. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from itertools import islice
from typing import Any, Final
from zoneinfo import ZoneInfo

from signpost.case.event import Event
from signpost.case.identity import APPLICATION
from signpost.errors import CallerError
from signpost.ingress import standard
from signpost.ingress.mapping import Vendor
from signpost.ingress.receipt import Receipt
from signpost.ingress.scope import DeliveryScope, Trace
from signpost.ingress.signatures import verify
from signpost.ingress.silent_items import SilentItem, silent_items
from signpost.ingress.strict_json import MalformedJson, loads, loads_of_others
from signpost.ingress.translate import CONDITIONS, event_name, translate
from signpost.printable import shorten
from signpost.schemas import InvalidEvent, Problem, load_event, load_translated
from signpost.schemas.problems import MAX_PROBLEMS, Hints
from signpost.schemas.texts import find_unprintable
from signpost.suggestions import did_you_mean
from signpost.tenants.model import Source

MAX_UNSIGNED_PING_BYTES = 200
OWNED_IDS = ("application", "offer", "interview", "into")
"""Fields of events whose ids a vendor chooses."""
MAX_HANDSHAKE_CHARS = 128
MAX_MISSING = 3
"""How much of what is missing is named: several events may need the same."""


@dataclass(frozen=True, slots=True)
class WebhookRequest:
    """One request to a source: `keys` of its active secrets, `headers` by lower-case name, `now` in microseconds,
    `depth` the allowed nesting of the JSON body."""

    vendor: Vendor
    source: Source
    keys: Sequence[bytes]
    headers: Mapping[str, str]
    raw: bytes
    now: int
    depth: int = 32

    @property
    def event_source(self) -> str:
        """Return the `source` attribute of the resulting CloudEvents."""
        return f"{self.source.vendor}/{self.source.name}"


@dataclass(frozen=True, slots=True)
class TranslationResult:
    """The result of a delivery. `event`: the vendor's name of the event; `reason`: why there are no events, or ""."""

    events: tuple[Event, ...]
    event: str = ""
    reason: str = ""
    unknown: bool = False
    """Whether the mapping neither translates nor ignores the vendor's event."""
    unknown_items: tuple[str, ...] = ()
    """The words of items in the delivery whose kind the mapping does not know."""
    notes: tuple[Problem, ...] = ()
    """Values that were left out, and texts that were changed, before they became part of an event."""

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What a person should know: the notes, after the reason why there are no events."""
        return (Problem("", self._why_none()), *self.notes) if self.reason else self.notes

    def _why_none(self) -> str:
        if not self.event:
            return self.reason
        return f"{'unknown ' * self.unknown}event {shorten(self.event)!r}: {self.reason}"

    @property
    def kind(self) -> str:
        """What became of it: translated, ignored, or unknown to the mapping."""
        return "translated" if self.events else "unknown" if self.unknown else "ignored"


OPEN_PING: Final = TranslationResult((), reason="a test request")
"""The result of a test request that is answered without a signature."""


def handshake(delivery: WebhookRequest) -> str | None:
    """Return the value to echo to the vendor; None if it is not a handshake: one names no event.

    Raises InvalidSignature if the request carries a wrong signature.
    """
    expected = delivery.vendor.handshake
    value = delivery.headers.get(expected.header.lower(), "") if expected else ""
    if not (0 < len(value) <= MAX_HANDSHAKE_CHARS and value.isascii() and value.isprintable()):
        return None
    if delivery.vendor.knows(event_name(delivery.vendor, delivery.headers, None) or ""):
        return None
    if delivery.headers.get(delivery.vendor.scheme.header):
        _verify(delivery)
    return value


def receive(delivery: WebhookRequest, trace: Trace | None = None) -> TranslationResult:
    """Verify and translate a delivery; `trace` records which parts of the mapping found something.

    Raises InvalidSignature, MalformedJson, TooLarge, or InvalidEvent with pointers into the payload of a sender of our
    own events, else into the event that the mapping made.
    """
    return OPEN_PING if authenticate(delivery) is None else read(delivery, trace)


def authenticate(delivery: WebhookRequest) -> bytes | None:
    """Check the signature of a delivery. Raises InvalidSignature.

    Returns None for a test request that is answered without a signature; else what `verify` returns: the signed
    message if it does not contain the whole body, else b"".
    """
    return None if _is_open_ping(delivery) else _verify(delivery)


def _verify(delivery: WebhookRequest) -> bytes:
    scheme, skew = delivery.vendor.scheme, delivery.source.clock_skew
    return verify(scheme, delivery.keys, delivery.headers, delivery.raw, now=delivery.now, tolerance_us=skew)


def read(delivery: WebhookRequest, trace: Trace | None = None) -> TranslationResult:
    """Translate a delivery that was verified on arrival. Raises as `receive` does, except InvalidSignature."""
    vendor = delivery.vendor
    if vendor.speaks_ours:
        return _read_standard(delivery)
    body = loads_of_others(delivery.raw, max_depth=delivery.depth) if delivery.raw.strip() else None
    name = event_name(vendor, delivery.headers, body)
    notes, missing, scopes, lacks = list[str](), list[str](), list[DeliveryScope](), list[str]()
    receipt = _receipt(delivery)
    documents = translate(vendor, delivery.headers, body, receipt, notes, trace, missing, scopes, lacks)
    events = _load_all(delivery, documents)
    silent = list(silent_items(vendor, name or "", receipt, scopes))
    unknown = [one for one in silent if one.is_unknown][:MAX_MISSING]
    left_out = _left_out([*notes, *(_silence(one) for one in unknown if events or missing)])
    if events:
        result = TranslationResult(events, name or "", notes=(*left_out, *_notes(documents)))
    else:
        missing = missing or _odd_words(vendor, name or "", silent)
        result = replace(_explain_no_events(vendor, name, body, missing, lacks), notes=left_out)
    return replace(result, unknown_items=tuple(one.words for one in unknown))


def _left_out(notes: Sequence[str]) -> tuple[Problem, ...]:
    return tuple(Problem("", note) for note in notes)[:MAX_PROBLEMS]


def _silence(one: SilentItem) -> str:
    return f"{one.item or 'an item'} emits nothing: {CONDITIONS}: {one.words}"


def _odd_words(vendor: Vendor, name: str, silent: Sequence[SilentItem]) -> list[str]:
    """The words for which an event of the vendor emits nothing, and what the mapping says of it for other reasons."""
    if not silent:
        return []
    other = [f"else: {vendor.ignored[name]}"] if name in vendor.ignored else []
    return [f"{CONDITIONS}: {', '.join(one.words for one in silent[:MAX_MISSING])}", *other]


def _load_all(delivery: WebhookRequest, documents: Sequence[dict[str, Any]]) -> tuple[Event, ...]:
    """The events of the documents that the mapping made. Raises InvalidEvent with the problems of all of them."""
    events, problems, more = list[Event](), list[Problem](), 0
    for document in documents:
        try:
            events.append(_load_translated(delivery, _with_own_ids(document, delivery.source)))
        except InvalidEvent as error:
            problems += error.problems
            more += error.more
    if problems:
        raise InvalidEvent(dict.fromkeys(problems), more)
    return tuple(events)


def _load_translated(delivery: WebhookRequest, document: dict[str, Any]) -> Event:
    """The event of a document that the mapping made. Raises InvalidEvent, which says where its pointers lead."""
    source = delivery.source
    try:
        return load_translated(document, tenant=source.tenant, now=delivery.now, own=source.vocabulary.own_kinds)
    except InvalidEvent as error:
        place = f"the pointer is into the event {document['type']} made from the webhook"
        found = (Problem(one.pointer, f"{one.message}; {place}") for one in error.problems)
        raise InvalidEvent(found, error.more) from None


def _with_own_ids(document: dict[str, Any], source: Source) -> dict[str, Any]:
    """Keep the ids of a source apart from those of the tenant's other sources."""
    data = document["data"]
    owned = {name: source.own_id(data[name]) for name in OWNED_IDS if isinstance(data.get(name), str)}
    subject = document["subject"]
    scheme = APPLICATION if subject.startswith(APPLICATION) else ""
    return {**document, "subject": scheme + source.own_id(subject[len(scheme) :]), "data": {**data, **owned}}


def _notes(documents: Sequence[Any]) -> tuple[Problem, ...]:
    """Say which texts of events were changed."""
    found = islice((at for one in documents for at in find_unprintable(one.get("data"), "/data")), MAX_PROBLEMS)
    return tuple(Problem(at, "has control or invisible characters; they were replaced or removed") for at in found)


def _explain_no_events(
    vendor: Vendor, name: str | None, body: Any, missing: Sequence[str], lacks: Sequence[str]
) -> TranslationResult:
    if name is None or name in vendor.pings.events or body in vendor.pings.bodies:
        return TranslationResult((), name or "", "a test request, or a request without an event name")
    if not vendor.knows(name):
        hint = did_you_mean(name, vendor.known_events)
        return TranslationResult((), name, f"no entry of events (on) or ignored names it{hint}", unknown=True)
    if name in vendor.ignored and not missing:
        return TranslationResult((), name, vendor.ignored[name])
    without = list(dict.fromkeys(missing or lacks))[:MAX_MISSING] or [CONDITIONS]
    return TranslationResult((), name, f"emits nothing: {'; '.join(without)}")


def _is_open_ping(delivery: WebhookRequest) -> bool:
    pings = delivery.vendor.pings
    if not pings.unsigned or len(delivery.raw) > MAX_UNSIGNED_PING_BYTES:
        return False
    try:
        # Compared as text, because True == 1 in Python
        return repr(loads(delivery.raw)) in map(repr, pings.bodies)
    except CallerError:
        return False


def _receipt(delivery: WebhookRequest) -> Receipt:
    source = delivery.source
    zone = ZoneInfo(source.time_zone) if source.time_zone else None
    digest = sha256(delivery.raw).hexdigest()[:32]
    return Receipt(
        delivery.event_source,
        delivery.now,
        digest,
        source.employer,
        zone,
        source.fields,
        source.vocabulary.own_kinds,
        source.pay_period,
    )


def _read_standard(delivery: WebhookRequest) -> TranslationResult:
    """Read strictly what is an event of Signpost; of any other only the type, however its data is written."""
    try:
        payload = loads(delivery.raw, max_depth=delivery.depth)
    except MalformedJson:
        ignored = _ignore_unknown(loads_of_others(delivery.raw, max_depth=delivery.depth))
        if ignored is None:
            raise
        return ignored
    return _ignore_unknown(payload) or TranslationResult((_load_standard(delivery, payload),), notes=_notes([payload]))


def _ignore_unknown(payload: Any) -> TranslationResult | None:
    unknown = standard.unknown_type(payload)
    if unknown is None:
        return None
    return TranslationResult((), unknown, "is not an event type of Signpost", unknown=True)


def _load_standard(delivery: WebhookRequest, payload: Any) -> Event:
    source = delivery.source
    own, hints = source.vocabulary.own_kinds, Hints(quotes=False)  # the delivery log keeps the problems
    load = partial(load_event, tenant=source.tenant, now=delivery.now, own=own, hints=hints)
    webhook_id = delivery.headers.get("webhook-id", "")
    return standard.load_payload(payload, webhook_id=webhook_id, source=delivery.event_source, load=load)
