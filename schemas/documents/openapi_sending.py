"""The OpenAPI operations that receive events: `POST /v1/events` and `POST /v1/webhooks/{source}`."""

from collections.abc import Mapping
from typing import Any

from signpost.names import CLOUDEVENT_JSON, CLOUDEVENTS_BATCH_JSON, JSON
from signpost.schemas.documents.answers import ref
from signpost.schemas.documents.examples import BATCH, DELIVERY, EVENT, STANDARD_WEBHOOK
from signpost.schemas.documents.openapi_parts import answering, media, path_parameter, refusal, with_example
from signpost.schemas.documents.problem_examples import PROBLEMS, UNSIGNED
from signpost.schemas.fields import JsonSchema

_DESCRIPTION = """In binary mode the body is the event's data and the `ce-...` headers are its attributes,
percent-encoded.

Beyond the schemas: `time` is at most 5 minutes ahead of the clock; instants and dates lie in the years 1970 to 9998; a
notice period is at most 3650 days, 520 weeks or 120 months; countries, currencies, time zones and dates exist; ids have
no control or invisible characters; a candidate is merged into a person, not into `application:ID`; the recommendation
that feedback (`signpost.advice...`) answers exists, whose candidate replaces `subject`. `422` names each field."""
ONE_ACCEPTED = {"id": EVENT["id"], "status": 202}
ALL_ACCEPTED = {"items": [{"index": 0, "id": "e-1", "status": 202, "errors": []}]}
PARTLY_ACCEPTED = {
    "items": [
        *ALL_ACCEPTED["items"],
        {"index": 1, "id": "e-2", "status": 422, "errors": PROBLEMS[422]["errors"]},
    ]
}


def send_events(events: Mapping[str, JsonSchema]) -> JsonSchema:
    """Return the operation for every CloudEvents mode; `events` are the JSON Schemas by type."""
    mapping = {name: f"#/components/schemas/{name}" for name in events}
    one = {"oneOf": [ref(name) for name in events], "discriminator": {"propertyName": "type", "mapping": mapping}}
    either = {"anyOf": [ref("Accepted"), ref("BatchAnswer")]}
    content = {JSON: {"schema": either, "examples": {"one": _value(ONE_ACCEPTED), "batch": _value(ALL_ACCEPTED)}}}
    partial = "Some events of the batch are invalid or beyond a quota; the others are accepted"
    accepted = answering(202, "Accepted: the event is stored durably", content) | answering(
        207, partial, media(ref("BatchAnswer"), PARTLY_ACCEPTED), 400, 401, 403, 413, 415, 422, 503
    )
    return {
        "operationId": "sendEvents",
        "summary": "Send CloudEvents: structured, binary or batched",
        "description": _DESCRIPTION,
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
    header = {"name": f"ce-{attribute}", "in": "header", "description": "Binary mode only"}
    return {**header, "schema": {"type": "string"}, "example": EVENT[attribute]}


def _value(example: Any) -> JsonSchema:
    return {"value": example}


def send_webhook() -> JsonSchema:
    """Return the operation that receives the webhooks of any vendor."""
    name = DELIVERY["id"]
    header = {"schema": {"type": "string"}, "description": "The delivery id", "example": name}
    answers = {
        str(status): {
            "description": f"Accepted, for vendors that expect {status}; `events` is 0 if there is no event",
            "headers": {"Signpost-Delivery": header},
            "content": media(ref("Accepted"), {"events": 1, "status": status, "delivery": name}),
        }
        for status in (200, 202)
    }
    refused = {str(status): refusal(status) for status in (400, 401, 404, 413, 415, 422, 429, 503)}
    return {
        "operationId": "sendWebhook",
        "summary": "Receive a signed webhook of a configured source",
        "description": "Responds with the status that the vendor expects, 202 or 200, and echoes a handshake header.",
        "security": [],
        "parameters": [path_parameter("source", "The name of the source in the configuration", "careers-north")],
        "requestBody": {"required": True, "content": media({"type": "object"}, STANDARD_WEBHOOK)},
        "responses": with_example(401, UNSIGNED, answers | refused),
    }
