"""Webhook signatures over the raw bytes: a small registry of HMAC schemes, each verified and made from one description.

A verifier raises nothing but Unsigned, and does the same work whatever is wrong: every key is tried, and every
signature that was given is compared.
"""

import base64
import binascii
import hmac
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from signpost.case.instant import MINUTE, SECOND
from signpost.errors import CallerError
from signpost.ingress.raw_json import member_bytes, plain_member

TOLERANCE = 5 * MINUTE
"""How far a signed timestamp may be from the receiver's clock, either way, in microseconds."""
MAX_SIGNATURES = 16
"""How many signatures of one request are looked at."""
UNITS: Final = {"seconds": SECOND, "milliseconds": 1000}
ALGORITHMS: Final = ("sha256", "sha1", "sha512")
PLACES: Final = ("header", "member", "item")
PART: Final = re.compile(r"\{(body|timestamp|header:[a-z0-9-]+|member:[A-Za-z0-9_.-]+|raw:[A-Za-z0-9_-]+)\}")


class InvalidSignature(CallerError):
    """No signature of an active secret over exactly these bytes, or one that is too old or from the future."""


def standard_key(secret: str) -> bytes:
    """The key of a Standard Webhooks secret ("whsec_" and base64); ValueError where it is not one."""
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError('a Standard Webhooks secret is "whsec_" and base64') from None
    if len(key) < 16:
        raise ValueError("a Standard Webhooks secret has at least 24 bytes, in base64")
    return key


def hex_text(digest: bytes) -> str:
    """Lower-case hex."""
    return digest.hex()


def base64_text(digest: bytes) -> str:
    """Base64 with padding."""
    return base64.b64encode(digest).decode()


def base64url_text(digest: bytes) -> str:
    """Base64 for URLs, without padding."""
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


ENCODINGS: Final[Mapping[str, Callable[[bytes], str]]] = {
    "hex": hex_text,
    "base64": base64_text,
    "base64url": base64url_text,
}
KEYS: Final[Mapping[str, Callable[[str], bytes]]] = {"text": str.encode, "standard": standard_key}


@dataclass(frozen=True, slots=True)
class Scheme:
    """One way of signing: where the signature stands, how it is written, and what is signed.

    `header` or `member` (a path in the body) holds the signature; it may be `wrapped` in base64, be a list of items
    with a `separator`, and start with a `prefix`. `timestamp` is "header:NAME", "member:PATH" or "item:PREFIX".
    `messages` are what may be signed, as templates of {body}, {timestamp}, {header:NAME}, {member:PATH} (a text or
    whole number of the body) and {raw:NAME} (the bytes of a member of the body, as they were sent). `needs` names those
    of them that must not be empty.
    """

    header: str = "signature"
    member: str = ""
    algorithm: str = "sha256"
    encoding: str = "hex"
    prefix: str = ""
    separator: str = ""
    wrapped: bool = False
    timestamp: str = ""
    unit: str = "seconds"
    messages: tuple[str, ...] = ("{body}",)
    key: str = "text"
    needs: tuple[str, ...] = ()

    def key_of(self, secret: str) -> bytes:
        """The key of a secret. Raises ValueError for one that this scheme cannot use."""
        if not secret:
            raise ValueError("the secret is empty")
        return KEYS[self.key](secret)

    def signed_parts(self) -> set[str]:
        """What the signature covers, as named in the templates."""
        return {part for message in self.messages for part in PART.findall(message)}


SCHEMES: Final[Mapping[str, Scheme]] = {
    "body": Scheme(),
    "stamped": Scheme(timestamp="header:timestamp", messages=("{timestamp}.{body}",)),
    "listed": Scheme(separator=",", prefix="v1=", timestamp="item:t=", messages=("{timestamp}.{body}",)),
    "in-body": Scheme(
        header="",
        member="signature",
        timestamp="member:timestamp",
        unit="milliseconds",
        messages=("{member:token}{timestamp}",),
        needs=("member:token",),
    ),
    "standard-webhooks": Scheme(
        header="webhook-signature",
        separator=" ",
        prefix="v1,",
        encoding="base64",
        timestamp="header:webhook-timestamp",
        messages=("{header:webhook-id}.{timestamp}.{body}",),
        key="standard",
        needs=("header:webhook-id",),
    ),
}
"""Name -> scheme; a mapping may set any of its options anew. `body` covers the raw body alone."""


