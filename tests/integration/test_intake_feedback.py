"""What consumers say back over HTTP: kept as every event is, and heeded by the next advice."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from signpost.case.instant import HOUR, format_instant
from tests.integration.test_intake_reading import advise, offer, read
from tests.support.intake_parts import NORTH_KEY, NOW, SOUTH_KEY, Intake, intake_at


@pytest.fixture(scope="module")
def intake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Intake]:
    parts = intake_at(tmp_path_factory.mktemp("feedback"))
    assert parts.send(offer("1", "c-1")).status_code == 202
    advise(parts)
    yield parts
    parts.broker.close()
    parts.store.close()


@pytest.fixture(scope="module")
def path(intake: Intake) -> str:
    _, advice = read(intake, "/v1/candidates/c-1/advice")
    return f"/v1/recommendations/{advice['active'][0]['id']}/feedback"


def answer(intake: Intake, path: str, document: Any, key: str = NORTH_KEY) -> tuple[int, Any]:
    found = intake.post(path, json.dumps(document).encode(), {"Content-Type": "application/json"}, key)
    return found.status_code, json.loads(found.data)


@pytest.mark.parametrize(
    ("said", "data"),
    [
        ({"answer": "done"}, {}),
        ({"answer": "dismissed", "id": "m-7"}, {}),
        ({"answer": "snoozed", "until": "2026-03-09T09:00:00+01:00"}, {"until": "2026-03-09T08:00:00Z"}),
    ],
)
def test_an_answer_is_an_event_of_the_recommendations_case(
    intake: Intake, path: str, said: dict[str, Any], data: dict[str, Any]
) -> None:
    status, kept = answer(intake, path, said)
    [event] = intake.queued()
    assert status == 202
    assert (event["id"], event["tenant"], event["subject"]) == (kept["id"], "north", "c-1")
    assert event["type"] == f"signpost.advice.{said['answer']}.v1"
    assert event["data"] == {"recommendation": path.split("/")[3], **data}


def test_the_same_id_names_the_same_answer(intake: Intake, path: str) -> None:
    first, second = (answer(intake, path, {"answer": "done", "id": "m-1"})[1]["id"] for _ in range(2))
    assert first == second
    assert {event["id"] for event in intake.queued()} == {first}


@pytest.mark.parametrize(
    ("said", "pointer"),
    [
        ({"answer": "maybe"}, "/answer"),
        ({}, "/answer"),
        ({"answer": "done", "until": "2026-03-09T09:00:00Z"}, "/until"),
        ({"answer": "snoozed"}, "/until"),
        ({"answer": "snoozed", "until": "tomorrow"}, "/until"),
        ({"answer": "snoozed", "until": format_instant(NOW)}, "/until"),
        ({"answer": "snoozed", "until": format_instant(NOW - HOUR, 60)}, "/until"),
        ({"answer": "done", "why": "because"}, "/why"),
        ([], ""),
    ],
)
def test_what_is_wrong_is_named(intake: Intake, path: str, said: Any, pointer: str) -> None:
    status, found = answer(intake, path, said)
    assert status == 422
    assert pointer in {error["pointer"] for error in found["errors"]}
    assert intake.queued() == []


@pytest.mark.parametrize(
    ("said", "pointers"),
    [
        ({"answer": "snoozed", "id": 5}, ["/id", "/until"]),
        ({"answer": "snoozed", "until": "tomorrow"}, ["/until"]),
        ({"answer": "done", "until": "2026-03-09T09:00:00Z", "why": ""}, ["/until", "/why"]),
        ({"answer": "maybe", "id": 5}, ["/answer", "/id"]),
    ],
)
def test_all_that_is_wrong_is_named_at_once(intake: Intake, path: str, said: Any, pointers: list[str]) -> None:
    status, found = answer(intake, path, said)
    assert (status, sorted(error["pointer"] for error in found["errors"])) == (422, pointers)


def test_only_ones_own_recommendations_can_be_answered(intake: Intake, path: str) -> None:
    assert answer(intake, path, {"answer": "done"}, SOUTH_KEY)[0] == 404
    assert answer(intake, path, {"answer": "done"}, "no key")[0] == 401
    assert answer(intake, "/v1/recommendations/rec_none/feedback", {"answer": "done"})[0] == 404
    assert NOW > 0
    assert intake.queued() == []
