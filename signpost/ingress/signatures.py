"""Verifies and makes webhook signatures over the raw bytes, as a scheme describes them.

`verify` raises nothing but InvalidSignature and always does the same work: it tries every key and compares every
signature of the request.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from signpost.case.instant import MINUTE, SECOND
from signpost.errors import CallerError
from signpost.ingress.raw_json import member_bytes, plain_member
from signpost.ingress.signature_schemes import ENCODINGS, PART, SCHEMES, UNITS, Scheme

TOLERANCE_US = 5 * MINUTE
"""The allowed difference between a signed timestamp and the receiver's clock, either way."""
MAX_SIGNATURES = 16
"""Further signatures of one request are ignored."""


class InvalidSignature(CallerError):
    """The request has no signature over these bytes by an active secret, or its timestamp is too far from now."""


@dataclass(slots=True)
class _Request:
    """The parts of a request that a scheme uses. Missing or malformed parts do not raise."""

    scheme: Scheme
    headers: Mapping[str, str]
    raw: bytes
    items: list[str] = field(default_factory=list)
    is_signed: bool = False
    """Whether anything stands where the signature belongs."""

    def __post_init__(self) -> None:
        scheme = self.scheme
        text = self.headers.get(scheme.header, "") if scheme.header else plain_member(self.raw, scheme.member)
        self.is_signed = bool(text.strip())
        text = _unwrap(text.strip()) if scheme.wrapped else text.strip()
        self.items = [item.strip() for item in text.split(scheme.separator)] if scheme.separator else [text]

    def signatures(self) -> list[bytes]:
        """Return the signatures of the request, normalized for comparison."""
        prefix, found = self.scheme.prefix, self.items
        given = [item[len(prefix) :].strip() for item in found if item.startswith(prefix) and len(item) > len(prefix)]
        return [_bytes(_normalize(signature, self.scheme.encoding)) for signature in given[:MAX_SIGNATURES]]

    def timestamp(self) -> str:
        """Return the timestamp as sent; "" if there is none."""
        place, _, name = self.scheme.timestamp.partition(":")
        if place == "header":
            return self.headers.get(name, "").strip()
        if place == "member":
            return plain_member(self.raw, name)
        return next((item[len(name) :] for item in self.items if name and item.startswith(name)), "")

    def messages(self) -> Iterator[tuple[bytes, bool]]:
        """Yield each message that the sender may have signed, and whether it contains the whole body."""
        for template in self.scheme.messages:
            parts = PART.split(template)
            message = b"".join(self.part(part) if index % 2 else part.encode() for index, part in enumerate(parts))
            yield message, "body" in parts[1::2]

    def part(self, part: str) -> bytes:
        """Return the bytes of one part of a template."""
        kind, _, name = part.partition(":")
        if kind == "body":
            return self.raw
        if kind == "timestamp":
            return _bytes(self.timestamp())
        if kind == "header":
            return _bytes(self.headers.get(name, ""))
        return (
            member_bytes(self.raw, name) if kind == "raw" else plain_member(self.raw, name).encode("utf-8", "replace")
        )


def verify(
    scheme: Scheme,
    keys: Sequence[bytes],
    headers: Mapping[str, str],
    raw: bytes,
    *,
    now: int,
    tolerance_us: int = TOLERANCE_US,
) -> bytes:
    """Verify that an active key (`Scheme.key_of`) signed the request, recently if the scheme signs a timestamp.

    `headers` by lower-case name, as WSGI decodes them; `now` in microseconds. Returns the signed message if it does
    not contain the whole body, which another body could then follow; else b"". Raises InvalidSignature.
    """
    request = _Request(scheme, headers, raw)
    given, messages = request.signatures() or [b""], list(request.messages())
    signed: list[tuple[bytes, bool]] = []
    for key in keys:
        for message in messages:
            digest = ENCODINGS[scheme.encoding](hmac.digest(key, message[0], scheme.algorithm)).encode()
            for candidate in given:
                if hmac.compare_digest(digest, candidate):
                    signed.append(message)
    if not (signed or any(_fits(scheme, one) for one in given)):
        what = "holds no signature in the expected format" if request.is_signed else "is missing; send the signature"
        raise InvalidSignature(f"{_place(scheme)} {what}, {_format_of(scheme)}")
    if scheme.timestamp and not request.timestamp():
        raise InvalidSignature(f"the signed time is missing from {_place_of_time(scheme)}; send it")
    if missing := [part for part in scheme.needs if not request.part(part)]:
        raise InvalidSignature(f"the signed message lacks {', '.join(missing)}; send it")
    if not signed:
        signed_as = "" if scheme.messages == ("{body}",) else f", as {' or '.join(scheme.messages)}"
        raise InvalidSignature(
            f"the signature does not match the body; check the secret of the source and sign the raw bytes{signed_as}"
        )
    if scheme.timestamp:
        _check_age(scheme, request.timestamp(), now, tolerance_us)
    return b"" if any(whole for _, whole in signed) else signed[0][0]


