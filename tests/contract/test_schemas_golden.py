"""Within v1 contracts are only added to: messages and schemas of earlier releases, held against today's.

docs/contracts.md says what may change; `python -m tests.support.golden` writes the messages of a new release.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from signpost.case.instant import parse_instant
from signpost.schemas import EVENT_SCHEMAS, RecommendationSchema, dump_event, full_type, load_event, load_own_event
from signpost.schemas.documents.generate import documents, questions_document, recommendation_document
from signpost.schemas.questions import QuestionListSchema
from tests.support.compatibility import http_breaks
from tests.support.golden import GOLDEN, TENANT, build_snapshot, current_release, list_breaks, read_snapshot

NOW = parse_instant("2026-03-05T00:00:00Z")
WHAT_TO_DO = """
This breaks a consumer that keeps to v1 as it was released. Take the change back, or make it an addition: a new optional
field beside the old one. If it cannot be one, it is v2: a new type (signpost....v2) or path (/v2/...) beside v1, which
stays. Never edit tests/data/golden: it is what others have. docs/contracts.md has the rule. What breaks:
"""


def golden(folder: str) -> list[Any]:
    """The golden messages of every release."""
    found = sorted(GOLDEN.glob(f"*/{folder}/*.json"))
    return [pytest.param(path, id=f"{path.parts[-3]}/{path.stem}") for path in found]


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", golden("sent"))
def test_what_senders_send_still_means_the_same(path: Path) -> None:
    event = load_event(read(path), tenant=TENANT, now=NOW)
    assert dump_event(event) == read(path.parents[1] / "kept" / path.name), WHAT_TO_DO
    schema = documents()[f"events/{path.name}"]
    assert [error.message for error in Draft202012Validator(schema).iter_errors(read(path))] == [], WHAT_TO_DO


@pytest.mark.parametrize("path", golden("kept"))
def test_what_lies_in_queues_and_databases_still_loads(path: Path) -> None:
    assert dump_event(load_own_event(read(path))) == read(path), WHAT_TO_DO


@pytest.mark.parametrize("path", golden("recommendations"))
def test_recommendations_that_were_told_are_still_valid(path: Path) -> None:
    emitted = read(path)
    found = [error.message for error in Draft202012Validator(recommendation_document()).iter_errors(emitted)]
    assert found == [], WHAT_TO_DO
    assert RecommendationSchema().load(emitted["data"]) == emitted["data"], WHAT_TO_DO


@pytest.mark.parametrize("path", golden("questions"))
def test_questions_that_were_published_are_still_valid(path: Path) -> None:
    published = read(path)
    found = [error.message for error in Draft202012Validator(questions_document()).iter_errors(published)]
    assert found == [], WHAT_TO_DO
    assert QuestionListSchema().load(published["data"]) == published["data"], WHAT_TO_DO


def test_there_is_a_golden_list_of_questions() -> None:
    assert golden("questions"), "run `python -m tests.support.golden`"


@pytest.mark.parametrize("path", sorted(read_snapshot()))
def test_today_keeps_what_the_document_said(path: str) -> None:
    assert list_breaks(path, read_snapshot()[path], build_snapshot().get(path)) == [], WHAT_TO_DO


def test_every_event_has_a_golden_message() -> None:
    there = {path.stem for path in GOLDEN.glob("*/sent/*.json")}
    assert {full_type(name) for name in EVENT_SCHEMAS} == there, "run `python -m tests.support.golden`"


def test_every_release_has_its_golden_messages() -> None:
    assert (GOLDEN / current_release()).is_dir(), (
        "a new release: run `python -m tests.support.golden` and add what it writes"
    )


def test_every_change_of_a_recommendation_has_been_told() -> None:
    emitted = {read(path)["data"]["change"] for path in GOLDEN.glob("*/recommendations/*.json")}
    assert emitted == set(RecommendationSchema().fields["change"].choices)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("paths", "/v1/simulate"), None),
        (("paths", "/v1/simulate", "post", "responses", "200"), None),
        (("paths", "/v1/recommendations", "get", "parameters"), []),
        (("paths", "/v1/events", "post", "requestBody", "content", "application/cloudevents+json"), None),
        (("components", "schemas", "Accepted", "required"), []),
        (("components", "schemas", "signpost.offer.accepted.v1", "required"), ["data", "dataschema"]),
    ],
    ids=lambda it: "/".join(it) if isinstance(it, tuple) else "",
)
def test_what_breaks_http_is_seen(place: tuple[str, ...], value: Any) -> None:
    broken = json.loads(json.dumps(build_snapshot()["openapi.json"]))
    *way, last = place
    inner = broken
    for step in way:
        inner = inner[step]
    inner[last] = value
    if value is None:
        del inner[last]
    assert list(http_breaks(build_snapshot()["openapi.json"], broken))
