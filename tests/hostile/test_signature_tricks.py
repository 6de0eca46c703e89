"""Every way to pass for a signed sender without the secret, against every vendor's scheme: 401, nothing queued."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator

import pytest

from signpost.ingress.checking import secret_for
from signpost.ingress.mapping import Vendor
from signpost.ingress.vendors import VENDORS
from signpost.tenants.model import hash_key
from tests.support.intake_parts import NORTH_KEY, NOW, Intake, intake_at
from tests.support.vendor_parts import SignedRequest, sign_sample

SIGNED = [name for name in VENDORS if VENDORS[name].samples]


def tenants_file() -> str:
    lines = ["tenants:", f'  north: {{api_keys: ["{hash_key(NORTH_KEY)}"]}}', "sources:"]
    lines += [
        f'  {name}: {{tenant: north, vendor: {name}, secrets: ["plain:{secret_for(VENDORS[name])}"]}}'
        for name in SIGNED
    ]
    return "\n".join(lines)


@pytest.fixture(scope="module")
def intake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Intake]:
    parts = intake_at(tmp_path_factory.mktemp("tricks"), text=tenants_file())
    yield parts
    parts.broker.close()
    parts.store.close()


def place(vendor: Vendor) -> str:
    return vendor.scheme.header or vendor.scheme.member


def signature_of(vendor: Vendor, request: SignedRequest) -> str:
    if vendor.scheme.header:
        return next(value for name, value in request.headers.items() if name.lower() == vendor.scheme.header)
    return str(json.loads(request.body)[vendor.scheme.member])


def with_signature(vendor: Vendor, request: SignedRequest, signature: str) -> SignedRequest:
    if vendor.scheme.header:
        kept = {name: value for name, value in request.headers.items() if name.lower() != vendor.scheme.header}
        return SignedRequest({**kept, vendor.scheme.header: signature}, request.body)
    document = json.loads(request.body)
    return SignedRequest(request.headers, json.dumps({**document, vendor.scheme.member: signature}).encode())


def plain_digest(vendor: Vendor, request: SignedRequest) -> str:
    """The body's digest without a key, in the form of the scheme."""

    digest = hashlib.new(vendor.scheme.algorithm, request.body).digest()
    text = digest.hex() if vendor.scheme.encoding == "hex" else base64.b64encode(digest).decode()
    return vendor.scheme.prefix + text


def with_key(key: bytes) -> Callable[[Vendor, SignedRequest], str]:
    """The signature by a key that an attacker may guess."""

    def sign(vendor: Vendor, request: SignedRequest) -> str:
        digest = hmac.digest(key, request.body, vendor.scheme.algorithm)
        text = digest.hex() if vendor.scheme.encoding == "hex" else base64.b64encode(digest).decode()
        return vendor.scheme.prefix + text

    return sign


TRICKS: dict[str, Callable[[Vendor, SignedRequest], str]] = {
    "empty": lambda vendor, request: "",
    "only the prefix": lambda vendor, request: vendor.scheme.prefix or " ",
    "half of it": lambda vendor, request: signature_of(vendor, request)[: len(signature_of(vendor, request)) // 2],
    "the first character": lambda vendor, request: vendor.scheme.prefix + "a",
    "digest without a key": plain_digest,
    "an empty key": with_key(b""),
    "a key of zeros": with_key(b"\0" * 32),
    "the key None": with_key(b"None"),
    "no algorithm": lambda vendor, request: "none",
    "another algorithm": lambda vendor, request: "sha1=" + hmac.digest(b"", request.body, "sha1").hex(),
    "a wildcard": lambda vendor, request: vendor.scheme.prefix + "*",
    "true": lambda vendor, request: "true",
    "a thousand guesses": lambda vendor, request: (vendor.scheme.separator or ",").join(
        f"{vendor.scheme.prefix}{guess:064x}" for guess in range(1000)
    ),
    "letters beyond ASCII": lambda vendor, request: vendor.scheme.prefix + "\u0661" * 64,
    "NUL after it": lambda vendor, request: vendor.scheme.prefix + "0" * 64 + "\x7f",
}


def answer_status(intake: Intake, name: str, request: SignedRequest) -> int:
    headers = {key: value.encode("utf-8").decode("latin-1") for key, value in request.headers.items()}
    return intake.client.post(f"/v1/webhooks/{name}", data=request.body, headers=headers).status_code


@pytest.mark.parametrize("name", SIGNED)
def test_the_right_signature_is_accepted(intake: Intake, name: str) -> None:
    vendor = VENDORS[name]
    request = sign_sample(vendor, vendor.samples[-1], NOW)
    assert answer_status(intake, name, request) == vendor.success


@pytest.mark.parametrize("trick", TRICKS)
@pytest.mark.parametrize("name", SIGNED)
def test_a_trick_is_refused(intake: Intake, name: str, trick: str) -> None:
    vendor = VENDORS[name]
    good = sign_sample(vendor, vendor.samples[-1], NOW)
    intake.queued()
    bad = with_signature(vendor, good, TRICKS[trick](vendor, good))
    assert answer_status(intake, name, bad) == 401, place(vendor)
    assert intake.queued() == []


@pytest.mark.parametrize("name", SIGNED)
def test_a_signature_belongs_to_its_body_and_secret(intake: Intake, name: str) -> None:
    vendor = VENDORS[name]
    good = sign_sample(vendor, vendor.samples[-1], NOW)
    intake.queued()
    others = [sign_sample(vendor, sample, NOW) for sample in vendor.samples[:-1]]
    bad = [with_signature(vendor, good, signature_of(vendor, other)) for other in others]
    bad = [each for each in bad if signature_of(vendor, each) != signature_of(vendor, good)]
    assert {answer_status(intake, name, each) for each in bad} <= {401}
    assert intake.queued() == []
