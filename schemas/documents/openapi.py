"""Builds the OpenAPI 3.1 document of the intake, with examples. No routes are defined here."""

from collections.abc import Mapping
from typing import Any

from signpost.names import JSON
from signpost.schemas.documents.agenda_examples import QUESTIONS
from signpost.schemas.documents.answers import ANSWERS, of, ref
from signpost.schemas.documents.components import component
from signpost.schemas.documents.descriptions import HTTP
from signpost.schemas.documents.examples import (
    ADVICE_ANSWER,
    CASE_ANSWER,
    EXPLANATION,
    FEEDBACK,
    RECOMMENDATION_EVENT,
    SIMULATED,
    SIMULATION,
)
from signpost.schemas.documents.openapi_agenda import agenda_paths
from signpost.schemas.documents.openapi_calendar import calendar_paths
from signpost.schemas.documents.openapi_candidates import candidate_paths
from signpost.schemas.documents.openapi_dead_letters import dead_letter_paths
from signpost.schemas.documents.openapi_deliveries import delivery_paths
from signpost.schemas.documents.openapi_documents import document_paths
from signpost.schemas.documents.openapi_endpoints import ENDPOINT_ANSWERS, endpoint_paths, endpoint_webhooks
from signpost.schemas.documents.openapi_forecast import forecast_paths
from signpost.schemas.documents.openapi_parts import (
    AUDIENCE,
    CANDIDATE,
    LIMIT,
    answering,
    cursor_parameter,
    media,
    path_parameter,
    query_parameter,
    reading,
    refused_unread,
)
from signpost.schemas.documents.openapi_sending import send_events, send_webhook
from signpost.schemas.fields import JsonSchema


def openapi(documents: Mapping[str, JsonSchema]) -> JsonSchema:
    """Return the OpenAPI document; `documents` are the JSON Schemas of the events by path."""
    events = {
        path.removeprefix("events/").removesuffix(".json"): document
        for path, document in documents.items()
        if "events/" in path
    }
    paths = {
        "/v1/events": {"post": send_events(events)},
        "/v1/webhooks/{source}": {"post": send_webhook()},
        **candidate_paths(),
        **calendar_paths(),
        "/v1/candidates/{candidate}/advice": {"get": _advice()},
        "/v1/candidates/{candidate}/case": {"get": _case()},
        "/v1/candidates/{candidate}/questions": {"get": _questions()},
        "/v1/recommendations/{recommendation}": {"get": _recommendation()},
        "/v1/recommendations": {"get": _feed()},
        "/v1/recommendations/{recommendation}/explanation": {"get": _explanation()},
        "/v1/candidates/{candidate}/rules/{rule}": {"get": _rule()},
        "/v1/recommendations/{recommendation}/feedback": {"post": _feedback()},
        **forecast_paths(),
        **agenda_paths(),
        "/v1/simulate": {"post": _simulate()},
        **delivery_paths(),
        **dead_letter_paths(),
        **endpoint_paths(),
        "/livez": {"get": _health("livez", "The process is running")},
        "/readyz": {
            "get": _health(
                "readyz",
                "The process can accept events; `degraded` while database or broker is unavailable, messages wait long "
                "in the outbox, or a change of the tenants file is refused",
                _UNAVAILABLE,
            )
        },
        "/metrics": {"get": _metrics()},
        **document_paths(documents),
    }
    webhooks, more = endpoint_webhooks(documents)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Signpost",
            "version": "1",
            "description": _DESCRIPTION,
            "license": {"name": "Proprietary", "identifier": "LicenseRef-Proprietary"},
            "contact": {"name": "Signpost"},
        },
        "servers": [{"url": "/"}],
        "security": [{"key": []}],
        "tags": [{"name": name, "description": text} for name, text in _TAGS.items()],
        "paths": {path: _tagged(path, item) for path, item in paths.items()},
        "webhooks": webhooks,
        "components": {
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer", "description": "An API key; it identifies the tenant"}
            },
            "schemas": {
                **ANSWERS,
                **ENDPOINT_ANSWERS,
                **more,
                "RecommendationChange": component(documents["signpost.recommendation.v1.json"]),
                **{name: component(event) for name, event in events.items()},
            },
        },
    }


_UNAVAILABLE = {"status": "unavailable", "database": "unavailable; the log has the reason"}
_DESCRIPTION = """Signpost receives events and publishes advice.

The credential determines the tenant; a request never names it. An event is accepted only after it is stored durably:
the broker has confirmed it, or the database has committed it. Repeating the same (source, id) changes nothing."""


_TAGS = {
    "Send": "Send events and webhooks",
    "Read": "Read advice, cases and recommendations",
    "Explain": "Explain, forecast and simulate advice",
    "Calendar": "Read calendars, and manage the links to them",
    "Deliveries": "Inspect and replay webhooks",
    "Endpoints": "Manage the endpoints to which webhooks are posted, and what they get",
    "Dead letters": "Inspect, requeue and drop messages that could not be processed",
    "Health": "Health checks for operators",
    "Contracts": "Public documents: OpenAPI, AsyncAPI, JSON Schema",
}


def _tagged(path: str, item: JsonSchema) -> JsonSchema:
    """Return the operations of a path, each with its tag, its description and early refusals."""
    return {
        method: {
            "tags": [_tag(path, method)],
            "description": HTTP.get(operation["operationId"], ""),
            **operation,
            "responses": {**operation["responses"], **refused_unread(operation)},
        }
        for method, operation in item.items()
    }


