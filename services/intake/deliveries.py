"""Deliveries: what became of each webhook, for a time, so that a person can see it and play it again."""

import json
import logging
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from flask import Blueprint, Response, g, request

from schemas import Refused, full_type
from schemas.answers import DELIVERY_STATUSES
from services.intake.door import Door, reply
from services.intake.problems import BadQuery, Unknown, listed
from signpost.case.event import Event
from signpost.case.identity import case_keys
from signpost.case.instant import format_instant
from signpost.errors import CallerError, SignpostError, TransientError
from signpost.ingress.redaction import redacted
from signpost.ingress.signatures import Unsigned
from signpost.ingress.strict_json import loads
from signpost.storage import DeliveryRow, Store
from signpost.tenants import Source

UNSIGNED_KEPT = 100
"""Of one source: a sender who cannot sign must not fill the database."""
_NOT_KEPT = re.compile("authorization|cookie|secret|signature")
HEADER = "Signpost-Delivery"

log = logging.getLogger(__name__)


class NoBody(CallerError):
    """The delivery cannot be played again, because what was sent is not kept."""


@dataclass(slots=True)
class Delivery:
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
    def received(self, source: Source, headers: Mapping[str, str], raw: bytes, now: int) -> Iterator[Delivery]:
        """Note what becomes of a webhook while it is read and kept; what is raised is raised on."""
        delivery = Delivery(self._new_id(), source, headers, raw, now)
        g.delivery = delivery.id
        try:
            yield delivery
        except SignpostError as error:
            self._note(delivery, *_failed(error))
            raise
        self._note(delivery, "accepted" if delivery.events else "ignored", [])

    def _note(self, delivery: Delivery, status: str, problems: Sequence[Mapping[str, str]]) -> None:
        """A database that is away must not turn an accepted webhook away."""
        row = row_of(delivery, status, problems, bodies=self._bodies and status != "unsigned")
        try:
            self._store.deliveries.add(row, keys_of_events(delivery.events))
            if status == "unsigned":
                self._store.deliveries.keep_latest(row.tenant, row.source, status, UNSIGNED_KEPT)
        except TransientError as error:
            log.warning("a delivery of %s is not noted: %s", delivery.source.name, error)


def row_of(delivery: Delivery, status: str, problems: Sequence[Mapping[str, str]], *, bodies: bool) -> DeliveryRow:
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
    if isinstance(error, Refused):
        return "refused", listed(error.problems)
    kinds = ((Unsigned, "unsigned"), (TransientError, "unavailable"))
    status = next((status for kind, status in kinds if isinstance(error, kind)), "refused")
    return status, [{"pointer": "", "detail": str(error)}]


def blueprint(door: Door, events_of: Callable[[Source, Mapping[str, str], bytes, int], list[Event]]) -> Blueprint:
    """The routes, on this door. `events_of`: what a body of a source says, its signature aside."""
    routes = Blueprint("deliveries", __name__)

    @routes.get("/v1/deliveries")
    def page() -> Response:
        tenant, status = door.tenant(), request.args.get("status")
        if status is not None and status not in DELIVERY_STATUSES:
            raise BadQuery("status", f"must be one of {', '.join(DELIVERY_STATUSES)}")
        rows = door.store.deliveries.page(
            tenant, source=request.args.get("source"), status=status, before=_before(), limit=_limit(door)
        )
        last = f"{rows[-1].received_at}.{rows[-1].id}" if rows else None
        return reply({"items": [_brief(row) for row in rows], "next": last})

    @routes.get("/v1/deliveries/<name>")
    def one(name: str) -> Response:
        return reply(_whole(_row(door, name)))

    @routes.post("/v1/deliveries/<name>/replay")
    def replay(name: str) -> Response:
        row = _row(door, name)
        source = door.tenants.source(row.source)
        if row.body is None or source is None or source.tenant != row.tenant:
            raise NoBody("what was sent is not kept, or its source is no longer configured")
        delivery = Delivery(row.id, source, orjson.loads(row.headers), row.body, row.received_at)
        problems: list[dict[str, str]] = []
        try:
            delivery.events = events_of(source, delivery.headers, row.body, row.received_at)
        except Refused as refused:
            problems = listed(refused.problems)
        if delivery.events:
            door.keeper.keep(delivery.events, door.clock())
        status = "refused" if problems else "accepted" if delivery.events else "ignored"
        after = row_of(delivery, status, problems, bodies=True)
        door.store.deliveries.replayed(after, keys_of_events(delivery.events))
        return reply(_whole(after))

    return routes


def mark(response: Response) -> Response:
    """Name the delivery in the answer to its webhook."""
    if name := g.get("delivery"):
        response.headers[HEADER] = name
    return response


def _row(door: Door, name: str) -> DeliveryRow:
    row = door.store.deliveries.get(door.tenant(), name) if "\0" not in name else None
    if row is None:
        raise Unknown("no delivery of this id")
    return row


def _brief(row: DeliveryRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "source": row.source,
        "received_at": format_instant(row.received_at),
        "status": row.status,
        "size": row.size,
        "events": orjson.loads(row.events),
        "problems": orjson.loads(row.problems),
        "replayable": row.body is not None,
    }


def _whole(row: DeliveryRow) -> dict[str, Any]:
    return {**_brief(row), "body": orjson.loads(row.shown)}


def _before() -> tuple[int, str] | None:
    said = request.args.get("after")
    if said is None:
        return None
    at, _, name = said.partition(".")
    if not (at.isascii() and at.isdigit() and len(at) < 20 and name and "\0" not in name):
        raise BadQuery("after", "must be the `next` of an earlier answer")
    return int(at), name


def _limit(door: Door) -> int:
    said = request.args.get("limit", "100")
    if not (said.isascii() and said.isdigit() and 1 <= len(said) <= 4 and 1 <= int(said) <= door.limits.page):
        raise BadQuery("limit", f"must be a whole number from 1 to {door.limits.page}")
    return int(said)
