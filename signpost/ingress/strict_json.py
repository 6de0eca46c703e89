"""Strict JSON parsing: rejects ambiguous documents, and marks values that nothing can hold. Pure.

A value matters only where it is read. So a text with characters that a database cannot hold becomes `Repaired`, and a
value beyond every type becomes `Unreadable`, which no schema accepts; neither rejects the document.
"""

import json
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any, NoReturn

from signpost.errors import CallerError
from signpost.schemas.fields import Repaired
from signpost.schemas.unreadable import Unreadable

MAX_DEPTH, MAX_BYTES, MAX_DIGITS, MAX_EXPONENT = 32, 1_000_000, 40, 300
REPLACEMENT = "\ufffd"
_NOT_STORABLE = re.compile("[\0\ud800-\udfff]")
STRING = r'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)'
"""Matches a text. One without an end matches too, up to the end of the document: searching it again from each of its
quotation marks would take quadratic time."""
_TOKEN = re.compile(STRING + r"|[\[{]|[\]}]", re.DOTALL)
_TOO_DEEP = str(int.from_bytes(b"a value below the last level"))
"""Stands for a value beyond the depth while parsing: a number that nobody writes."""


class MalformedJson(CallerError):
    """The bytes are not strict JSON; the message gives the position or the reason."""


class TooLarge(CallerError):
    """The document exceeds the size limit."""


def loads(raw: bytes, *, max_depth: int = MAX_DEPTH, max_bytes: int = MAX_BYTES) -> Any:
    """Parse a JSON document; numbers with a fraction or exponent become Decimal, so that money keeps its digits.

    A byte order mark is skipped. Texts may be `Repaired`; numbers of more than 40 digits, exponents beyond 300 and
    values below `max_depth` levels are `Unreadable`. Raises TooLarge, or MalformedJson unless the bytes are one JSON
    value in UTF-8 without duplicate keys, NaN or infinities.
    """
    _check_size(raw, max_bytes)
    try:
        text = raw.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise MalformedJson(f"invalid UTF-8 at byte {error.start}") from None
    value = _parse(_DECODER, text, max_depth)
    return _repair(value, Repaired) if b"\\u" in raw else value


def loads_of_others(raw: bytes, *, max_depth: int = MAX_DEPTH, max_bytes: int = MAX_BYTES) -> Any:
    """Parse a vendor's document as `loads` does, but take more that no reader of it can change: invalid UTF-8 is
    replaced by U+FFFD like other characters that cannot be stored, and NaN and the values of a repeated key, unless
    they are equal, are `Unreadable`. Raises TooLarge or MalformedJson.
    """
    _check_size(raw, max_bytes)
    text = raw.decode("utf-8", "replace").removeprefix("\ufeff")
    value = _parse(_LENIENT, text, max_depth)
    return _repair(value, str) if "\\u" in text or "\0" in text else value


def _check_size(raw: bytes, max_bytes: int) -> None:
    if len(raw) > max_bytes:
        raise TooLarge(f"the document has {len(raw)} bytes; the limit is {max_bytes}")


def _parse(decoder: json.JSONDecoder, text: str, max_depth: int) -> Any:
    if text.count("[") + text.count("{") > max_depth:
        text = _prune(text, max_depth)
    try:
        return decoder.decode(text)
    except json.JSONDecodeError as error:
        raise MalformedJson(f"invalid JSON at line {error.lineno}, column {error.colno}: {error.msg}") from None
    except RecursionError:
        raise MalformedJson(f"the document is nested deeper than {max_depth} levels") from None


def _prune(text: str, max_depth: int) -> str:
    """The document with a mark in place of each array or object below the depth."""
    kept: list[str] = []
    depth = start = 0
    for token in _TOKEN.finditer(text):
        if token[0] in "[{":
            depth += 1
            if depth == max_depth + 1:
                kept.append(text[start : token.start()])
        elif token[0] in "]}":
            depth -= 1
            if depth == max_depth:
                kept.append(_TOO_DEEP)
                start = token.end()
    return "".join([*kept, text[start:]]) if kept else text


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        seen: set[str] = set()
        repeated = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise MalformedJson(f"the key {_quote(repeated)} is repeated in one object")
    return members


def _lenient_pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A signature can cover one of two values, and another reader can take the other: so neither is read."""
    members = dict(pairs)
    if len(members) != len(pairs):
        for key, value in pairs:
            if members[key] != value:
                members[key] = Unreadable("the key is repeated")
    return members


def _constant(name: str) -> NoReturn:
    raise MalformedJson(f"{name} is not valid JSON; send a number or null")


def _integer(digits: str) -> int | Unreadable:
    if digits == _TOO_DEEP:
        return Unreadable("it is nested too deep")
    return int(digits) if len(digits) <= MAX_DIGITS else Unreadable(f"the number has more than {MAX_DIGITS} digits")


def _decimal(digits: str) -> Decimal | Unreadable:
    if len(digits) > MAX_DIGITS:
        return Unreadable(f"the number has more than {MAX_DIGITS} characters")
    _, _, exponent = digits.lower().partition("e")
    if exponent and abs(int(exponent)) > MAX_EXPONENT:
        return Unreadable(f"the exponent is beyond {MAX_EXPONENT}")
    return Decimal(digits)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_pairs, parse_constant=_constant, parse_int=_integer, parse_float=_decimal
)
_LENIENT = json.JSONDecoder(
    object_pairs_hook=_lenient_pairs,
    parse_constant=lambda name: Unreadable(f"{name} is no number"),
    parse_int=_integer,
    parse_float=_decimal,
    strict=False,
)


def _repair(value: Any, kind: Callable[[str], str]) -> Any:
    """The value with every text that cannot be stored replaced; no deeper than the parsed document."""
    if isinstance(value, str):
        return kind(_NOT_STORABLE.sub(REPLACEMENT, value)) if _NOT_STORABLE.search(value) else value
    if isinstance(value, dict):
        return {str(_repair(name, str)): _repair(inner, kind) for name, inner in value.items()}
    return [_repair(inner, kind) for inner in value] if isinstance(value, list) else value


def _quote(text: str) -> str:
    return json.dumps(text if len(text) <= 60 else text[:57] + "...")
