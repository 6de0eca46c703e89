"""The OpenAPI paths of endpoints, and the webhooks that they get. Data only."""

from collections.abc import Mapping
from typing import Any

from signpost.names import CLOUDEVENT_JSON
from signpost.schemas.containers import object_schema
from signpost.schemas.documents.answers import of, ref
from signpost.schemas.documents.components import component
from signpost.schemas.documents.openapi_parts import LIMIT, answering, media, path_parameter, query_parameter, reading
from signpost.schemas.endpoints import EndpointReplaySchema, EndpointRotationSchema, EndpointSchema
from signpost.schemas.event_attributes import full_type
from signpost.schemas.fields import JsonSchema

_ENDPOINT = path_parameter("endpoint", "The id of an endpoint", "ep_0728e1e28af2bfd646157b8f")
_EXAMPLE: dict[str, Any] = {
    "id": "ep_0728e1e28af2bfd646157b8f",
    "url": "https://hooks.acme.example/signpost",
    "patterns": ["acme.candidate.#", "agenda:acme.candidate.#"],
    "every_change": False,
    "state": "enabled",
    "reason": "",
    "created": "2026-03-02T14:00:00Z",
    "changed": "2026-03-02T14:00:00Z",
    "last_success": "2026-03-03T09:12:00Z",
    "failing_since": None,
    "next_attempt": None,
    "waiting": 0,
    "oldest_s": None,
    "set_aside": 0,
    "secrets": 1,
}
_SECRET = "whsec_a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s="
_ATTEMPT: dict[str, Any] = {
    "message": "r-5f1c.3",
    "candidate": "c-1",
    "number": 2,
    "at": "2026-03-03T09:12:00Z",
    "duration_ms": 85,
    "outcome": "refused",
    "status": 503,
    "detail": "the receiver answered 503: it refuses the message",
    "response": "try later",
}
_TEXT: JsonSchema = {"type": "string"}
_COUNT: JsonSchema = {"type": "integer", "minimum": 0}
_INSTANT: JsonSchema = {"type": "string", "format": "date-time"}
_NULLABLE: JsonSchema = {"type": ["string", "null"], "format": "date-time"}
_FIELDS: dict[str, JsonSchema] = {
    "id": _TEXT,
    "url": {"type": "string", "format": "uri"},
    "patterns": {"type": "array", "items": _TEXT},
    "every_change": {"type": "boolean"},
    "state": {"enum": ["enabled", "failing", "disabled"]},
    "reason": {"type": "string", "description": "Why it is disabled"},
    "created": _INSTANT,
    "changed": {**_INSTANT, "description": "When it was added, enabled or disabled last"},
    "last_success": _NULLABLE,
    "failing_since": _NULLABLE,
    "next_attempt": {**_NULLABLE, "description": "Until then the endpoint as a whole rests"},
    "waiting": {**_COUNT, "description": "Messages that wait for it"},
    "oldest_s": {"type": ["number", "null"], "description": "Age of the oldest of them in seconds"},
    "set_aside": {**_COUNT, "description": "Messages that it refused for days while it took others"},
    "secrets": {"type": "integer", "minimum": 1, "maximum": 2, "description": "How many secrets sign"},
}
_ATTEMPT_FIELDS: dict[str, JsonSchema] = {
    "message": {"type": "string", "description": "The header `webhook-id`"},
    "candidate": {"type": ["string", "null"]},
    "number": {"type": "integer", "minimum": 1},
    "at": _INSTANT,
    "duration_ms": _COUNT,
    "outcome": {"enum": ["delivered", "refused", "failed", "blocked"]},
    "status": {"type": ["integer", "null"]},
    "detail": _TEXT,
    "response": {"type": "string", "description": "The beginning of the response"},
}
ENDPOINT_ANSWERS: JsonSchema = {
    "EndpointRequest": object_schema(EndpointSchema),
    "EndpointReplay": object_schema(EndpointReplaySchema),
    "EndpointRotation": object_schema(EndpointRotationSchema),
    "Endpoint": of(" ".join(_FIELDS), **_FIELDS),
    "NewEndpoint": of(" ".join([*_FIELDS, "secret"]), **_FIELDS, secret=_TEXT),
    "Endpoints": of("items", items={"type": "array", "items": ref("Endpoint")}),
    "EndpointSecret": of("id secret previous_until", id=_TEXT, secret=_TEXT, previous_until=_INSTANT),
    "EndpointMessage": of("message", message=_TEXT),
    "EndpointMessages": of("messages", messages=_COUNT),
    "Attempts": of(
        "items next",
        items={"type": "array", "items": of(" ".join(_ATTEMPT_FIELDS), **_ATTEMPT_FIELDS)},
        next={"type": ["string", "null"]},
    ),
}


