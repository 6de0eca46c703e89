"""A run logs no name of a person, whatever becomes of the events and requests that state it."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.integration.test_project_up import System, started
from tests.support.http import HTTP
from tests.support.private_servers import wait_until

NAMES = {
    "candidate_name": "Adelheid Unloggable",
    "contact_name": "Konrad Nolog",
    "contact_role": "Chief Secretkeeper",
    "contact_addressed_as": "Herr Nolog",
}
DISPLAY_NAME = "Adelheid U."
SECRETS = ("Unloggable", "Nolog", "Secretkeeper", DISPLAY_NAME)


def document(number: int, type_: str, **data: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0", "id": f"e-{number}", "source": "s", "type": f"signpost.{type_}.v1", "subject": "c-1",
        "time": datetime.now(UTC).isoformat(), "data": data,
    }  # fmt: skip


@pytest.fixture
def system(tmp_path: Path) -> Any:
    with started(tmp_path, SIGNPOST_LOG_LEVEL="debug") as running:
        yield running


def key_of(system: System) -> str:
    lines = Path(system.environ["SIGNPOST_DATA_DIR"], "client.env").read_text().splitlines()
    return next(line for line in lines if "API_KEY" in line).partition("=")[2].strip("\"' ")


def post(system: System, path: str, body: Any) -> int:
    headers = {"Authorization": f"Bearer {key_of(system)}", "Content-Type": "application/cloudevents+json"}
    content = body if isinstance(body, bytes) else json.dumps(body)
    return HTTP.post(f"http://127.0.0.1:{system.port}{path}", content=content, headers=headers, timeout=30).status_code


def advice(system: System) -> str:
    headers = {"Authorization": f"Bearer {key_of(system)}"}
    return HTTP.get(f"http://127.0.0.1:{system.port}/v1/candidates/c-1/advice", headers=headers, timeout=30).text


@pytest.mark.long
def test_no_line_of_a_run_names_a_person(system: System) -> None:
    offer = document(1, "offer.extended", offer="o", employer={"id": "acme", "name": "Acme"}, title="Cook", **NAMES)
    assert post(system, "/v1/events", offer) == 202
    assert post(system, "/v1/events", document(2, "candidate.preferences", display_name=DISPLAY_NAME)) == 202
    assert post(system, "/v1/events", offer) == 202
    refused = document(3, "offer.extended", offer="o", candidate_name=["Unloggable"], Nolog=DISPLAY_NAME)
    assert post(system, "/v1/events", refused) == 422
    assert post(system, "/v1/events", json.dumps(offer).encode()[:-9]) == 400
    wait_until(lambda: DISPLAY_NAME in advice(system) and "Herr Nolog" in advice(system), "a draft with the names")
    assert post(system, "/v1/events", document(4, "candidate.erased")) == 202
    wait_until(lambda: DISPLAY_NAME not in advice(system), "the erasure")
    assert system.stop() == 0
    said = system.said()
    lines = [json.loads(line) for line in re.findall(r"\{.*\}", said)]
    mine = [line for line in lines if line["logger"] == "signpost.intake"]
    requests = [line for line in mine if line["message"] == "POST /v1/events"]
    assert [line["status"] for line in requests] == [202, 202, 202, 422, 400, 202]
    assert [line["ids"] for line in requests if line["status"] == 202] == [["e-1"], ["e-2"], ["e-1"], ["e-4"]]
    batches = [line for line in lines if line["message"] == "batch handled"]
    assert {name for line in batches for name in line["ids"]} == {"e-1", "e-2", "e-4"}
    assert any(line["message"] == "GET /v1/candidates/<anything:key>/advice" for line in mine)
    assert [line for line in said.splitlines() if any(secret in line for secret in SECRETS)] == []
