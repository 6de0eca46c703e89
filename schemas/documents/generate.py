"""Generates JSON Schema 2020-12 of every message, OpenAPI 3.1 of the intake and AsyncAPI 3.0 of the exchanges.

`python -m signpost.schemas` writes them to `schemas/documents/generated/`; a test fails when a file is stale.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from marshmallow import Schema

from signpost.names import CHANGES
from signpost.schemas.agenda import AgendaSchema
from signpost.schemas.containers import object_schema
from signpost.schemas.documents.asyncapi import asyncapi
from signpost.schemas.documents.openapi import openapi
from signpost.schemas.event_attributes import ATTRIBUTES, full_type
from signpost.schemas.events import EVENT_SCHEMAS
from signpost.schemas.fields import JsonSchema
from signpost.schemas.meanings import event_data_schema
from signpost.schemas.money import MoneySchema
from signpost.schemas.questions import QuestionListSchema
from signpost.schemas.recommendation import RecommendationSchema

GENERATED = Path(__file__).parent / "generated"
DIALECT = "https://json-schema.org/draft/2020-12/schema"
EVENT, RECOMMENDATION, QUESTIONS = "signpost.event.v1", "signpost.recommendation.v1", "signpost.questions.v1"
AGENDA = "signpost.agenda.v1"
APIS = ("openapi.json", "asyncapi.json")
"""The documents that are not JSON Schemas."""
MEDIA_TYPE = "application/schema+json"
"""The media type of a JSON Schema."""
LINK: JsonSchema = {
    "type": "string",
    "format": "uri-reference",
    "description": "Where the intake serves the present state of `data`, relative to its address",
}


def documents() -> dict[str, JsonSchema]:
    """Return path below `schemas/documents/generated/` -> document."""
    found = {f"events/{full_type(name)}.json": event_document(name) for name in EVENT_SCHEMAS}
    found[f"{RECOMMENDATION}.json"] = recommendation_document()
    found[f"{QUESTIONS}.json"] = questions_document()
    found[f"{AGENDA}.json"] = agenda_document()
    found[f"{EVENT}.json"] = queued_event_document()
    return {**found, "openapi.json": openapi(found), "asyncapi.json": asyncapi(found)}


def event_document(name: str) -> JsonSchema:
    """Return the JSON Schema of the CloudEvent with this short type, as senders send it."""
    data = event_data_schema(name)
    document = _envelope(full_type(name), {"const": full_type(name)}, data, data_required="required" in data)
    for optional in ("datacontenttype", "dataschema"):  # null is no attribute (JSON format 2.2)
        document["properties"][optional] = {"anyOf": [document["properties"][optional], {"type": "null"}]}
    # Not the schema `false`, which means the same: generators of clients refuse it
    document["properties"]["tenant"] = {"not": {}, "description": "Not allowed: the credential determines the tenant"}
    return {"$schema": DIALECT, "$id": f"/schemas/events/{full_type(name)}.json", **document}


def queued_event_document() -> JsonSchema:
    """Return the JSON Schema that all events on the exchange share; there they carry their tenant."""
    types = {"enum": [full_type(name) for name in EVENT_SCHEMAS]}
    document = _envelope("An accepted event", types, {"type": "object"}, data_required=True)
    document["properties"]["tenant"] = {"type": "string", "minLength": 1}
    document["required"] = [*document["required"], "tenant"]
    return {"$schema": DIALECT, "$id": f"/schemas/{EVENT}.json", **document}


def recommendation_document() -> JsonSchema:
    """Return the JSON Schema of a change of a recommendation. Open: later versions may add fields."""
    types = {"enum": [full_type(f"recommendation.{change}") for change in CHANGES]}
    document = _envelope("A change of a recommendation", types, object_schema(RecommendationSchema), data_required=True)
    document["properties"] |= {"tenant": {"type": "string"}, "link": LINK}
    document["properties"]["id"] = {"type": "string", "description": "The recommendation id, a dot and the sequence"}
    return {"$schema": DIALECT, "$id": f"/schemas/{RECOMMENDATION}.json", **document}


def questions_document() -> JsonSchema:
    """Return the JSON Schema of a changed list of questions."""
    title = "The questions to a candidate have changed"
    return _state_document(QUESTIONS, "questions.changed", title, QuestionListSchema)


def agenda_document() -> JsonSchema:
    """Return the JSON Schema of a changed agenda."""
    return _state_document(AGENDA, "agenda.changed", "An agenda has changed", AgendaSchema)


def _state_document(name: str, type_: str, title: str, schema: type[Schema]) -> JsonSchema:
    """The JSON Schema of a message with the whole state of a case. Open: later versions may add fields."""
    document = _envelope(title, {"const": full_type(type_)}, object_schema(schema), data_required=True)
    document["properties"] |= {"tenant": {"type": "string"}, "link": LINK}
    document["properties"]["id"] = {"type": "string", "description": "The id in `data`, a dot and the sequence"}
    return {"$schema": DIALECT, "$id": f"/schemas/{name}.json", **document}


def _envelope(title: str, types: JsonSchema, data: JsonSchema, *, data_required: bool) -> JsonSchema:
    properties = {name: kind.json_schema() for name, kind in ATTRIBUTES.items() if name != "type"}
    required = [name for name, kind in ATTRIBUTES.items() if kind.required] + (["data"] if data_required else [])
    uses_money = '"#/$defs/money"' in json.dumps(data)
    return {
        "title": title,
        "type": "object",
        "properties": {**properties, "type": types, "data": data},
        "required": required,
        "propertyNames": {"pattern": "^[a-z0-9]+$"},
        "additionalProperties": {"anyOf": [{"type": name} for name in ("string", "boolean", "integer", "null")]},
        **({"$defs": {"money": object_schema(MoneySchema)}} if uses_money else {}),
    }


def texts() -> Iterator[tuple[Path, str]]:
    """Yield every generated file with its content."""
    for path, document in documents().items():
        yield GENERATED / path, json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def write() -> list[Path]:
    """Write every generated file and remove stale ones. Return the files written."""
    expected = dict(texts())
    for old in set(GENERATED.rglob("*.json")) - set(expected):
        old.unlink()
    for path, text in expected.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return list(expected)


def stale() -> list[Path]:
    """Return the generated files that are missing, different or no longer generated."""
    expected: dict[Path, Any] = dict(texts())
    present = {path: path.read_text(encoding="utf-8") for path in GENERATED.rglob("*.json")}
    return sorted(path for path in expected.keys() | present.keys() if expected.get(path) != present.get(path))
