"""Dead letters over HTTP: a page of a tenant's own, each shown, requeued or dropped by its id."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from signpost.dead_letters import MAX_EXAMINED
from signpost.messaging import Message
from signpost.messaging.message import EXCHANGE, FAILED_AT, QUEUE, REASON
from signpost.messaging.topology import ADVISOR
from signpost.names import ADVICE, DEAD, EVENTS, FEEDBACK
from signpost.services.intake.problems import NoSlot
from signpost.services.intake.queue_turns import MAX_WAITING, QueueTurns
from signpost.storage import Rate
from tests.support.intake_parts import DEAD_BROKER, NORTH_KEY, SOUTH_KEY, Intake, intake_at
from tests.support.workers_kit import event, message

FAULT = "a fault of Signpost, KeyError: at batch.py:9 run"


@pytest.fixture
def intake(tmp_path: Path) -> Iterator[Intake]:
    made = intake_at(tmp_path)
    yield made
    made.broker.close()
    made.store.close()


def bury(
    intake: Intake, tenant: str, id: str, reason: str = "quota: 5 of 5", exchange: str = EVENTS, hour: int = 9
) -> None:
    """A dead letter as an advisor makes it."""
    sent = message(event("offer.extended", "c-1", id=id, tenant=tenant, offer="o-1", candidate_name="Ada"))
    headers = {REASON: reason, QUEUE: ADVISOR, FAILED_AT: f"2026-03-02T{hour:02}:00:00Z", EXCHANGE: exchange}
    publish(intake, Message(DEAD, sent.routing_key, sent.body, id, {**sent.headers, **headers}))


def publish(intake: Intake, sent: Message) -> None:
    intake.broker.publisher().publish(sent).result(30)


def listed(intake: Intake, query: str = "", key: str = NORTH_KEY) -> list[dict[str, Any]]:
    answer = intake.get(f"/v1/dead-letters{query}", key)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.get_json()["items"]
    return found


def requeue(intake: Intake, name: str, key: str = NORTH_KEY) -> TestResponse:
    return intake.post(f"/v1/dead-letters/{name}/requeue", b"", {}, key)


def drop(intake: Intake, name: str, key: str = NORTH_KEY) -> TestResponse:
    return intake.client.delete(f"/v1/dead-letters/{name}", headers={"Authorization": f"Bearer {key}"})


def test_a_page_has_the_tenants_own_latest_first_with_groups_and_without_bodies(intake: Intake) -> None:
    for hour, (tenant, id, reason) in enumerate(
        [("north", "n-1", "quota: 5"), ("south", "s-1", FAULT), ("north", "n-2", FAULT)]
    ):
        bury(intake, tenant, id, reason, hour=hour)
    answer = intake.get("/v1/dead-letters").get_json()
    assert [(item["message_id"], item["kind"], item["reason"]) for item in answer["items"]] == [
        ("n-2", "ours", "a fault of Signpost, KeyError"),
        ("n-1", "sender", "quota: 5"),
    ]
    assert {(group["kind"], group["number"], *group["tenants"]) for group in answer["groups"]} == {
        ("ours", 1, "north"),
        ("sender", 1, "north"),
    }
    assert (answer["matching"], answer["complete"]) == (2, True)
    assert "Ada" not in json.dumps(answer)
    assert [item["message_id"] for item in listed(intake, key=SOUTH_KEY)] == ["s-1"]
    assert intake.broker.queue_depth(DEAD) == 3


def test_filters_and_limit(intake: Intake) -> None:
    for hour in range(3):
        bury(intake, "north", f"n-{hour}", FAULT if hour else "quota: 5", hour=hour)
    for query, expected in (
        ("?kind=sender", ["n-0"]), ("?reason=quota", ["n-0"]), ("?type=offer.extended&limit=1", ["n-2"]),
        ("?failed_after=2026-03-02T01:00:00Z", ["n-2", "n-1"]), ("?failed_before=2026-03-02T01:00:00Z", ["n-0"]),
        ("?queue=unrouted", []),
    ):  # fmt: skip
        assert [item["message_id"] for item in listed(intake, query)] == expected, query
    for query in ("?kind=nobody", "?limit=0", "?queue=signpost.advisor", "?queue=consumer.", "?tenant=south"):
        assert intake.get(f"/v1/dead-letters{query}").status_code == 400, query
    assert intake.get("/v1/dead-letters?queue=consumer.none").status_code == 404


def test_one_letter_shows_its_body(intake: Intake) -> None:
    bury(intake, "north", "n-1")
    (item,) = listed(intake)
    answer = intake.get(f"/v1/dead-letters/{item['id']}").get_json()
    assert answer.pop("body")["data"]["candidate_name"] == "Ada"
    assert answer == item


def test_a_requeued_event_is_in_the_queue_once_and_its_letter_is_gone(intake: Intake) -> None:
    bury(intake, "north", "n-1")
    bury(intake, "north", "n-2")
    name = listed(intake)[1]["id"]
    answer = requeue(intake, name)
    assert (answer.status_code, answer.get_json()) == (200, {"id": name, "status": "requeued"})
    assert [sent["id"] for sent in intake.queued()] == ["n-1"]
    assert [item["message_id"] for item in listed(intake)] == ["n-2"]
    assert requeue(intake, name).status_code == 404


def test_a_dropped_letter_is_gone(intake: Intake) -> None:
    bury(intake, "north", "n-1")
    name = listed(intake)[0]["id"]
    assert drop(intake, name).status_code == 204
    assert (intake.queued(), listed(intake), drop(intake, name).status_code) == ([], [], 404)


def test_the_letters_of_another_tenant_are_like_none(intake: Intake) -> None:
    bury(intake, "north", "n-1")
    name = listed(intake)[0]["id"]
    assert listed(intake, key=SOUTH_KEY) == []
    shown = intake.get(f"/v1/dead-letters/{name}", SOUTH_KEY)
    for answer in (shown, requeue(intake, name, SOUTH_KEY), drop(intake, name, SOUTH_KEY)):
        assert (answer.status_code, answer.get_json()["detail"]) == (404, "no dead letter has this id")
    assert (len(listed(intake)), intake.queued()) == (1, [])


def test_a_letter_is_found_by_its_own_id_only(intake: Intake) -> None:
    bury(intake, "north", "n-1")
    for name in ("n-1", "dl_", "dl_" + "0" * 16, "%00", "dl_5A0C6E1F2B3D4C58"):
        assert intake.get(f"/v1/dead-letters/{name}").status_code == 404, name
        assert drop(intake, name).status_code == 404, name
    assert len(listed(intake)) == 1


def test_a_letter_whose_tenant_is_in_doubt_is_nobodys(intake: Intake) -> None:
    body = message(event("offer.extended", "c-1", id="x", tenant="south", offer="o-1")).body
    publish(intake, Message(DEAD, "0.north.offer.extended", body, "x", {REASON: "quota: 5", EXCHANGE: EVENTS}))
    assert (listed(intake), listed(intake, key=SOUTH_KEY)) == ([], [])


def test_the_intake_publishes_nothing_but_events(intake: Intake) -> None:
    bury(intake, "north", "n-1", "feedback refused: x", FEEDBACK)
    publish(intake, Message(ADVICE, "north.candidate.t.high.raised", b'{"tenant": "north"}', "adv-1"))
    for query in ("", "?queue=unrouted"):
        (item,) = listed(intake, query)
        answer = intake.post(f"/v1/dead-letters/{item['id']}/requeue{query}", b"", {})
        assert answer.status_code == 400
        assert "an operator can run `signpost dead-letters requeue`" in answer.get_json()["detail"]
        assert len(listed(intake, query)) == 1


def test_what_the_broker_does_not_take_stays(intake: Intake) -> None:
    bad = message(event("offer.extended", "c-1", id="x", tenant="north", offer="o-1")).body
    publish(intake, Message(DEAD, "0.north.x", bad, "x", {REASON: "quota: 5", EXCHANGE: EVENTS}))
    (item,) = listed(intake)
    intake.broker.publisher().close(1)
    answer = requeue(intake, item["id"])
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert len(listed(intake)) == 1


def test_changes_are_logged_without_content(intake: Intake, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    bury(intake, "north", "n-1")
    name = listed(intake)[0]["id"]
    intake.get(f"/v1/dead-letters/{name}")
    requeue(intake, name)
    found = [record for record in caplog.records if record.message == "dead letter requeued"]
    assert [(record.letter, record.tenant) for record in found] == [(name, "north")]  # type: ignore[attr-defined]
    assert "Ada" not in caplog.text


def test_a_request_costs_as_much_as_an_explanation(tmp_path: Path) -> None:
    intake = intake_at(tmp_path, rate=Rate(1, 120))
    answers = [intake.get("/v1/dead-letters").status_code for _ in range(3)]
    assert answers == [200, 200, 429]
    intake.broker.close()


def test_a_broker_out_of_reach_is_503(tmp_path: Path) -> None:
    answer = intake_at(tmp_path, DEAD_BROKER).get("/v1/dead-letters")
    assert (answer.status_code, answer.get_json()["type"]) == (503, "urn:signpost:problem:unavailable")


def test_a_page_reads_no_more_than_its_bound(intake: Intake, monkeypatch: pytest.MonkeyPatch) -> None:
    assert MAX_EXAMINED == 10_000
    monkeypatch.setattr("signpost.services.intake.dead_letters.MAX_EXAMINED", 2)
    for number in range(3):
        bury(intake, "north", f"n-{number}")
    answer = intake.get("/v1/dead-letters").get_json()
    assert (answer["matching"], answer["complete"]) == (2, False)


def test_turns_are_few_and_the_queues_rest_between_them(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    slept: list[float] = []
    monkeypatch.setattr("signpost.services.intake.queue_turns.MAX_WAIT_S", 1.0)
    monkeypatch.setattr("signpost.services.intake.queue_turns.time.monotonic", lambda: now[0])
    monkeypatch.setattr("signpost.services.intake.queue_turns.time.sleep", slept.append)
    turns = QueueTurns()
    with turns.take():
        now[0] += 0.2
    with turns.take():
        assert slept == [pytest.approx(0.8)]
        now[0] += 5
    with pytest.raises(NoSlot) as busy, turns.take():
        pass
    assert (busy.value.status, busy.value.retry_after_s) == (503, 20)
    now[0] += 20
    held = [turns.take() for _ in range(MAX_WAITING)]
    held[0].__enter__()
    with pytest.raises(NoSlot), turns.take():
        pass
    held[0].__exit__(None, None, None)
    with turns.take():
        assert len(slept) == 1
