"""Says what of a signature scheme a recorded request does not have, and what it has instead. Pure."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from signpost.ingress.expression_reader import HEADER
from signpost.ingress.first_signature import SEPARATORS, TIME_KEY
from signpost.ingress.signature_schemes import Scheme
from signpost.suggestions import did_you_mean

_ITEM: Final = "item:"
_KEY: Final = re.compile(r"\A([^:=]*[:=])")


def missing_header(scheme: Scheme, headers: Mapping[str, str]) -> str:
    """Return that a header of the signed message is not there, with the name that may be meant; "" if all are."""
    wanted = sorted(part.removeprefix(HEADER) for part in scheme.signed_parts() if part.startswith(HEADER))
    wanted += [scheme.timestamp.removeprefix(HEADER)] if scheme.timestamp.startswith(HEADER) else []
    lacking = next((name for name in wanted if name not in headers), "")
    others = [name for name in headers if name != scheme.header and name not in wanted]
    return f"the sample has no header {lacking}{did_you_mean(lacking, others)}" if lacking else ""


def in_place_of(scheme: Scheme, headers: Mapping[str, str], problem: str) -> str:
    """Return why a signature is refused, with what its header has in place of the separator or of the time."""
    value = headers.get(scheme.header, "")
    found = separators_in(scheme, headers)
    if scheme.separator and found and scheme.separator not in value:
        return f"{problem}; the header is split at {scheme.separator!r}, but has {' and '.join(map(repr, found))}"
    stamps = list(stamps_in(scheme, headers, scheme.separator))
    is_missing = stamps and scheme.timestamp.startswith(_ITEM) and scheme.timestamp not in stamps
    keys = " and ".join(stamp.removeprefix(_ITEM) for stamp in stamps)
    return f"{problem.removesuffix('; send it')}; the header has {keys}" if is_missing else problem


def separators_in(scheme: Scheme, headers: Mapping[str, str]) -> list[str]:
    """Return the usual separators that the header of the signature has, apart from that of the scheme."""
    value = "" if scheme.wrapped else headers.get(scheme.header, "").strip()
    return [one for one in SEPARATORS if one in value and one != scheme.separator]


def stamps_in(scheme: Scheme, headers: Mapping[str, str], separator: str) -> Iterator[str]:
    """Yield the items of the signature's header that look like times, as options of `timestamp`."""
    value = "" if scheme.wrapped else headers.get(scheme.header, "")
    for item in value.split(separator) if separator else ():
        key = _KEY.match(item.strip())
        if key and TIME_KEY.fullmatch(key[1]):
            yield f"{_ITEM}{key[1]}"
