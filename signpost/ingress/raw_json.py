"""Reads members of a JSON object from unverified bytes, exactly as sent. Raises nothing."""

import json
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from signpost.errors import CallerError
from signpost.ingress.strict_json import loads_of_others

_DECODER = json.JSONDecoder()


def plain_member(raw: bytes, path: str) -> str:
    """Return the text or integer index a path of names separated by dots, as text; "" if there is none."""
    value = _document(raw)
    for step in path.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    if isinstance(value, bool) or not isinstance(value, int | str):
        return ""
    return str(value)


@lru_cache(maxsize=4)
def _document(raw: bytes) -> Any:
    """Parse the body. Cached, because a scheme reads several members of one body."""
    try:
        return loads_of_others(raw)
    except CallerError:
        return None


def member_bytes(raw: bytes, name: str) -> bytes:
    """Return the bytes of a member of the outermost object, as sent; empty if there is no such member."""
    try:
        text = raw.decode("utf-8")
        return next((text[start:end].encode() for key, start, end in _members(text) if key == name), b"")
    except (ValueError, RecursionError, IndexError):
        return b""


def _members(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield (name, start, end of the value) of each member. Raises ValueError or IndexError if it is no object."""
    index = _skip_space(text, 0)
    while text[index] in "{,":
        key, index = _DECODER.raw_decode(text, _skip_space(text, index + 1))
        start = _skip_space(text, _skip_space(text, index) + 1)
        _, end = _DECODER.raw_decode(text, start)
        yield key, start, end
        index = _skip_space(text, end)


def _skip_space(text: str, index: int) -> int:
    while text[index] in " \t\r\n":
        index += 1
    return index
