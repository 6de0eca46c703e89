"""The OpenAPI 3.1 description of everything the intake answers, with examples. Data, and what shortens it."""

from collections.abc import Mapping
from typing import Any

from schemas.answers import ANSWERS, DELIVERY_STATUSES, of, ref
from schemas.examples import (
    ADVICE_ANSWER,
    BATCH,
    CASE_ANSWER,
    DELIVERY,
    EVENT,
    EXPLANATION,
    RECOMMENDATION_EVENT,
    SIMULATED,
    SIMULATION,
    STANDARD_WEBHOOK,
)
from schemas.fields import JsonSchema
from schemas.openapi_documents import document_paths
from schemas.problem_examples import BAD_QUERY, PROBLEMS, UNSIGNED
from schemas.recommendation import AUDIENCES

PROBLEM_TYPE = "application/problem+json"
ONE, MANY = "application/cloudevents+json", "application/cloudevents-batch+json"
_REASONS = {
    400: "The request cannot be read: not JSON as it is accepted here, or a malformed header",
    401: "The credential or the signature is missing or wrong",
    404: "There is nothing of this name for this tenant",
    413: "The body is too long, or the batch has too many events",
    415: "The content type is not understood",
    422: "The event is understood and not accepted; `errors` names every bad field",
    503: "Nothing could be kept now; send the same again after `Retry-After` seconds",
}


def openapi(documents: Mapping[str, JsonSchema]) -> JsonSchema:
    """The description; `documents` are the JSON Schemas of the events by their path."""
    events = {
        path.removeprefix("events/").removesuffix(".json"): it for path, it in documents.items() if "events/" in path
    }
    paths = {
        "/v1/events": {"post": _events(events)},
        "/v1/webhooks/{source}": {"post": _webhooks()},
        "/v1/candidates/{candidate}/advice": {"get": _advice()},
        "/v1/candidates/{candidate}/case": {"get": _case()},
        "/v1/recommendations/{recommendation}": {"get": _recommendation()},
        "/v1/recommendations": {"get": _feed()},
        "/v1/recommendations/{recommendation}/explanation": {"get": _explanation()},
        "/v1/candidates/{candidate}/rules/{rule}": {"get": _rule()},
        "/v1/simulate": {"post": _simulate()},
        "/v1/deliveries": {"get": _deliveries()},
        "/v1/deliveries/{delivery}": {"get": _delivery()},
        "/v1/deliveries/{delivery}/replay": {"post": _replay()},
        "/livez": {"get": _health("livez", "The process runs")},
        "/readyz": {"get": _health("readyz", "Requests can be served; `degraded` while the broker is away", _AWAY)},
        **document_paths(documents),
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "Signpost", "version": "1", "description": _DESCRIPTION, "license": {"name": "Proprietary"}},
        "servers": [{"url": "/"}],
        "security": [{"key": []}],
        "tags": [{"name": name, "description": words} for name, words in _TAGS.items()],
        "paths": {path: _tagged(path, item) for path, item in paths.items()},
        "components": {
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer", "description": "An API key; it names the tenant"}
            },
            "schemas": {**ANSWERS, **{name: _component(event) for name, event in events.items()}},
        },
    }


_AWAY = {"status": "unavailable", "database": "cannot be reached"}
ONE_KEPT = {"id": EVENT["id"], "status": 202}
ALL_KEPT = {"items": [{"index": 0, "id": "e-1", "status": 202, "errors": []}]}
SOME_KEPT = {
    "items": [
        *ALL_KEPT["items"],
        {"index": 1, "id": "e-2", "status": 422, "errors": PROBLEMS[422]["errors"]},
    ]
}
_DESCRIPTION = """Events in, advice out.

The tenant follows from the credential and is never read from a request. An event is accepted only when it is kept: the
broker has confirmed it, or the database holds it. The same (source, id) sent again changes nothing."""


_TAGS = {
    "Send": "Events and webhooks in",
    "Read": "Advice out",
    "Explain": "Why something is advised or not, and what would be",
    "Health": "For whoever runs it",
    "Contracts": "This description and the others, the same for everybody",
}


def _tagged(path: str, item: JsonSchema) -> JsonSchema:
    """A path's operations, each under the heading that it is shown by."""
    return {method: {"tags": [_tag(path, method)], **operation} for method, operation in item.items()}


def _tag(path: str, method: str) -> str:
    if not path.startswith("/v1/"):
        return "Health" if path in ("/livez", "/readyz") else "Contracts"
    if path.endswith(("/explanation", "/rules/{rule}", "/simulate")):
        return "Explain"
    return "Read" if method == "get" else "Send"


def _component(document: JsonSchema) -> Any:
    """A JSON Schema as a component: its references point to the components, and what only a document needs is gone."""
    return _relocated({key: value for key, value in document.items() if key not in ("$schema", "$id", "$defs")})


