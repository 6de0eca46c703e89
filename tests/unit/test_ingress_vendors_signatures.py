"""Signatures of vendors: their own vectors, what they leave open, and input of any shape."""

import base64
import hmac
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signpost.case.instant import parse_instant
from signpost.ingress.signature_schemes import ENCODINGS, SCHEMES, Scheme
from signpost.ingress.signatures import InvalidSignature, verify
from signpost.ingress.signing import sign
from signpost.ingress.vendors import VENDORS

NOW = parse_instant("2026-03-02T14:00:00Z")
VECTORS = Path(__file__).parents[1] / "data" / "webhooks"


def test_the_vector_of_smartrecruiters() -> None:
    vector = json.loads((VECTORS / "smartrecruiters" / "signature_test_vector.json").read_text())
    at = int(vector["headers"]["smartrecruiters-timestamp"]) * 1_000_000
    scheme, key = VENDORS["smartrecruiters"].scheme, vector["secret"].encode()
    for signature in ("v1=" + vector["expected_hmac_sha256_hex"], "v1=ab;v1=" + vector["expected_hmac_sha256_hex"]):
        headers = vector["headers"] | {"smartrecruiters-signature": signature}
        verify(scheme, (key,), headers, vector["raw_body"].encode(), now=at)
        with pytest.raises(InvalidSignature):
            verify(scheme, (key,), headers | {"event-name": "offer.created"}, vector["raw_body"].encode(), now=at)


def test_the_vector_of_standard_webhooks() -> None:
    vector = json.loads((VECTORS / "standard-webhooks" / "signature_test_vector.json").read_text())
    headers = {name: value for name, value in vector.items() if name.startswith("webhook-")}
    scheme = VENDORS["standard"].scheme
    at = int(vector["webhook-timestamp"]) * 1_000_000
    verify(scheme, (scheme.key_of(vector["secret"]),), headers, vector["raw_body"].encode(), now=at)


def test_a_vector_of_a_vendor_without_a_mapping_is_a_matter_of_options() -> None:
    vector = json.loads((VECTORS / "indeed" / "signature_test_vector.json").read_text())
    scheme = Scheme(header="x-indeed-signature", algorithm="sha1", encoding="base64")
    headers = {"x-indeed-signature": vector["expected_X-Indeed-Signature"]}
    verify(scheme, (vector["secret"].encode(),), headers, vector["raw_body"].encode(), now=0)


def test_teamtailor_signs_the_payload_as_it_was_sent_or_the_whole_body() -> None:
    scheme = VENDORS["teamtailor"].scheme
    payload = b'{ "event_name":"job.update" ,"n":"\\u00e5\\/"}'
    body = b'{"payload":' + payload + b' , "signature":"x"}'
    for signed in (payload, body):
        digest = hmac.digest(b"k", b"1700000000." + signed, "sha256").hex()
        header = base64.b64encode(f"t=1700000000,v2={digest}".encode()).decode()
        verify(scheme, (b"k",), {"tt-signature": header}, body, now=1_700_000_000_000_000)
        with pytest.raises(InvalidSignature):
            verify(scheme, (b"k",), {"tt-signature": header}, body.replace(b"job", b"jab"), now=1_700_000_000_000_000)


def test_merge_may_leave_padding_out_or_in() -> None:
    scheme = VENDORS["merge"].scheme
    headers, body = sign(scheme, "k", {}, b"{}", NOW)
    verify(scheme, (b"k",), headers, body, now=NOW)
    verify(scheme, (b"k",), {scheme.header: headers[scheme.header] + "="}, body, now=NOW)


EVERY_SCHEME = [*SCHEMES.values(), *(VENDORS[name].scheme for name in VENDORS)]


@pytest.mark.fuzz
@given(
    st.sampled_from(EVERY_SCHEME),
    st.one_of(
        st.binary(max_size=80), st.from_regex(rb'\{"(payload|token|signature)": ?["\[{]?.{0,30}', fullmatch=True)
    ),
    st.text(max_size=60),
    st.integers(-(10**18), 10**18),
)
def test_verifiers_raise_nothing_but_their_refusal(scheme: Scheme, body: bytes, text: str, now: int) -> None:
    prefixed = f"{scheme.timestamp.partition(':')[2]}{text}{scheme.separator}{scheme.prefix}{text}"
    for said in (text, prefixed):
        headers = dict.fromkeys([scheme.header, *(part[7:] for part in scheme.signed_parts()), "timestamp"], said)
        with pytest.raises(InvalidSignature):
            verify(scheme, (b"k" * 32,), headers, body, now=now)


def test_schemes_know_no_secret_that_is_empty() -> None:
    for scheme in EVERY_SCHEME:
        with pytest.raises(ValueError, match="secret"):
            scheme.key_of("")
    assert set(ENCODINGS) == {"hex", "base64", "base64url"}


@pytest.mark.parametrize("sent", [{}, {"signature": ""}, {"signature": "a" * 64}])
def test_a_request_without_a_signature_takes_the_work_of_one_with_one(
    monkeypatch: pytest.MonkeyPatch, sent: dict[str, str]
) -> None:
    """So that the time of an answer tells nothing."""
    compared: list[bytes] = []
    monkeypatch.setattr(hmac, "compare_digest", lambda digest, candidate: compared.append(digest))
    with pytest.raises(InvalidSignature):
        verify(SCHEMES["body"], (b"k" * 16, b"l" * 16), sent, b"{}", now=NOW)
    assert compared == [hmac.digest(key * 16, b"{}", "sha256").hex().encode() for key in (b"k", b"l")]


def test_a_refusal_names_no_template_where_the_body_alone_is_signed() -> None:
    with pytest.raises(InvalidSignature, match=r"and sign the raw bytes$"):
        verify(SCHEMES["body"], (b"k" * 16,), {"signature": "a" * 64}, b"{}", now=NOW)
