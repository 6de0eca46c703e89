"""Dead letters of deliveries, made so that publishing them cannot fail for what a publisher wrote. No driver."""

from collections.abc import Mapping
from typing import Any, Final

from signpost.case.instant import format_instant
from signpost.messaging.message import (
    EXCHANGE,
    FAILED_AT,
    MAX_NAME_BYTES,
    MAX_REASON_CHARS,
    QUEUE,
    REASON,
    USER,
    Delivery,
    Headers,
    Message,
)
from signpost.names import DEAD

MAX_HEADER_BYTES: Final = 32_768
"""Headers beyond it are left out of a dead letter: with ours they must fit into one frame, 128 KiB by default."""
MAX_INTEGER: Final = 2**63 - 1
"""A larger number is none of AMQP's."""
LETTER_HEADERS: Final = frozenset({REASON, QUEUE, FAILED_AT, EXCHANGE, USER})
"""What makes a message a dead letter. Only we write these headers: those of a publisher are dropped."""
BROKER_PREFIXES: Final = ("x-first-death-", "x-last-death-")
"""The same, of the broker."""


def as_text(value: str | bytes | None) -> str:
    """A short string of AMQP, which need not be UTF-8; other bytes become escapes such as \\xff."""
    return value.decode(errors="backslashreplace") if isinstance(value, bytes) else value or ""


def dead_letter_headers(
    headers: Mapping[str, Any], reason: str, queue: str, failed_at: str, exchange: str = "", user: str = ""
) -> dict[str, str | int]:
    """The headers of a dead letter: those of the message, as far as they can be copied, and what happened to it."""
    copied = _copyable({name: value for name, value in headers.items() if name not in LETTER_HEADERS})
    origin = {name: _encodable(value) for name, value in ((EXCHANGE, exchange), (USER, user)) if value}
    return {**copied, REASON: _encodable(reason)[:MAX_REASON_CHARS], QUEUE: queue, FAILED_AT: failed_at, **origin}


def original_headers(headers: Headers) -> dict[str, str | int]:
    """The headers of the message that a dead letter was, as far as they were copied."""
    return {
        name: value
        for name, value in headers.items()
        if name not in LETTER_HEADERS and not name.startswith(BROKER_PREFIXES)
    }


def to_dead_letter(delivery: Delivery, reason: str, queue: str, now: int) -> Message:
    """The dead letter of a delivery that failed at `now`: the body intact, names cut to the length that AMQP allows."""
    names = (delivery.routing_key, delivery.message_id, delivery.content_type)
    key, message_id, content_type = (_cut(_encodable(name)) for name in names)
    origin = (delivery.exchange, delivery.user_id)
    headers = dead_letter_headers(delivery.headers, reason, queue, format_instant(now), *origin)
    return Message(DEAD, key, delivery.body, message_id, headers, content_type)


def to_bare_dead_letter(delivery: Delivery, reason: str, queue: str, now: int) -> Message:
    """The last resort: the body, and nothing else that a publisher wrote."""
    headers = dead_letter_headers({}, reason, queue, format_instant(now), delivery.exchange, delivery.user_id)
    return Message(DEAD, "", delivery.body, "", headers, "")


def _copyable(headers: Mapping[str, Any]) -> dict[str, str | int]:
    """The headers that AMQP carries, the short ones first if there are too many; in their order."""
    sizes = {name: _size(name, value) for name, value in headers.items()}
    room, kept = MAX_HEADER_BYTES, set()
    for name, size in sorted(sizes.items(), key=lambda item: item[1] or 0):
        if size is not None and size <= room:
            room -= size
            kept.add(name)
    return {name: value for name, value in headers.items() if name in kept}


def _size(name: str, value: Any) -> int | None:
    """The bytes of a header; None if it cannot be sent."""
    try:
        name_bytes = len(name.encode())
        value_bytes = len(value.encode()) if isinstance(value, str) else 8
    except (UnicodeEncodeError, AttributeError):
        return None
    fits = isinstance(value, str) or (isinstance(value, int) and -MAX_INTEGER <= value <= MAX_INTEGER)
    return name_bytes + value_bytes + 6 if fits and name_bytes <= MAX_NAME_BYTES else None


def _encodable(text: str) -> str:
    """The text with escapes for surrogates, which UTF-8 does not have."""
    return text if text.isascii() else text.encode(errors="backslashreplace").decode()


def _cut(text: str) -> str:
    """The longest beginning that AMQP allows as a name."""
    return text if len(text) * 4 <= MAX_NAME_BYTES else text.encode()[:MAX_NAME_BYTES].decode(errors="ignore")
