"""Texts of others made fit to print: shortened, and with everything that a terminal or log would obey escaped."""

import json
from collections.abc import Mapping
from typing import Any

MAX_QUOTED = 60
"""Characters of a name or value that a message quotes."""


def shorten(text: str, limit: int = MAX_QUOTED) -> str:
    """The text, cut to `limit` characters; an ellipsis marks the cut."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def escape(text: str, keep: str = "") -> str:
    """The text with all unprintable characters (controls, bidirectional and invisible ones) as escapes, except those in
    `keep`."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() or one in keep else ascii(one)[1:-1] for one in text)


def escape_document(value: Any) -> Any:
    """A JSON value with every text and name in it escaped, for output to people."""
    if isinstance(value, str):
        return escape(value)
    if isinstance(value, Mapping):
        return {escape(str(name)): escape_document(inner) for name, inner in value.items()}
    return [escape_document(inner) for inner in value] if isinstance(value, list | tuple) else value


def escape_json(document: str) -> str:
    """The same JSON document with its unprintable characters as JSON escapes."""
    if document.isprintable():
        return document
    return "".join(one if one.isprintable() or one in "\n\t" else json.dumps(one)[1:-1] for one in document)
