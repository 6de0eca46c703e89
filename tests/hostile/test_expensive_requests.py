"""Requests that cost much: validation stops at 50 problems, and every text of an answer is short."""

import json
import time
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest

from signpost.names import CLOUDEVENT_JSON, CLOUDEVENTS_BATCH_JSON, JSON
from signpost.schemas import InvalidEvent, load_event
from tests.support.intake_parts import NOW, Intake, intake_at, sign_standard

EVENT: dict[str, Any] = {
    "specversion": "1.0",
    "id": "e",
    "source": "s",
    "type": "signpost.offer.extended.v1",
    "time": "2026-03-02T13:00:00Z",
    "subject": "c",
    "data": {"offer": "o"},
}
MANY = {f"salar{number}": 1 for number in range(60_000)}
"""About 800 kB of unknown fields, each similar to a known one."""
LONG = "salary" * 20_000
MAX_ANSWER_BYTES = 50_000
MAX_S = 3.0
"""Processor time; half a minute before validation stopped at 50 problems."""
SHAPES: dict[str, Any] = {
    "data": EVENT | {"data": {"offer": "o", **MANY}},
    "nested data": EVENT | {"data": {"offer": "o", "employer": MANY}},
    "own fields": EVENT | {"data": {"offer": "o", "custom": dict.fromkeys(list(MANY)[:50], LONG[:10_000])}},
    "attributes": EVENT | {f"_{name}": 1 for name in MANY},
    "numbers as attributes": EVENT | dict.fromkeys(list(MANY)[:50_000], 1.5),
    "a list": EVENT | {"data": {"offer": "o", "highlights": [1] * 100, "conditions": ["x"] * 100}},
    "a long name": EVENT | {"data": {"offer": "o", LONG: 1}},
    "a long attribute": EVENT | {LONG: [1]},
    "a long type": EVENT | {"type": LONG},
    "a long value": EVENT | {"data": {"offer": "o", "title": LONG, "respond_by": LONG, "workplace": LONG}},
}


@pytest.fixture
def intake(tmp_path: Path) -> Any:
    intake = intake_at(tmp_path)
    yield intake
    intake.store.close()
    intake.broker.close()


def answer_of(
    intake: Intake, path: str, body: Any, content_type: str, statuses: Collection[int] = (207, 422), **headers: str
) -> dict[str, Any]:
    """The answer to a request that must be refused, or answered with one of `statuses`, cheaply."""
    raw = json.dumps(body, separators=(",", ":")).encode()
    assert len(raw) < 1_000_000
    began = time.process_time()
    answer = intake.post(path, raw, {"Content-Type": content_type, **headers, **signature(path, raw)})
    assert time.process_time() - began < MAX_S
    assert answer.status_code in statuses, answer.data[:500]
    assert len(answer.data) < MAX_ANSWER_BYTES
    document: dict[str, Any] = json.loads(answer.data)
    return document


def signature(path: str, raw: bytes) -> dict[str, str]:
    return sign_standard(raw) if "webhooks" in path else {}


@pytest.mark.parametrize("shape", SHAPES)
def test_an_invalid_event_costs_little(intake: Intake, shape: str) -> None:
    answer = answer_of(intake, "/v1/events", SHAPES[shape], CLOUDEVENT_JSON)
    assert 1 <= len(answer["errors"]) <= 50
    assert all(len(found["pointer"]) <= 200 and len(found["detail"]) <= 400 for found in answer["errors"])


def test_the_rest_is_counted(intake: Intake) -> None:
    answer = answer_of(intake, "/v1/events", SHAPES["data"], CLOUDEVENT_JSON)
    assert len(answer["errors"]) == 50
    assert answer["more"] == 60_000 - 50
    assert answer["detail"] == "60000 problems; the first 50 are listed"


def test_every_bad_field_is_named_up_to_there(intake: Intake) -> None:
    names = [f"x{number}" for number in range(50)]
    answer = answer_of(
        intake, "/v1/events", EVENT | {"data": {"offer": "o", **dict.fromkeys(names, 1)}}, CLOUDEVENT_JSON
    )
    assert {found["pointer"] for found in answer["errors"]} == {f"/data/{name}" for name in names}
    assert "more" not in answer


def test_a_batch_of_invalid_events_costs_little(intake: Intake) -> None:
    bad = EVENT | {"data": {"offer": "o", **dict.fromkeys(list(MANY)[:90], 1)}}
    answer = answer_of(intake, "/v1/events", [bad] * 500, CLOUDEVENTS_BATCH_JSON)
    assert sum(len(item["errors"]) for item in answer["items"]) == 50
    assert sum(len(item["errors"]) + item.get("more", 0) for item in answer["items"]) == 500 * 90
    assert {item["status"] for item in answer["items"]} == {422}


def test_other_bodies_cost_little(intake: Intake) -> None:
    event = {"type": "offer.extended", "timestamp": "2026-03-02T13:00:00Z", "data": {"candidate": "c", "offer": "o"}}
    for body in (event | MANY, event | {LONG: 1}):
        # Members that nobody reads refuse nothing
        answer_of(intake, "/v1/webhooks/careers", body, JSON, statuses=(202,))
    answer_of(intake, "/v1/webhooks/careers", event | {"data": {"candidate": "c", "offer": "o", **MANY}}, JSON)
    [latest, *_] = intake.get("/v1/deliveries").get_json()["items"]
    assert len(latest["problems"]) == 51
    assert latest["problems"][-1]["detail"] == "59950 more problems"
    bodies: list[Any] = [{"events": [], **MANY}, {"events": [EVENT | {"data": MANY}]}, {"events": [{}] * 200}]
    for body in bodies:
        answer_of(intake, "/v1/simulate", body, JSON)
    answer_of(intake, "/v1/recommendations/r/feedback", {"answer": LONG, "until": LONG, LONG: 1}, JSON)


def test_the_reason_of_a_dead_letter_is_short() -> None:
    for shape, document in SHAPES.items():
        with pytest.raises(InvalidEvent) as caught:
            load_event(document, tenant="t", now=NOW)
        assert len(str(caught.value)) < MAX_ANSWER_BYTES, shape
        assert len(caught.value.problems) <= 50, shape
