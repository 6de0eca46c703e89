"""What the intake refuses in the attributes of a CloudEvent beyond their types. Events that were taken before these
rules stay readable: they are checked at the door only."""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from signpost.schemas.problems import Problem, pointer

PLANES = range(0, 0x110000, 0x10000)
NONCHARACTER = re.compile(f"[\ufdd0-\ufdef{''.join(chr(plane + 0xFFFE) + chr(plane + 0xFFFF) for plane in PLANES)}]")
"""Code points that are never characters (Unicode 16, section 23.7)."""
NOT_IN_URI = re.compile(r"[<>\"{}|\\^`]|%(?![0-9A-Fa-f]{2})")
"""What RFC 3986 allows nowhere in a URI; characters beyond ASCII are taken, as in an IRI."""


def find_odd_attributes(document: Mapping[Any, Any]) -> Iterator[Problem]:
    """Yield the problems of attributes that are strings: noncharacters, and URIs that are none."""
    for name, value in document.items():
        if name in ("data", "data_base64") or not isinstance(value, str):
            continue
        if NONCHARACTER.search(value):
            yield Problem(pointer(name), "must not contain noncharacters, such as U+FFFF")
        elif name == "source" and not _is_reference(value):
            yield Problem("/source", "must be a URI reference, such as jobboard/north or https://example.com/jobs")
        elif name == "dataschema" and not (_is_reference(value) and urlsplit(value).scheme):
            yield Problem("/dataschema", "must be an absolute URI, such as https://example.com/offer.json")


def is_json(content_type: str) -> bool:
    """Whether a content type, with or without parameters, is JSON: application/json, text/json, or any with +json."""
    media = content_type.partition(";")[0].strip().lower()
    return media in ("application/json", "text/json") or (media.endswith("+json") and media.count("/") == 1)


def _is_reference(text: str) -> bool:
    try:
        urlsplit(text)
    except ValueError:
        return False
    return not NOT_IN_URI.search(text)
