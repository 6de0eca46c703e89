"""The OpenAPI paths of forecasts, with examples. No routes are defined here."""

from typing import Any

from signpost.schemas.documents.answers import ref
from signpost.schemas.documents.openapi_parts import (
    AUDIENCE,
    CANDIDATE,
    INSTANT,
    LIMIT,
    answering,
    cursor_parameter,
    media,
    query_parameter,
    reading,
)
from signpost.schemas.fields import JsonSchema

_UNTIL = query_parameter("until", "The end, from now to 400 days from now; default: 30 days from now", INSTANT)
_FORECAST: dict[str, Any] = {
    "candidate": "c-1",
    "at": "2026-03-05T08:00:00Z",
    "until": "2026-04-01T00:00:00Z",
    "rulebook": "4e1f7a55e6ed",
    "items": [
        {
            "at": "2026-03-07T00:00:00Z",
            "change": "raised",
            "recommendation": "rec_1c5b1a37dd9f1f0a2f6f5d3e",
            "sequence": 1,
            "audience": "candidate",
            "rule": "respond-before-deadline",
            "subject": {"kind": "offer", "id": "acme-1"},
            "employer": {"id": "acme", "name": "Acme"},
            "title": "Answer Acme by March 10",
            "priority": "normal",
            "due": "2026-03-10T00:00:00Z",
            "reason": None,
        }
    ],
    "next": None,
}
_TENANT: dict[str, Any] = {
    "at": "2026-03-05T08:00:00Z",
    "until": "2026-04-01T00:00:00Z",
    "overdue": 0,
    "items": [{"hour": "2026-03-06T09:00:00Z", "cases": 12000}],
    "next": None,
}


def forecast_paths() -> JsonSchema:
    """Return path -> operation."""
    return {
        "/v1/candidates/{candidate}/forecast": {"get": _of_candidate()},
        "/v1/forecast": {"get": _of_tenant()},
    }


def _of_candidate() -> JsonSchema:
    employer = query_parameter(
        "employer", "Only with `audience=employer`: only the advice to this employer", {"type": "string"}, "acme"
    )
    parameters = [CANDIDATE, _UNTIL, {**AUDIENCE, "example": "employer"}, employer, cursor_parameter(), LIMIT]
    description = "What is raised, updated and ended, in order of time; at one instant the most urgent first"
    answers = answering(200, description, media(ref("Forecast"), _FORECAST), 400, 401, 404, 422)
    return reading("forecast", "Forecast the advice of a candidate if nothing else happens", parameters, answers)


def _of_tenant() -> JsonSchema:
    description = "The number of cases that change next, by the hour (UTC)"
    answers = answering(200, description, media(ref("TenantForecast"), _TENANT), 400, 401)
    parameters = [_UNTIL, cursor_parameter(), LIMIT]
    return reading("tenantForecast", "Count the cases whose advice changes next, by the hour", parameters, answers)
