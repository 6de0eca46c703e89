"""The messages of the AsyncAPI document, each with its examples, and how channels name them. Data only."""

from collections.abc import Mapping
from typing import Any

from signpost.case.instant import parse_instant
from signpost.messaging.topology import cloudevent_headers
from signpost.names import CHANGES, CLOUDEVENT_JSON
from signpost.schemas.cloudevent import dump_event, load_event
from signpost.schemas.documents.agenda_examples import AGENDA_EVENT, QUESTIONS_EVENT
from signpost.schemas.documents.event_examples import event_example
from signpost.schemas.documents.examples import RECOMMENDATION_EVENT
from signpost.schemas.event_attributes import full_type
from signpost.schemas.events import EVENT_SCHEMAS
from signpost.schemas.fields import JsonSchema

RECOMMENDATION, LIST, CARDS = "recommendation", "questions", "agenda"
TENANT: str = RECOMMENDATION_EVENT["tenant"]


def message_components() -> JsonSchema:
    """Return name -> message."""
    return {full_type(name): _event(name) for name in EVENT_SCHEMAS} | {RECOMMENDATION: _recommendation(), **_states()}


def _schema(name: str) -> JsonSchema:
    return {"$ref": f"#/components/schemas/{name}"}


def _states() -> JsonSchema:
    """The messages that carry a state as a whole whenever it changes."""
    return {
        name: _message(title, _schema(f"signpost.{name}.v1"), {"Example": example})
        for name, title, example in (
            (LIST, "The questions to a candidate have changed", QUESTIONS_EVENT),
            (CARDS, "An agenda has changed", AGENDA_EVENT),
        )
    }


def consumed_messages() -> JsonSchema:
    """Return references to what consumers get: advice, agendas and questions."""
    return {**advice_messages(), LIST: named(LIST), CARDS: named(CARDS)}


def event_messages() -> JsonSchema:
    """Return references to the messages of all events."""
    return {name: named(name) for name in map(full_type, EVENT_SCHEMAS)}


def advice_messages() -> JsonSchema:
    """Return the reference to a change of a recommendation."""
    return {RECOMMENDATION: named(RECOMMENDATION)}


def named(message: str) -> JsonSchema:
    """Return the reference to a message."""
    return {"$ref": f"#/components/messages/{message}"}


def _event(name: str) -> JsonSchema:
    """Return the message of one event type: the data of its schema, with the tenant that the intake adds."""
    document = event_example(name)
    event = load_event(document, tenant=TENANT, now=parse_instant(document["time"]))
    payload = {
        "allOf": [_schema("signpost.event.v1")],
        "properties": {
            "type": {"const": full_type(name)},
            "data": _schema(full_type(name)),
        },
    }
    return _message(full_type(name), payload, {"Example": dump_event(event)})


def _recommendation() -> JsonSchema:
    examples = {f"Change {change}": _after_change(change) for change in CHANGES[1:]}
    payload = _schema("signpost.recommendation.v1")
    return _message("A change of a recommendation", payload, {"Change raised": RECOMMENDATION_EVENT, **examples})


def _after_change(change: str) -> JsonSchema:
    """Return the example recommendation after one more change."""
    data = RECOMMENDATION_EVENT["data"]
    status, time = "active" if change == "updated" else change, "2026-03-03T09:00:00Z"
    changed = {**data, "sequence": 2, "change": change, "status": status, "changed_at": time}
    type_ = full_type(f"recommendation.{change}")
    return {**RECOMMENDATION_EVENT, "id": f"{data['id']}.2", "type": type_, "time": time, "data": changed}


def _message(title: str, payload: JsonSchema, examples: Mapping[str, Any]) -> JsonSchema:
    listed = [
        {"summary": summary, "headers": cloudevent_headers(event), "payload": event}
        for summary, event in examples.items()
    ]
    return {
        "title": title,
        "contentType": CLOUDEVENT_JSON,
        "headers": {"$ref": "#/components/schemas/headers"},
        "payload": payload,
        "examples": listed,
    }


def headers() -> JsonSchema:
    """Return the JSON Schema of the headers, which are the same for all messages."""
    names = ("specversion", "id", "source", "type", "time", "subject", "tenant")
    required: JsonSchema = {f"cloudEvents_{name}": {"type": "string"} for name in names}
    traceparent = {
        "type": "string",
        "description": "W3C Trace Context: the span that led to this message; only while traces are recorded",
        "pattern": "^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$",
    }
    link = {"type": "string", "description": "Not in events"}
    properties = {**required, "cloudEvents_link": link, "traceparent": traceparent}
    return {"type": "object", "properties": properties, "required": list(required)}