def _relocated(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _relocated(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_relocated(inner) for inner in value]
    return value.replace("#/$defs/", "#/components/schemas/") if isinstance(value, str) else value


def _json(schema: JsonSchema, example: Any, media: str = "application/json") -> JsonSchema:
    return {media: {"schema": schema, "example": example}}


def _answers(code: int, words: str, content: JsonSchema, *refusals: int) -> JsonSchema:
    return {str(code): {"description": words, "content": content}, **{str(it): _refusal(it) for it in refusals}}


def _refusal(status: int) -> JsonSchema:
    refused = {"description": _REASONS[status], "content": _json(ref("Problem"), PROBLEMS[status], PROBLEM_TYPE)}
    return {**refused, "headers": _HEADERS[status]} if status in _HEADERS else refused


_HEADERS: dict[int, JsonSchema] = {
    401: {
        "WWW-Authenticate": {"schema": {"type": "string"}, "description": "Bearer, or Signature", "example": "Bearer"}
    },
    503: {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds", "example": 5}},
}


def _like(status: int, example: JsonSchema, answers: JsonSchema) -> JsonSchema:
    """The answers, with another example of a refusal."""
    return answers | {str(status): {**answers[str(status)], "content": _json(ref("Problem"), example, PROBLEM_TYPE)}}


def _events(events: Mapping[str, JsonSchema]) -> JsonSchema:
    mapping = {name: f"#/components/schemas/{name}" for name in events}
    one = {"oneOf": [ref(name) for name in events], "discriminator": {"propertyName": "type", "mapping": mapping}}
    either = {"anyOf": [ref("Accepted"), ref("BatchAnswer")]}
    kept = {"application/json": {"schema": either, "examples": {"one": _value(ONE_KEPT), "batch": _value(ALL_KEPT)}}}
    some = "A batch of which some events were refused; the others are kept"
    accepted = _answers(202, "Kept", kept) | _answers(
        207, some, _json(ref("BatchAnswer"), SOME_KEPT), 400, 401, 413, 415, 422, 503
    )
    return {
        "operationId": "sendEvents",
        "summary": "Send CloudEvents: structured, binary or batched",
        "description": "In binary mode the body is the event's data, and the headers `ce-...` are its attributes.",
        "parameters": [_header(name) for name in ("specversion", "id", "source", "type", "time", "subject")],
        "requestBody": {
            "required": True,
            "content": {
                **_json(one, EVENT, ONE),
                **_json({"type": "array", "items": one}, BATCH, MANY),
                **_json({"type": "object"}, EVENT["data"]),
            },
        },
        "responses": accepted,
    }


def _header(attribute: str) -> JsonSchema:
    said = {"name": f"ce-{attribute}", "in": "header", "description": "In binary mode only"}
    return {**said, "schema": {"type": "string"}, "example": EVENT[attribute]}


def _value(example: Any) -> JsonSchema:
    return {"value": example}


def _webhooks() -> JsonSchema:
    answers = _answers(202, "Kept (Standard Webhooks)", _json(ref("Accepted"), {"id": "msg_1", "status": 202}))
    answers |= _answers(
        200, "Kept, or nothing to keep (Greenhouse)", _json(ref("Accepted"), {"events": 1, "status": 200})
    )
    answers |= {str(status): _refusal(status) for status in (400, 401, 404, 413, 415, 422, 503)}
    return {
        "operationId": "sendWebhook",
        "summary": "A webhook of a configured source, signed by its sender",
        "security": [],
        "parameters": [_path("source", "The name of the source in the configuration", "careers-north")],
        "requestBody": {"required": True, "content": _json({"type": "object"}, STANDARD_WEBHOOK)},
        "responses": _like(401, UNSIGNED, answers),
    }


def _path(name: str, words: str, example: str) -> JsonSchema:
    said = {"name": name, "in": "path", "required": True, "description": words, "example": example}
    return {**said, "schema": {"type": "string", "minLength": 1}}


def _query(name: str, words: str, schema: JsonSchema, example: Any) -> JsonSchema:
    return {"name": name, "in": "query", "description": words, "schema": schema, "example": example}


_CANDIDATE = _path("candidate", "A candidate's id, or `application:ID`, percent-encoded", "c-1")


def _read(operation: str, summary: str, parameters: list[JsonSchema], answers: JsonSchema) -> JsonSchema:
    """What reads answers 503 as well while the database is away."""
    answers = (_like(400, BAD_QUERY, answers) if "400" in answers else answers) | {"503": _refusal(503)}
    return {"operationId": operation, "summary": summary, "parameters": parameters, "responses": answers}


def _advice() -> JsonSchema:
    answers = _answers(200, "What holds now, and what is suppressed", _json(ref("Advice"), ADVICE_ANSWER), 401, 404)
    return _read("advice", "The advice of a candidate", [_CANDIDATE], answers)


def _case() -> JsonSchema:
    answers = _answers(200, "Everything known", _json(ref("Case"), CASE_ANSWER), 401, 404)
    return _read("case", "The case of a candidate", [_CANDIDATE], answers)


def _recommendation() -> JsonSchema:
    answers = _answers(
        200, "With its explanation", _json(ref("Recommendation"), RECOMMENDATION_EVENT["data"]), 401, 404
    )
    parameter = _path("recommendation", "The id of a recommendation", RECOMMENDATION_EVENT["data"]["id"])
    return _read("recommendation", "A recommendation as it stands now", [parameter], answers)


def _feed() -> JsonSchema:
    parameters = [
        _query("after", "The `next` of an earlier answer; from the beginning where left out", {"type": "string"}, "17"),
        _query("limit", "How many at most", {"type": "integer", "minimum": 1, "maximum": 500, "default": 100}, 50),
        _query("audience", "Only for this audience", {"type": "string", "enum": list(AUDIENCES)}, "candidate"),
    ]
    example = {"items": [RECOMMENDATION_EVENT], "next": "17"}
    answers = _answers(200, "Changes in the order they were kept", _json(ref("Feed"), example), 400, 401)
    return _read("feed", "Every change of every recommendation", parameters, answers)


_AT_WORDS = "As it was known at an instant, without what had been told by then; as things are now where left out"
_DELIVERY = _path("delivery", "The id that the webhook was answered with", DELIVERY["id"])


def _deliveries() -> JsonSchema:
    parameters = [
        _query("source", "Of this source only", {"type": "string"}, "acme-greenhouse"),
        _query("status", "Of this status only", {"type": "string", "enum": list(DELIVERY_STATUSES)}, "refused"),
        _query(
            "after", "The `next` of an earlier answer; the latest first where left out", {"type": "string"}, "9.dlv_1"
        ),
        _query("limit", "How many at most", {"type": "integer", "minimum": 1, "maximum": 500, "default": 100}, 50),
    ]
    listed = {name: value for name, value in DELIVERY.items() if name != "body"}
    answers = _answers(
        200, "The latest first", _json(ref("Deliveries"), {"items": [listed], "next": None}), 400, 401, 503
    )
    return _read("deliveries", "What became of the webhooks that were received", parameters, answers)


def _delivery() -> JsonSchema:
    answers = _answers(200, "With its body, less what is personal", _json(ref("Delivery"), DELIVERY), 401, 404, 503)
    return _read("delivery", "What became of one webhook", [_DELIVERY], answers)


def _replay() -> JsonSchema:
    answers = _answers(200, "What became of it now", _json(ref("Delivery"), DELIVERY), 400, 401, 404, 503)
    return _read("replay", "Read a webhook once more, as it is understood today", [_DELIVERY], answers)


_AT = _query("at", _AT_WORDS, {"type": "string", "format": "date-time"}, "2026-03-02T14:00:00Z")


def _explanation() -> JsonSchema:
    answers = _answers(200, "Why it holds or not", _json(ref("Explanation"), EXPLANATION), 400, 401, 404)
    parameter = _path("recommendation", "The id of a recommendation", RECOMMENDATION_EVENT["data"]["id"])
    return _read("explanation", "Why a recommendation was made, and what would change it", [parameter, _AT], answers)


def _rule() -> JsonSchema:
    parameters = [
        _CANDIDATE,
        _path("rule", "The id of a rule", "ask-response-deadline"),
        _query(
            "subject",
            "KIND/ID; where left out, of every subject that the rule speaks of",
            {"type": "string"},
            "offer/acme-1",
        ),
        _AT,
    ]
    answers = _answers(200, "Why it holds or not", _json(ref("Explanation"), EXPLANATION), 400, 401, 404)
    many = of("items", items={"type": "array", "items": ref("Explanation")})
    answers["200"]["content"]["application/json"]["schema"] = {"anyOf": [ref("Explanation"), many]}
    return _read("rule", "Why a rule holds of a candidate or does not", parameters, answers)


def _simulate() -> JsonSchema:
    answers = _answers(200, "What would be advised", _json(ref("Simulated"), SIMULATED), 400, 401, 413, 415, 422, 503)
    return {
        "operationId": "simulate",
        "summary": "What would be advised if these events happened; nothing is kept",
        "requestBody": {"required": True, "content": _json(ref("Simulation"), SIMULATION)},
        "responses": answers,
    }


def _health(operation: str, words: str, refused: Any = None) -> JsonSchema:
    answers = _answers(200, words, _json(ref("Health"), {"status": "ok"}))
    if refused:
        answers |= _answers(503, "The database is away", _json(ref("Health"), refused))
    return {"operationId": operation, "summary": words, "security": [], "responses": answers}