def endpoint_paths() -> JsonSchema:
    """Return path -> operations."""
    one = "/v1/endpoints/{endpoint}"
    return {
        "/v1/endpoints": {"get": _list(), "post": _add()},
        one: {"get": _show(), "delete": _remove()},
        f"{one}/attempts": {"get": _attempts()},
        f"{one}/test": {"post": _test()},
        f"{one}/replay": {"post": _replay()},
        f"{one}/rotate": {"post": _rotate()},
        f"{one}/enable": {"post": _switch("enableEndpoint", "Enable an endpoint: it gets today's state")},
        f"{one}/disable": {"post": _switch("disableEndpoint", "Disable an endpoint until it is enabled")},
    }


def endpoint_webhooks(documents: Mapping[str, JsonSchema]) -> tuple[JsonSchema, JsonSchema]:
    """Return the webhooks, and the components that they need."""
    components = {
        "AgendaChange": component(documents["signpost.agenda.v1.json"]),
        "QuestionList": component(documents["signpost.questions.v1.json"]),
        "EndpointTest": _test_schema(),
    }
    about = {
        "recommendation": ("A recommendation was raised, updated or has ended", ref("RecommendationChange")),
        "agenda": ("The agenda of a reader has changed", ref("AgendaChange")),
        "questions": ("The questions to a candidate have changed", ref("QuestionList")),
        "endpointTest": ("A test, which asks for nothing but the answer", ref("EndpointTest")),
    }
    return {name: {"post": _webhook(name, *found)} for name, found in about.items()}, components


def _webhook(name: str, summary: str, schema: JsonSchema) -> JsonSchema:
    headers = {
        "webhook-id": ("The id of the message; the same for each attempt", "r-5f1c.3"),
        "webhook-timestamp": ("When this attempt was signed, in seconds since 1970", "1772460000"),
        "webhook-signature": ("`v1,` and a signature for each secret, with spaces between them", "v1,K5oZfzN95Z9U="),
    }
    return {
        "operationId": f"receive{name[0].upper()}{name[1:]}",
        "summary": summary,
        "security": [],
        "tags": ["Endpoints"],
        "description": "Posted to an endpoint, signed by Standard Webhooks. `sequence` orders the messages of an item.",
        "parameters": [
            {"name": header, "in": "header", "required": True, "description": about, "example": example,
             "schema": {"type": "string"}}
            for header, (about, example) in headers.items()
        ],
        "requestBody": {"required": True, "content": {CLOUDEVENT_JSON: {"schema": schema}}},
        "responses": {
            "204": {"description": "Taken; any status from 200 to 299 counts. Others are tried again"},
            "410": {"description": "Disables the endpoint"},
        },
    }  # fmt: skip


def _test_schema() -> JsonSchema:
    data = of("endpoint patterns", endpoint=_TEXT, patterns={"type": "array", "items": _TEXT})
    return of(
        "specversion id source type time subject tenant data",
        specversion={"const": "1.0"},
        id=_TEXT,
        source={"const": "signpost"},
        type={"const": full_type("endpoint.test")},
        time=_INSTANT,
        subject=_TEXT,
        tenant=_TEXT,
        data=data,
    )