@dataclass(slots=True)
class _Request:
    """What was sent, read as far as a scheme asks. Nothing that is missing or malformed raises."""

    scheme: Scheme
    headers: Mapping[str, str]
    raw: bytes
    items: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        scheme = self.scheme
        text = self.headers.get(scheme.header, "") if scheme.header else plain_member(self.raw, scheme.member)
        text = _unwrapped(text.strip()) if scheme.wrapped else text.strip()
        self.items = [item.strip() for item in text.split(scheme.separator)] if scheme.separator else [text]

    def signatures(self) -> list[bytes]:
        """The signatures that were given, in the form in which they are compared."""
        prefix, found = self.scheme.prefix, self.items
        given = [item[len(prefix) :].strip() for item in found if item.startswith(prefix) and len(item) > len(prefix)]
        return [_bytes(_comparable(one, self.scheme.encoding)) for one in given[:MAX_SIGNATURES]]

    def timestamp(self) -> str:
        """The timestamp as it was written; "" where there is none."""
        place, _, name = self.scheme.timestamp.partition(":")
        if place == "header":
            return self.headers.get(name, "").strip()
        if place == "member":
            return plain_member(self.raw, name)
        return next((item[len(name) :] for item in self.items if name and item.startswith(name)), "")

    def messages(self) -> Iterator[bytes]:
        """The bytes that may have been signed."""
        for template in self.scheme.messages:
            parts = PART.split(template)
            yield b"".join(self.part(part) if at % 2 else part.encode() for at, part in enumerate(parts))

    def part(self, part: str) -> bytes:
        """The bytes that a part of a template stands for."""
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
    tolerance: int = TOLERANCE,
) -> None:
    """Accept a request signed by any active key (`Scheme.key_of`), and not too long ago where the time is signed.

    `headers` by lower-case name, as WSGI decodes them; `now` and `tolerance` in microseconds. Raises Unsigned.
    """
    request = _Request(scheme, headers, raw)
    given, messages = request.signatures() or [b""], list(request.messages())
    equal = False
    for key in keys:
        for message in messages:
            digest = ENCODINGS[scheme.encoding](hmac.digest(key, message, scheme.algorithm)).encode()
            for candidate in given:
                equal |= hmac.compare_digest(digest, candidate)
    if given == [b""]:
        raise InvalidSignature(f"{_place(scheme)} is needed, and holds no signature of the form that is expected")
    if missing := [part for part in scheme.needs if not request.part(part)]:
        raise InvalidSignature(f"what is signed lacks {', '.join(missing)}")
    if not equal:
        raise InvalidSignature("the signature does not fit the body")
    if scheme.timestamp:
        _check_age(scheme, request.timestamp(), now, tolerance)


def _check_age(scheme: Scheme, timestamp: str, now: int, tolerance: int) -> None:
    if not re.fullmatch("[0-9]{1,15}", timestamp, re.ASCII):
        raise InvalidSignature(f"the signed timestamp must be {scheme.unit} since the epoch")
    if abs(now - int(timestamp) * UNITS[scheme.unit]) > tolerance:
        raise InvalidSignature(
            f"the signed timestamp is more than {tolerance // SECOND} seconds from the receiver's clock"
        )


def verify_standard(
    keys: Sequence[bytes], headers: Mapping[str, str], raw: bytes, *, now: int, tolerance: int = TOLERANCE
) -> str:
    """The `webhook-id` of a request signed as Standard Webhooks 1.0 says. Raises Unsigned."""
    verify(SCHEMES["standard-webhooks"], keys, headers, raw, now=now, tolerance=tolerance)
    return headers["webhook-id"]


def digest_of(scheme: Scheme, key: bytes, headers: Mapping[str, str], raw: bytes, timestamp: str) -> str:
    """The signature that stands for a request whose timestamp is not yet in place."""
    message = scheme.messages[0]
    whole = _Request(scheme, headers, raw)
    parts = PART.split(message)
    said: list[bytes] = []
    for at, part in enumerate(parts):
        stamp = at % 2 and part == "timestamp"
        said.append(timestamp.encode() if stamp else whole.part(part) if at % 2 else part.encode())
    return ENCODINGS[scheme.encoding](hmac.digest(key, b"".join(said), scheme.algorithm))


def _place(scheme: Scheme) -> str:
    return f"the header {scheme.header}" if scheme.header else f"the member {scheme.member} of the body"


def _comparable(text: str, encoding: str) -> str:
    """Hex in any case; base64url with its padding or without."""
    return text.lower() if encoding == "hex" else text.rstrip("=") if encoding == "base64url" else text


def _unwrapped(text: str) -> str:
    try:
        return base64.b64decode(_bytes(text), validate=True).decode("latin-1")
    except (binascii.Error, ValueError):
        return ""


def _bytes(header: Any) -> bytes:
    """The bytes that stood on the wire: WSGI decodes headers as Latin-1."""
    return str(header).encode("latin-1", "replace")
