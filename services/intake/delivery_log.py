"""The delivery log: records what became of each webhook, so that it can be inspected and replayed. No routes here."""

import json
import logging
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import orjson
from flask import g

from signpost.case.event import Event
from signpost.case.identity import case_keys
from signpost.errors import CallerError, SignpostError, TransientError
from signpost.ingress.redaction import redacted
from signpost.ingress.signatures import InvalidSignature
from signpost.ingress.strict_json import loads
from signpost.schemas import InvalidEvent, full_type
from signpost.services.intake.problems import listed
from signpost.storage import DeliveryRow, Store
from signpost.tenants.model import Source

UNSIGNED_KEPT = 100
"""Of one source: a sender who cannot sign must not fill the database."""
_NOT_KEPT = re.compile("authorization|cookie|secret|signature")

log = logging.getLogger(__name__)


@dataclass(slots=True)
class WebhookRecord:
    """One webhook in hand: whoever reads it says what events it came to."""

    id: str
    source: Source
    headers: Mapping[str, str]
    raw: bytes
    received: int
    events: list[Event] = field(default_factory=list)


class Deliveries:
    """Keeps deliveries. `new_id` makes their ids; without `bodies` none can be played again."""

    def __init__(self, store: Store, new_id: Callable[[], str], *, bodies: bool = True) -> None:
        self._store, self._new_id, self._bodies = store, new_id, bodies

    @contextmanager
    def received(self, source: Source, headers: Mapping[str, str], raw: bytes, now: int) -> Iterator[WebhookRecord]:
        """Note what becomes of a webhook while it is read and kept; what is raised is raised on."""
        delivery = WebhookRecord(self._new_id(), source, headers, raw, now)
        g.delivery = delivery.id
        try:
            yield delivery
        except SignpostError as error:
            self._note(delivery, *_failed(error))
            raise
        self._note(delivery, "accepted" if delivery.events else "ignored", [])

    def _note(self, delivery: WebhookRecord, status: str, problems: Sequence[Mapping[str, str]]) -> None:
        """A database that is away must not turn an accepted webhook away."""
        row = row_of(delivery, status, problems, bodies=self._bodies and status != "unsigned")
        try:
            self._store.deliveries.add(row, keys_of_events(delivery.events))
            if status == "unsigned":
                self._store.deliveries.keep_latest(row.tenant, row.source, status, UNSIGNED_KEPT)
        except TransientError as error:
            log.warning("a delivery of %s is not noted: %s", delivery.source.name, error)


def row_of(delivery: WebhookRecord, status: str, problems: Sequence[Mapping[str, str]], *, bodies: bool) -> DeliveryRow:
    """A delivery as it is kept."""
    events = [{"type": full_type(one.type), "id": one.id, "subject": one.subject} for one in delivery.events]
    return DeliveryRow(
        id=delivery.id,
        tenant=delivery.source.tenant,
        source=delivery.source.name,
        received_at=delivery.received,
        status=status,
        problems=orjson.dumps(problems),
        events=orjson.dumps(events),
        size=len(delivery.raw),
        shown=b"null" if status == "unsigned" else _shown(delivery.raw),
        headers=orjson.dumps({name: value for name, value in delivery.headers.items() if not _NOT_KEPT.search(name)}),
        body=delivery.raw if bodies else None,
    )


def keys_of_events(events: Sequence[Event]) -> list[str]:
    """Of whom they speak."""
    return sorted({key for event in events for key in case_keys(event)})


def _shown(raw: bytes) -> bytes:
    """Not by orjson, which writes no integer beyond 64 bits."""
    try:
        return json.dumps(redacted(loads(raw)), default=str, ensure_ascii=False).encode()
    except CallerError:
        return b"null"


def _failed(error: SignpostError) -> tuple[str, list[dict[str, str]]]:
    if isinstance(error, InvalidEvent):
        return "refused", listed(error.problems)
    kinds = ((InvalidSignature, "unsigned"), (TransientError, "unavailable"))
    status = next((status for kind, status in kinds if isinstance(error, kind)), "refused")
    return status, [{"pointer": "", "detail": str(error)}]