def _list() -> JsonSchema:
    answers = answering(200, "The endpoints, the oldest first", media(ref("Endpoints"), {"items": [_EXAMPLE]}), 401)
    return reading("endpoints", "List the endpoints of webhooks", [], answers)


def _add() -> JsonSchema:
    content = media(ref("NewEndpoint"), {**_EXAMPLE, "secret": _SECRET})
    answers = answering(201, "The endpoint; its secret is returned only here", content, 400, 401, 413, 415, 422, 503)
    wanted = {"url": _EXAMPLE["url"], "patterns": _EXAMPLE["patterns"]}
    return {
        "operationId": "addEndpoint",
        "summary": "Add an endpoint, to which messages are posted from now on",
        "requestBody": {"required": True, "content": media(ref("EndpointRequest"), wanted)},
        "responses": answers,
    }


def _show() -> JsonSchema:
    answers = answering(200, "The endpoint", media(ref("Endpoint"), _EXAMPLE), 401, 404)
    return reading("endpoint", "Return an endpoint and what waits for it", [_ENDPOINT], answers)


def _remove() -> JsonSchema:
    answers = answering(204, "Removed", {}, 401, 404, 503)
    del answers["204"]["content"]
    summary = "Remove an endpoint and all that is stored for it"
    return {"operationId": "removeEndpoint", "summary": summary, "parameters": [_ENDPOINT], "responses": answers}


def _attempts() -> JsonSchema:
    parameters = [
        _ENDPOINT,
        query_parameter("message", "Return only this message", {"type": "string"}, "r-5f1c.3"),
        query_parameter("after", "The `next` of an earlier response", {"type": "string", "pattern": "^[0-9]+$"}),
        LIMIT,
    ]
    content = media(ref("Attempts"), {"items": [_ATTEMPT], "next": None})
    answers = answering(200, "Attempts, the latest first", content, 400, 401, 404)
    return reading("attempts", "List the attempts at an endpoint", parameters, answers)


def _test() -> JsonSchema:
    content = media(ref("EndpointMessage"), {"message": "test_0728e1e28af2bfd646157b8f"})
    answers = answering(202, "The id of the message; its attempt is listed once it was made", content, 401, 404, 503)
    summary = "Send a test message, also to a disabled endpoint"
    return {"operationId": "testEndpoint", "summary": summary, "parameters": [_ENDPOINT], "responses": answers}


def _replay() -> JsonSchema:
    content = media(ref("EndpointMessages"), {"messages": 12})
    what = "How many messages are sent again, to a disabled endpoint once it is enabled"
    answers = answering(202, what, content, 400, 401, 404, 413, 415, 422, 503)
    return {
        "operationId": "replayEndpoint",
        "summary": "Send today's state again: active recommendations, agendas, and what was set aside",
        "parameters": [_ENDPOINT],
        "requestBody": {"content": media(ref("EndpointReplay"), {"candidate": "c-1"})},
        "responses": answers,
    }


def _rotate() -> JsonSchema:
    example = {"id": _EXAMPLE["id"], "secret": _SECRET, "previous_until": "2026-03-04T09:12:00Z"}
    answers = answering(200, "The new secret", media(ref("EndpointSecret"), example), 400, 401, 404, 413, 415, 422, 503)
    return {
        "operationId": "rotateEndpoint",
        "summary": "Sign with a new secret, and for a time with both",
        "parameters": [_ENDPOINT],
        "requestBody": {"content": media(ref("EndpointRotation"), {"overlap_hours": 24})},
        "responses": answers,
    }


def _switch(operation: str, summary: str) -> JsonSchema:
    answers = answering(200, "The endpoint", media(ref("Endpoint"), _EXAMPLE), 401, 404, 503)
    return {"operationId": operation, "summary": summary, "parameters": [_ENDPOINT], "responses": answers}
