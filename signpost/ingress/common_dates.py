"""The patterns by which vendors commonly write days and times that are not ISO 8601. Pure."""

import json
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import product
from typing import Final

from signpost.ingress.date_patterns import DatePattern, clash, read_pattern

_DAYS: Final = (
    ("DD.MM.YYYY",), ("YYYY/MM/DD",), ("YYYYMMDD",), ("DD-MM-YYYY", "MM-DD-YYYY"), ("DD/MM/YYYY", "MM/DD/YYYY"),
    ("D MMMM YYYY",), ("D MMM YYYY",), ("MMMM D, YYYY",), ("MMM D, YYYY",),
)  # fmt: skip
"""Each with those that the same text could also be read by."""
_TIMES: Final = ("", " HH:mm", " HH:mm:ss", " h:mm A")
_OFFSETS: Final = ("", " Z", "Z")


@cache
def _groups() -> tuple[tuple[DatePattern, ...], ...]:
    ways = [(days, time + offset) for days, time, offset in product(_DAYS, _TIMES, _OFFSETS) if time or not offset]
    return tuple(tuple(read_pattern(day + time) for day in days) for days, time in ways)


def patterns_of(texts: Sequence[str]) -> Iterator[DatePattern]:
    """Yield the pattern of each way in which days and times are written, except ISO 8601."""
    for group in _groups():
        written = [text for text in texts if any(one.iso(text) for one in group)]
        whole = [one for one in group if written and all(one.iso(text) for text in written)]
        if whole:
            yield whole[0]


def pattern_hint(value: object, known: Sequence[DatePattern]) -> str:
    """The end of a message: which patterns would read a text; "" for any other value. `known`: those of the mapping."""
    if not isinstance(value, str):
        return ""
    found = [one for group in _groups() for one in group if one.iso(value) and not clash([*known, one])]
    return f"; add {' or '.join(json.dumps(one.text) for one in found)} to `dates` of formats" if found else ""
