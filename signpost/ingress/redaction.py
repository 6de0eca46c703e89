"""Redacts a webhook body for display: keeps structure, ids, vocabulary words and times, nothing personal. Pure."""

import re
from collections.abc import Mapping, Set
from typing import Any

_PERSONAL = re.compile(
    r"name|mail|phone|mobile|address|street|birth|gender|note|comment|text|message|body|description|cover|resume|link"
    r"|url|social|tag|headline|summary|secret|token|signature|password",
    re.IGNORECASE,
)
_PAY = re.compile(
    r"salary|amount|compensation|bonus|equity|wage|min_value|max_value|(?:^|[._-])(?:pay|rate)(?:$|[._-])",
    re.IGNORECASE,
)
_WORDS = re.compile(
    r"(?:^|_|-)(?:id|ids|type|subtype|status|state|stage|action|event|format|currency|unit|per|by|channel|purpose|version"
    r"|round|frequency|priority|country)$",
    re.IGNORECASE,
)
_EVENT_NAME = re.compile(r"event[_-]?(?:name|type)$", re.IGNORECASE)
_ID = re.compile(r"[A-Za-z0-9:_-]{1,64}")
_DIGIT = re.compile(r"\d")
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ][0-9:.]+(?:Z|[+-]\d{2}:?\d{2})?)?|\d{2}/\d{2}/\d{4}")
_WORD = re.compile(r"[A-Za-z0-9._ -]{1,40}")
MAX_ITEMS = 50
MAX_IDS, MAX_ID_CHARS = 1000, 128


def redact(value: Any, key: str = "", *, pay: bool = False, words: Set[str] = frozenset()) -> Any:
    """Return the value with every personal part replaced by its type. `key` is the name of the member that holds it;
    `words` are texts that are shown wherever they stand."""
    if isinstance(value, Mapping):
        pay = pay or any(_names_personal(inner, words) for inner in value.values())
        return {
            name[:100]: redact(inner, name, pay=pay or bool(_PAY.search(name)), words=words)
            for name, inner in value.items()
        }
    if isinstance(value, list):
        return [redact(inner, key, pay=pay, words=words) for inner in value[:MAX_ITEMS]]
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return value if value in words or _is_harmless(value, key, pay) else f"[text of {_characters(value)}]"
    return "[a number]" if pay or _PERSONAL.search(key) else value


def _names_personal(value: Any, words: Set[str]) -> bool:
    """Whether a word says that what stands beside it is pay or personal, as in {key: salary, value: 80000}."""
    return isinstance(value, str) and value in words and bool(_PAY.search(value) or _PERSONAL.search(value))


def ids_in(value: Any) -> set[str] | None:
    """Return the texts and integers of a body that may be ids: what is short and has no spaces; None if there are
    more than MAX_IDS."""
    found: set[str] = set()
    pending = [value]
    while pending and len(found) <= MAX_IDS:
        part = pending.pop()
        if isinstance(part, Mapping | list):
            pending.extend(part.values() if isinstance(part, Mapping) else part)
        elif isinstance(part, str | int) and not isinstance(part, bool):
            text = str(part)
            if 0 < len(text) <= MAX_ID_CHARS and " " not in text:
                found.add(text)
    return found if len(found) <= MAX_IDS else None


def _is_harmless(value: str, key: str, pay: bool) -> bool:
    if _TIME.fullmatch(value) or (_EVENT_NAME.search(key) and _WORD.fullmatch(value)):
        return True
    if _PERSONAL.search(key):
        return False
    if _WORDS.search(key) or key == "":
        return bool(_WORD.fullmatch(value))
    return not pay and bool(_ID.fullmatch(value) and _DIGIT.search(value)) and not value.replace("-", "").isdigit()


def _characters(text: str) -> str:
    return "1 character" if len(text) == 1 else f"{len(text)} characters"
