"""The OpenAPI paths of the contracts themselves: /openapi.json, /asyncapi.json, /schemas/... and the page /docs."""

from collections.abc import Mapping
from typing import Any

from signpost.names import JSON, PROBLEM_JSON
from signpost.schemas.documents.answers import ref
from signpost.schemas.documents.problem_examples import PROBLEMS
from signpost.schemas.fields import JsonSchema

_SHORT = "signpost.candidate.erased.v1"


def document_paths(documents: Mapping[str, JsonSchema]) -> JsonSchema:
    """Path -> its operation; `documents` are the JSON Schemas by their path."""
    schema, style = documents[f"events/{_SHORT}.json"], "body { margin: 0; }"
    known = ["page.css", "start.js", "swagger-ui-bundle.js", "swagger-ui.css", "favicon-32x32.png"]
    any_json = {JSON: _media({"type": "object"}, {"openapi": "3.1.0"})}
    other_json = {JSON: _media({"type": "object"}, {"asyncapi": "3.0.0"})}
    page = {"text/html": _media({"type": "string"}, "<!DOCTYPE html>")}
    schemas = {"application/schema+json": _media({"type": "object"}, schema)}
    parts = {"text/css": _media({"type": "string"}, style), "text/javascript": _media({"type": "string"}, "start();")}
    return {
        "/": {"get": _document("start", "A start page for people, with the first event to send", page)},
        "/openapi.json": {"get": _document("openapi", "This description", any_json)},
        "/asyncapi.json": {"get": _document("asyncapi", "AsyncAPI 3.0 description of both exchanges", other_json)},
        "/schemas/{path}": {
            "get": _named("schema", "JSON Schema of a message, under its `$id`", schemas, "path", sorted(documents))
        },
        "/docs": {"get": _document("docs", "A page for people that shows this description", page)},
        "/docs/{asset}": {"get": _named("asset", "What that page loads", {**parts, "image/png": {}}, "asset", known)},
    }


def _media(schema: JsonSchema, example: Any) -> JsonSchema:
    return {"schema": schema, "example": example}


def _document(operation: str, summary: str, content: JsonSchema) -> JsonSchema:
    """May be kept for an hour; whoever has it asks by its ETag."""
    headers = {
        "ETag": {"schema": {"type": "string"}, "description": "For If-None-Match", "example": '"6f7d47ca"'},
        "Cache-Control": {"schema": {"type": "string"}, "example": "public, max-age=3600"},
    }
    answers = {
        "200": {"description": "As it was generated", "headers": headers, "content": content},
        "304": {"description": "Unchanged since the ETag in If-None-Match"},
    }
    return {"operationId": operation, "summary": summary, "security": [], "responses": answers}


def _named(operation: str, summary: str, content: JsonSchema, name: str, known: list[str]) -> JsonSchema:
    """A document out of a few."""
    said = _document(operation, summary, content)
    missing = {PROBLEM_JSON: _media(ref("Problem"), PROBLEMS[404])}
    parameter = {"name": name, "in": "path", "required": True, "schema": {"enum": known}, "example": known[0]}
    return {
        **said,
        "parameters": [{**parameter, "description": "Which"}],
        "responses": {**said["responses"], "404": _gone(missing)},
    }


def _gone(content: JsonSchema) -> JsonSchema:
    return {"description": "There is nothing of this name", "content": content}
