"""Reads members of a JSON object from unverified bytes, exactly as sent. Raises nothing."""

import json
import re
from codecs import BOM_UTF8
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

from signpost.errors import CallerError
from signpost.ingress.strict_json import STRING, loads_of_others

_NAME: Final = json.JSONDecoder(strict=False)
_SPACE: Final = " \t\r\n"
_TOKEN: Final = re.compile(STRING + r"|[\[\]{}:,]", re.DOTALL)


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
    """Return the bytes of the first member of this name of the outermost object, as sent; empty if there is none.

    Finds it in every document that `loads_of_others` reads, whatever its other members hold: each byte is one
    character here, and values are skipped, not parsed. `name` is ASCII.
    """
    text = raw.removeprefix(BOM_UTF8).decode("latin-1").strip(_SPACE)
    try:
        return next((value.encode("latin-1") for key, value in _members(text) if key == name), b"")
    except ValueError:
        return b""


def _members(text: str) -> Iterator[tuple[str, str]]:
    """Yield (name, value as written) of each member. Raises ValueError for a name that is no text."""
    depth = start = 0
    name = ""
    for token in _TOKEN.finditer(text) if text.startswith("{") else ():
        mark = token[0][0]
        if depth == 1 and mark in ",}" and start:
            yield _NAME.decode(name), text[start : token.start()].strip(_SPACE)
            start = 0
        elif depth == 1 and mark == ":" and not start:
            start = token.end()
        elif depth == 1 and mark == '"' and not start:
            name = token[0]
        depth += (mark in "[{") - (mark in "]}")
        if depth == 0:
            return
