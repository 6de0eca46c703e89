"""Signed requests of the vendors' samples, and every way to spoil one."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from signpost.ingress.checking import secret_for
from signpost.ingress.expressions import Coalesce, Header, Path
from signpost.ingress.mapping import Sample, Vendor
from signpost.ingress.signing import sign
from signpost.ingress.vendors import VENDORS

SAMPLES: list[tuple[str, str]] = [(name, sample.name) for name in VENDORS for sample in VENDORS[name].samples]
"""(vendor, sample) of every sample."""


def sample_of(vendor: str, name: str) -> Sample:
    """Return a sample by name."""
    return next(sample for sample in VENDORS[vendor].samples if sample.name == name)


@dataclass(frozen=True)
class SignedRequest:
    """One request as a vendor sends it."""

    headers: dict[str, str]
    body: bytes


def sign_sample(vendor: Vendor, sample: Sample, now: int, secret: str = "") -> SignedRequest:
    """Sign a sample as its vendor does."""
    return SignedRequest(*sign(vendor.scheme, secret or secret_for(vendor), sample.headers, sample.body(), now))


def is_open_ping(vendor: Vendor, sample: Sample) -> bool:
    """Return whether the sample is answered without a signature."""
    return vendor.pings.unsigned and json.loads(sample.body()) in vendor.pings.bodies


def spoil(vendor: Vendor, good: SignedRequest) -> Iterator[tuple[str, SignedRequest]]:
    """Yield the request with one byte changed, without its signature, and without each other signed part."""
    yield "one byte", SignedRequest(good.headers, change_byte(vendor, good.body))
    scheme = vendor.scheme
    if scheme.member:
        document = json.loads(good.body)
        for member in (scheme.member, scheme.timestamp.partition(":")[2], "token"):
            yield f"no {member}", SignedRequest(good.headers, json.dumps({**document, member: None}).encode())
        return
    places = [scheme.header, *(part[7:] for part in scheme.signed_parts() if part.startswith("header:"))]
    if scheme.timestamp.startswith("header:"):
        places.append(scheme.timestamp[7:])
    for place in places:
        yield f"no {place}", SignedRequest({k: v for k, v in good.headers.items() if k != place}, good.body)


def change_byte(vendor: Vendor, body: bytes) -> bytes:
    """Return the body with one signed byte changed."""
    members = [part[7:] for part in vendor.scheme.signed_parts() if part.startswith("member:")]
    if not members:
        at = body.index(b'"') + 1
    else:
        value: Any = json.loads(body)
        for step in members[0].split("."):
            value = value[step]
        at = body.index(str(value).encode())
    return body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :]


def build_named_delivery(vendor: Vendor, event: str) -> tuple[dict[str, str], bytes]:
    """Return headers and body of a delivery with nothing but the name of its event."""
    expression = vendor.event
    expression = expression.expressions[0] if isinstance(expression, Coalesce) else expression
    if isinstance(expression, Header):
        return {expression.name: event}, b"{}"
    assert isinstance(expression, Path)
    document: Any = event
    for step in reversed(expression.steps):
        document = {step: document}
    return {}, json.dumps({**document, "token": "t" * 48}).encode()
