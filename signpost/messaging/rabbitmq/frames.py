"""Between our messages and pika's: properties out, deliveries in."""

from datetime import UTC, datetime
from typing import Any

from pika import BasicProperties
from pika.spec import Basic

from signpost.case.instant import format_instant
from signpost.messaging.message import FAILED_AT, QUEUE, REASON, Delivery, Message

COUNT = "x-delivery-count"
BROKERS_OWN = frozenset({COUNT, "x-acquired-count", "x-delivery-limit"})
"""Set by the broker for one delivery; they must not travel on with a copy."""


def properties_of(message: Message) -> BasicProperties:
    """Persistent, with the message id, the headers and the content type."""
    return BasicProperties(
        content_type=message.content_type,
        headers=dict(message.headers),
        delivery_mode=2,
        message_id=message.message_id,
    )


def delivery_of(
    method: Basic.Deliver | Basic.GetOk, properties: BasicProperties, body: bytes, generation: int
) -> Delivery:
    """A delivery on the connection of this generation; its tag is (generation, delivery tag)."""
    headers: dict[str, Any] = dict(properties.headers or {})
    attempts = headers.get(COUNT, 0)
    kept = {name: value for name, value in headers.items() if isinstance(value, str | int) and name not in BROKERS_OWN}
    deaths = headers.get("x-death")
    if REASON not in kept and isinstance(deaths, list) and deaths:
        kept.update(_death(deaths[0]))
    return Delivery(
        body=body,
        headers=kept,
        routing_key=method.routing_key or "",
        message_id=properties.message_id or "",
        content_type=properties.content_type or "",
        redelivered=bool(method.redelivered),
        attempts=attempts if isinstance(attempts, int) else 0,
        tag=(generation, method.delivery_tag),
        exchange=method.exchange or "",
    )


def _death(death: Any) -> dict[str, str | int]:
    """The broker's own record of a dead letter, said with our headers."""
    if not isinstance(death, dict):
        return {}
    said: dict[str, str | int] = {
        REASON: str(death.get("reason", "")).replace("_", " "),
        QUEUE: str(death.get("queue", "")),
    }
    time = death.get("time")
    if isinstance(time, datetime):
        said[FAILED_AT] = format_instant(int(time.replace(tzinfo=UTC).timestamp()) * 1_000_000)
    return said
