"""POST /v1/events on a real store and queue: the three modes, batches, and what counts as kept when parts are away."""

import json
import logging
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from werkzeug.test import TestResponse

from signpost.case.instant import SECOND
from signpost.messaging import event_message
from signpost.schemas import load_event, load_own_event
from signpost.schemas.documents.generate import documents
from signpost.services.intake.acceptance import EventAcceptor
from signpost.services.intake.readiness import BROKER_UNAVAILABLE, DATABASE_UNAVAILABLE, UNAVAILABLE
from tests.support.intake_parts import DEAD_BROKER, DEAD_DATABASE, NORTH_KEY, NOW, Intake, intake_at

BATCH = "application/cloudevents-batch+json"


@pytest.fixture
def intake(tmp_path: Path) -> Iterator[Intake]:
    parts = intake_at(tmp_path)
    yield parts
    parts.broker.close()
    parts.store.close()


def event(name: str = "e-1", **changes: Any) -> dict[str, Any]:
    whole: dict[str, Any] = {
        "specversion": "1.0",
        "id": name,
        "source": "jobboard/north",
        "type": "signpost.offer.extended.v1",
        "time": "2026-03-02T13:00:00Z",
        "subject": "c-1",
        "data": {"offer": "acme", "salary": {"amount": 80000.10, "currency": "USD", "per": "year"}},
    }
    return whole | changes


def described(name: str, document: Any) -> Any:
    """The document, if it is as the OpenAPI description says."""
    whole = openapi_document()
    Draft202012Validator({"$ref": f"#/components/schemas/{name}", **whole}).validate(document)
    return document


@cache
def openapi_document() -> dict[str, Any]:
    return documents()["openapi.json"]


def pointers(answer: TestResponse) -> list[str]:
    assert answer.mimetype == "application/problem+json"
    document = described("Problem", json.loads(answer.data))
    assert document["status"] == answer.status_code
    return [error["pointer"] for error in document.get("errors", [])]


def test_an_event_is_accepted_when_the_queue_has_it(intake: Intake) -> None:
    answer = intake.send(event())
    assert (answer.status_code, described("Accepted", answer.json)) == (202, {"id": "e-1", "status": 202})
    (kept,) = intake.queued()
    assert load_own_event(kept).tenant == "north"
    assert kept["data"]["salary"] == {"amount": "80000.1", "currency": "USD", "per": "year"}
    assert intake.outbox_events() == []


def test_binary_mode_carries_attributes_as_headers(intake: Intake) -> None:
    headers = {f"ce-{name}": value for name, value in event().items() if name != "data"}
    headers |= {"ce-subject": "c%2F%C3%BC%20%22x", "ce-source": '"jobboard/north"', "ce-traceparent": "00-1-2-01"}
    answer = intake.send(event()["data"], "application/json; charset=utf-8", **headers)
    assert answer.status_code == 202
    (kept,) = intake.queued()
    assert (kept["subject"], kept["source"], kept["id"]) == ('c/ü "x', "jobboard/north", "e-1")


def test_binary_mode_without_body_is_an_event_without_data(intake: Intake) -> None:
    headers = {
        f"ce-{name}": value for name, value in event(type="signpost.candidate.erased.v1").items() if name != "data"
    }
    assert intake.post("/v1/events", b"", headers).status_code == 202
    assert intake.queued()[0]["data"] == {}


@pytest.mark.parametrize(
    ("header", "value", "status"),
    [("ce-id", "%ff", 400), ("ce-datacontenttype", "application/json", 422), ("ce-tenant", "south", 422),
     ("ce-data", "{}", 422), ("ce-time", "2026-03-02T13:00:00", 422), ("Content-Type", "text/plain", 415),
     ("Content-Type", "application/json; charset=utf-16", 415), ("Content-Encoding", "gzip", 415)],
)  # fmt: skip
def test_bad_headers_are_refused(intake: Intake, header: str, value: str, status: int) -> None:
    headers = {f"ce-{name}": said for name, said in event().items() if name != "data"}
    headers |= {"Content-Type": "application/json", header: value}
    answer = intake.post("/v1/events", b'{"offer": "acme"}', headers)
    assert answer.status_code == status
    pointers(answer)
    assert intake.queued() == []


