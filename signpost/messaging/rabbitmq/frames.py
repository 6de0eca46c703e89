"""Converts between our messages and pika's: properties of a Message, Delivery of a frame."""

from datetime import datetime
from typing import Any

from pika import BasicProperties
from pika.spec import Basic

from signpost.case.instant import SECOND, format_instant, on_calendar, parse_instant
from signpost.messaging.message import (
    EXCHANGE,
    FAILED_AT,
    MAX_NAME_BYTES,
    QUEUE,
    REASON,
    ROUTING_KEY,
    Delivery,
    Message,
)
from signpost.messaging.parking import as_text

COUNT = "x-delivery-count"
BROKER_HEADERS = frozenset({COUNT, "x-acquired-count", "x-delivery-limit"})
"""Headers that the broker sets per delivery; a copy must not carry them."""


def properties_of(message: Message) -> BasicProperties:
    """Properties of a persistent message: message id, headers, content type; type and time of a CloudEvent."""
    return BasicProperties(
        content_type=message.content_type,
        headers=dict(message.headers),
        delivery_mode=2,
        message_id=message.message_id,
        type=_type_of(message),
        timestamp=_second_of(message),
    )


def _type_of(message: Message) -> str | None:
    name = message.headers.get("cloudEvents_type")
    return name if isinstance(name, str) and len(name) <= MAX_NAME_BYTES and name.isascii() else None


def _second_of(message: Message) -> int | None:
    """Seconds since the epoch, as AMQP counts."""
    time = message.headers.get("cloudEvents_time")
    try:
        instant = on_calendar(parse_instant(time)) if isinstance(time, str) else None
    except (ValueError, OverflowError):
        return None
    return None if instant is None else instant // SECOND


def delivery_of(
    method: Basic.Deliver | Basic.GetOk, properties: BasicProperties, body: bytes, generation: int
) -> Delivery:
    """A delivery on the connection of this generation; its tag is (generation, delivery tag)."""
    headers: dict[str, Any] = dict(properties.headers or {})
    attempts = headers.get(COUNT, 0)
    kept = {
        name: value
        for name, value in headers.items()
        if isinstance(name, str) and isinstance(value, str | int) and name not in BROKER_HEADERS
    }
    deaths = headers.get("x-death")
    if isinstance(deaths, list) and deaths:
        # The broker's word counts: the headers may be a publisher's
        kept = {**_routing_key(deaths[0]), **kept, **_death_headers(deaths[0])}
    return Delivery(
        body=body,
        headers=kept,
        routing_key=as_text(method.routing_key),
        message_id=as_text(properties.message_id),
        content_type=as_text(properties.content_type),
        redelivered=bool(method.redelivered),
        attempts=attempts if isinstance(attempts, int) else 0,
        tag=(generation, method.delivery_tag),
        exchange=as_text(method.exchange),
        user_id=as_text(properties.user_id),
    )


def _death_headers(death: Any) -> dict[str, str | int]:
    """Our dead-letter headers from an entry of the broker's `x-death` header."""
    if not isinstance(death, dict):
        return {}
    headers: dict[str, str | int] = {
        REASON: str(death.get("reason", "")).replace("_", " "),
        QUEUE: str(death.get("queue", "")),
        EXCHANGE: str(death.get("exchange", "")),
    }
    time = death.get("time")
    if isinstance(time, datetime):
        headers[FAILED_AT] = format_instant(int(time.timestamp()) * 1_000_000)
    return headers


def _routing_key(death: Any) -> dict[str, str | int]:
    """The routing key before the broker replaced it; a message that was requeued has it in its headers already."""
    keys = death.get("routing-keys") if isinstance(death, dict) else None
    return {ROUTING_KEY: keys[0]} if isinstance(keys, list) and keys and isinstance(keys[0], str) else {}
