"""What other senders do and the specifications allow: charsets, slashes, handshakes, older header names, base64."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from signpost.names import CLOUDEVENT_JSON, JSON
from signpost.storage.deliveries import MAX_UNVERIFIED
from tests.integration.test_intake_reading import read
from tests.support.intake_parts import NOW, Intake, intake_at, sign_greenhouse, sign_standard

CREATED = {"action": "offer_created", "payload": {"id": 1, "application_id": 2, "sent_on": "2026-03-01"}}


@pytest.fixture
def intake(tmp_path: Path) -> Iterator[Intake]:
    parts = intake_at(tmp_path)
    yield parts
    parts.broker.close()
    parts.store.close()


def event(**changes: Any) -> dict[str, Any]:
    plain = {"specversion": "1.0", "id": "e-1", "source": "s", "type": "signpost.offer.extended.v1", "subject": "c-1"}
    return {**plain, "time": "2026-03-02T13:00:00Z", "data": {"offer": "o"}, **changes}


@pytest.mark.parametrize("charset", ["utf8", "us-ascii", "US-ASCII", '"utf-8"', "UTF-8; x=1"])
def test_other_names_of_utf_8_are_taken(intake: Intake, charset: str) -> None:
    assert intake.send(event(), f"{CLOUDEVENT_JSON}; charset={charset}").status_code == 202


@pytest.mark.parametrize("charset", ["latin-1", "utf-16", "utf-80"])
def test_another_charset_is_refused(intake: Intake, charset: str) -> None:
    assert intake.send(event(), f"{CLOUDEVENT_JSON}; charset={charset}").status_code == 415


@pytest.mark.parametrize("coding", ["", " ", "identity", "Identity, identity", "identity,", "none", "UTF-8", "utf8"])
def test_a_content_encoding_that_encodes_nothing_is_taken(intake: Intake, coding: str) -> None:
    body = json.dumps(CREATED).encode()
    headers = {**sign_greenhouse(body), "Content-Encoding": coding}
    assert intake.client.post("/v1/webhooks/acme", data=body, headers=headers).status_code == 200
    assert intake.send(event(), **{"Content-Encoding": coding}).status_code == 202


@pytest.mark.parametrize("coding", ["gzip", "identity, gzip", "br,", "deflate", "utf-16", "x"])
def test_an_encoded_body_is_refused(intake: Intake, coding: str) -> None:
    body = json.dumps(CREATED).encode()
    headers = {**sign_greenhouse(body), "Content-Encoding": coding}
    assert intake.client.post("/v1/webhooks/acme", data=body, headers=headers).status_code == 415
    assert intake.send(event(), **{"Content-Encoding": coding}).status_code == 415


@pytest.mark.parametrize(
    ("body", "headers", "status", "reason"),
    [
        (b" " * 1_000_001, {}, 413, "the body is too large: at most 1000000 bytes are accepted"),
        (b"{}", {"Content-Encoding": "gzip"}, 415, "send the body without Content-Encoding"),
    ],
)
def test_a_body_that_is_not_read_is_in_the_delivery_log(
    intake: Intake, body: bytes, headers: dict[str, str], status: int, reason: str
) -> None:
    for name in ("acme", "nobody"):
        answer = intake.client.post(f"/v1/webhooks/{name}", data=body, headers={**sign_greenhouse(body), **headers})
        assert (answer.status_code, answer.get_json()["detail"]) == (status, reason)
        assert "delivery" not in answer.get_json()
    [found] = read(intake, "/v1/deliveries")[1]["items"]
    assert (found["source"], found["status"], found["size"]) == ("acme", "refused", len(body))
    assert (found["verified"], found["replayable"]) == (False, False)
    hint = "; SIGNPOST_MAX_BODY_BYTES is the limit" * (status == 413)
    assert found["problems"] == [{"pointer": "", "detail": f"{reason}{hint}"}]
    last = intake.store.inspection.refused(1)[0]
    assert json.loads(last.problems)[0]["detail"] == f"no source is called 'nobody'{hint}"


def test_bodies_that_are_not_read_cannot_fill_the_log(intake: Intake) -> None:
    for _ in range(MAX_UNVERIFIED + 3):
        intake.client.post("/v1/webhooks/acme", data=b"x", headers={"Content-Encoding": "gzip"})
    assert len(read(intake, "/v1/deliveries?limit=500")[1]["items"]) == MAX_UNVERIFIED


def test_a_trailing_slash_is_taken(intake: Intake) -> None:
    assert (
        intake.post("/v1/events/", json.dumps(event()).encode(), {"Content-Type": CLOUDEVENT_JSON}).status_code == 202
    )
    body = json.dumps(CREATED).encode()
    assert intake.client.post("/v1/webhooks/acme/", data=body, headers=sign_greenhouse(body)).status_code == 200


@pytest.mark.parametrize("path", ["recommendations", "candidates", "forecast", "deliveries"])
def test_a_trailing_slash_is_taken_wherever_one_reads(intake: Intake, path: str) -> None:
    assert intake.get(f"/v1/{path}/").json == intake.get(f"/v1/{path}").json
    assert intake.client.post(f"/v1/{path}/").status_code == 405


def test_a_quoted_pair_of_any_character_is_unquoted(intake: Intake) -> None:
    names = ("specversion", "id", "source", "type", "time")
    headers = {f"ce-{name}": event()[name] for name in names} | {"ce-subject": r'"c\-\\\"1"', "Content-Type": JSON}
    assert intake.post("/v1/events", b'{"offer": "o"}', headers).status_code == 202
    assert intake.queued()[0]["subject"] == r"c-\"1"


@pytest.mark.parametrize("path", ["/v1/events", "/v1/webhooks/careers", "/v1/webhooks/no-such"])
def test_a_sender_may_ask_whether_it_may_deliver(intake: Intake, path: str) -> None:
    answer = intake.client.options(path, headers={"WebHook-Request-Origin": "eventemitter.example.com"})
    assert answer.status_code == 200
    assert answer.headers["WebHook-Allowed-Origin"] == "eventemitter.example.com"
    assert answer.headers["WebHook-Allowed-Rate"] == "*"
    assert "POST" in answer.headers["Allow"]
    assert "WebHook-Allowed-Origin" not in intake.client.options(path).headers


def test_the_header_names_of_svix_are_those_of_the_standard(intake: Intake) -> None:
    sent = {"type": "offer.extended", "timestamp": "2026-03-02T13:00:00Z", "data": {"candidate": "c-1", "offer": "o"}}
    body = json.dumps(sent).encode()
    older = {name.replace("webhook-", "svix-"): value for name, value in sign_standard(body, NOW).items()}
    assert intake.client.post("/v1/webhooks/careers", data=body, headers=older).status_code == 202
    broken = {**older, "svix-signature": "v1,AAAA"}
    assert intake.client.post("/v1/webhooks/careers", data=body, headers=broken).status_code == 401


def test_the_pointer_names_the_member_that_is_too_much(intake: Intake) -> None:
    sent = {"id": "evt_1", "type": "offer.extended", "timestamp": "2026-03-02T13:00:00Z", "data": {"candidate": "c"}}
    body = json.dumps(sent).encode()
    answer = intake.client.post("/v1/webhooks/careers", data=body, headers=sign_standard(body))
    assert answer.status_code == 422
    assert "/id" in [found["pointer"] for found in answer.json["errors"]]  # type: ignore[index]


def test_data_in_base64_is_json_or_a_clear_answer(intake: Intake) -> None:
    plain = {name: value for name, value in event().items() if name != "data"}
    sent = {**plain, "data_base64": base64.b64encode(b'{"offer": "o"}').decode()}
    assert intake.send(sent).status_code == 202
    assert intake.send([{**sent, "id": "e-2"}], "application/cloudevents-batch+json").status_code == 202
    assert [kept["data"] for kept in intake.queued()] == [{"offer": "o"}] * 2
    both = intake.send({**sent, "data": {"offer": "o"}}).json
    assert both is not None
    assert both["errors"] == [{"pointer": "/data_base64", "detail": "must be base64 of JSON, without `data` beside it"}]
    for odd in ("e30", base64.b64encode(b"\xff").decode(), "%%"):
        answer = intake.send({**plain, "data_base64": odd})
        assert answer.status_code == 422
        assert answer.json["errors"][0]["pointer"] == "/data_base64"  # type: ignore[index]


def test_a_leap_second_is_an_instant(intake: Intake) -> None:
    assert intake.send(event(time="2016-12-31T23:59:60Z")).status_code == 202
    assert intake.queued()[0]["time"] == "2017-01-01T00:00:00Z"
    assert intake.send(event(time="2016-12-31T23:58:60Z")).status_code == 422


@pytest.mark.parametrize("odd", [b'"a\\u0000b"', b'"\\ud83d"'])
def test_an_attribute_that_nobody_reads_cannot_refuse_an_event(intake: Intake, odd: bytes) -> None:
    body = json.dumps(event(traceparent="ODD")).encode().replace(b'"ODD"', odd)
    assert intake.send(b"\xef\xbb\xbf" + body).status_code == 202
    titled = json.dumps(event(id="e-2", data={"offer": "o", "title": "ODD"})).encode().replace(b'"ODD"', odd)
    assert intake.send(titled).status_code == 202
    assert "\ufffd" in intake.queued()[-1]["data"]["title"]
    named = json.dumps(event(id="e-3", subject="ODD")).encode().replace(b'"ODD"', odd)
    assert intake.send(named).status_code == 422, "an id is never changed"


def pointers(answer: Any) -> list[str]:
    return [found["pointer"] for found in answer.json["errors"]]


ODD_ATTRIBUTES = {
    "/id": {"id": "a\ufffeb"},
    "/subject": {"subject": "a\U0001ffff"},
    "/traceparent": {"traceparent": "\ufdd0"},
    "/source": {"source": "http://[x"},
    "/dataschema": {"dataschema": "/offer.json"},
    "/datacontenttype": {"datacontenttype": "image/png"},
}


@pytest.mark.parametrize("at", ODD_ATTRIBUTES)
def test_an_attribute_that_is_none_is_refused_by_name(intake: Intake, at: str) -> None:
    answer = intake.send(event(**ODD_ATTRIBUTES[at]))
    assert answer.status_code == 422
    assert pointers(answer) == [at]


@pytest.mark.parametrize("odd", ["a<b", "a%zz", 'a"b', "a^b"])
def test_a_source_is_a_reference(intake: Intake, odd: str) -> None:
    assert pointers(intake.send(event(source=odd))) == ["/source"]
    assert intake.send(event(source="jobbörse/nord?x=%C3%B6#1")).status_code == 202


BINARY = {
    "ce-specversion": "1.0", "ce-id": "e-1", "ce-source": "s", "ce-type": "signpost.offer.extended.v1",
    "ce-subject": "c-1", "ce-time": "2026-03-02T13:00:00Z",
}  # fmt: skip


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("text/json", 202),
        ("image/foo+json", 202),
        ('application/json; x="; charset=latin-1"', 202),
        ("application/json; charset=latin-1", 415),
        ("text/plain", 415),
    ],
)
def test_every_media_type_of_json_is_data(intake: Intake, content_type: str, status: int) -> None:
    answer = intake.post("/v1/events", b'{"offer": "o"}', {**BINARY, "Content-Type": content_type})
    assert answer.status_code == status


def test_a_sender_of_the_standard_may_have_other_events_and_members(intake: Intake) -> None:
    def send(**changes: Any) -> Any:
        plain = {"type": "offer.extended", "timestamp": "2026-03-02T13:00:00Z"}
        body = json.dumps({**plain, "data": {"candidate": "c-1", "offer": "o"}, **changes}).encode()
        return intake.client.post("/v1/webhooks/careers", data=body, headers=sign_standard(body))

    ignored = send(type="invoice.paid", data={})
    assert (ignored.status_code, ignored.json["events"]) == (202, 0)
    assert intake.queued() == []
    assert send(api_version="2026-01-01").json["events"] == 1
    assert "api_version" not in intake.queued()[0]
    for name in ("id", "time", "subject"):
        assert pointers(send(**{name: "x"})) == [f"/{name}"]
    refused = send(id="x", timestamp=None, data={"candidate": "c-1", "offr": "o"})
    assert sorted(pointers(refused)) == ["/data/offer", "/data/offr", "/id", "/timestamp"]
    assert pointers(send(type=[])) == ["/type"]


def test_what_is_malformed_has_one_shape(intake: Intake) -> None:
    intake.send(event())
    batch = intake.send(event(), "application/cloudevents-batch+json")
    cursor = intake.get("/v1/recommendations?after=zzz")
    early = intake.get("/v1/candidates/c-1/rules/give-notice?at=1969-12-31T00:00:00Z")
    assert [answer.status_code for answer in (batch, cursor)] == [400, 400]
    assert [pointers(batch), pointers(cursor)] == [[""], ["?after"]]
    assert early.status_code in (400, 404)


def test_a_feedback_route_takes_only_posts(intake: Intake) -> None:
    answer = intake.get("/v1/recommendations/rec_1/feedback")
    assert answer.status_code == 405
    assert set(answer.headers["Allow"].split(", ")) == {"OPTIONS", "POST"}


def test_a_document_can_be_read_on_a_condition(intake: Intake) -> None:
    tag = intake.get("/openapi.json").headers["ETag"]
    for condition, status in (("*", 200), (tag, 200), ('"another"', 412)):
        answer = intake.client.get("/openapi.json", headers={"If-Match": condition})
        assert answer.status_code == status
        assert answer.mimetype == ("application/json" if status == 200 else "application/problem+json")
    assert intake.client.get("/openapi.json", headers={"If-None-Match": tag}).status_code == 304