@pytest.mark.parametrize(
    ("number", "reason"),
    [("1" * 41, "the number has more than 40 digits"), ("0." + "1" * 40, "the number has more than 40 characters"),
     ("1e400", "the exponent is beyond 300"), ("[" * 40 + "]" * 40, "is an array")],
)  # fmt: skip
def test_the_refusal_of_an_unreadable_number_says_why(intake: Intake, number: str, reason: str) -> None:
    pay = {"amount": "here", "currency": "USD", "per": "year"}
    answer = intake.send(json.dumps(event(data={"offer": "o", "salary": pay})).replace('"here"', number).encode())
    assert answer.status_code == 422
    [error] = answer.get_json()["errors"]
    assert error["pointer"] == "/data/salary/amount"
    assert reason in error["detail"]
    assert "Unreadable" not in answer.text


def test_a_batch_that_is_sent_as_one_event_learns_its_content_type(intake: Intake) -> None:
    answer = intake.send([event()])
    assert answer.status_code == 422
    assert BATCH in answer.get_json()["errors"][0]["detail"]


def test_an_unreadable_id_is_refused_in_words(intake: Intake) -> None:
    answer = intake.send(json.dumps(event(id="here")).replace('"here"', "1" * 41).encode())
    detail = "must be a string, is a value that cannot be read (the number has more than 40 digits)"
    assert answer.get_json()["errors"] == [{"pointer": "/id", "detail": detail}]


def test_characters_that_cannot_be_stored_are_refused_in_ids_alone(intake: Intake) -> None:
    data = {"offer": "o", "employer": {"id": "e", "name": "a\0b\ud800"}}
    assert intake.send(b"\xef\xbb\xbf" + json.dumps(event(data=data)).encode()).status_code == 202
    assert intake.queued()[0]["data"]["employer"]["name"] == "a\ufffdb\ufffd"
    for name in ("a\0", "a\ud800", "\ufeffa"):
        assert pointers(intake.send(event(name))) == ["/id"]


def test_a_batch_is_answered_for_each_event(intake: Intake) -> None:
    answer = intake.send([event("e-1"), event("e-2", time="2026-03-02"), 5, event("e-4")], BATCH)
    assert answer.status_code == 207
    items = described("BatchAnswer", answer.json)["items"]
    assert [(item["index"], item["id"], item["status"]) for item in items] == [
        (0, "e-1", 202),
        (1, "e-2", 422),
        (2, None, 422),
        (3, "e-4", 202),
    ]
    assert [error["pointer"] for error in items[1]["errors"]] == ["/time"]
    assert [kept["id"] for kept in intake.queued()] == ["e-1", "e-4"]


def test_a_whole_batch_and_an_empty_one_are_accepted(intake: Intake) -> None:
    assert intake.send([event(f"e-{number}") for number in range(300)], BATCH).status_code == 202
    assert len(intake.queued()) == 300
    assert intake.send([], BATCH).status_code == 202


def test_batches_are_bounded_and_arrays(intake: Intake) -> None:
    assert intake.send([{}] * 501, BATCH).status_code == 413
    assert intake.send(event(), BATCH).status_code == 400


def test_every_bad_field_is_named(intake: Intake) -> None:
    answer = intake.send(event(time="2026-03-02T13:00:00", tenant="south", data={"offer": "acme", "weekends": "no"}))
    assert answer.status_code == 422
    assert sorted(pointers(answer)) == ["/data/weekends", "/tenant", "/time"]


@pytest.mark.parametrize(
    "authorization", ["", "Bearer", "Bearer ", "Bearer wrong", f"Basic {NORTH_KEY}", "Bearer kéy", NORTH_KEY]
)
def test_without_a_key_nobody_is_let_in(intake: Intake, authorization: str) -> None:
    headers = {"Authorization": authorization, "Content-Type": "application/cloudevents+json"}
    answer = intake.post("/v1/events", json.dumps(event()).encode(), headers)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    pointers(answer)
    assert intake.queued() == []


