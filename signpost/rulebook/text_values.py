"""Values of senders as texts show them: on one line and shortened. Pure."""

from collections.abc import Mapping
from typing import Any, Final

from signpost.schemas.texts import one_line

MAX_CHARS: Final = 120
"""Of one value of a sender in a text."""
ELLIPSIS: Final = "…"


def shorten(text: str, max_chars: int = MAX_CHARS) -> str:
    """The text if it fits, or its beginning with an ellipsis."""
    return text if len(text) <= max_chars else text[: max_chars - 1].rstrip() + ELLIPSIS


def readable(value: Any) -> Any:
    """The value with every text in it on one line and shortened; numbers, money and times are unchanged."""
    if isinstance(value, str):
        return shorten(one_line(value))
    if isinstance(value, list | tuple):
        return [readable(item) for item in value]
    if isinstance(value, Mapping):
        return {name: readable(item) for name, item in value.items()}
    return value
