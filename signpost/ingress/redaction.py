"""Redacts a webhook body for display: keeps structure, ids, vocabulary words and times of the process, nothing
personal. Pure.

The key decides, and then the look of the value: an id, a version, a time or a word is shown under a key for one. Where
customers choose what is asked (custom fields, answers), and in copies of other records, no time is shown.
"""

import re
from collections.abc import Mapping, Set
from typing import Any, Final

from signpost.schemas.unreadable import Unreadable

_PERSONAL = re.compile(
    r"name|mail|phone|mobile|address|street|gender|note|comment|text|message|body|description|cover|resume|link|url"
    r"|social|(?<!s)tag|headline|summary|secret|token|signature|password|nation|tax|licen[cs]e|insurance|bank|visa"
    r"|marital|veteran|disab|(?<!t)race|ethnic|religio|citizen|orientation",
    re.IGNORECASE,
)
_PRIVATE = re.compile(
    r"custom(?!er)|remote_?data|answers?$|questions?$|questionnaire|educations?$|employments?$|experiences?$|birth"
    r"|dob$|passport|iban|ssn",
    re.IGNORECASE,
)
"""Places where anything may stand: in them, however deep, only ids, types and statuses are shown."""
_PAY = re.compile(
    r"salary|amount|compensation|bonus|equity|wage|min_value|max_value|(?:^|[._-])(?:pay|rate)(?:$|[._-])",
    re.IGNORECASE,
)
_EVENT_NAME = re.compile(r"event[_-]?(?:name|type)$", re.IGNORECASE)
_KEY_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
_IDS: Final = frozenset(("id", "ids", "uuid", "guid", "version", "revision", "round"))
_ENTITIES: Final = frozenset(("candidate", "application", "offer", "interview", "job", "opportunity", "recommendation"))
_TIMES: Final = frozenset(("at", "on", "by", "date", "time", "timestamp", "since", "until", "deadline")).union(
    ("start", "starts", "end", "ends", "created", "updated", "modified")
)
_PLACE_WORDS: Final = frozenset(("type", "status", "currency", "unit"))
_WORDS: Final = _PLACE_WORDS.union(
    ("subtype", "state", "stage", "action", "event", "format", "per", "channel", "purpose", "frequency", "priority"),
    ("country", "kind"),
)
_ID = re.compile(r"[A-Za-z0-9:_.~-]{1,64}")
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_DIGIT = re.compile(r"\d")
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ][0-9:.]+(?:Z|[+-]\d{2}:?\d{2})?)?|\d{2}/\d{2}/\d{4}")
_WORD = re.compile(r"[A-Za-z0-9._ -]{1,40}")
_KIND = re.compile(r"[A-Za-z][A-Za-z0-9_.:/-]{0,39}")
_UNTOLD: Final = "value"
"""In place of a key that says nothing about its value: who adds a custom field chooses its name."""
MAX_ITEMS, MAX_KEY = 50, 100
MAX_IDS, MAX_ID_CHARS = 1000, 128


def redact(
    value: Any, key: str = "", *, pay: bool = False, private: bool = False, words: Set[str] = frozenset()
) -> Any:
    """Return the value with every personal part replaced by its type and size. `key` is the name of the member that
    holds it; `pay` and `private`: in what kind of place it is; `words` are texts that are shown wherever they stand."""
    if isinstance(value, Mapping):
        pay = pay or any(_names_personal(inner, words) for inner in value.values())
        is_named_freely = bool(_PRIVATE.search(key))
        return {
            name[:MAX_KEY]: redact(
                inner,
                _UNTOLD if is_named_freely and not isinstance(inner, Mapping | list) else name[:MAX_KEY],
                pay=pay or bool(_PAY.search(name)),
                private=private or bool(_PRIVATE.search(name)),
                words=words,
            )
            for name, inner in value.items()
        }
    if isinstance(value, list):
        # An object in a list has the vendor's names, whatever the list is called
        keys = ("" if isinstance(inner, Mapping) else key for inner in value)
        items = zip(value[:MAX_ITEMS], keys, strict=False)
        return [redact(inner, its, pay=pay, private=private, words=words) for inner, its in items]
    return value if value is None or _is_shown(value, key, pay, private, words) else _size_of(value)


def is_kind(text: str, key: str) -> bool:
    """Return whether a text may be told as the name of a kind: it looks like one, and its key is not personal."""
    return bool(_KIND.fullmatch(text)) and not any(one.search(key) for one in (_PERSONAL, _PRIVATE, _PAY))


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


def _is_shown(value: Any, key: str, pay: bool, private: bool, words: Set[str]) -> bool:
    """Whether a text, number or truth value of a member is shown."""
    if isinstance(value, bool | Unreadable):
        return isinstance(value, Unreadable) or not private
    if isinstance(value, str) and (value in words or (_EVENT_NAME.search(key) and _WORD.fullmatch(value))):
        return True
    if _PERSONAL.search(key) or _PRIVATE.search(key):
        return False
    last = _last_word(key)
    if isinstance(value, str):
        return _is_harmless(value, key, last, pay, private)
    return not pay and (last in _IDS or (last in _TIMES and not private))


def _is_harmless(text: str, key: str, last: str, pay: bool, private: bool) -> bool:
    """Whether a text is what its key, which ends with the word `last`, says: a time, a word or an id."""
    if _TIME.fullmatch(text):
        return last in _TIMES and not private
    if key == "" or last in (_PLACE_WORDS if private else _WORDS):
        return bool(_WORD.fullmatch(text))
    is_of_entity = key in _ENTITIES and bool(_DIGIT.search(text))
    return bool(_UUID.fullmatch(text)) or (not pay and (last in _IDS or is_of_entity) and bool(_ID.fullmatch(text)))


def _last_word(key: str) -> str:
    """The last word of a key: "at" of "created_at" and of "createdAt"."""
    return next(iter(_KEY_WORD.findall(key[-MAX_KEY:])[-1:]), "").lower()


def _size_of(value: Any) -> str:
    if isinstance(value, str):
        return "[text of 1 character]" if len(value) == 1 else f"[text of {len(value)} characters]"
    return "[true or false]" if isinstance(value, bool) else "[a number]"
