"""Reads Standard Webhooks payloads of Signpost events, {type, timestamp, data}, as CloudEvents. Pure."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from signpost.case.event import Event
from signpost.case.identity import APPLICATION
from signpost.schemas import EVENT_SCHEMAS, InvalidEvent, Problem, full_type
from signpost.schemas.fields import json_type

STATED_ELSEWHERE = ("id", "source", "specversion", "subject", "time")
"""Attributes of a CloudEvent that this payload states elsewhere: a second value of one would be read by nobody."""
HEADERS = ("webhook-id", "webhook-timestamp", "webhook-signature")


def load_payload(document: Any, *, webhook_id: str, source: str, load: Callable[[dict[str, Any]], Event]) -> Event:
    """Return the event of one payload; `load` validates the CloudEvent that it becomes.

    `data.candidate` becomes the subject, else `data.application`. The type may be short ("offer.extended"). The
    `webhook-id` becomes the event's id, because senders keep it over retries. Further members are not read. Raises
    InvalidEvent with pointers into the payload, for every wrong member of it and of its data.
    """
    if not isinstance(document, Mapping):
        raise InvalidEvent([Problem("", f"must be an object with type, timestamp and data, is {json_type(document)}")])
    problems, more = list(_envelope_problems(document)), 0
    data = document["data"] if isinstance(document.get("data"), Mapping) else {}
    try:
        event = load(_to_cloudevent(document, data, webhook_id, source))
    except InvalidEvent as error:
        has_data = all(one.pointer != "/data" for one in problems)
        found = (one for one in _point_into_payload(error, data) if has_data or not one.pointer.startswith("/data"))
        problems, more = [*problems, *found], error.more
    if problems:
        raise InvalidEvent(problems, more)
    return event


def _envelope_problems(document: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield what the CloudEvent of a payload does not show any more."""
    data = document.get("data")
    if not isinstance(data, Mapping):
        yield Problem("/data", "is missing" if data is None else f"must be an object, is {json_type(data)}")
    yield from (Problem(f"/{name}", "is not a field of this payload") for name in STATED_ELSEWHERE if name in document)


def _to_cloudevent(
    document: Mapping[str, Any], data: Mapping[str, Any], webhook_id: str, source: str
) -> dict[str, Any]:
    name = document.get("type")
    return {
        "specversion": "1.0",
        "id": webhook_id,
        "source": source,
        "type": full_type(name) if isinstance(name, str) and name in EVENT_SCHEMAS else name,
        "time": document.get("timestamp"),
        "subject": subject_of(data),
        "data": {key: value for key, value in data.items() if key != "candidate"},
    }


def unknown_type(document: Any) -> str | None:
    """Return the type of a payload if it is none of Signpost's, in whatever state the rest is; a sender has others."""
    name = document.get("type") if isinstance(document, Mapping) else None
    known = not isinstance(name, str) or name in EVENT_SCHEMAS or name in map(full_type, EVENT_SCHEMAS)
    return None if known else str(name)


def standard_headers(headers: Mapping[str, str]) -> Mapping[str, str]:
    """Return the headers with the names of the standard, for a sender that uses those of Svix from before it."""
    if "webhook-signature" in headers:
        return headers
    older = {
        name: headers[f"svix-{name.partition('-')[2]}"]
        for name in HEADERS
        if f"svix-{name.partition('-')[2]}" in headers
    }
    return {**headers, **older}


def subject_of(data: Mapping[str, Any]) -> Any:
    """Return the candidate, else `application:ID`; None without either."""
    application = data.get("application")
    if data.get("candidate") is None and application is not None:
        return APPLICATION + application if isinstance(application, str) else application
    return data.get("candidate")


POINTERS = {"/time": "/timestamp", "/subject": "/data/candidate", "/id": "webhook-id"}


def _point_into_payload(error: InvalidEvent, data: Mapping[str, Any]) -> list[Problem]:
    """The problems with pointers into the payload instead of the CloudEvent; of two about one member the first."""
    is_of_application = data.get("candidate") is None and data.get("application") is not None
    pointers = {**POINTERS, "/subject": "/data/application"} if is_of_application else POINTERS
    moved = [Problem(pointers.get(one.pointer, one.pointer), one.message) for one in error.problems]
    if is_of_application and any(one.pointer == "/data/application" for one in error.problems):
        moved = [new for new, one in zip(moved, error.problems, strict=True) if one.pointer != "/subject"]
    return moved
