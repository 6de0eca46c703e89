"""Signatures: the schemes' own vectors, rotation, and hostile headers."""

import base64
import hmac
import json
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signpost.case.instant import SECOND
from signpost.ingress.signature_schemes import ALGORITHMS, SCHEMES, Scheme, standard_key
from signpost.ingress.signatures import InvalidSignature, digest_of, verify, verify_standard
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


def test_without_tolerance_only_the_instant_itself_is_accepted() -> None:
    assert verify_standard((KEY,), HEADERS, BODY, now=THEN, tolerance_us=0)
    with pytest.raises(InvalidSignature, match="0 seconds"):
        verify_standard((KEY,), HEADERS, BODY, now=THEN + 1, tolerance_us=0)


def test_a_signature_must_be_wrapped_where_the_scheme_says_so() -> None:
    scheme, signature = Scheme(wrapped=True, prefix="v1="), "v1=" + hmac.new(KEY, BODY, sha256).hexdigest()
    wrapped = base64.b64encode(signature.encode()).decode()
    assert verify(scheme, (KEY,), {"signature": wrapped}, BODY, now=THEN) == b""
    with pytest.raises(InvalidSignature):
        verify(scheme, (KEY,), {"signature": signature}, BODY, now=THEN)


def test_a_header_is_signed_as_the_bytes_on_the_wire() -> None:
    """WSGI decodes each byte as one character."""
    scheme = Scheme(messages=("{header:x-id}.{body}",))
    signature = hmac.new(KEY, b"\xe9." + BODY, sha256).hexdigest()
    assert verify(scheme, (KEY,), {"signature": signature, "x-id": "\xe9"}, BODY, now=THEN) == b""


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


@pytest.mark.parametrize(
    "secret",
    [
        *("", "whsec_", "whsec_short", "whsec_!!!", "whsec_Mf=Q", "päss", "whsec_!MfKQ9r8GKYqrTwjUPD8ILPZI"),
        f"whsec_{base64.b64encode(bytes(16)).decode()[:-1]}",
    ],
)
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


@pytest.mark.fuzz
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


def test_a_secret_of_sixteen_bytes_is_long_enough_and_one_of_fifteen_is_not() -> None:
    assert standard_key("whsec_" + base64.b64encode(b"x" * 16).decode()) == b"x" * 16
    with pytest.raises(ValueError, match="at least 16 bytes"):
        standard_key("whsec_" + base64.b64encode(b"x" * 15).decode())


@pytest.mark.parametrize("size", range(24, 30))
def test_a_secret_may_leave_out_its_padding(size: int) -> None:
    text = base64.b64encode(b"x" * size).decode()
    assert standard_key("whsec_" + text.rstrip("=")) == standard_key("whsec_" + text) == b"x" * size


def stamped(stamp: str, *, unit: str = "seconds", now: int = THEN, body: bytes = b"{}") -> None:
    scheme = Scheme(timestamp="header:timestamp", unit=unit, messages=("{timestamp}.{body}",))
    headers = {"timestamp": stamp}
    headers["signature"] = digest_of(scheme, b"k" * 16, headers, body, stamp)
    verify(scheme, [b"k" * 16], headers, body, now=now)


def test_a_signed_timestamp_is_a_plain_positive_integer() -> None:
    seconds = THEN // SECOND
    stamped(str(seconds))
    stamped(str(seconds * 1000), unit="milliseconds")
    for stamp in (f"-{seconds}", f"0{seconds}", f"{seconds}.0", f"+{seconds}", "1" * 16, "9" * 400):
        with pytest.raises(InvalidSignature, match="integer without leading zeros"):
            stamped(stamp)
    with pytest.raises(InvalidSignature, match="more than 300 seconds"):
        stamped("9" * 15)


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "sha512"])
@pytest.mark.parametrize("encoding", ["hex", "base64", "base64url"])
def test_every_algorithm_and_encoding_that_a_mapping_may_name_verifies(algorithm: str, encoding: str) -> None:
    assert algorithm in ALGORITHMS
    scheme, body = Scheme(algorithm=algorithm, encoding=encoding), b'{"a": 1}'
    digest = hmac.digest(b"k" * 16, body, algorithm)
    text = {"hex": digest.hex(), "base64": base64.b64encode(digest).decode(),
            "base64url": base64.urlsafe_b64encode(digest).decode()}[encoding]  # fmt: skip
    assert digest_of(scheme, b"k" * 16, {}, body, "") == (text.rstrip("=") if encoding == "base64url" else text)
    for sent in (text, text.rstrip("=") if encoding == "base64url" else text):
        assert verify(scheme, [b"k" * 16], {"signature": sent}, body, now=0) == b""
    with pytest.raises(InvalidSignature):
        verify(scheme, [b"k" * 16], {"signature": text}, body + b" ", now=0)


