"""POST /v1/webhooks/{source} on real parts: Standard Webhooks and Greenhouse, rotation, replays, vendors' statuses."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from signpost.case.instant import MINUTE, SECOND
from tests.support.intake_parts import (
    NOW,
    OLDER,
    SECRET,
    TENANTS,
    Intake,
    intake_at,
    sign_greenhouse,
    sign_standard,
)

CAREERS, ACME = "/v1/webhooks/careers", "/v1/webhooks/acme"
EXTENDED = {
    "type": "offer.extended",
    "timestamp": "2026-03-02T13:00:00Z",
    "data": {"candidate": "c-1", "offer": "acme", "employer": {"id": "acme", "name": "Acme"}},
}
OFFER: dict[str, Any] = {
    "action": "offer_created",
    "payload": {
        "id": 12345, "application_id": 234556, "job_id": 45678, "user_id": 67890, "version": 1, "sent_on": "2026-03-01",
        "resolved_at": None, "start_date": "04/15/2026", "notes": "bring \\u003cb\\u003e", "offer_status": "Created",
        "custom_fields": {"salary": {"type": "currency", "value": {"amount": 80000.5, "unit": "USD"}}},
    },
}  # fmt: skip


def said(answer: TestResponse) -> dict[str, Any]:
    """The answer but for the number of the delivery."""
    assert answer.json is not None
    assert answer.headers["Signpost-Delivery"] == answer.json["delivery"]
    return {name: value for name, value in answer.json.items() if name != "delivery"}


@pytest.fixture
def intake(tmp_path: Path) -> Iterator[Intake]:
    parts = intake_at(tmp_path)
    yield parts
    parts.broker.close()
    parts.store.close()


def raw(document: Any) -> bytes:
    return json.dumps(document).encode()


def test_a_signed_standard_webhook_is_an_event(intake: Intake) -> None:
    body = raw(EXTENDED)
    answer = intake.client.post(CAREERS, data=body, headers=sign_standard(body))
    assert (answer.status_code, said(answer)) == (202, {"events": 1, "status": 202})
    (kept,) = intake.queued()
    assert (kept["id"], kept["source"], kept["type"], kept["subject"], kept["tenant"]) == (
        "msg_1", "standard/careers", "signpost.offer.extended.v1", "c-1", "north"
    )  # fmt: skip


def test_rotation_leaves_no_gap(intake: Intake) -> None:
    body = raw(EXTENDED)
    assert intake.client.post(CAREERS, data=body, headers=sign_standard(body, secret=OLDER)).status_code == 202


def test_a_retry_is_signed_anew_and_is_the_same_event(intake: Intake) -> None:
    body = raw(EXTENDED)
    for at in (NOW - 4 * MINUTE, NOW):
        assert intake.client.post(CAREERS, data=body, headers=sign_standard(body, at)).status_code == 202
    first, second = intake.queued()
    assert first == second


@pytest.mark.parametrize("at", [NOW - 5 * MINUTE - SECOND, NOW + 5 * MINUTE + SECOND])
def test_a_replay_outside_the_tolerance_is_refused(intake: Intake, at: int) -> None:
    body = raw(EXTENDED)
    assert intake.client.post(CAREERS, data=body, headers=sign_standard(body, at)).status_code == 401
    assert intake.queued() == []


def test_problems_point_into_the_payload(intake: Intake) -> None:
    body = raw({**EXTENDED, "data": {"offer": "acme"}, "timestamp": "2026-03-02"})
    answer = intake.client.post(CAREERS, data=body, headers=sign_standard(body))
    assert answer.status_code == 422
    assert answer.json is not None
    assert sorted(error["pointer"] for error in answer.json["errors"]) == ["/data/candidate", "/timestamp"]


UNREAD = [b'{"n":NaN}', b'{"n":1,"n":2}', b'"\xff"', b'"\x00\n"', b'{"n":1e999}', b"[" * 60 + b"]" * 60]


@pytest.mark.parametrize("data", UNREAD)
def test_nothing_reads_the_data_of_an_unknown_type(intake: Intake, data: bytes) -> None:
    body = b'{"type":"user.created","timestamp":"2026-03-02T13:00:00Z","data":' + data + b"}"
    answer = intake.client.post(CAREERS, data=body, headers=sign_standard(body))
    assert (answer.status_code, said(answer)) == (202, {"events": 0, "status": 202})
    delivery = intake.get(f"/v1/deliveries/{answer.headers['Signpost-Delivery']}").get_json()
    assert delivery["status"] == "ignored"
    assert "unknown event 'user.created'" in delivery["problems"][0]["detail"]


@pytest.mark.parametrize(
    "body",
    [raw(EXTENDED).replace(b'"offer": "acme"', b'"offer": "acme", "hours_per_week": NaN'),
     b'{"type":"a.b","type":"offer.extended"}', b'{"type":"user.created"', b'{"type":"user.created"}}',
     b'{"type":NaN}', b"NaN"],
)  # fmt: skip
def test_an_event_of_signpost_is_read_strictly(intake: Intake, body: bytes) -> None:
    assert intake.client.post(CAREERS, data=body, headers=sign_standard(body)).status_code == 400
    assert intake.queued() == []


def test_a_greenhouse_offer_is_answered_with_200(intake: Intake) -> None:
    body = raw(OFFER)
    answer = intake.client.post(ACME, data=body, headers=sign_greenhouse(body))
    assert (answer.status_code, said(answer)) == (200, {"events": 2, "status": 200})
    extended, updated = intake.queued()
    assert extended["subject"] == updated["subject"] == "application:234556"
    assert (extended["type"], extended["source"]) == ("signpost.offer.extended.v1", "greenhouse/acme")
    assert updated["data"]["salary"] == {"amount": "80000.5", "currency": "USD"}
    assert updated["data"]["start_date"] == "2026-04-15"
    assert extended["data"]["employer"] == {"id": "acme", "name": "Acme"}


def test_a_greenhouse_retry_is_the_same_event_and_another_event_id_is_another_statement(intake: Intake) -> None:
    body = raw(OFFER)
    for delivery in ("1", "1", "2"):
        headers = sign_greenhouse(body) | {"Greenhouse-Event-ID": delivery}
        assert intake.client.post(ACME, data=body, headers=headers).status_code == 200
    ids = [kept["id"] for kept in intake.queued()]
    assert ids[:2] == ids[2:4]
    assert not set(ids[:2]) & set(ids[4:])


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b'{"action":"ping"}', b'{"action":"interview_deleted","payload":{"interview":{"id":31087450}}}',
     b'{"action":"job_created","payload":{}}', b"null"],
)  # fmt: skip
def test_pings_and_what_changes_no_case_are_answered_with_200_and_not_queued(intake: Intake, body: bytes) -> None:
    answer = intake.client.post(ACME, data=body, headers=sign_greenhouse(body))
    assert (answer.status_code, said(answer)) == (200, {"events": 0, "status": 200})
    assert intake.queued() == []


def test_a_refused_value_of_a_vendor_says_that_its_pointer_is_into_the_event(intake: Intake) -> None:
    body = raw({**OFFER, "payload": {**OFFER["payload"], "application_id": "a\u200b"}})
    answer = intake.client.post(ACME, data=body, headers=sign_greenhouse(body))
    assert answer.status_code == 422
    errors = answer.get_json()["errors"]
    assert [error["pointer"] for error in errors] == 2 * ["/subject", "/data/offer", "/data/application"]
    for error, event in zip(errors, 3 * ["offer.extended"] + 3 * ["offer.updated"], strict=True):
        assert error["detail"].endswith(f"; the pointer is into the event signpost.{event}.v1 made from the webhook")


def test_a_greenhouse_offer_without_application_is_refused_by_name(intake: Intake) -> None:
    body = raw({"action": "offer_created", "payload": {"id": 1}})
    answer = intake.client.post(ACME, data=body, headers=sign_greenhouse(body))
    assert answer.status_code == 422
    assert answer.json is not None
    assert answer.json["errors"][0]["pointer"] == "/payload/application_id"


@pytest.mark.parametrize(
    "text", [TENANTS.replace(SECRET, "no such secret"), TENANTS.replace("vendor: standard", "vendor: standrad")]
)
def test_a_source_that_could_verify_nothing_is_answered_with_503_alone(tmp_path: Path, text: str) -> None:
    parts = intake_at(tmp_path, text=text)
    body = raw(EXTENDED)
    refused = parts.client.post(CAREERS, data=body, headers=sign_standard(body))
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "5")
    assert refused.json is not None
    assert refused.json["type"] == "urn:signpost:problem:source-disabled"
    assert "careers" not in refused.text, "a request without a signature learns nothing"
    body = raw(OFFER)
    assert parts.client.post(ACME, data=body, headers=sign_greenhouse(body)).status_code == 200
    assert {event["source"] for event in parts.queued()} == {"greenhouse/acme"}
    parts.broker.close()
    parts.store.close()


def test_a_source_takes_only_its_own_secret(intake: Intake) -> None:
    body = raw(EXTENDED)
    assert intake.client.post(ACME, data=body, headers=sign_standard(body)).status_code == 401
    assert intake.client.post(CAREERS, data=body, headers=sign_greenhouse(body)).status_code == 401
    assert intake.client.post("/v1/webhooks/nobody", data=body, headers=sign_standard(body)).status_code == 401
