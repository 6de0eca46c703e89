"""The contracts in the hands of others' tools: AsyncAPI parser, ajv, CloudEvents SDK, and its conformance feature.

The tools are there after `make contracts`, which also runs the slow ones.
"""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from signpost.ingress.cloudevents_http import Mode, binary_document, mode_of
from signpost.schemas.documents.examples import EVENT, RECOMMENDATION_EVENT
from signpost.schemas.documents.generate import GENERATED
from tests.support.intake_parts import Intake, intake_at

TOOLS = Path(__file__).parent / "tools"
FEATURE = {
    "ce-specversion": "1.0",
    "ce-type": "com.example.someevent",
    "ce-time": "2018-04-05T03:56:24Z",
    "ce-id": "1234-1234-1234",
    "ce-source": "/mycontext/subcontext",
}
"""The request of features/http-protocol-binding.feature in cloudevents/conformance (Apache License 2.0)."""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What the tools find in the documents."""
    if not (TOOLS / "node_modules").exists() or not shutil.which("node"):
        pytest.skip("only on demand: Node.js, and `make contracts` once")
    folder = tmp_path_factory.mktemp("documents")
    files = {"event.json": EVENT, "message.json": RECOMMENDATION_EVENT}
    for name, document in files.items():
        (folder / name).write_text(json.dumps(document), encoding="utf-8")
    command: list[Any] = ["node", TOOLS / "documents.mjs", GENERATED, *(folder / name for name in files)]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, timeout=120).stdout)


def test_the_parser_of_asyncapi_reads_the_saved_document(found: Any) -> None:
    document = json.loads((GENERATED / "asyncapi.json").read_text(encoding="utf-8"))
    assert (found["asyncapi"], found["messages"]) == ([], len(document["components"]["messages"]))


def test_ajv_takes_every_schema_in_its_strict_mode(found: Any) -> None:
    assert found["broken"] == []
    assert found["schemas"] == len(list(GENERATED.rglob("signpost.*.json"))) > 30
    assert found["valid"]


def test_the_sdk_reads_a_message(found: Any) -> None:
    expected = {name: RECOMMENDATION_EVENT[name] for name in ("id", "type", "link", "data")}
    assert found["message"] == expected


@pytest.fixture
def intake(tmp_path: Path) -> Iterator[Intake]:
    parts = intake_at(tmp_path)
    yield parts
    parts.broker.close()
    parts.store.close()


def test_what_the_sdk_sends_is_accepted(found: Any, intake: Intake) -> None:
    """Structured and binary, with data as an object and as bytes."""
    assert len(found["requests"]) == 4
    intake.send({**EVENT, "id": "plain"})
    for request in found["requests"]:
        answer = intake.post("/v1/events", request["body"].encode(), request["headers"])
        assert (answer.status_code, answer.get_json()) == (202, {"id": answer.get_json()["id"], "status": 202})
    plain, *sent = [kept["data"] for kept in intake.queued()]
    assert sent == [plain] * 4


@pytest.mark.parametrize("content_type", ["application/json", "application/json; charset=utf-8"])
def test_the_feature_of_the_binary_mode(content_type: str) -> None:
    assert mode_of(content_type, FEATURE) is Mode.BINARY
    document = binary_document(FEATURE, {"message": "Hello World!"})
    assert document == {
        **{name.removeprefix("ce-"): value for name, value in FEATURE.items()},
        "data": {"message": "Hello World!"},
    }


@pytest.mark.parametrize(
    "content_type", ["application/cloudevents+json", "application/cloudevents+json; charset=utf-8"]
)
def test_the_feature_of_the_structured_mode(content_type: str) -> None:
    assert mode_of(content_type, {"host": "example.com"}) is Mode.STRUCTURED