def test_only_sixteen_signatures_of_a_request_are_looked_at() -> None:
    right = HEADERS["webhook-signature"]
    assert standard(HEADERS | {"webhook-signature": "v1,bad " * 15 + right})
    with pytest.raises(InvalidSignature, match="holds no signature"):
        standard(HEADERS | {"webhook-signature": "v1,bad " * 16 + right})


def test_the_whole_of_a_tolerance_is_applied_to_standard_webhooks() -> None:
    moved = THEN + 1000 * SECOND
    assert verify_standard((KEY,), HEADERS, BODY, now=moved, tolerance_us=1000 * SECOND)
    with pytest.raises(InvalidSignature, match="more than 999 seconds"):
        verify_standard((KEY,), HEADERS, BODY, now=moved, tolerance_us=999 * SECOND)


def test_the_stamped_scheme_signs_the_time_beside_the_body() -> None:
    headers = {"timestamp": "1614265330"}
    headers["signature"] = hmac.digest(b"k" * 16, b"1614265330." + BODY, "sha256").hex()
    assert verify(SCHEMES["stamped"], [b"k" * 16], headers, BODY, now=THEN) == b""
    with pytest.raises(InvalidSignature, match="more than 300 seconds"):
        verify(SCHEMES["stamped"], [b"k" * 16], headers, BODY, now=THEN + 301 * SECOND)


def test_the_listed_scheme_finds_time_and_signatures_by_their_prefixes() -> None:
    scheme, key = SCHEMES["listed"], b"k" * 16
    digest = hmac.digest(key, b"1614265330." + BODY, "sha256").hex()
    for header in (f"t=1614265330,v1={digest}", f"v0=x, v1={digest}, v1=other, t=1614265330"):
        assert verify(scheme, [key], {"signature": header}, BODY, now=THEN) == b""
    for header in (f"1614265330,v1={digest}", f"t=1614265331,v1={digest}", f"t=1614265330,{digest}"):
        with pytest.raises(InvalidSignature):
            verify(scheme, [key], {"signature": header}, BODY, now=THEN)


def test_an_item_that_is_only_the_prefix_uses_up_no_place_of_a_signature() -> None:
    right = HEADERS["webhook-signature"]
    assert standard(HEADERS | {"webhook-signature": "v1, " * 16 + right})


def test_standard_webhooks_need_an_id_also_under_the_signature_of_an_empty_one() -> None:
    """The id is what repeats are recognized by."""
    signature = base64.b64encode(hmac.digest(KEY, b".1614265330." + BODY, "sha256")).decode()
    with pytest.raises(InvalidSignature, match="lacks header:webhook-id"):
        standard(HEADERS | {"webhook-id": "", "webhook-signature": f"v1,{signature}"})


def test_a_refusal_names_the_place_of_the_signature() -> None:
    with pytest.raises(InvalidSignature, match="the header signature holds no signature"):
        verify(SCHEMES["body"], [b"k" * 16], {"signature": "x"}, BODY, now=THEN)
    with pytest.raises(InvalidSignature, match="the header signature is missing; send the signature, hex of 64"):
        verify(SCHEMES["body"], [b"k" * 16], {}, BODY, now=THEN)
    with pytest.raises(InvalidSignature, match="the member signature of the body is missing"):
        verify(SCHEMES["in-body"], [b"k" * 16], {}, b"{}", now=THEN)


