"""The OpenAPI 3.1 description of everything the intake answers, with examples. Data, and what shortens it."""

from collections.abc import Mapping
from typing import Any

from signpost.names import AUDIENCES, JSON
from signpost.schemas.documents.answers import ANSWERS, DELIVERY_STATUSES, of, ref
from signpost.schemas.documents.examples import (
    ADVICE_ANSWER,
    CASE_ANSWER,
    DELIVERY,
    EXPLANATION,
    FEEDBACK,
    RECOMMENDATION_EVENT,
    SIMULATED,
    SIMULATION,
)
from signpost.schemas.documents.openapi_documents import document_paths
from signpost.schemas.documents.openapi_parts import answering, media, path_parameter, query_parameter, reading
from signpost.schemas.documents.openapi_sending import send_events, send_webhook
from signpost.schemas.fields import JsonSchema


def openapi(documents: Mapping[str, JsonSchema]) -> JsonSchema:
    """The description; `documents` are the JSON Schemas of the events by their path."""
    events = {
        path.removeprefix("events/").removesuffix(".json"): it for path, it in documents.items() if "events/" in path
    }
    paths = {
        "/v1/events": {"post": send_events(events)},
        "/v1/webhooks/{source}": {"post": send_webhook()},
        "/v1/candidates/{candidate}/advice": {"get": _advice()},
        "/v1/candidates/{candidate}/case": {"get": _case()},
        "/v1/recommendations/{recommendation}": {"get": _recommendation()},
        "/v1/recommendations": {"get": _feed()},
        "/v1/recommendations/{recommendation}/explanation": {"get": _explanation()},
        "/v1/candidates/{candidate}/rules/{rule}": {"get": _rule()},
        "/v1/recommendations/{recommendation}/feedback": {"post": _feedback()},
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


_AWAY = {"status": "unavailable", "database": "unavailable; the log has the reason"}
_DESCRIPTION = """Events in, advice out.

The tenant follows from the credential and is never read from a request. An event is accepted only when it is kept: the
broker has confirmed it, or the database holds it. The same (source, id) sent again changes nothing."""


_TAGS = {
    "Send": "Events and webhooks in",
    "Read": "Advice out",
    "Explain": "Why something is advised or not, and what would be",
    "Deliveries": "What became of each webhook",
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
    if path.startswith("/v1/deliveries"):
        return "Deliveries"
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


_CANDIDATE = path_parameter("candidate", "A candidate's id, or `application:ID`, percent-encoded", "c-1")
_AUDIENCE = query_parameter(
    "audience", "Only for this audience", {"type": "string", "enum": list(AUDIENCES)}, "candidate"
)


def _advice() -> JsonSchema:
    words = "What holds now, the most urgent first, then by due time; and what is suppressed"
    answers = answering(200, words, media(ref("Advice"), ADVICE_ANSWER), 400, 401, 404)
    return reading("advice", "The advice of a candidate", [_CANDIDATE, _AUDIENCE], answers)


def _case() -> JsonSchema:
    answers = answering(200, "Everything known", media(ref("Case"), CASE_ANSWER), 401, 404)
    return reading("case", "The case of a candidate", [_CANDIDATE], answers)


def _recommendation() -> JsonSchema:
    answers = answering(
        200, "With its explanation", media(ref("Recommendation"), RECOMMENDATION_EVENT["data"]), 401, 404
    )
    parameter = path_parameter("recommendation", "The id of a recommendation", RECOMMENDATION_EVENT["data"]["id"])
    return reading("recommendation", "A recommendation as it stands now", [parameter], answers)


def _feed() -> JsonSchema:
    parameters = [
        query_parameter(
            "after", "The `next` of an earlier answer; from the beginning where left out", {"type": "string"}, "17"
        ),
        query_parameter(
            "limit", "How many at most", {"type": "integer", "minimum": 1, "maximum": 500, "default": 100}, 50
        ),
        _AUDIENCE,
    ]
    example = {"items": [RECOMMENDATION_EVENT], "next": "17"}
    answers = answering(200, "Changes in the order they were kept", media(ref("Feed"), example), 400, 401)
    return reading("feed", "Every change of every recommendation", parameters, answers)


_AT_WORDS = "As it was known at an instant, without what had been told by then; as things are now where left out"
_DELIVERY = path_parameter("delivery", "The id that the webhook was answered with", DELIVERY["id"])


def _deliveries() -> JsonSchema:
    parameters = [
        query_parameter("source", "Of this source only", {"type": "string"}, "acme-greenhouse"),
        query_parameter(
            "status", "Of this status only", {"type": "string", "enum": list(DELIVERY_STATUSES)}, "refused"
        ),
        query_parameter(
            "after", "The `next` of an earlier answer; the latest first where left out", {"type": "string"}, "9.dlv_1"
        ),
        query_parameter(
            "limit", "How many at most", {"type": "integer", "minimum": 1, "maximum": 500, "default": 100}, 50
        ),
    ]
    listed = {name: value for name, value in DELIVERY.items() if name != "body"}
    answers = answering(
        200, "The latest first", media(ref("Deliveries"), {"items": [listed], "next": None}), 400, 401, 503
    )
    return reading("deliveries", "What became of the webhooks that were received", parameters, answers)


def _delivery() -> JsonSchema:
    answers = answering(200, "With its body, less what is personal", media(ref("Delivery"), DELIVERY), 401, 404, 503)
    return reading("delivery", "What became of one webhook", [_DELIVERY], answers)


def _replay() -> JsonSchema:
    answers = answering(200, "What became of it now", media(ref("Delivery"), DELIVERY), 400, 401, 404, 503)
    return reading("replay", "Read a webhook once more, as it is understood today", [_DELIVERY], answers)


_AT = query_parameter("at", _AT_WORDS, {"type": "string", "format": "date-time"}, "2026-03-02T14:00:00Z")


def _explanation() -> JsonSchema:
    answers = answering(200, "Why it holds or not", media(ref("Explanation"), EXPLANATION), 400, 401, 404)
    parameter = path_parameter("recommendation", "The id of a recommendation", RECOMMENDATION_EVENT["data"]["id"])
    return reading("explanation", "Why a recommendation was made, and what would change it", [parameter, _AT], answers)


def _rule() -> JsonSchema:
    parameters = [
        _CANDIDATE,
        path_parameter("rule", "The id of a rule", "ask-response-deadline"),
        query_parameter(
            "subject",
            "KIND/ID; where left out, of every subject that the rule speaks of",
            {"type": "string"},
            "offer/acme-1",
        ),
        _AT,
    ]
    answers = answering(200, "Why it holds or not", media(ref("Explanation"), EXPLANATION), 400, 401, 404)
    many = of("items", items={"type": "array", "items": ref("Explanation")})
    answers["200"]["content"][JSON]["schema"] = {"anyOf": [ref("Explanation"), many]}
    return reading("rule", "Why a rule holds of a candidate or does not", parameters, answers)


def _feedback() -> JsonSchema:
    answers = answering(
        202,
        "Kept",
        media(ref("Accepted"), {"id": "r-5f1c.done.1772460000000000", "status": 202}),
        400,
        401,
        404,
        413,
        415,
        422,
        503,
    )
    return {
        "operationId": "sendFeedback",
        "summary": "What was done with a recommendation: done, dismissed, or snoozed until an instant",
        "parameters": [
            path_parameter("recommendation", "The id of a recommendation", RECOMMENDATION_EVENT["data"]["id"])
        ],
        "requestBody": {"required": True, "content": media(ref("Feedback"), FEEDBACK)},
        "responses": answers,
    }


def _simulate() -> JsonSchema:
    answers = answering(200, "What would be advised", media(ref("Simulated"), SIMULATED), 400, 401, 413, 415, 422, 503)
    return {
        "operationId": "simulate",
        "summary": "What would be advised if these events happened; nothing is kept",
        "requestBody": {"required": True, "content": media(ref("Simulation"), SIMULATION)},
        "responses": answers,
    }


def _health(operation: str, words: str, refused: Any = None) -> JsonSchema:
    answers = answering(200, words, media(ref("Health"), {"status": "ok"}))
    if refused:
        answers |= answering(503, "The database is away", media(ref("Health"), refused))
    return {"operationId": operation, "summary": words, "security": [], "responses": answers}
