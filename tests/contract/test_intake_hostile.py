"""Hostile requests: each has its 4xx with a problem document, nothing is kept, and nothing is a 5xx."""

import json
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from tests.support.intake_parts import NORTH_KEY, Intake, intake_at, sign_greenhouse, sign_standard

ONE = "application/cloudevents+json"
GOOD = (
    b'{"specversion":"1.0","id":"e","source":"s","type":"signpost.offer.extended.v1","time":"2026-03-02T13:00:00Z",'
    b'"subject":"c","data":{"offer":"o"}}'
)
BODIES: dict[str, tuple[bytes, int]] = {
    "empty": (b"", 400),
    "oversized": (b"[" + b" " * 1_000_001 + b"]", 413),
    "deep": (b"[" * 5000 + b"]" * 5000, 422),
    "very deep": (b'{"a":' * 90_000, 400),
    "NaN": (GOOD.replace(b'"o"}', b'"o","hours_per_week":NaN}'), 400),
    "Infinity": (GOOD.replace(b'"o"}', b'"o","hours_per_week":-Infinity}'), 400),
    "duplicate key": (GOOD.replace(b'"id":"e"', b'"id":"e","id":"f"'), 400),
    "lone surrogate": (GOOD.replace(b'"o"', b'"\\ud800"'), 422),
    "NUL": (GOOD.replace(b'"o"', b'"\\u0000"'), 422),
    "invalid UTF-8": (GOOD.replace(b'"o"', b'"\xff"'), 400),
    "huge integer": (GOOD.replace(b'"o"}', b'"o","paid_leave_days":' + b"9" * 5000 + b"}"), 422),
    "huge exponent": (GOOD.replace(b'"o"}', b'"o","hours_per_week":1e999999999}'), 422),
    "trailing garbage": (GOOD + b"}", 400),
    "UTF-16": (GOOD.decode().encode("utf-16"), 400),
    "naive time": (GOOD.replace(b"13:00:00Z", b"13:00:00"), 422),
    "future time": (GOOD.replace(b"2026-03-02", b"2027-03-02"), 422),
    "unknown type": (GOOD.replace(b"offer.extended", b"offer.exploded"), 422),
    "unknown field": (GOOD.replace(b'"o"}', b'"o","nope":1}'), 422),
    "an array": (b"[]", 422),
    "a number": (b"1", 422),
    "null": (b"null", 422),
}


IN_UNREAD_MEMBERS = {
    "NaN", "Infinity", "lone surrogate", "NUL", "invalid UTF-8", "huge integer", "huge exponent", "byte order mark",
    "duplicate key",
}  # fmt: skip
"""What is taken from a vendor, who cannot correct it, and refused from a sender of our own events."""


@pytest.fixture(scope="module")
def intake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Intake]:
    parts = intake_at(tmp_path_factory.mktemp("hostile"))
    yield parts
    parts.broker.close()
    parts.store.close()


@pytest.fixture(autouse=True)
def nothing_is_kept(intake: Intake) -> Iterator[None]:
    yield
    assert intake.queued() == []
    assert intake.outbox_events() == []


def check(answer: TestResponse, status: int) -> None:
    assert answer.status_code == status
    assert answer.mimetype == "application/problem+json"
    document = json.loads(answer.data)
    assert document["status"] == status
    assert document["type"]
    assert document["title"]
    assert document["detail"]


@pytest.mark.parametrize("name", BODIES)
def test_bodies(intake: Intake, name: str) -> None:
    body, status = BODIES[name]
    check(intake.send(body), status)


@pytest.mark.parametrize("name", [name for name, (_, status) in BODIES.items() if status in (400, 413)])
def test_signed_bodies(intake: Intake, name: str) -> None:
    body, status = BODIES[name]
    check(intake.post("/v1/webhooks/careers", body, sign_standard(body)), status)
    if body:
        answer = intake.post("/v1/webhooks/acme", body, sign_greenhouse(body))
        if name in IN_UNREAD_MEMBERS:
            assert answer.status_code == 200, "a vendor's event is not lost for what nothing reads"
        else:
            check(answer, status)


@pytest.mark.parametrize(
    "content_type",
    ["", "text/plain", "application/json", "application/cloudevents+avro", "application/cloudevents-batch+xml",
     "application/cloudevents", "multipart/form-data", "application/cloudevents+json; charset=latin-1"],
)  # fmt: skip
def test_content_types(intake: Intake, content_type: str) -> None:
    check(intake.send(GOOD, content_type), 415)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/v1/events", 405), ("PUT", "/v1/events", 405), ("POST", "/v1/candidates/c/advice", 405),
     ("GET", "/v1/candidates/c", 404), ("GET", "/v1//events", 404),
     ("POST", "/v1/webhooks/nobody", 401), ("GET", "/v1/candidates/%00/case", 404),
     ("GET", "/v1/recommendations/%00", 404), ("GET", "/v1/recommendations/%ff", 404),
     ("GET", "/v1/recommendations?limit=0", 400), ("GET", "/v1/recommendations?limit=501", 400),
     ("GET", "/v1/recommendations?limit=%D9%A3", 400), ("GET", "/v1/recommendations?limit=", 400),
     ("GET", "/v1/recommendations?after=garbage", 400), ("GET", "/v1/recommendations?after=%00", 400),
     ("GET", "/v1/recommendations?after=%C3%BC", 400), ("GET", "/v1/recommendations?audience=all", 400)],
)  # fmt: skip
def test_paths_and_queries(intake: Intake, method: str, path: str, status: int) -> None:
    check(intake.client.open(path, method=method, headers={"Authorization": f"Bearer {NORTH_KEY}"}), status)


@pytest.mark.parametrize("path", ["/v1/webhooks/careers", "/v1/webhooks/acme"])
def test_unsigned_and_wrongly_signed(intake: Intake, path: str) -> None:
    body = b'{"type":"offer.extended","timestamp":"2026-03-02T13:00:00Z","data":{"candidate":"c","offer":"o"}}'
    unsigned: list[dict[str, str]] = [
        {},
        sign_standard(body, secret="whsec_" + "QUJD" * 8),
        sign_standard(body + b" "),
        sign_standard(body, name=""),
        sign_greenhouse(body, "x"),
        {"Signature": "sha256 ü"},
        {"webhook-signature": "v1,a,b", "webhook-id": "é", "webhook-timestamp": "x"},
    ]
    for headers in unsigned:
        check(intake.post(path, body, headers), 401)


@pytest.mark.fuzz
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=st.binary(max_size=60) | st.sampled_from([GOOD[:-1], GOOD.replace(b'"o"', b"{}"), b"{}", b"[{}]"]),
    content_type=st.sampled_from([ONE, "application/cloudevents-batch+json", "application/json", "text/plain"]),
    headers=st.dictionaries(
        st.sampled_from(["ce-id", "ce-type", "ce-time", "ce-x_y", "Signature", "webhook-id", "webhook-timestamp"]),
        st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=20),
    ),
    path=st.sampled_from(["/v1/events", "/v1/webhooks/careers", "/v1/webhooks/acme"]),
)
def test_no_request_is_our_fault(
    intake: Intake, body: bytes, content_type: str, headers: dict[str, str], path: str
) -> None:
    answer = intake.post(path, body, {"Content-Type": content_type, **headers})
    assert 400 <= answer.status_code < 500 or answer.json in ({"items": []},) or answer.status_code == 207
