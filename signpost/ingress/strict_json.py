"""Strict JSON parsing: rejects ambiguous documents and values that a database or JSON reader cannot hold. Pure."""

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NoReturn

from signpost.errors import CallerError

_NOT_STORABLE = re.compile("[\0\ud800-\udfff]")
MAX_DEPTH, MAX_BYTES, MAX_DIGITS, MAX_EXPONENT = 32, 1_000_000, 40, 300


class MalformedJson(CallerError):
    """The bytes are not strict JSON; the message gives the position or the reason."""


class TooLarge(CallerError):
    """The document exceeds the size limit."""


def loads_of_others(raw: bytes, *, max_depth: int = MAX_DEPTH, max_bytes: int = MAX_BYTES) -> Any:
    """Parse a vendor's document as `loads` does, but take what no reader of it can change: a byte order mark is
    skipped, NUL characters, lone surrogates and invalid UTF-8 are replaced by U+FFFD, and a number beyond the limits is
    null. Raises TooLarge or MalformedJson.
    """
    _check_size(raw, max_bytes)
    text = raw.decode("utf-8", "replace").removeprefix("\ufeff")
    value = _parse(_LENIENT, text, max_depth)
    return _replace_strings(value) if "\\u" in text or "\0" in text else value


def loads(raw: bytes, *, max_depth: int = MAX_DEPTH, max_bytes: int = MAX_BYTES) -> Any:
    """Parse a JSON document; numbers with a fraction or exponent become Decimal, so that money keeps its digits.

    Raises TooLarge, or MalformedJson unless the bytes are one JSON value in UTF-8 without duplicate keys, NaN,
    infinities, lone surrogates, NUL characters, numbers of more than 40 digits, or more than `max_depth` levels.
    """
    _check_size(raw, max_bytes)
    value = _parse(_DECODER, _text(raw), max_depth)
    if b"\\u" in raw:
        _check_strings(value)
    return value


def _check_size(raw: bytes, max_bytes: int) -> None:
    if len(raw) > max_bytes:
        raise TooLarge(f"the document has {len(raw)} bytes; the limit is {max_bytes}")


def _parse(decoder: json.JSONDecoder, text: str, max_depth: int) -> Any:
    try:
        value = decoder.decode(text)
    except json.JSONDecodeError as error:
        raise MalformedJson(f"invalid JSON at line {error.lineno}, column {error.colno}: {error.msg}") from None
    except RecursionError:
        raise MalformedJson(f"the document is nested deeper than {max_depth} levels") from None
    if text.count("[") + text.count("{") > max_depth:
        _check_depth(value, max_depth)
    return value


def _text(raw: bytes) -> str:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedJson(f"invalid UTF-8 at byte {error.start}") from None
    if text.startswith("\ufeff"):
        raise MalformedJson("the document starts with a byte order mark; send UTF-8 without it")
    return text


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        seen: set[str] = set()
        repeated = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise MalformedJson(f"the key {_quote(repeated)} is repeated in one object")
    return members


def _constant(name: str) -> NoReturn:
    raise MalformedJson(f"{name} is not valid JSON; send a number or null")


def _integer(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise MalformedJson(f"a number has {len(digits)} characters; the limit is {MAX_DIGITS}")
    return int(digits)


def _decimal(digits: str) -> Decimal:
    if len(digits) > MAX_DIGITS:
        raise MalformedJson(f"a number has {len(digits)} characters; the limit is {MAX_DIGITS}")
    _, _, exponent = digits.lower().partition("e")
    if exponent and abs(int(exponent)) > MAX_EXPONENT:
        raise MalformedJson(f"the exponent of {digits} is out of range: the limit is {MAX_EXPONENT}")
    return Decimal(digits)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_pairs, parse_constant=_constant, parse_int=_integer, parse_float=_decimal
)


def _short_integer(digits: str) -> int | None:
    return int(digits) if len(digits) <= MAX_DIGITS else None


def _short_decimal(digits: str) -> Decimal | None:
    try:
        return _decimal(digits)
    except MalformedJson:
        return None


_LENIENT = json.JSONDecoder(
    object_pairs_hook=_pairs,
    parse_constant=lambda _: None,
    parse_int=_short_integer,
    parse_float=_short_decimal,
    strict=False,
)


def _replace_strings(value: Any) -> Any:
    if isinstance(value, str):
        return _NOT_STORABLE.sub("\ufffd", value)
    if isinstance(value, dict):
        return {_replace_strings(name): _replace_strings(inner) for name, inner in value.items()}
    return [_replace_strings(inner) for inner in value] if isinstance(value, list) else value


def _check_depth(value: Any, max_depth: int) -> None:
    level = [value]
    for _ in range(max_depth):
        level = [child for parent in level for child in _children(parent) if isinstance(child, dict | list)]
        if not level:
            return
    raise MalformedJson(f"the document is nested deeper than {max_depth} levels")


def _children(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _strings(value: Any) -> Iterator[str]:
    waiting = [value]
    while waiting:
        current = waiting.pop()
        if isinstance(current, str):
            yield current
        elif isinstance(current, dict):
            yield from current
        waiting.extend(_children(current))


def _check_strings(value: Any) -> None:
    for text in _strings(value):
        if "\0" in text:
            raise MalformedJson(f"the string {_quote(text)} contains the NUL character")
        if any("\ud800" <= character <= "\udfff" for character in text):
            raise MalformedJson(f"the string {_quote(text)} contains a lone surrogate")


def _quote(text: str) -> str:
    return json.dumps(text if len(text) <= 60 else text[:57] + "...")
