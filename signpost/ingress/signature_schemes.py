"""The HMAC schemes of webhook signatures: one description of a scheme serves to verify and to sign."""

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from signpost.case.instant import SECOND
from signpost.tenants.model import MIN_SECRET_BYTES

UNITS: Final = {"seconds": SECOND, "milliseconds": 1000}
ALGORITHMS: Final = ("sha256", "sha1", "sha512")
PLACES: Final = ("header", "member", "item")
PART: Final = re.compile(r"\{(body|timestamp|header:[a-z0-9-]+|member:[A-Za-z0-9_.-]+|raw:[A-Za-z0-9_-]+)\}")

TOUCHING: Final = re.compile(r"\}\{(?!timestamp\})")
"""Where two parts of a message have no text between them, so that one could be read as part of the other."""


def standard_key(secret: str) -> bytes:
    """Return the key of a Standard Webhooks secret ("whsec_" and base64, whose padding some senders leave out). Raises
    ValueError for any other text."""
    text = secret.removeprefix("whsec_")
    padding = "" if text.endswith("=") else "=" * (-len(text) % 4)
    try:
        key = base64.b64decode(text + padding, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError('a Standard Webhooks secret must be "whsec_" followed by base64') from None
    if len(key) < MIN_SECRET_BYTES:
        raise ValueError(f"a Standard Webhooks secret is too short: it must encode at least {MIN_SECRET_BYTES} bytes")
    return key


def hex_text(digest: bytes) -> str:
    """Return lower-case hex."""
    return digest.hex()


def base64_text(digest: bytes) -> str:
    """Return base64 with padding."""
    return base64.b64encode(digest).decode()


def base64url_text(digest: bytes) -> str:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


ENCODINGS: Final[Mapping[str, Callable[[bytes], str]]] = {
    "hex": hex_text,
    "base64": base64_text,
    "base64url": base64url_text,
}
KEYS: Final[Mapping[str, Callable[[str], bytes]]] = {"text": str.encode, "standard": standard_key}


@dataclass(frozen=True, slots=True)
class Scheme:
    """A signature scheme: the place of the signature, its encoding, and the signed message.

    `header` or `member` (a path in the body) holds the signature; it may be `wrapped` in base64, be a list of items
    with a `separator`, and start with a `prefix`. `timestamp` is "header:NAME", "member:PATH" or "item:PREFIX".
    `messages` are the accepted messages, as templates of {body}, {timestamp}, {header:NAME}, {member:PATH} (a text or
    integer of the body) and {raw:NAME} (the bytes of a member of the body, as sent). `needs` names those parts that
    must not be empty.
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
        """Return the key of a secret. Raises ValueError for a secret that this scheme cannot use."""
        if not secret:
            raise ValueError("the secret is empty; set the secret that the vendor shows")
        return KEYS[self.key](secret)

    def signed_parts(self) -> set[str]:
        """Return the parts that the signature covers, as named in the templates."""
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
"""Name -> scheme; a mapping may override any option. `body` signs the raw body alone."""
