"""One dead letter without its body: whose, of which type, since when, why and whose fault. Uses no broker."""

import re
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final

from signpost.case.instant import format_instant, parse_instant
from signpost.errors import CallerError
from signpost.ingress import strict_json
from signpost.messaging import Delivery
from signpost.messaging.message import EXCHANGE, FAILED_AT, QUEUE, REASON, REQUEUES, ROUTING_KEY
from signpost.messaging.topology import UNROUTED
from signpost.names import DEAD, EVENTS, FEEDBACK
from signpost.printable import shorten

OURS, SENDER, CONSUMER = "ours", "sender", "consumer"
KINDS: Final = (OURS, SENDER, CONSUMER)
"""Whose fault a dead letter is: Signpost's, that of who sent the event, that of who consumes advice."""
OF_SENDERS: Final = ("not an event", "not processable", "quota", "case-full")
OF_CONSUMERS: Final = ("feedback refused",)
"""Beginnings of reasons; every other reason is a fault of Signpost."""
NO_CONSUMER: Final = "no consumer: no pattern of a consumer matches"
"""The reason of unrouted advice."""
UNKNOWN: Final = "unknown"
MAX_GROUP_CHARS: Final = 80
_TENANT: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_TYPE: Final = re.compile(r"[a-z0-9_.]{1,100}")


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """What may be listed and logged of a dead letter. `tenant` and `type` are "" where the message does not say."""

    id: str
    queue: str
    message_id: str
    tenant: str
    type: str
    kind: str
    reason: str
    failed_at: int | None
    origin: str
    """The queue that it came from."""
    exchange: str
    """The exchange that it came by; "" if unknown, for letters of earlier versions."""
    requeues: int
    """How often an operator requeued it before."""
    size: int

    @property
    def group(self) -> str:
        """The reason without its details."""
        return shorten(self.reason.partition(":")[0], MAX_GROUP_CHARS)

    def to_document(self) -> dict[str, Any]:
        """The letter as JSON."""
        return {
            "id": self.id,
            "queue": self.queue,
            "message_id": self.message_id,
            "tenant": self.tenant,
            "type": self.type,
            "kind": self.kind,
            "group": self.group,
            "reason": self.reason,
            "failed_at": None if self.failed_at is None else format_instant(self.failed_at),
            "from_queue": self.origin,
            "requeues": self.requeues,
            "size": self.size,
        }


def read_letter(queue: str, delivery: Delivery) -> DeadLetter:
    """What there is to know about a message of a dead-letter queue, whatever its body is."""
    document, headers = read_document(delivery.body), delivery.headers
    reason = str(headers.get(REASON) or (NO_CONSUMER if queue == UNROUTED else UNKNOWN))
    exchange = _exchange(queue, delivery, reason)
    requeues = headers.get(REQUEUES, 0)
    return DeadLetter(
        id=_id(queue, delivery),
        queue=queue,
        message_id=delivery.message_id,
        tenant=_tenant(document, exchange, str(headers.get(ROUTING_KEY) or delivery.routing_key)),
        type=_type(document),
        kind=_kind(queue, exchange, reason),
        reason=reason,
        failed_at=_instant(headers.get(FAILED_AT)) or _instant(document.get("time")),
        origin=str(headers.get(QUEUE, "")),
        exchange=exchange,
        requeues=requeues if isinstance(requeues, int) and requeues > 0 else 0,
        size=len(delivery.body),
    )


def read_document(body: bytes) -> dict[str, Any]:
    """The JSON object of a body; empty if it is none."""
    try:
        document = strict_json.loads(body)
    except CallerError:
        return {}
    return document if isinstance(document, dict) else {}


def body_document(body: bytes) -> Any:
    """The JSON value of a body, or its text."""
    try:
        return strict_json.loads(body)
    except CallerError:
        return body.decode(errors="backslashreplace")


def _id(queue: str, delivery: Delivery) -> str:
    """The same for every reader, and different for each letter: the broker gives messages no number of their own."""
    digest = blake2b(digest_size=8)
    for part in (queue, delivery.message_id, delivery.routing_key, delivery.headers.get(FAILED_AT, "")):
        digest.update(str(part).encode(errors="replace") + b"\0")
    digest.update(delivery.body)
    return f"dl_{digest.hexdigest()}"


def _exchange(queue: str, delivery: Delivery, reason: str) -> str:
    """Letters of earlier versions do not say by which exchange they came; feedback alone came by another."""
    if queue == UNROUTED:
        return delivery.exchange
    known = delivery.headers.get(EXCHANGE)
    if isinstance(known, str):
        return known
    if queue != DEAD:
        return ""
    return FEEDBACK if reason.startswith(OF_CONSUMERS) or "is not feedback" in reason else EVENTS


def _kind(queue: str, exchange: str, reason: str) -> str:
    if queue != DEAD or reason.startswith(OF_CONSUMERS):
        return CONSUMER
    if reason.startswith(OF_SENDERS):
        return CONSUMER if exchange == FEEDBACK else SENDER
    return OURS


def _tenant(document: dict[str, Any], exchange: str, routing_key: str) -> str:
    """What body and routing key agree on: a tenant reads its own dead letters, and nobody else's."""
    words = routing_key.split(".")
    place = 1 if exchange == EVENTS else 0
    by_key = words[place] if len(words) > place and exchange != FEEDBACK else ""
    named = document.get("tenant")
    by_body = named if isinstance(named, str) else ""
    found = by_body or by_key
    return found if _TENANT.fullmatch(found) and by_key in ("", found) else ""


def _type(document: dict[str, Any]) -> str:
    value = document.get("type")
    found = value.removeprefix("signpost.").removesuffix(".v1") if isinstance(value, str) else ""
    return found if _TYPE.fullmatch(found) else ""


def _instant(value: Any) -> int | None:
    try:
        return parse_instant(value) if isinstance(value, str) else None
    except (ValueError, OverflowError):
        return None
