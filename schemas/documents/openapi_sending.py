"""The OpenAPI operations that events come in by: `POST /v1/events` and `POST /v1/webhooks/{source}`."""

from collections.abc import Mapping
from typing import Any

from signpost.names import CLOUDEVENT_JSON, CLOUDEVENTS_BATCH_JSON, JSON
from signpost.schemas.documents.answers import ref
from signpost.schemas.documents.examples import BATCH, DELIVERY, EVENT, STANDARD_WEBHOOK
from signpost.schemas.documents.openapi_parts import answering, media, path_parameter, refusal, with_example
from signpost.schemas.documents.problem_examples import PROBLEMS, UNSIGNED
from signpost.schemas.fields import JsonSchema

ONE_KEPT = {"id": EVENT["id"], "status": 202}
ALL_KEPT = {"items": [{"index": 0, "id": "e-1", "status": 202, "errors": []}]}
SOME_KEPT = {
    "items": [
        *ALL_KEPT["items"],
        {"index": 1, "id": "e-2", "status": 422, "errors": PROBLEMS[422]["errors"]},
    ]
}


def send_events(events: Mapping[str, JsonSchema]) -> JsonSchema:
    """Events in every mode of CloudEvents; `events` are their JSON Schemas by type."""
    mapping = {name: f"#/components/schemas/{name}" for name in events}
    one = {"oneOf": [ref(name) for name in events], "discriminator": {"propertyName": "type", "mapping": mapping}}
    either = {"anyOf": [ref("Accepted"), ref("BatchAnswer")]}
    kept = {JSON: {"schema": either, "examples": {"one": _value(ONE_KEPT), "batch": _value(ALL_KEPT)}}}
    some = "A batch of which some events were refused; the others are kept"
    accepted = answering(202, "Kept", kept) | answering(
        207, some, media(ref("BatchAnswer"), SOME_KEPT), 400, 401, 413, 415, 422, 503
    )
    return {
        "operationId": "sendEvents",
        "summary": "Send CloudEvents: structured, binary or batched",
        "description": "In binary mode the body is the event's data, and the headers `ce-...` are its attributes.",
        "parameters": [_header(name) for name in ("specversion", "id", "source", "type", "time", "subject")],
        "requestBody": {
            "required": True,
            "content": {
                **media(one, EVENT, CLOUDEVENT_JSON),
                **media({"type": "array", "items": one}, BATCH, CLOUDEVENTS_BATCH_JSON),
                **media({"type": "object"}, EVENT["data"]),
            },
        },
        "responses": accepted,
    }


def _header(attribute: str) -> JsonSchema:
    said = {"name": f"ce-{attribute}", "in": "header", "description": "In binary mode only"}
    return {**said, "schema": {"type": "string"}, "example": EVENT[attribute]}


def _value(example: Any) -> JsonSchema:
    return {"value": example}


def send_webhook() -> JsonSchema:
    """A webhook of whichever vendor."""
    name = DELIVERY["id"]
    header = {"schema": {"type": "string"}, "description": "The id of the delivery", "example": name}
    answers = {
        str(status): {
            "description": f"Kept, or nothing to keep; for senders who take {status} for success",
            "headers": {"Signpost-Delivery": header},
            "content": media(ref("Accepted"), {"events": 1, "status": status, "delivery": name}),
        }
        for status in (200, 202)
    }
    refused = {str(status): refusal(status) for status in (400, 401, 404, 413, 415, 422, 429, 503)}
    return {
        "operationId": "sendWebhook",
        "summary": "A webhook of a configured source, signed by its sender",
        "description": "Answered with what the sender counts as success, 202 or 200; a handshake with its word.",
        "security": [],
        "parameters": [path_parameter("source", "The name of the source in the configuration", "careers-north")],
        "requestBody": {"required": True, "content": media({"type": "object"}, STANDARD_WEBHOOK)},
        "responses": with_example(401, UNSIGNED, answers | refused),
    }
