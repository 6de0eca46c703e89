"""The OpenAPI paths of calendars and of the links to them. Data only."""

from typing import Any

from signpost.schemas.documents.answers import ref
from signpost.schemas.documents.openapi_parts import answering, media, path_parameter, reading
from signpost.schemas.fields import JsonSchema

_CANDIDATE = path_parameter("candidate", "A candidate's id, or `application:ID`, percent-encoded", "c-1")
_LINK = path_parameter("link", "The id of a link", "cal_0728e1e28af2bfd646157b8f")
_TOKEN = {
    **path_parameter("token", "The secret part of the link", "nV5cT0o2uFj0nJ4Q3lq0y1k9m8d7s6a5f4g3h2j1k0l"),
    "schema": {"type": "string", "pattern": "^[A-Za-z0-9_-]{43}$"},
}
_EXAMPLE: dict[str, Any] = {
    "id": "cal_0728e1e28af2bfd646157b8f",
    "created": "2026-03-02T14:00:00Z",
    "expires": None,
}
_URL = "https://signpost.example/v1/calendars/nV5cT0o2uFj0nJ4Q3lq0y1k9m8d7s6a5f4g3h2j1k0l.ics"
_ICS = "\r\n".join(
    (
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Signpost//Calendar//EN",
        "METHOD:PUBLISH",
        "BEGIN:VEVENT",
        "UID:cal_9b1f6a7c0d3e5f28a4b6c8d0@signpost",
        "SEQUENCE:97296600",
        "DTSTAMP:20260302T130000Z",
        "SUMMARY:Answer Acme about the offer",
        "DTSTART;VALUE=DATE:20260309",
        "STATUS:CONFIRMED",
        "END:VEVENT",
        "END:VCALENDAR",
        "",
    )
)


def calendar_paths() -> JsonSchema:
    """Return path -> operations."""
    return {
        "/v1/candidates/{candidate}/calendar.ics": {"get": _calendar("calendar", _CANDIDATE, 401)},
        "/v1/calendars/{token}.ics": {"get": {**_calendar("linkedCalendar", _TOKEN), "security": []}},
        "/v1/candidates/{candidate}/calendar-links": {"get": _list(), "post": _add()},
        "/v1/candidates/{candidate}/calendar-links/{link}": {"delete": _remove()},
    }


def _calendar(operation: str, parameter: JsonSchema, *refusals: int) -> JsonSchema:
    content = media({"type": "string"}, _ICS, "text/calendar")
    answers = answering(200, "The calendar (RFC 5545)", content, 404, 429, *refusals)
    etag = {"schema": {"type": "string"}, "description": "For If-None-Match", "example": '"6f7d47ca"'}
    answers["200"]["headers"] = {"ETag": etag}
    answers["304"] = {"description": "Unchanged since the ETag in If-None-Match"}
    summary = "Return the calendar of a candidate: answer deadlines, notice dates, interviews and due advice"
    return reading(operation, summary, [parameter], answers)


def _list() -> JsonSchema:
    answers = answering(200, "The valid links", media(ref("CalendarLinks"), {"items": [_EXAMPLE]}), 401, 404)
    return reading("calendarLinks", "List the links to the calendar of a candidate", [_CANDIDATE], answers)


def _add() -> JsonSchema:
    content = media(ref("CalendarLink"), {**_EXAMPLE, "url": _URL})
    answers = answering(201, "The link; its `url` is returned only here", content, 400, 401, 404, 413, 415, 422, 503)
    return {
        "operationId": "addCalendarLink",
        "summary": "Create a link by which a calendar program reads the calendar of a candidate without an API key",
        "parameters": [_CANDIDATE],
        "requestBody": {"content": media(ref("CalendarLinkRequest"), {"expires": "2026-12-31T00:00:00Z"})},
        "responses": answers,
    }


def _remove() -> JsonSchema:
    answers = answering(204, "Revoked", {}, 401, 404, 503)
    del answers["204"]["content"]
    return {
        "operationId": "removeCalendarLink",
        "summary": "Revoke a link to a calendar",
        "parameters": [_CANDIDATE, _LINK],
        "responses": answers,
    }
