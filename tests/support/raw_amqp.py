"""Publishes messages whose properties no careful client writes: the bytes of the properties are given."""

import struct
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from pika import BasicProperties, BlockingConnection, URLParameters
from pika.adapters.blocking_connection import BlockingChannel

from signpost.messaging import Message

CONTENT_TYPE, HEADERS, DELIVERY_MODE, MESSAGE_ID, TYPE = 1 << 15, 1 << 13, 1 << 12, 1 << 7, 1 << 5
MILLISECONDS = b"T" + struct.pack(">Q", 1_780_000_000_000)
"""A timestamp that counts milliseconds, as JavaScript clients write it; AMQP counts seconds."""


class RawProperties(BasicProperties):  # type: ignore[misc]
    """Properties that are sent as these bytes."""

    def __init__(self, raw: bytes) -> None:
        super().__init__()
        self._raw = raw

    def encode(self) -> list[bytes]:
        """Return the bytes."""
        return [self._raw]


def short(text: bytes) -> bytes:
    """Return a short string."""
    return bytes([len(text)]) + text


def table(*fields: tuple[bytes, bytes]) -> bytes:
    """Return a table of names and encoded values."""
    content = b"".join(short(name) + value for name, value in fields)
    return struct.pack(">I", len(content)) + content


def nested(depth: int) -> bytes:
    """Return the value of a table in a table in a table."""
    value = b"V"
    for _ in range(depth):
        value = b"F" + table((b"n", value))
    return value


def properties(headers: bytes = b"", message_id: bytes = b"m-1") -> bytes:
    """Return the bytes of the properties of a persistent message: an encoded table of headers, and a message id."""
    flags = CONTENT_TYPE | (HEADERS if headers else 0) | DELIVERY_MODE | MESSAGE_ID | TYPE
    kind = short(b"application/cloudevents+json")
    return struct.pack(">H", flags) + kind + headers + b"\x02" + short(message_id) + short(b"t")


@contextmanager
def channel(url: str) -> Iterator[BlockingChannel]:
    """Provide a channel with confirms."""
    connection = BlockingConnection(URLParameters(url))
    opened = connection.channel()
    opened.confirm_delivery()
    yield opened
    connection.close()


def publish_raw(url: str, message: Message, raws: Iterable[bytes], routing_key: bytes = b"") -> None:
    """Publish the body of a message once with each of these properties, and wait for the confirms."""
    with channel(url) as opened:
        for raw in raws:
            key = routing_key or message.routing_key
            opened.basic_publish(message.exchange, key, message.body, RawProperties(raw), mandatory=True)