@pytest.mark.parametrize(
    ("timestamp", "place"),
    [
        ("header:x-at", "the header x-at"),
        ("member:meta.at", "the member meta.at of the body"),
        ("item:t=", "the header signature, after 't='"),
    ],
)
def test_a_refusal_names_the_place_of_a_missing_time(timestamp: str, place: str) -> None:
    scheme = Scheme(timestamp=timestamp, messages=("{timestamp}:{body}",), separator=",")
    with pytest.raises(InvalidSignature) as caught:
        verify(scheme, [b"k" * 16], {"signature": "a" * 64}, b"{}", now=THEN)
    assert str(caught.value) == f"the signed time is missing from {place}; send it"


@pytest.mark.parametrize("moved", [-300, 0, 300])
@pytest.mark.parametrize(
    ("unit", "other", "factor"), [("seconds", "milliseconds", 1000), ("milliseconds", "seconds", 1)]
)
def test_a_time_in_another_unit_is_recognized(unit: str, other: str, factor: int, moved: int) -> None:
    scheme, stamp = Scheme(timestamp="header:at", messages=("{timestamp}",), unit=unit), str(THEN // SECOND * factor)
    signature = hmac.digest(KEY, stamp.encode(), "sha256").hex()
    with pytest.raises(InvalidSignature, match=f"it is in {other}, and {unit} are expected"):
        verify(scheme, [KEY], {"signature": signature, "at": stamp}, b"{}", now=THEN + moved * SECOND)


def test_a_refusal_names_the_message_that_is_signed() -> None:
    scheme, sent = Scheme(timestamp="header:at", messages=("{timestamp}:{body}",)), {"signature": "a" * 64, "at": "1"}
    with pytest.raises(InvalidSignature, match=r"sign the raw bytes, as \{timestamp\}:\{body\}$"):
        verify(scheme, [KEY], sent, b"{}", now=THEN)


def test_a_signature_of_the_right_format_does_not_match_and_others_have_no_format() -> None:
    right = HEADERS["webhook-signature"].removeprefix("v1,")
    wrong, strange = "v1," + right[::-1].lstrip("=").ljust(len(right), "A"), "v1," + "!" * len(right)
    for sent in (wrong, f"{strange} {wrong}"):
        with pytest.raises(InvalidSignature, match="does not match the body"):
            standard(HEADERS | {"webhook-signature": sent})
    for sent in (strange, "v1," + right[:-1]):
        with pytest.raises(InvalidSignature, match="expected format"):
            standard(HEADERS | {"webhook-signature": sent})


def test_of_two_signed_messages_the_one_with_the_whole_body_counts() -> None:
    both = Scheme(messages=("{member:token}", "{body}"), separator=",")
    body = b'{"token": "t"}'
    listed = ",".join(hmac.digest(b"k" * 16, message, "sha256").hex() for message in (b"t", body))
    assert verify(both, [b"k" * 16], {"signature": listed}, body, now=0) == b""


def test_a_signature_is_made_over_the_parts_of_the_template_and_the_given_time() -> None:
    standard_scheme = SCHEMES["standard-webhooks"]
    signature = digest_of(standard_scheme, KEY, {"webhook-id": HEADERS["webhook-id"]}, BODY, "1614265330")
    assert f"v1,{signature}" == HEADERS["webhook-signature"]
    assert verify(standard_scheme, [KEY], HEADERS, BODY, now=THEN) == b"", "it contains the whole body"
    literal = digest_of(Scheme(messages=("timestamp{body}",)), b"k" * 16, {}, BODY, "5")
    assert literal == hmac.digest(b"k" * 16, b"timestamp" + BODY, "sha256").hex()


def test_a_scheme_without_a_time_takes_nothing_else_for_it() -> None:
    signature = hmac.digest(b"k" * 16, b"." + BODY, "sha256").hex()
    scheme = Scheme(messages=("{timestamp}.{body}",), prefix="v1=")
    assert verify(scheme, [b"k" * 16], {"signature": f"v1={signature}"}, BODY, now=THEN) == b""


def test_every_key_and_signature_is_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that the time of an answer tells neither which key is right nor how much of a signature."""
    compared: list[bytes] = []

    def compare(digest: bytes, candidate: bytes) -> bool:
        compared.append(candidate)
        return digest == candidate

    monkeypatch.setattr("signpost.ingress.signatures.hmac.compare_digest", compare)
    listed = HEADERS | {"webhook-signature": f"{HEADERS['webhook-signature']} v1,bad"}
    assert standard(listed, BODY, THEN, KEY, OTHER)
    assert len(compared) == 4


def test_the_in_body_scheme_needs_its_token() -> None:
    """An empty token would leave only the timestamp under the signature."""
    scheme, key = SCHEMES["in-body"], b"k" * 16
    stamp = str(THEN // 1000)

    def signed(token: str) -> bytes:
        signature = hmac.digest(key, f"{token}{stamp}".encode(), "sha256").hex()
        return json.dumps({"token": token, "timestamp": int(stamp), "signature": signature}).encode()

    assert verify(scheme, [key], {}, signed("t"), now=THEN) == f"t{stamp}".encode()
    with pytest.raises(InvalidSignature, match="lacks member:token"):
        verify(scheme, [key], {}, signed(""), now=THEN)


def test_a_request_without_a_signature_is_not_blamed_on_its_secret() -> None:
    for value in ("", "v1,", "v1", "other"):
        with pytest.raises(InvalidSignature, match=r"holds no signature in the expected format|is missing"):
            standard(HEADERS | {"webhook-signature": value})


@pytest.mark.parametrize(
    ("scheme", "text"),
    [
        (Scheme(encoding="base64"), "base64 of 44 characters (sha256)"),
        (Scheme(prefix="sha1=", algorithm="sha1"), "hex of 40 characters (sha1) after 'sha1='"),
        (Scheme(encoding="base64url", wrapped=True), "base64url of 43 characters (sha256), all of it in base64"),
    ],
)
def test_a_signature_of_another_format_is_told_the_expected_one(scheme: Scheme, text: str) -> None:
    for value in ("?", "a" * 64, "sha1=" + base64.b64encode(b"x" * 20).decode()):
        with pytest.raises(InvalidSignature) as caught:
            verify(scheme, [b"k" * 16], {"signature": value}, b"{}", now=0)
        assert str(caught.value) == f"the header signature holds no signature in the expected format, {text}"


def test_a_wrapped_signature_is_strict_base64() -> None:
    scheme, body = Scheme(wrapped=True), b"{}"
    inner = hmac.digest(b"k" * 16, body, "sha256").hex()
    good = base64.b64encode(inner.encode()).decode()
    verify(scheme, [b"k" * 16], {"signature": f" {good} "}, body, now=0)
    for bad in (f"{good[:4]}!{good[4:]}", good[:-1], inner, "é"):
        with pytest.raises(InvalidSignature):
            verify(scheme, [b"k" * 16], {"signature": bad}, body, now=0)


def test_a_message_that_contains_the_whole_body_needs_no_memory_of_its_first_body() -> None:
    both = Scheme(messages=("{member:token}", "{body}"))
    body = b'{"token": "t"}'
    for message, remembered in ((body, b""), (b"t", b"t")):
        signature = hmac.digest(b"k" * 16, message, "sha256").hex()
        assert verify(both, [b"k" * 16], {"signature": signature}, body, now=0) == remembered


def test_an_empty_secret_is_no_key() -> None:
    with pytest.raises(ValueError, match="the secret is empty"):
        Scheme().key_of("")
    assert Scheme().key_of("text") == b"text"
    assert SCHEMES["standard-webhooks"].key_of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw") == KEY
    assert Scheme(messages=("{timestamp}.{body}", "{header:x}")).signed_parts() == {"timestamp", "body", "header:x"}


@pytest.mark.parametrize(
    ("template", "signed"),
    [
        ("{raw:data}", b'{"b": 1,  "a": [2]}'),
        ("{raw:text}", b'"x"'),
        ("{member:text}", b"x"),
        ("{member:number}", b"7"),
        ("{raw:nothing}.{member:nothing}", b"."),
    ],
)
def test_a_member_is_signed_as_sent_or_as_its_plain_value(template: str, signed: bytes) -> None:
    body = b'{"data": {"b": 1,  "a": [2]}, "text": "x", "number": 7}'
    scheme = Scheme(messages=(template,))
    key = scheme.key_of("a secret of 16 b")
    assert digest_of(scheme, key, {}, body, "") == hmac.digest(key, signed, "sha256").hex()
    assert verify(scheme, [key], {"signature": hmac.digest(key, signed, "sha256").hex()}, body, now=THEN) == signed
