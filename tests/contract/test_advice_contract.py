"""Every recommendation that the rulebook's own timelines bring about keeps the published contract, and its words
are fit to send."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import orjson
import pytest

from signpost.advice.case_set import CaseSet
from signpost.advice.messages import routing_key, to_cloudevent
from signpost.authoring.timelines import find_timelines
from signpost.engine.compiled import CompiledEngine
from signpost.rulebook import load
from signpost.schemas import RecommendationSchema
from tests.support.long_suite import some

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "schemas/documents/generated/signpost.recommendation.v1.json").read_text())
TITLE_LIMIT = 90


def recommendations() -> Iterator[tuple[dict[str, Any], str]]:
    """(CloudEvent, routing key) of every change in every timeline, as a consumer would read it."""
    engine = CompiledEngine(load(ROOT / "rules"))
    for timeline in some(find_timelines([ROOT / "rules"]), 12):
        case_set = CaseSet(engine, "acme", {})
        for arrival in timeline.arrivals:
            for key, change in case_set.handle(arrival.event, arrival.at):
                document = to_cloudevent(change, tenant="acme", key=key, now=arrival.at)
                yield orjson.loads(orjson.dumps(document)), routing_key(change, "acme")


@pytest.fixture(scope="module")
def published() -> list[tuple[dict[str, Any], str]]:
    found = list(recommendations())
    assert len({event["data"]["rule"] for event, _ in found}) >= 25
    return found


def test_every_message_keeps_the_generated_json_schema(published: list[tuple[dict[str, Any], str]]) -> None:
    """One of each rule, change and priority: what JSON Schema costs for all of them finds no more."""
    validator = jsonschema.Draft202012Validator(SCHEMA)
    different = {tuple(event["data"][name] for name in ("rule", "change", "priority")): event for event, _ in published}
    for event in different.values():
        assert [error.message for error in validator.iter_errors(event)] == []
    for event, _ in published:
        RecommendationSchema().load(event["data"])


def test_every_routing_key_has_five_words(published: list[tuple[dict[str, Any], str]]) -> None:
    for event, key in published:
        data = event["data"]
        assert key.split(".") == ["acme", data["audience"], data["topic"], data["priority"], data["change"]]


def test_no_text_shows_a_hole(published: list[tuple[dict[str, Any], str]]) -> None:
    for event, _ in published:
        data = event["data"]
        if data["status"] != "active":
            continue
        texts = [data["title"], data["message"], *data["steps"], *(draft["body"] for draft in data["drafts"])]
        assert len(data["title"]) <= TITLE_LIMIT, data["title"]
        for text in texts:
            assert not any(mark in text for mark in ("{{", "}}", "{%", "None", "Undefined")), text
        assert data["message"], data["rule"]
        assert data["explanation"]["because"], data["rule"]
