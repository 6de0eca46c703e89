"""Looking into bytes that are not yet trusted: members of a JSON object as they were sent. Raises nothing."""

import json
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from signpost.errors import CallerError
from signpost.ingress.strict_json import loads

_DECODER = json.JSONDecoder()


def plain_member(raw: bytes, path: str) -> str:
    """The text or whole number at a path of names with dots, as text; "" where there is none."""
    value = _document(raw)
    for step in path.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    if isinstance(value, bool) or not isinstance(value, int | str):
        return ""
    return str(value)


@lru_cache(maxsize=4)
def _document(raw: bytes) -> Any:
    """Kept for a moment, because several members of one body are asked for."""
    try:
        return loads(raw)
    except CallerError:
        return None


def member_bytes(raw: bytes, name: str) -> bytes:
    """The bytes of a member of the outermost object, as they were sent; none where there is no such member."""
    try:
        text = raw.decode("utf-8")
        return next((text[start:end].encode() for key, start, end in _members(text) if key == name), b"")
    except (ValueError, RecursionError, IndexError):
        return b""


def _members(text: str) -> Iterator[tuple[str, int, int]]:
    """(name, start and end of the value) of each member. Raises ValueError or IndexError where it is no JSON object."""
    at = _after_space(text, 0)
    while text[at] in "{,":
        key, at = _DECODER.raw_decode(text, _after_space(text, at + 1))
        start = _after_space(text, _after_space(text, at) + 1)
        _, end = _DECODER.raw_decode(text, start)
        yield key, start, end
        at = _after_space(text, end)


def _after_space(text: str, at: int) -> int:
    while text[at] in " \t\r\n":
        at += 1
    return at
