"""Standard Webhooks payloads that speak our vocabulary: {type, timestamp, data} to a CloudEvent document. Pure."""

from collections.abc import Mapping
from typing import Any

from signpost.case.identity import APPLICATION
from signpost.schemas import EVENT_SCHEMAS, InvalidEvent, Problem, full_type
from signpost.schemas.fields import json_type

FIELDS = ("type", "timestamp", "data")


def to_cloudevent(document: Any, *, webhook_id: str, source: str) -> dict[str, Any]:
    """The CloudEvent of one payload; it is validated by whoever takes it in.

    `data.candidate` becomes the subject, else `data.application` does. The type may be short ("offer.extended"). The
    `webhook-id` is the event's id: senders keep it over retries. Raises Refused.
    """
    if not isinstance(document, Mapping):
        raise InvalidEvent([Problem("", f"must be an object of type, timestamp and data, is {json_type(document)}")])
    data = document.get("data")
    problems = [Problem(f"/{name}", "is missing") for name in FIELDS if document.get(name) is None]
    problems += [Problem(f"/{name}", "is not a field of this payload") for name in document if name not in FIELDS]
    if data is not None and not isinstance(data, Mapping):
        problems.append(Problem("/data", f"must be an object, is {json_type(data)}"))
    if problems or not isinstance(data, Mapping):
        raise InvalidEvent(problems)
    said = document["type"]
    return {
        "specversion": "1.0",
        "id": webhook_id,
        "source": source,
        "type": full_type(said) if isinstance(said, str) and said in EVENT_SCHEMAS else said,
        "time": document["timestamp"],
        "subject": subject_of(data),
        "data": {name: value for name, value in data.items() if name != "candidate"},
    }


def subject_of(data: Mapping[str, Any]) -> Any:
    """The candidate, or the application where no candidate is named; None where neither is."""
    application = data.get("application")
    if data.get("candidate") is None and isinstance(application, str):
        return APPLICATION + application
    return data.get("candidate")


POINTERS = {"/time": "/timestamp", "/subject": "/data/candidate", "/id": "webhook-id"}


def in_payload(refused: InvalidEvent) -> InvalidEvent:
    """The same problems, pointing into the payload instead of the CloudEvent made of it."""
    return InvalidEvent(
        Problem(POINTERS.get(problem.pointer, problem.pointer), problem.message) for problem in refused.problems
    )
