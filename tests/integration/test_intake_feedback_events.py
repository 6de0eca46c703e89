"""Feedback as events and as webhooks: it counts for the case of its recommendation, whatever subject it names."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from werkzeug.test import TestResponse

from signpost.storage import Store
from tests.integration.test_intake_reading import advise, envelope, offer, read
from tests.support.intake_parts import DEAD_DATABASE, SOUTH_KEY, Intake, intake_at, sign_standard

BATCH = "application/cloudevents-batch+json"
UNKNOWN = [{"pointer": "/data/recommendation", "detail": "the tenant has no recommendation with this id"}]
SNOOZE = {"until": "2026-03-09T08:00:00Z"}


@pytest.fixture(scope="module")
def intake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Intake]:
    parts = intake_at(tmp_path_factory.mktemp("answers"))
    assert parts.send(offer("1", "c-1")).status_code == 202
    advise(parts)
    yield parts
    parts.broker.close()
    parts.store.close()


@pytest.fixture(scope="module")
def known(intake: Intake) -> str:
    _, advice = read(intake, "/v1/candidates/c-1/advice")
    return str(advice["active"][0]["id"])


@pytest.fixture(autouse=True)
def nothing_left(intake: Intake) -> Iterator[None]:
    yield
    assert intake.queued() == []


def answer(recommendation: str, kind: str = "done", name: str = "a-1", **data: str) -> dict[str, Any]:
    """Feedback under a subject of which nothing is known."""
    whole = envelope(name, "somebody-else", f"advice.{kind}", "2026-03-02T13:30:00Z")
    return whole | {"data": {"recommendation": recommendation, **data}}


def webhook(intake: Intake, recommendation: str) -> TestResponse:
    data = {"candidate": "somebody-else", "recommendation": recommendation}
    document = {"type": "signpost.advice.done.v1", "timestamp": "2026-03-02T13:30:00Z", "data": data}
    body = json.dumps(document).encode()
    return intake.client.post("/v1/webhooks/careers", data=body, headers=sign_standard(body))


@pytest.mark.parametrize(("kind", "data"), [("done", {}), ("dismissed", {}), ("snoozed", SNOOZE)])
def test_an_event_counts_for_the_case_of_its_recommendation(
    intake: Intake, known: str, kind: str, data: dict[str, str]
) -> None:
    assert intake.send(answer(known, kind, **data)).status_code == 202
    [event] = intake.queued()
    assert (event["subject"], event["id"], event["source"]) == ("c-1", "a-1", "s")
    assert event["data"] == {"recommendation": known, **data}


def test_so_does_one_in_binary_mode(intake: Intake, known: str) -> None:
    headers = {f"ce-{name}": value for name, value in answer(known).items() if name != "data"}
    assert intake.send({"recommendation": known}, "application/json", **headers).status_code == 202
    assert [event["subject"] for event in intake.queued()] == ["c-1"]


def test_in_a_batch_an_unknown_recommendation_fails_alone(intake: Intake, known: str) -> None:
    documents = [answer(known), answer("rec_none", name="a-2"), offer("7", "c-7"), answer(known, name="a-3")]
    with patch.object(Store, "feedback_targets", autospec=True, side_effect=Store.feedback_targets) as looked_up:
        found = intake.send(documents, BATCH)
    assert looked_up.call_count == 1
    assert found.status_code == 207
    assert [item["status"] for item in found.get_json()["items"]] == [202, 422, 202, 202]
    assert found.get_json()["items"][1]["errors"] == UNKNOWN
    assert sorted((event["id"], event["subject"]) for event in intake.queued()) == [
        ("7", "c-7"), ("a-1", "c-1"), ("a-3", "c-1")
    ]  # fmt: skip


def test_an_unknown_recommendation_is_refused_as_anothers_is(intake: Intake, known: str) -> None:
    unknown = intake.send(answer("rec_none"))
    anothers = intake.post(
        "/v1/events",
        json.dumps(answer(known)).encode(),
        {"Content-Type": "application/cloudevents+json"},
        SOUTH_KEY,
    )
    assert (unknown.status_code, unknown.get_json()["errors"]) == (422, UNKNOWN)
    assert (anothers.status_code, anothers.data) == (422, unknown.data)


def test_events_of_other_kinds_ask_the_database_for_nothing(intake: Intake) -> None:
    with patch.object(Store, "feedback_targets", side_effect=AssertionError):
        assert intake.send([offer("8", "c-8")], BATCH).status_code == 202
    assert len(intake.queued()) == 1


def test_a_webhook_counts_for_the_case_of_its_recommendation(intake: Intake, known: str) -> None:
    found = webhook(intake, known)
    assert found.status_code == 202
    assert [event["subject"] for event in intake.queued()] == ["c-1"]
    _, delivery = read(intake, f"/v1/deliveries/{found.headers['Signpost-Delivery']}")
    assert [event["subject"] for event in delivery["events"]] == ["c-1"]
    replayed = intake.post(f"/v1/deliveries/{delivery['id']}/replay", b"", {})
    assert replayed.status_code == 200
    assert [event["subject"] for event in intake.queued()] == ["c-1"]


def test_a_webhook_about_an_unknown_recommendation_is_refused(intake: Intake) -> None:
    found = webhook(intake, "rec_none")
    assert (found.status_code, found.get_json()["errors"]) == (422, UNKNOWN)
    _, delivery = read(intake, f"/v1/deliveries/{found.headers['Signpost-Delivery']}")
    assert (delivery["status"], delivery["problems"]) == ("refused", UNKNOWN)


def test_with_the_database_away_feedback_is_accepted_under_its_subject(tmp_path: Path) -> None:
    here = f"sqlite:///{tmp_path / 'queue.db'}"
    parts = intake_at(tmp_path, broker_url=here, database_url=DEAD_DATABASE)
    parts.broker.apply_topology()
    assert parts.send(answer("rec_1")).status_code == 202
    assert parts.send([answer("rec_1", name="a-2")], BATCH).status_code == 202
    assert [event["subject"] for event in parts.queued()] == ["somebody-else"] * 2
    parts.broker.close()
    parts.store.close()
