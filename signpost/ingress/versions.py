"""Reads the version of a vendor's statement, by which statements are ordered. Pure."""

import re
from typing import Any, Final

from signpost.ingress.formats import instant
from signpost.ingress.scope import DeliveryScope, whole

MAX_VERSION: Final = 2**62
LAST: Final = "last"
VERSION: Final = re.compile("[0-9]{1,20}")
"""A version as a text; one that is too long for a number has more digits."""


def read_version(value: Any, scope: DeliveryScope) -> int | None:
    """Return a version, which may be digits in quotation marks, or a time of modification in microseconds; 0 for a
    number outside the limits, None for any other value. "last": nothing follows."""
    if value == LAST:
        return MAX_VERSION
    value = whole(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value if 0 < value < MAX_VERSION else 0
    time = instant(value, scope.formats)
    if time is None and isinstance(value, str) and VERSION.fullmatch(value):
        return read_version(int(value), scope)
    return time
