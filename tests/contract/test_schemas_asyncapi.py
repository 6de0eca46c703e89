"""The AsyncAPI document: valid by the specification's own schema, and true of what really travels."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator, Draft202012Validator

from signpost.case.instant import parse_instant
from signpost.messaging.topology import declaration, event_message
from signpost.names import ADVICE, AGENDA, EVENTS, FEEDBACK, QUESTIONS
from signpost.schemas import EVENT_SCHEMAS, dump_event, full_type, load_event
from signpost.schemas.documents.event_examples import EVENT_DATA, event_example
from signpost.schemas.documents.examples import RECOMMENDATION_EVENT
from signpost.schemas.documents.generate import documents

OFFICIAL = Path(__file__).parents[1] / "data" / "asyncapi-3.1.0" / "schema.json"
DOCUMENT = documents()["asyncapi.json"]
MESSAGES = DOCUMENT["components"]["messages"]
NOW = parse_instant("2026-03-05T00:00:00Z")


def test_it_is_valid_by_the_specifications_own_schema() -> None:
    validator = Draft7Validator(json.loads(OFFICIAL.read_text(encoding="utf-8")))
    assert [error.message for error in validator.iter_errors(DOCUMENT)] == []
    assert not validator.is_valid({**DOCUMENT, "operations": {"x": {"action": "shout"}}})


def test_every_reference_leads_somewhere_within_the_document() -> None:
    found = set(_references(DOCUMENT))
    assert len(found) > len(EVENT_SCHEMAS)
    for reference in found:
        target = DOCUMENT
        for step in reference.removeprefix("#/").split("/"):
            target = target[step]


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(reference := value.get("$ref"), str):
            yield reference
        for inner in value.values():
            yield from _references(inner)
    if isinstance(value, list):
        for inner in value:
            yield from _references(inner)


def _validator(schema: Any) -> Draft202012Validator:
    return Draft202012Validator({**schema, "components": DOCUMENT["components"]})


@pytest.mark.parametrize("name", sorted(MESSAGES))
def test_every_example_is_valid(name: str) -> None:
    message, headers = MESSAGES[name], DOCUMENT["components"]["schemas"]["headers"]
    assert message["examples"]
    for example in message["examples"]:
        _validator(message["payload"]).validate(example["payload"])
        _validator(headers).validate(example["headers"])
        assert not _validator(message["payload"]).is_valid({**example["payload"], "data": {"nope": 1}})


@pytest.mark.parametrize("name", sorted(EVENT_SCHEMAS))
def test_what_the_intake_publishes_is_what_is_described(name: str) -> None:
    event = load_event(event_example(name), tenant="t", now=NOW)
    message = event_message(dump_event(event), event, 4)
    described = MESSAGES[full_type(name)]
    _validator(described["payload"]).validate(json.loads(message.body))
    _validator(DOCUMENT["components"]["schemas"]["headers"]).validate(message.headers)
    assert message.content_type == described["contentType"]
    assert _matches("events", message.routing_key)


def test_there_is_an_example_of_every_event() -> None:
    assert list(EVENT_DATA) == list(EVENT_SCHEMAS)


def test_the_routing_keys_of_advice_are_as_described() -> None:
    data = RECOMMENDATION_EVENT["data"]
    words = [data["audience"], data["topic"], data["priority"], data["change"]]
    assert _matches("advice", ".".join(["t", *words]))
    assert not _matches("advice", ".".join(["t", "nobody", *words[1:]]))


def _matches(channel: str, key: str) -> bool:
    """Whether a routing key has the form of the channel's address and the values its parameters allow."""
    described = DOCUMENT["channels"][channel]
    names = re.findall(r"{(\w+)}", described["address"])
    assert set(names) == set(described["parameters"])
    words = key.split(".")
    allowed = [described["parameters"][name].get("enum") for name in names]
    return len(words) == len(names) and all(not of or word in of for word, of in zip(words, allowed, strict=True))


def test_exchanges_and_queues_are_those_of_the_topology() -> None:
    bindings = [channel["bindings"]["amqp"] for channel in DOCUMENT["channels"].values()]
    exchanges = {it["exchange"]["name"]: it["exchange"]["type"] for it in bindings if it["is"] == "routingKey"}
    declared = {exchange.name: exchange.kind for exchange in declaration().exchanges}
    assert exchanges == {name: declared[name] for name in (EVENTS, ADVICE, AGENDA, QUESTIONS, FEEDBACK)}
    queues = {it["queue"]["name"] for it in bindings if it["is"] == "queue"}
    assert queues == {queue.name for queue in declaration().queues}
