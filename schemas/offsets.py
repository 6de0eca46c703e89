"""The offsets in which a sender wrote the instants of an event, which the canonical event states in UTC. Pure.

Between the processes of Signpost they are the extension attribute `offsets`: `time-08:00 respond_by-08:00`.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from signpost.case.event import Event
from signpost.case.fold import CUSTOM
from signpost.case.instant import OFFSET, format_offset, parse_offset
from signpost.schemas.formats import INSTANT

ATTRIBUTE: Final = "offsets"
MAX_OFFSETS: Final = 20
"""Of one event; further instants are shown in UTC."""
_ONE: Final = re.compile(rf"([a-z][a-z0-9_.]{{0,70}})({OFFSET.pattern})")


def written_offsets(document: Mapping[str, Any]) -> dict[str, int]:
    """The offsets in minutes of the instants in a valid CloudEvent, by place, without those in UTC."""
    found: dict[str, int] = {}
    for place, value in _texts(document):
        if INSTANT.fullmatch(value) and OFFSET.fullmatch(value[-6:]) and len(found) < MAX_OFFSETS:
            found[place] = parse_offset(value[-6:])
    return {place: offset for place, offset in found.items() if offset}


def _texts(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Each place that can hold an instant, and its text."""
    data = document.get("data") or {}
    custom = data.get(CUSTOM) or {}
    places = {"time": document.get("time"), **data, **{f"{CUSTOM}.{name}": value for name, value in custom.items()}}
    return ((place, value) for place, value in places.items() if isinstance(value, str))


def dump_offsets(event: Event) -> dict[str, str]:
    """The extension attribute of an event; empty if all its instants were written in UTC."""
    written = " ".join(f"{place}{format_offset(offset)}" for place, offset in sorted(event.offsets.items()))
    return {ATTRIBUTE: written} if written else {}


def read_offsets(attribute: Any) -> dict[str, int]:
    """The offsets of an extension attribute that `dump_offsets` made; what is not one is ignored."""
    parts = [_ONE.fullmatch(part) for part in attribute.split()[:MAX_OFFSETS]] if isinstance(attribute, str) else []
    found = {part[1]: parse_offset(part[2]) for part in parts if part}
    return {place: offset for place, offset in found.items() if offset}