def _check_age(scheme: Scheme, timestamp: str, now: int, tolerance_us: int) -> None:
    # Without leading zeros: where no separator precedes the timestamp, they would move it into a token that ends in 0
    if not re.fullmatch("[1-9][0-9]{0,14}", timestamp):
        raise InvalidSignature(
            f"the signed timestamp must be an integer without leading zeros, {scheme.unit} since the epoch"
        )
    if abs(now - int(timestamp) * UNITS[scheme.unit]) > tolerance_us:
        fitting = [unit for unit, us in UNITS.items() if abs(now - int(timestamp) * us) <= tolerance_us]
        wanted = "sign again with the current time and check the sender's clock"
        raise InvalidSignature(
            f"the signed timestamp is more than {tolerance_us // SECOND} seconds from the receiver's clock; "
            + (f"it is in {fitting[0]}, and {scheme.unit} are expected" if fitting else wanted)
        )


def verify_standard(
    keys: Sequence[bytes], headers: Mapping[str, str], raw: bytes, *, now: int, tolerance_us: int = TOLERANCE_US
) -> str:
    """Verify a request by Standard Webhooks 1.0 and return its `webhook-id`. Raises InvalidSignature."""
    verify(SCHEMES["standard-webhooks"], keys, headers, raw, now=now, tolerance_us=tolerance_us)
    return headers["webhook-id"]


def digest_of(scheme: Scheme, key: bytes, headers: Mapping[str, str], raw: bytes, timestamp: str) -> str:
    """Return the signature of a request that does not carry its timestamp yet."""
    message = scheme.messages[0]
    request = _Request(scheme, headers, raw)
    signed: list[bytes] = []
    for index, part in enumerate(PART.split(message)):
        is_stamp = index % 2 and part == "timestamp"
        signed.append(timestamp.encode() if is_stamp else request.part(part) if index % 2 else part.encode())
    return ENCODINGS[scheme.encoding](hmac.digest(key, b"".join(signed), scheme.algorithm))


def _place(scheme: Scheme) -> str:
    return f"the header {scheme.header}" if scheme.header else f"the member {scheme.member} of the body"


def _place_of_time(scheme: Scheme) -> str:
    place, _, name = scheme.timestamp.partition(":")
    return {"header": f"the header {name}", "member": f"the member {name} of the body"}.get(
        place, f"{_place(scheme)}, after {name!r}"
    )


def _example(scheme: Scheme) -> str:
    return ENCODINGS[scheme.encoding](bytes(hashlib.new(scheme.algorithm).digest_size))


def _fits(scheme: Scheme, signature: bytes) -> bool:
    """Whether a signature can be one of the scheme, whatever the key is."""
    characters = {"hex": b"[0-9a-f]+", "base64": b"[A-Za-z0-9+/]+=*", "base64url": b"[A-Za-z0-9_-]+"}[scheme.encoding]
    return len(signature) == len(_example(scheme)) and re.fullmatch(characters, signature) is not None


def _format_of(scheme: Scheme) -> str:
    start = f" after {scheme.prefix!r}" if scheme.prefix else ""
    wrapped = ", all of it in base64" if scheme.wrapped else ""
    return f"{scheme.encoding} of {len(_example(scheme))} characters ({scheme.algorithm}){start}{wrapped}"


def _normalize(text: str, encoding: str) -> str:
    """Ignore the letter case of hex and the padding of base64url."""
    return text.lower() if encoding == "hex" else text.rstrip("=") if encoding == "base64url" else text


def _unwrap(text: str) -> str:
    try:
        return base64.b64decode(_bytes(text), validate=True).decode("latin-1")
    except (binascii.Error, ValueError):
        return ""


def _bytes(header: Any) -> bytes:
    """Return the bytes on the wire: WSGI decodes headers as Latin-1."""
    return str(header).encode("latin-1", "replace")