def test_with_the_broker_away_the_outbox_has_it(tmp_path: Path) -> None:
    parts = intake_at(tmp_path, broker_url=DEAD_BROKER)
    try:
        assert parts.outbox_events() == []
        assert parts.send([event("e-1"), event("e-2", subject="c-2"), event("e-3")], BATCH).status_code == 202
        assert sorted(kept["id"] for kept in parts.outbox_events()) == ["e-1", "e-2", "e-3"]
        ready = parts.get("/readyz")
        assert ready.status_code == 200
        assert ready.json is not None
        assert ready.json == {"status": "degraded", "broker": BROKER_UNAVAILABLE}
    finally:
        parts.broker.close()


def test_a_message_that_waits_long_in_the_outbox_is_reported(intake: Intake) -> None:
    for key, age in (("old", 121 * SECOND), ("new", SECOND)):
        kept = event_message({"id": key}, load_event(event(key), tenant="north", now=NOW))
        with intake.store.transaction() as tx:
            tx.enqueue([kept], tenant="north", case_key=key, now=NOW - age, leased_until=NOW)
    ready = intake.get("/readyz")
    waits = "the oldest message waits for 121 s; see the log of the relay"
    assert (ready.status_code, ready.json) == (200, {"status": "degraded", "outbox": waits})
    [old, _] = intake.store.outbox.claim(NOW, NOW + SECOND, 10)
    intake.store.outbox.delete([old.id])
    assert intake.get("/readyz").json == {"status": "ok"}


def test_with_both_away_the_sender_is_told_to_come_back(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    parts = intake_at(tmp_path, broker_url=DEAD_BROKER, database_url=DEAD_DATABASE)
    try:
        for answer in (parts.send(event()), parts.send([event()], BATCH)):
            assert answer.status_code == 503
            assert int(answer.headers["Retry-After"]) > 0
            pointers(answer)
        with caplog.at_level(logging.WARNING):
            probes = [parts.get("/readyz") for _ in range(3)]
        assert [(probe.status_code, probe.json) for probe in probes] == [
            (503, {"status": "unavailable", "database": UNAVAILABLE, "broker": UNAVAILABLE})
        ] * 3
        reasons = [line for line in caplog.messages if line.startswith("database unavailable: ")]
        assert len(reasons) == 1, "the reason is in the log, once"
        assert parts.get("/livez").status_code == 200
    finally:
        parts.broker.close()


def test_a_queue_that_is_not_there_is_no_reason_to_lose_an_event(tmp_path: Path, rabbitmq_url: str) -> None:
    parts = intake_at(tmp_path, broker_url=rabbitmq_url)
    try:
        apart = EventAcceptor(parts.store, parts.broker.publisher, partitions=7, confirm_timeout_s=2)
        apart.accept([load_event(event("e-1", subject="c-3"), tenant="north", now=NOW)], NOW)
        assert [kept["id"] for kept in parts.outbox_events()] == ["e-1"]
    finally:
        parts.broker.close()


def test_on_the_servers_of_production(tmp_path: Path, rabbitmq_url: str, postgres_url: str) -> None:
    parts = intake_at(tmp_path, broker_url=rabbitmq_url, database_url=postgres_url)
    try:
        parts.broker.apply_topology()
        parts.broker.purge("signpost.advisor")
        assert parts.send([event("e-1"), event("e-2")], BATCH).status_code == 202
        assert [kept["id"] for kept in parts.queued()] == ["e-1", "e-2"]
        assert parts.get("/readyz").json == {"status": "ok"}
        assert parts.outbox_events() == []
    finally:
        parts.broker.close()
        parts.store.close()


def test_with_the_database_away_the_broker_alone_will_do(tmp_path: Path) -> None:
    here = f"sqlite:///{tmp_path / 'queue.db'}"
    parts = intake_at(tmp_path, broker_url=here, database_url=DEAD_DATABASE)
    parts.broker.apply_topology()
    assert parts.send(event()).status_code == 202
    assert len(parts.queued()) == 1
    ready = parts.get("/readyz")
    assert (ready.status_code, ready.json) == (200, {"status": "degraded", "database": DATABASE_UNAVAILABLE})
    parts.broker.close()
