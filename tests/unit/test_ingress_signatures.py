"""Signatures: the schemes' own vectors, rotation, and hostile headers."""

import base64
import hmac
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signpost.case.instant import SECOND
from signpost.ingress.signatures import InvalidSignature, standard_key, verify, verify_standard
from signpost.ingress.vendors import VENDORS

# The test values of the Standard Webhooks reference libraries.
KEY = standard_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
HEADERS = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": "1614265330",
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}
BODY = b'{"test": 2432232314}'
THEN = 1614265330 * SECOND
OTHER = standard_key("whsec_" + base64.b64encode(b"another secret of 24 byt").decode())


def standard(headers: dict[str, str] = HEADERS, body: bytes = BODY, now: int = THEN, *keys: bytes) -> str:
    return verify_standard(keys or (KEY,), headers, body, now=now)


def test_the_reference_vector_is_accepted() -> None:
    assert standard() == "msg_p5jXN8AQM9LWM0D4loKWxJek"


def test_any_active_secret_and_any_listed_signature_will_do() -> None:
    listed = HEADERS | {"webhook-signature": f"v1a,xyz v2,abc v1,bad {HEADERS['webhook-signature']}"}
    assert standard(listed, BODY, THEN, OTHER, KEY) == standard(listed, BODY, THEN, KEY, OTHER)


@pytest.mark.parametrize("moved", [-300, 300])
def test_five_minutes_either_way_are_tolerated(moved: int) -> None:
    assert standard(now=THEN + moved * SECOND)


@pytest.mark.parametrize("moved", [-301, 301, 10**9])
def test_an_old_or_early_timestamp_is_refused(moved: int) -> None:
    with pytest.raises(InvalidSignature, match="300 seconds"):
        standard(now=THEN + moved * SECOND)


@pytest.mark.parametrize("header", list(HEADERS))
def test_every_header_is_needed_and_covered(header: str) -> None:
    for changed in ("", "x", HEADERS[header] + "0", "é☃", "v1", "v1,", "v1,a,b", ",,,", "garbage", "v1,=" * 2000):
        with pytest.raises(InvalidSignature):
            standard(HEADERS | {header: changed})
    with pytest.raises(InvalidSignature):
        standard({name: value for name, value in HEADERS.items() if name != header})


def test_one_changed_byte_or_another_secret_is_refused() -> None:
    with pytest.raises(InvalidSignature):
        standard(body=BODY + b" ")
    with pytest.raises(InvalidSignature):
        standard(HEADERS, BODY, THEN, OTHER)
    with pytest.raises(InvalidSignature):
        verify_standard((), HEADERS, BODY, now=THEN)


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_short", "whsec_!!!", "whsec_Mf=Q", "päss"])
def test_what_is_no_secret_is_told_at_once(secret: str) -> None:
    with pytest.raises(ValueError, match="Standard Webhooks secret"):
        standard_key(secret)


def verify_greenhouse(keys: tuple[bytes, ...], headers: dict[str, str], body: bytes) -> None:
    verify(VENDORS["greenhouse"].scheme, keys, headers, body, now=THEN)


def greenhouse(body: bytes, key: bytes = b"s3cret") -> dict[str, str]:
    return {"signature": f"sha256 {hmac.digest(key, body, sha256).hex()}"}


def test_greenhouse_signs_the_bytes_as_sent() -> None:
    escaped = b'{"action":"ping","note":"\\u003cb\\u003e"}'
    verify_greenhouse((b"old", b"s3cret"), greenhouse(escaped), escaped)
    with pytest.raises(InvalidSignature):
        verify_greenhouse((b"s3cret",), greenhouse(escaped), escaped.replace(b"\\u003c", b"<"))
    with pytest.raises(InvalidSignature):
        verify_greenhouse((b"other",), greenhouse(escaped), escaped)


def test_greenhouse_signatures_have_one_form() -> None:
    good = greenhouse(b"{}")["signature"]
    verify_greenhouse((b"s3cret",), {"signature": good.upper().replace("SHA256", "sha256")}, b"{}")
    for bad in ("", good.replace(" ", "="), good[:-1], good + "0", "sha256 " + "é" * 64, "sha256 " + "٣" * 64):
        with pytest.raises(InvalidSignature):
            verify_greenhouse((b"s3cret",), {"signature": bad}, b"{}")


@given(st.text(max_size=60), st.text(max_size=20), st.text(max_size=80), st.binary(max_size=40))
def test_verifiers_raise_nothing_but_their_refusal(name: str, timestamp: str, signature: str, body: bytes) -> None:
    headers = {
        "webhook-id": name,
        "webhook-timestamp": timestamp,
        "webhook-signature": signature,
        "signature": signature,
    }
    with pytest.raises(InvalidSignature):
        verify_standard((KEY,), headers, body, now=THEN)
    with pytest.raises(InvalidSignature):
        verify_greenhouse((b"s3cret",), headers, body)
