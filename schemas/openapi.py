"""The OpenAPI 3.1 description of everything the intake answers, with examples. Data, and what shortens it."""

from collections.abc import Mapping
from typing import Any

from schemas.answers import ANSWERS, of, ref
from schemas.examples import (
    ADVICE_ANSWER,
    BATCH,
    CASE_ANSWER,
    EVENT,
    EXPLANATION,
    PROBLEM,
    RECOMMENDATION_EVENT,
    SIMULATED,
    SIMULATION,
    STANDARD_WEBHOOK,
)
from schemas.fields import JsonSchema
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
    return {
        "openapi": "3.1.0",
        "info": {"title": "Signpost", "version": "1", "description": _DESCRIPTION, "license": {"name": "Proprietary"}},
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "servers": [{"url": "/"}],
        "security": [{"key": []}],
        "paths": {
            "/v1/events": {"post": _events(events)},
            "/v1/webhooks/{source}": {"post": _webhooks()},
            "/v1/candidates/{candidate}/advice": {"get": _advice()},
            "/v1/candidates/{candidate}/case": {"get": _case()},
            "/v1/recommendations/{recommendation}": {"get": _recommendation()},
            "/v1/recommendations": {"get": _feed()},
            "/v1/recommendations/{recommendation}/explanation": {"get": _explanation()},
            "/v1/candidates/{candidate}/rules/{rule}": {"get": _rule()},
            "/v1/simulate": {"post": _simulate()},
            "/livez": {"get": _health("livez", "The process runs")},
            "/readyz": {"get": _health("readyz", "Requests can be served; `degraded` while the broker is away", 503)},
        },
        "components": {
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer", "description": "An API key; it names the tenant"}
            },
            "schemas": {**ANSWERS, **{name: _component(event) for name, event in events.items()}},
        },
    }


_DESCRIPTION = """Events in, advice out.

The tenant follows from the credential and is never read from a request. An event is accepted only when it is kept: the
broker has confirmed it, or the database holds it. The same (source, id) sent again changes nothing."""


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
    refused: JsonSchema = {
        str(status): {"description": _REASONS[status], "content": {PROBLEM_TYPE: {"schema": ref("Problem")}}}
        for status in refusals
    }
    if "503" in refused:
        refused["503"]["headers"] = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds"}}
    if "422" in refused:
        refused["422"]["content"][PROBLEM_TYPE]["example"] = PROBLEM
    return {str(code): {"description": words, "content": content}, **refused}


def _events(events: Mapping[str, JsonSchema]) -> JsonSchema:
    mapping = {name: f"#/components/schemas/{name}" for name in events}
    one = {"oneOf": [ref(name) for name in events], "discriminator": {"propertyName": "type", "mapping": mapping}}
    binary = {"schema": {"type": "object"}, "example": EVENT["data"]}
    accepted = _answers(
        202, "Kept", _json(ref("Accepted"), {"id": EVENT["id"], "status": 202}), 400, 401, 413, 415, 422, 503
    )
    accepted["207"] = {
        "description": "A batch of which some events were refused; the others are kept",
        "content": _json(ref("BatchAnswer"), {"items": [{"index": 0, "id": "e-1", "status": 202, "errors": []}]}),
    }
    accepted["202"]["content"]["application/json"]["schema"] = {"anyOf": [ref("Accepted"), ref("BatchAnswer")]}
    return {
        "operationId": "sendEvents",
        "summary": "Send CloudEvents: structured, binary (`ce-` headers) or batched",
        "requestBody": {
            "required": True,
            "content": {
                ONE: {"schema": one, "example": EVENT},
                MANY: {"schema": {"type": "array", "items": one}, "example": BATCH},
                "application/json": binary,
            },
        },
        "responses": accepted,
    }


def _webhooks() -> JsonSchema:
    answers = _answers(202, "Kept (Standard Webhooks)", _json(ref("Accepted"), {"id": "msg_1", "status": 202}))
    answers |= _answers(
        200, "Kept, or nothing to keep (Greenhouse)", _json(ref("Accepted"), {"events": 1, "status": 200})
    )
    answers |= {code: it for code, it in _answers(0, "", {}, 400, 401, 404, 413, 415, 422, 503).items() if code != "0"}
    return {
        "operationId": "sendWebhook",
        "summary": "A webhook of a configured source, signed by its sender",
        "security": [],
        "parameters": [_path("source", "The name of the source in the configuration", "careers-north")],
        "requestBody": {"required": True, "content": _json({"type": "object"}, STANDARD_WEBHOOK)},
        "responses": answers,
    }


def _path(name: str, words: str, example: str) -> JsonSchema:
    said = {"name": name, "in": "path", "required": True, "description": words, "example": example}
    return {**said, "schema": {"type": "string", "minLength": 1}}


def _query(name: str, words: str, schema: JsonSchema) -> JsonSchema:
    return {"name": name, "in": "query", "description": words, "schema": schema}


_CANDIDATE = _path("candidate", "A candidate's id, or `application:ID`, percent-encoded", "c-1")


def _read(operation: str, summary: str, parameters: list[JsonSchema], answers: JsonSchema) -> JsonSchema:
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
        _query("after", "The `next` of an earlier answer; from the beginning where left out", {"type": "string"}),
        _query("limit", "How many at most", {"type": "integer", "minimum": 1, "maximum": 500, "default": 100}),
        _query("audience", "Only for this audience", {"type": "string", "enum": list(AUDIENCES)}),
    ]
    example = {"items": [RECOMMENDATION_EVENT], "next": "17"}
    answers = _answers(200, "Changes in the order they were kept", _json(ref("Feed"), example), 400, 401)
    return _read("feed", "Every change of every recommendation", parameters, answers)


_AT_WORDS = "As it was known at an instant, without what had been told by then; as things are now where left out"
_AT = _query("at", _AT_WORDS, {"type": "string", "format": "date-time"})


def _explanation() -> JsonSchema:
    answers = _answers(200, "Why it holds or not", _json(ref("Explanation"), EXPLANATION), 400, 401, 404)
    parameter = _path("recommendation", "The id of a recommendation", RECOMMENDATION_EVENT["data"]["id"])
    return _read("explanation", "Why a recommendation was made, and what would change it", [parameter, _AT], answers)


def _rule() -> JsonSchema:
    parameters = [
        _CANDIDATE,
        _path("rule", "The id of a rule", "ask-response-deadline"),
        _query("subject", "KIND/ID; where left out, of every subject that the rule speaks of", {"type": "string"}),
        _AT,
    ]
    answers = _answers(200, "Why it holds or not", _json(ref("Explanation"), EXPLANATION), 400, 401, 404)
    many = of("items", items={"type": "array", "items": ref("Explanation")})
    answers["200"]["content"]["application/json"]["schema"] = {"anyOf": [ref("Explanation"), many]}
    return _read("rule", "Why a rule holds of a candidate or does not", parameters, answers)


def _simulate() -> JsonSchema:
    answers = _answers(200, "What would be advised", _json(ref("Simulated"), SIMULATED), 400, 401, 413, 415, 422)
    return {
        "operationId": "simulate",
        "summary": "What would be advised if these events happened; nothing is kept",
        "requestBody": {"required": True, "content": _json(ref("Simulation"), SIMULATION)},
        "responses": answers,
    }


def _health(operation: str, words: str, *refusals: int) -> JsonSchema:
    ok = _json(ref("Health"), {"status": "ok"})
    return {
        "operationId": operation,
        "summary": words,
        "security": [],
        "responses": _answers(200, words, ok, *refusals),
    }
