"""The generated documents: current, valid in their own dialects, and in agreement with what the door accepts."""

from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from schemas import EVENT_SCHEMAS, RecommendationSchema, Refused, full_type, load_event
from schemas.documents import APIS, documents, event_document, recommendation_document, stale
from schemas.event_examples import event_example
from schemas.examples import ADVICE_ANSWER, BATCH, EVENT, RECOMMENDATION_EVENT
from signpost.case.instant import parse_instant

NOW = parse_instant("2026-03-05T00:00:00Z")


def test_the_kept_documents_are_current() -> None:
    assert stale() == [], "run: python -m schemas"


@pytest.mark.parametrize("path", sorted(set(documents()) - set(APIS)))
def test_each_json_schema_is_one_and_is_served_under_its_id(path: str) -> None:
    document = documents()[path]
    Draft202012Validator.check_schema(document)
    assert document["$id"] == f"/schemas/{path}"


def test_the_openapi_document_is_one() -> None:
    OpenAPIV31SpecValidator(documents()["openapi.json"]).validate()


def test_every_example_of_the_openapi_document_is_valid() -> None:
    document = documents()["openapi.json"]
    checked = 0
    for media in _media(document["paths"]):
        if "example" in media:
            Draft202012Validator({**media["schema"], "components": document["components"]}).validate(media["example"])
            checked += 1
    assert checked >= 12


def _media(value: Any) -> Any:
    if isinstance(value, dict):
        if "schema" in value and "name" not in value:
            yield value
        for inner in value.values():
            yield from _media(inner)


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
    except Refused:
        return False
    return True