def _tag(path: str, method: str) -> str:
    if not path.startswith("/v1/"):
        return "Health" if path in ("/livez", "/readyz", "/metrics") else "Contracts"
    if path.endswith(("/explanation", "/rules/{rule}", "/questions", "/forecast", "/simulate")):
        return "Explain"
    if "/calendar" in path:
        return "Calendar"
    if path.startswith("/v1/deliveries"):
        return "Deliveries"
    for start, tag in (("/v1/dead-letters", "Dead letters"), ("/v1/endpoints", "Endpoints")):
        if path.startswith(start):
            return tag
    return "Read" if method == "get" else "Send"


def _advice() -> JsonSchema:
    description = "Active advice by priority, then due time; and suppressed advice"
    answers = answering(200, description, media(ref("Advice"), ADVICE_ANSWER), 400, 401, 404)
    return reading("advice", "Return the advice of a candidate", [CANDIDATE, AUDIENCE], answers)


def _case() -> JsonSchema:
    answers = answering(200, "The stored facts and events", media(ref("Case"), CASE_ANSWER), 401, 404)
    return reading("case", "Return the case of a candidate", [CANDIDATE], answers)


def _recommendation() -> JsonSchema:
    answers = answering(
        200,
        "The recommendation with its explanation",
        media(ref("Recommendation"), RECOMMENDATION_EVENT["data"]),
        401,
        404,
    )
    parameter = path_parameter("recommendation", "The id of a recommendation", RECOMMENDATION_EVENT["data"]["id"])
    return reading("recommendation", "Return the current state of a recommendation", [parameter], answers)


_WAIT = query_parameter(
    "wait",
    "Seconds for which to wait for the next change if there is none; default: 0",
    {"type": "integer", "minimum": 0, "maximum": 60},
    0,
)


def _feed() -> JsonSchema:
    parameters = [cursor_parameter(), LIMIT, AUDIENCE, _WAIT]
    example = {"items": [RECOMMENDATION_EVENT], "next": "17"}
    # Not as a second media type: clients that are generated from this document would have to tell them apart
    description = (
        "Changes in the order of storage. With `Accept: text/event-stream`, server-sent events without an end: each"
        " `data` is one CloudEvent, each `id` the cursor after it, from which `Last-Event-ID` goes on"
    )
    answers = answering(200, description, media(ref("Feed"), example), 400, 401, 410)
    return reading("feed", "List all changes of recommendations", parameters, answers)


_AT_DESCRIPTION = (
    "The state at an instant (1970 to 9999), without the advice published by then; default: the current state"
)


_AT = query_parameter("at", _AT_DESCRIPTION, {"type": "string", "format": "date-time"}, "2026-03-02T14:00:00Z")


def _explanation() -> JsonSchema:
    answers = answering(200, "Why the rule holds or not", media(ref("Explanation"), EXPLANATION), 400, 401, 404, 422)
    parameter = path_parameter("recommendation", "The id of a recommendation", RECOMMENDATION_EVENT["data"]["id"])
    return reading("explanation", "Explain a recommendation and what would change it", [parameter, _AT], answers)


def _rule() -> JsonSchema:
    parameters = [
        CANDIDATE,
        path_parameter("rule", "The id of a rule", "ask-response-deadline"),
        query_parameter(
            "subject",
            "KIND/ID; default: every subject of the rule",
            {"type": "string"},
            "offer/acme-1",
        ),
        _AT,
    ]
    answers = answering(200, "Why the rule holds or not", media(ref("Explanation"), EXPLANATION), 400, 401, 404, 422)
    many = of("items", items={"type": "array", "items": ref("Explanation")})
    answers["200"]["content"][JSON]["schema"] = {"anyOf": [ref("Explanation"), many]}
    return reading("rule", "Explain why a rule holds or not for a candidate", parameters, answers)


def _questions() -> JsonSchema:
    limit = {"type": "integer", "minimum": 1, "maximum": 20, "default": 5}
    parameters = [CANDIDATE, query_parameter("limit", "The maximum number of questions", limit, 2)]
    description = "The questions, those that decide the most urgent and the most advice first"
    answers = answering(200, description, media(ref("Questions"), QUESTIONS), 400, 401, 404)
    return reading(
        "questions", "List the questions to a candidate that would decide the most advice", parameters, answers
    )


def _feedback() -> JsonSchema:
    answers = answering(
        202,
        "Accepted: the feedback is stored durably",
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
        "summary": "Send feedback on a recommendation: done, dismissed, or snoozed until an instant",
        "parameters": [
            path_parameter("recommendation", "The id of a recommendation", RECOMMENDATION_EVENT["data"]["id"])
        ],
        "requestBody": {"required": True, "content": media(ref("Feedback"), FEEDBACK)},
        "responses": answers,
    }


def _simulate() -> JsonSchema:
    answers = answering(200, "The simulated advice", media(ref("Simulated"), SIMULATED), 400, 401, 413, 415, 422, 503)
    return {
        "operationId": "simulate",
        "summary": "Simulate advice for hypothetical events; nothing is stored",
        "requestBody": {"required": True, "content": media(ref("Simulation"), SIMULATION)},
        "responses": answers,
    }


def _health(operation: str, summary: str, refused: Any = None) -> JsonSchema:
    answers = answering(200, summary, media(ref("Health"), {"status": "ok"}), 400)
    if refused:
        answers |= answering(503, "The database is unavailable", media(ref("Health"), refused))
    return {"operationId": operation, "summary": summary, "security": [], "responses": answers}


def _metrics() -> JsonSchema:
    shown = {"text/plain": {"schema": {"type": "string"}, "example": 'signpost_ready{role="intake"} 1.0'}}
    answers = answering(200, "The metrics of this process, or of the whole embedded system", shown, 400, 404)
    return {"operationId": "metrics", "summary": "The metrics for Prometheus", "security": [], "responses": answers}
