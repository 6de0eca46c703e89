"""Webhook signatures over the raw bytes, compared in constant time. A verifier raises nothing but Unsigned."""

import base64
import binascii
import hmac
import re
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256

from signpost.case.instant import MINUTE, SECOND
from signpost.errors import CallerError

TOLERANCE = 5 * MINUTE
"""How far a signed timestamp may be from the receiver's clock, either way, in microseconds."""
MAX_SIGNATURES = 16
"""How many signatures of one request are looked at."""


class Unsigned(CallerError):
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


def verify_standard(
    keys: Sequence[bytes], headers: Mapping[str, str], raw: bytes, *, now: int, tolerance: int = TOLERANCE
) -> str:
    """The `webhook-id` of a request signed as Standard Webhooks 1.0 says, by any active key (see `standard_key`).

    `headers` by lower-case name, as WSGI decodes them; `now` in microseconds. Raises Unsigned.
    """
    name, timestamp, signatures = (headers.get(f"webhook-{header}", "") for header in ("id", "timestamp", "signature"))
    if not (name and timestamp and signatures):
        raise Unsigned("the headers webhook-id, webhook-timestamp and webhook-signature are needed")
    if not re.fullmatch("[0-9]{1,12}", timestamp, re.ASCII):
        raise Unsigned("webhook-timestamp must be seconds since the epoch")
    signed = b".".join((_bytes(name), timestamp.encode(), raw))
    digests = (base64.b64encode(hmac.digest(key, signed, sha256)) for key in keys)
    given = [value for version, _, value in (part.partition(",") for part in signatures.split()) if version == "v1"]
    if not _any_equal(digests, given):
        raise Unsigned("no v1 signature fits the body")
    if abs(now - int(timestamp) * SECOND) > tolerance:
        raise Unsigned(f"webhook-timestamp is more than {tolerance // SECOND} seconds from the receiver's clock")
    return name


def verify_greenhouse(keys: Sequence[bytes], headers: Mapping[str, str], raw: bytes) -> None:
    """Accept `Signature: sha256 <hex>`, an HMAC-SHA256 over the whole body by any active key. Raises Unsigned."""
    found = re.fullmatch("sha256 +([0-9a-fA-F]{64})", headers.get("signature", "").strip(), re.ASCII)
    if not found:
        raise Unsigned('the header "Signature: sha256 <64 hex digits>" is needed')
    if not _any_equal((hmac.digest(key, raw, sha256).hex().encode() for key in keys), [found[1].lower()]):
        raise Unsigned("the signature does not fit the body")


def _any_equal(expected: Iterable[bytes], given: Sequence[str]) -> bool:
    """Every pair is compared, so that the time tells nothing about which key or which signature fits."""
    candidates = [_bytes(value) for value in given[:MAX_SIGNATURES]]
    equal = False
    for digest in expected:
        for candidate in candidates:
            equal |= hmac.compare_digest(digest, candidate)
    return equal


def _bytes(header: str) -> bytes:
    """The bytes that stood on the wire: WSGI decodes headers as Latin-1."""
    return header.encode("latin-1", "replace")
