"""The generated documents: current, valid in their own dialects, and in agreement with what the door accepts."""

import json
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from signpost.case.instant import parse_instant
from signpost.schemas import EVENT_SCHEMAS, InvalidEvent, RecommendationSchema, full_type, load_event
from signpost.schemas.documents.descriptions import AMQP, HTTP
from signpost.schemas.documents.event_examples import event_example
from signpost.schemas.documents.examples import ADVICE_ANSWER, BATCH, EVENT, RECOMMENDATION_EVENT
from signpost.schemas.documents.generate import APIS, documents, event_document, recommendation_document, stale
from signpost.schemas.documents.problem_examples import BAD_QUERY, PROBLEMS, UNSIGNED
from signpost.services.intake.problems import KINDS
from signpost.services.intake.refusals import refusal

NOW = parse_instant("2026-03-05T00:00:00Z")


def test_the_kept_documents_are_current() -> None:
    assert stale() == [], "run: python -m signpost.schemas"


@pytest.mark.parametrize("path", sorted(set(documents()) - set(APIS)))
def test_each_json_schema_is_one_and_is_served_under_its_id(path: str) -> None:
    document = documents()[path]
    Draft202012Validator.check_schema(document)
    assert document["$id"] == f"/schemas/{path}"


def test_the_openapi_document_is_one() -> None:
    OpenAPIV31SpecValidator(documents()["openapi.json"]).validate()


OPENAPI = documents()["openapi.json"]
OPERATIONS = {
    f"{method.upper()} {path}": operation
    for path, item in OPENAPI["paths"].items()
    for method, operation in item.items()
}


def test_every_description_is_of_an_operation() -> None:
    assert {it["operationId"] for it in OPERATIONS.values()} >= set(HTTP)
    assert set(documents()["asyncapi.json"]["operations"]) == set(AMQP)


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_every_operation_has_valid_examples_of_all_it_takes_and_answers(name: str) -> None:
    operation = OPERATIONS[name]
    assert operation["summary"]
    assert operation["tags"]
    assert operation["description"]
    for parameter in operation.get("parameters", ()):
        assert parameter["description"]
        # No cursor is one of every intake, and no end of a forecast is one on any day
        if parameter["name"] not in ("after", "until"):
            _validator(parameter["schema"]).validate(parameter["example"])
        else:
            assert "example" not in parameter
    for media_type, media in _bodies(operation):
        examples = [it["value"] for it in media.get("examples", {}).values()]
        examples += [media["example"]] if "example" in media else []
        assert examples or media_type == "image/png"
        for example in examples:
            _validator(media["schema"]).validate(example)


def _bodies(operation: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    yield from operation.get("requestBody", {"content": {}})["content"].items()
    for answer in operation["responses"].values():
        yield from answer.get("content", {}).items()


def _validator(schema: dict[str, Any]) -> Draft202012Validator:
    return Draft202012Validator({**schema, "components": OPENAPI["components"]})


@pytest.mark.parametrize("example", [*PROBLEMS.values(), BAD_QUERY, UNSIGNED], ids=lambda it: str(it["type"]))
def test_the_example_problems_are_the_intakes_own(example: dict[str, Any]) -> None:
    kinds = {f"urn:signpost:problem:{kind}": (title, status) for _, status, kind, title in KINDS}
    if example["type"] in kinds:
        assert kinds[example["type"]] == (example["title"], example["status"])
    else:  # Refused before the application sees it; its title is the phrase of this version of Python
        unread = json.loads(refusal(HTTPStatus(example["status"])).partition(b"\r\n\r\n")[2])
        assert {**unread, "title": example["title"]} == example


@pytest.mark.parametrize("event", [*BATCH, *map(event_example, EVENT_SCHEMAS)], ids=lambda event: event["type"])
def test_the_example_events_are_accepted(event: dict[str, Any]) -> None:
    name = load_event(event, tenant="t", now=NOW).type
    assert full_type(name) == event["type"]
    Draft202012Validator(event_document(name)).validate(event)


def test_the_example_recommendation_is_one() -> None:
    Draft202012Validator(recommendation_document()).validate(RECOMMENDATION_EVENT)
    for data in (RECOMMENDATION_EVENT["data"], *ADVICE_ANSWER["active"]):
        assert RecommendationSchema().load(data) == data
        for name in data:
            assert name in RecommendationSchema().validate({key: it for key, it in data.items() if key != name})


_MINIMAL: dict[str, dict[str, Any]] = {
    "interview.prepared": {"interview": "i", "step": "bag"},
    "interview.thanked": {"interview": "i", "channel": "email"},
    "contact.logged": {"offer": "o"},
    "employment.started": {"offer": "o"},
    "candidate.discussed": {"with": "family"},
    "candidate.merged": {"into": "c-2"},
    "advice.snoozed": {"recommendation": "r", "until": "2026-03-02T14:00:00Z"},
}
_BY_KIND: dict[str, dict[str, Any]] = {
    "offer": {"offer": "o"},
    "interview": {"interview": "i"},
    "application": {"application": "a"},
    "advice": {"recommendation": "r"},
}


@pytest.mark.parametrize("name", sorted(EVENT_SCHEMAS))
def test_the_json_schema_and_the_door_agree(name: str) -> None:
    validator = Draft202012Validator(event_document(name))
    data = _MINIMAL.get(name, _BY_KIND.get(name.split(".")[0], {}))
    whole = {**EVENT, "type": full_type(name), "data": data}
    changes: list[dict[str, Any]] = [
        {},
        {"tenant": "t"},
        {"subject": ""},
        {"data": {**data, "nope": 1}},
        {"data": []},
        *({"data": {key: it for key, it in data.items() if key != missing}} for missing in data),
        *({"data": {**data, key: 0}} for key in data),
        *({"data": {**data, key: None}} for key in EVENT_SCHEMAS[name]().fields if key != "whom"),
    ]
    for change in changes:
        assert validator.is_valid(whole | change) == _accepted(whole | change), change


def _accepted(document: dict[str, Any]) -> bool:
    try:
        load_event(document, tenant="t", now=NOW)
    except InvalidEvent:
        return False
    return True
