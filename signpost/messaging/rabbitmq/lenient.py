"""Decodes the properties of received messages whatever a publisher wrote into them. The only change of pika's decoding.

pika decodes headers while it reads a frame, and a value that Python cannot represent (a timestamp in milliseconds, a
float that is no number, a table nested a thousand times) raises there: the connection ends, and again after each
reconnect, because the broker delivers the same message again. `spec.props` is where pika looks up the class that
decodes properties, so a subclass there reaches every connection of the process.
"""

import struct
from contextlib import suppress
from typing import Any, Final

from pika import BasicProperties, data, spec

MAX_DEPTH: Final = 16
"""Tables and arrays nested deeper are left out."""
NAMES: Final = (BasicProperties.FLAG_CONTENT_TYPE, BasicProperties.FLAG_CONTENT_ENCODING)
"""The properties before the headers; both are short strings."""
FIXED_SIZES: Final = {b"T": 8, b"f": 4, b"d": 8}
"""Kinds of values that pika may fail to represent -> their size in bytes."""
_LEFT_OUT: Final = object()


class LenientProperties(BasicProperties):  # type: ignore[misc]
    """Properties as pika decodes them; where it fails, without the values that cannot be represented.

    A timestamp beyond the calendar becomes its number. Properties that are no properties are all None.
    """

    def decode(self, encoded: bytes, offset: int = 0) -> BasicProperties:
        """Decode the properties from `offset` on. Never raises."""
        with suppress(Exception):
            return super().decode(encoded, offset)
        with suppress(Exception):
            start, end = _find_headers(encoded, offset)
            super().decode(encoded[:start] + struct.pack(">I", 0) + encoded[end:], offset)
            self.headers = _read_table(encoded[start + 4 : end], 0)
            return self
        self.__init__()  # type: ignore[misc]
        return self


def _find_headers(encoded: bytes, offset: int) -> tuple[int, int]:
    """Where the table of headers starts and ends."""
    (flags,) = struct.unpack_from(">H", encoded, offset)
    at, more = offset + 2, flags & 1
    while more:
        more = struct.unpack_from(">H", encoded, at)[0] & 1
        at += 2
    for flag in NAMES:
        if flags & flag:
            at += 1 + encoded[at]
    (size,) = struct.unpack_from(">I", encoded, at)
    if not flags & BasicProperties.FLAG_HEADERS or at + 4 + size > len(encoded):
        raise ValueError("no table of headers")
    return at, at + 4 + size


def _read_table(raw: bytes, depth: int) -> dict[str | bytes, Any]:
    """The fields of a table without its size; ends at a kind of value that AMQP does not have."""
    found: dict[str | bytes, Any] = {}
    at = 0
    with suppress(Exception):
        while at < len(raw):
            name, at = data.decode_short_string(raw, at)
            value, at = _read_value(raw, at, depth)
            if value is not _LEFT_OUT:
                found[name] = value
    return found


def _read_array(raw: bytes, depth: int) -> list[Any]:
    """The values of an array without its size."""
    found = []
    at = 0
    with suppress(Exception):
        while at < len(raw):
            value, at = _read_value(raw, at, depth)
            if value is not _LEFT_OUT:
                found.append(value)
    return found


def _read_value(raw: bytes, at: int, depth: int) -> tuple[Any, int]:
    """A value and where it ends. Raises any exception where pika does, except for values of a known size."""
    kind = raw[at : at + 1]
    if kind in (b"F", b"A"):
        (size,) = struct.unpack_from(">I", raw, at + 1)
        start, end = at + 5, at + 5 + size
        if depth >= MAX_DEPTH:
            return _LEFT_OUT, end
        read = _read_table if kind == b"F" else _read_array
        return read(raw[start:end], depth + 1), end
    with suppress(ValueError, OverflowError, OSError):
        value, end = data.decode_value(raw, at)
        return value, end
    end = at + 1 + FIXED_SIZES[kind]
    return (struct.unpack_from(">Q", raw, at + 1)[0] if kind == b"T" else _LEFT_OUT), end


def install() -> None:
    """Let pika decode received properties with LenientProperties."""
    spec.props[BasicProperties.INDEX] = LenientProperties
