"""The delivery log: records the result of each webhook, so that people can inspect and replay it. No routes here."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import orjson
from flask import g

from signpost.case.event import Event
from signpost.case.identity import APPLICATION
from signpost.errors import CallerError, SignpostError, TransientError
from signpost.ingress.receiving import OWNED_IDS
from signpost.ingress.redaction import ids_in, redact
from signpost.ingress.signatures import InvalidSignature
from signpost.ingress.stored_headers import stored_headers
from signpost.ingress.strict_json import loads_of_others
from signpost.ingress.vendor_words import words_of
from signpost.ingress.vendors import VENDORS
from signpost.schemas import InvalidEvent, Problem, full_type
from signpost.services.intake.delivery_writer import DeliveryWriter
from signpost.services.intake.problems import to_errors
from signpost.storage import DeliveryRow, Store
from signpost.tenants.model import Source

BUG = "a bug of Signpost; the log of the intake has the details: report it, and replay the delivery after an update"
MAX_SIZE = 2**53
"""Of what senders state, all that programs in JavaScript can read."""


@dataclass(slots=True)
class WebhookRecord:
    """A webhook being processed; the handler sets `verified`, then `events`. `received_at`: microseconds."""

    id: str
    source: Source
    headers: Mapping[str, str]
    raw: bytes
    received_at: int
    events: list[Event] = field(default_factory=list)
    notes: Sequence[Problem] = ()
    """What was left out or changed, and why there are no events; they are shown like problems."""
    verified: bool = False
    """Whether its signature was checked. Of any other request nothing is shown, stored or replayed."""
    unread: int = 0
    """The bytes of a body that was not read."""


class Deliveries:
    """Stores deliveries. `new_id` creates their ids; without `bodies` no delivery can be replayed."""

    def __init__(self, store: Store, new_id: Callable[[], str], *, bodies: bool = True) -> None:
        self._writer, self._new_id, self._bodies = DeliveryWriter(store), new_id, bodies

    @contextmanager
    def record(self, source: Source, headers: Mapping[str, str], raw: bytes, now: int) -> Iterator[WebhookRecord]:
        """Record the result of the block that processes a webhook; its exceptions propagate."""
        delivery = WebhookRecord(self._new_id(), source, headers, raw, now)
        g.delivery = delivery.id
        try:
            yield delivery
        except Exception as error:
            if isinstance(error, InvalidSignature):
                g.pop("delivery")  # only the senders of sources that exist would get one
            self._store_result(delivery, *_to_result(error))
            raise
        self._store_result(delivery, "accepted" if delivery.events else "ignored", to_errors(delivery.notes))

    def record_unread(self, source: Source, reason: str, size: int, now: int) -> None:
        """Record a webhook whose body was not read. `size`: as its sender states it."""
        delivery = WebhookRecord(self._new_id(), source, {}, b"", now, unread=min(size, MAX_SIZE))
        self._store_result(delivery, "refused", [{"pointer": "", "detail": reason}])

    def close(self) -> None:
        """Write what is left."""
        self._writer.close()

    def _store_result(self, delivery: WebhookRecord, status: str, problems: Sequence[Mapping[str, str]]) -> None:
        row = to_row(delivery, status, problems, bodies=self._bodies)
        self._writer.add(row, delivery.events, ids_of(delivery) or ())


def to_row(delivery: WebhookRecord, status: str, problems: Sequence[Mapping[str, str]], *, bodies: bool) -> DeliveryRow:
    """The stored form of a delivery."""
    events = [{"type": full_type(one.type), "id": one.id, "subject": one.subject} for one in delivery.events]
    # Without a candidate or ids that an erasure could find it by, a body is not kept
    is_kept = delivery.verified and (bool(events) or ids_of(delivery) is not None)
    return DeliveryRow(
        id=delivery.id,
        tenant=delivery.source.tenant,
        source=delivery.source.name,
        received_at=delivery.received_at,
        status=status,
        problems=orjson.dumps(problems),
        events=orjson.dumps(events),
        size=delivery.unread or len(delivery.raw),
        shown=_redact(delivery) if is_kept else b"null",
        headers=orjson.dumps(stored_headers(delivery.source.vendor, delivery.headers)),
        body=delivery.raw if bodies and is_kept else None,
        verified=delivery.verified,
    )


def ids_of(delivery: WebhookRecord) -> set[str] | None:
    """The ids by which an erasure finds a verified delivery without events; None if its body has none to find."""
    if delivery.events or not delivery.verified:
        return set()
    try:
        return ids_in(loads_of_others(delivery.raw)) if delivery.raw.strip() else set()
    except CallerError:
        return None


def _redact(delivery: WebhookRecord) -> bytes:
    """The body as JSON without personal data; null if it is not JSON. orjson has no integers beyond 64 bits."""
    mapping = VENDORS.get(delivery.source.vendor)  # None: its file was removed meanwhile
    words = frozenset[str]() if mapping is None else words_of(mapping)
    words |= _ids_named(delivery)
    try:
        return json.dumps(redact(loads_of_others(delivery.raw), words=words), default=str, ensure_ascii=False).encode()
    except CallerError:
        return b"null"


def _ids_named(delivery: WebhookRecord) -> set[str]:
    """The vendor's ids that the events of a delivery name, which the log shows with them."""
    of_source = delivery.source.own_id("")
    ids = [one.subject.removeprefix(APPLICATION) for one in delivery.events]
    ids += [one.data[name] for one in delivery.events for name in OWNED_IDS if name in one.data]
    return {one.removeprefix(of_source) for one in ids}


def _to_result(error: Exception) -> tuple[str, list[dict[str, str]]]:
    if isinstance(error, InvalidEvent):
        return "refused", to_errors(error.problems, error.more)
    if not isinstance(error, SignpostError):
        return "unavailable", [{"pointer": "", "detail": BUG}]
    kinds = ((InvalidSignature, "unsigned"), (TransientError, "unavailable"))
    status = next((status for kind, status in kinds if isinstance(error, kind)), "refused")
    return status, [{"pointer": "", "detail": str(error)}]
