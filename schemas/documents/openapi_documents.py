"""The OpenAPI paths of the contracts: /openapi.json, /asyncapi.json, /schemas/... and the page /docs. Data only."""

from collections.abc import Mapping
from typing import Any

from signpost.names import JSON
from signpost.schemas.documents.openapi_parts import refusal
from signpost.schemas.fields import JsonSchema

_SHORT = "signpost.candidate.erased.v1"


def document_paths(documents: Mapping[str, JsonSchema]) -> JsonSchema:
    """Return path -> operation; `documents` are the JSON Schemas by path."""
    schema, style = documents[f"events/{_SHORT}.json"], "body { margin: 0; }"
    known = ["page.css", "start.js", "swagger-ui-bundle.js", "swagger-ui.css", "favicon-32x32.png"]
    any_json = {JSON: _media({"type": "object"}, {"openapi": "3.1.0"})}
    other_json = {JSON: _media({"type": "object"}, {"asyncapi": "3.0.0"})}
    page = {"text/html": _media({"type": "string"}, "<!DOCTYPE html>")}
    schemas = {"application/schema+json": _media({"type": "object"}, schema)}
    parts = {"text/css": _media({"type": "string"}, style), "text/javascript": _media({"type": "string"}, "start();")}
    return {
        "/": {"get": _document("start", "The start page, with a first event to send", page)},
        "/openapi.json": {"get": _document("openapi", "This OpenAPI document", any_json)},
        "/asyncapi.json": {"get": _document("asyncapi", "The AsyncAPI 3.0 document of the exchanges", other_json)},
        "/schemas/{path}": {
            "get": _named("schema", "The JSON Schema of a message, at its `$id`", schemas, "path", sorted(documents))
        },
        "/docs": {"get": _document("docs", "The page that shows this document", page)},
        "/docs/{asset}": {"get": _named("asset", "An asset of that page", {**parts, "image/png": {}}, "asset", known)},
    }


def _media(schema: JsonSchema, example: Any) -> JsonSchema:
    return {"schema": schema, "example": example}


def _document(operation: str, summary: str, content: JsonSchema) -> JsonSchema:
    """Return an operation that clients may cache for an hour and revalidate by ETag."""
    headers = {
        "ETag": {"schema": {"type": "string"}, "description": "For If-None-Match", "example": '"6f7d47ca"'},
        "Cache-Control": {"schema": {"type": "string"}, "example": "public, max-age=3600"},
    }
    answers = {
        "200": {"description": "The document", "headers": headers, "content": content},
        "304": {"description": "Unchanged since the ETag in If-None-Match"},
        "412": refusal(412),
    }
    return {"operationId": operation, "summary": summary, "security": [], "responses": answers}


def _named(operation: str, summary: str, content: JsonSchema, name: str, known: list[str]) -> JsonSchema:
    """Return the operation of a document with a name in its path."""
    base = _document(operation, summary, content)
    parameter = {"name": name, "in": "path", "required": True, "schema": {"enum": known}, "example": known[0]}
    return {
        **base,
        "parameters": [{**parameter, "description": "The name of the document"}],
        "responses": {**base["responses"], "404": {**refusal(404), "description": "There is no document of this name"}},
    }
