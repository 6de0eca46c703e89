"""Own fields at every way into the intake: single events, batches, Standard Webhooks, simulations."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.intake_parts import Intake, intake_at, sign_standard
from tests.support.rulebooks import OWN_FIELDS, RULES

SENT = {"shift": "night", "sign_on": {"amount": 5000.10, "currency": "USD", "per": "year"}}
KEPT = {"shift": "night", "sign_on": {"amount": "5000.1", "currency": "USD", "per": "year"}}
RULE = """
night-shift:
  about: offer
  source: before-accepting
  when: {stage: open, shift: night}
  priority: normal
  title: A night shift at {{ employer }}
  message: M
"""


@pytest.fixture
def intake(tmp_path: Path) -> Intake:
    overlay = tmp_path / "more"
    overlay.mkdir()
    (overlay / "fields.yaml").write_text(OWN_FIELDS)
    (overlay / "own.yaml").write_text(RULE)
    return intake_at(tmp_path, rules=(RULES, overlay))


def event(custom: dict[str, Any], id: str = "e-1") -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": id,
        "source": "ats",
        "type": "signpost.offer.extended.v1",
        "time": "2026-03-02T13:00:00Z",
        "subject": "c-1",
        "data": {"offer": "o-1", "custom": custom},
    }


def test_single_events(intake: Intake) -> None:
    assert intake.send(event(SENT)).status_code == 202
    [kept] = intake.queued()
    assert kept["data"]["custom"] == KEPT
    refused = intake.send(event({"shft": "night"}))
    assert refused.status_code == 422
    [problem] = refused.get_json()["errors"]
    assert problem["pointer"] == "/data/custom/shft"
    assert "did you mean shift?" in problem["detail"]


def test_batches(intake: Intake) -> None:
    answer = intake.send([event(SENT), event({"shift": 1}, "e-2")], "application/cloudevents-batch+json")
    assert answer.status_code == 207
    assert [one["status"] for one in answer.get_json()["items"]] == [202, 422]
    assert answer.get_json()["items"][1]["errors"][0]["pointer"] == "/data/custom/shift"


def test_standard_webhooks(intake: Intake) -> None:
    def post(custom: dict[str, Any]) -> Any:
        data = {"candidate": "c-1", "offer": "o-1", "custom": custom}
        body = json.dumps({"type": "offer.extended", "timestamp": "2026-03-02T13:00:00Z", "data": data}).encode()
        return intake.post("/v1/webhooks/careers", body, sign_standard(body))

    assert post(SENT).status_code == 202
    assert intake.queued()[0]["data"]["custom"] == KEPT
    refused = post({"shft": "night"})
    assert refused.status_code == 422
    assert refused.get_json()["errors"][0]["pointer"] == "/data/custom/shft"


def test_simulations(intake: Intake) -> None:
    answer = intake.post("/v1/simulate", json.dumps({"events": [event(SENT)]}).encode(), {})
    assert answer.status_code == 200
    assert "night-shift" in answer.get_data(as_text=True)
    refused = intake.post("/v1/simulate", json.dumps({"events": [event({"shft": "night"})]}).encode(), {})
    assert refused.get_json()["errors"][0]["pointer"] == "/events/0/data/custom/shft"
