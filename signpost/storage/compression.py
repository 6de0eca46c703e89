"""Compresses messages and advice for the database, with a dictionary of what the rulebook's messages consist of.

A message of 1.8 kB takes about 0.2 kB. A first byte below " " says how a value is stored: 0 as it is, else compressed
with the dictionary of this number. A dictionary that has been used never changes: a better one gets the next number.
"""

import threading
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import zstandard
from sqlalchemy import LargeBinary
from sqlalchemy.types import TypeDecorator

DICTIONARY: Final = b"\x01"
"""The number of the dictionary that new values use."""
PLAIN: Final = b"\x00"
LEVEL: Final = 3
_FOLDER: Final = Path(__file__).parent / "dictionaries"
_local = threading.local()


def compress(value: bytes) -> bytes:
    """A value as it is stored."""
    if not hasattr(_local, "compressor"):  # which is not safe to share between threads
        _local.compressor = zstandard.ZstdCompressor(LEVEL, _dictionary(DICTIONARY[0]), write_dict_id=False)
    compressed: bytes = _local.compressor.compress(value)
    return DICTIONARY + compressed if len(compressed) < len(value) else as_it_is(value)


def as_it_is(value: bytes) -> bytes:
    """A value as it is stored without compression."""
    return PLAIN + value if value[:1] < b" " and value else value


def restore(stored: bytes) -> bytes:
    """The value that was stored. Raises zstandard.ZstdError for damaged bytes."""
    if not stored[:1] or stored[:1] >= b" ":
        return stored
    if stored[:1] == PLAIN:
        return stored[1:]
    dictionary = _dictionary(stored[0])
    return zstandard.ZstdDecompressor(dictionary).decompress(stored[1:])


class Compressed(TypeDecorator[bytes]):
    """A column whose values may be compressed: restores them when they are read. Who writes them compresses them, if
    every process can read that."""

    impl = LargeBinary
    cache_ok = True

    def process_result_value(self, value: bytes | None, dialect: Any) -> bytes | None:
        """The value as it was before it was stored."""
        return restore(bytes(value)) if value else value


COMPRESSED: Final[Mapping[str, tuple[str, ...]]] = {
    "cases": ("advice",),
    "recommendations": ("body",),
    "feed": ("body",),
    "outbox": ("body",),
}
"""Table -> its columns of this type."""


@cache
def _dictionary(number: int) -> zstandard.ZstdCompressionDict:
    return zstandard.ZstdCompressionDict((_FOLDER / f"{number}.zdict").read_bytes())
