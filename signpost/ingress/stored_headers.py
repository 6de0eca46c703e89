"""Which headers of a webhook are stored: those that its mapping or its signed message needs for a replay. Pure."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, Final

from signpost.ingress.expressions import Header
from signpost.ingress.vendors import VENDORS

ALWAYS: Final = ("content-type", "user-agent")
MAX_HEADERS = 20
MAX_HEADER_CHARS = 512
_SECRET = re.compile("authorization|cookie|secret|signature|api-?key|password")


def stored_headers(vendor: str, headers: Mapping[str, str]) -> dict[str, str]:
    """Select the headers (by lower-case name) of a vendor's webhook to store, each cut to MAX_HEADER_CHARS."""
    return {name: headers[name][:MAX_HEADER_CHARS] for name in needed_headers(vendor) if name in headers}


@cache
def needed_headers(vendor: str) -> tuple[str, ...]:
    """Return the sorted names of the headers that are stored: no credential, no signature, at most MAX_HEADERS."""
    mapping = VENDORS[vendor]
    signed = {part.removeprefix("header:") for part in mapping.scheme.signed_parts() if part.startswith("header:")}
    names = {name.lower() for name in _headers_in(mapping)} | signed
    kept = sorted(name for name in names - {mapping.scheme.header} if not _SECRET.search(name))
    return (*ALWAYS, *(name for name in kept if name not in ALWAYS))[:MAX_HEADERS]


def _headers_in(value: Any) -> Iterator[str]:
    """Yield the names of all headers in a tree of expressions."""
    if isinstance(value, Header):
        yield value.name
    elif is_dataclass(value):
        for member in fields(value):
            yield from _headers_in(getattr(value, member.name))
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _headers_in(inner)
    elif isinstance(value, tuple):
        for inner in value:
            yield from _headers_in(inner)
