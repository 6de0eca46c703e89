"""Signs a request as its vendor does, for `signpost sources test` and for tests. Verification is in `signatures`."""

import json
from collections.abc import Mapping
from hashlib import sha256

from signpost.ingress.signature_schemes import UNITS, Scheme, base64_text
from signpost.ingress.signatures import digest_of


def sign(
    scheme: Scheme, secret: str, headers: Mapping[str, str], body: bytes, now: int
) -> tuple[dict[str, str], bytes]:
    """Return the headers by lower-case name and the body, as the vendor sends them at `now` (microseconds).

    If the body holds the signature, its time and token are replaced too, as the vendor does. Raises ValueError for a
    secret that the scheme cannot use.
    """
    key = scheme.key_of(secret)
    lowered = {name.lower(): value for name, value in headers.items()}
    stamp = str(now // UNITS[scheme.unit])
    place, _, name = scheme.timestamp.partition(":")
    if place == "header":
        lowered[name] = stamp
    if scheme.key == "standard":
        lowered.setdefault("webhook-id", "msg_" + sha256(body).hexdigest()[:24])
    if scheme.member:
        return lowered, _sign_in_body(scheme, key, body, stamp)
    items = [scheme.prefix + digest_of(scheme, key, lowered, body, stamp)]
    if place == "item":
        items.insert(0, name + stamp)
    text = (scheme.separator or ",").join(items)
    lowered[scheme.header] = base64_text(text.encode()) if scheme.wrapped else text
    return lowered, body


def _sign_in_body(scheme: Scheme, key: bytes, body: bytes, stamp: str) -> bytes:
    document = json.loads(body)
    document[scheme.timestamp.partition(":")[2]] = int(stamp)
    for part in scheme.signed_parts():
        kind, _, name = part.partition(":")
        if kind == "member":
            document[name] = sha256(body + stamp.encode()).hexdigest()[:48]
    unsigned = json.dumps(document).encode()
    document[scheme.member] = digest_of(scheme, key, {}, unsigned, stamp)
    return json.dumps(document).encode()
