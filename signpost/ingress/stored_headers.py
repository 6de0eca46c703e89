"""Which headers of a webhook are stored: those that its mapping or its signed message needs for a replay. Pure."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from signpost.ingress.expressions import Header
from signpost.ingress.mapping import Vendor
from signpost.ingress.tree import parts_in
from signpost.ingress.vendors import VENDORS

ALWAYS: Final = ("content-type", "user-agent")
MAX_HEADERS = 20
MAX_HEADER_CHARS = 512
_SECRET = re.compile("authorization|cookie|secret|signature|api-?key|password")


def stored_headers(vendor: str, headers: Mapping[str, str]) -> dict[str, str]:
    """Select the headers (by lower-case name) of a vendor's webhook to store, each cut to MAX_HEADER_CHARS."""
    mapping = VENDORS.get(vendor)  # None: its file was removed meanwhile
    needed = ALWAYS if mapping is None else needed_headers(mapping)
    return {name: headers[name][:MAX_HEADER_CHARS] for name in needed if name in headers}


@lru_cache(maxsize=100)
def needed_headers(mapping: Vendor) -> tuple[str, ...]:
    """Return the sorted names of the headers that are stored: no credential, no signature, at most MAX_HEADERS."""
    signed = {part.removeprefix("header:") for part in mapping.scheme.signed_parts() if part.startswith("header:")}
    names = {part.name.lower() for part in parts_in(mapping) if isinstance(part, Header)} | signed
    kept = sorted(name for name in names - {mapping.scheme.header} if not _SECRET.search(name))
    return (*ALWAYS, *(name for name in kept if name not in ALWAYS))[:MAX_HEADERS]
