"""Builds the AsyncAPI 3.1 document: exchanges, queues, routing keys and messages.

Names, kinds and arguments come from the topology declaration; the JSON Schemas of the payloads are components, so that
the document can be read from a file.
"""

from collections.abc import Mapping
from typing import Any

from signpost.case.instant import parse_instant
from signpost.messaging.topology import ADVISOR, BULK, UNROUTED, cloudevent_headers, declaration
from signpost.names import (
    ADVICE,
    AGENDA,
    AUDIENCES,
    CHANGES,
    CLOUDEVENT_JSON,
    DEAD,
    EVENTS,
    FEEDBACK,
    PRIORITIES,
    QUESTIONS,
)
from signpost.schemas.cloudevent import dump_event, full_type, load_event
from signpost.schemas.documents.agenda_examples import AGENDA_EVENT, QUESTIONS_EVENT
from signpost.schemas.documents.asyncapi_operations import BINDING_VERSION, operations
from signpost.schemas.documents.components import component
from signpost.schemas.documents.event_examples import event_example
from signpost.schemas.documents.examples import RECOMMENDATION_EVENT
from signpost.schemas.events import EVENT_SCHEMAS
from signpost.schemas.fields import JsonSchema

RECOMMENDATION, LIST, CARDS = "recommendation", "questions", "agenda"
TENANT: str = RECOMMENDATION_EVENT["tenant"]
_EVENTS = frozenset(map(full_type, EVENT_SCHEMAS))
_ENTITIES = sorted({name.partition(".")[0] for name in EVENT_SCHEMAS})
_ACTIONS = sorted({name.partition(".")[2] for name in EVENT_SCHEMAS})
_DESCRIPTION = """Signpost receives events and publishes advice over AMQP 0.9.1. Messages are persistent CloudEvents in
structured mode; the message id is the event id, and `cloudEvents_*` headers repeat the attributes.

Delivery is at least once: skip a message whose `id` you have processed, and order the changes of one recommendation
by `data.sequence`. Within v1, fields are only added: ignore unknown fields."""


def _info() -> JsonSchema:
    return {
        "title": "Signpost",
        "version": "1",
        "description": _DESCRIPTION,
        "license": {"name": "Proprietary"},
        "contact": {"name": "Signpost"},
        "tags": [{"name": "offers"}, {"name": "interviews"}, {"name": "advice"}],
    }


def asyncapi(documents: Mapping[str, JsonSchema]) -> JsonSchema:
    """Return the AsyncAPI document; `documents` are the JSON Schemas by path."""
    return {
        "asyncapi": "3.1.0",
        "info": _info(),
        "defaultContentType": CLOUDEVENT_JSON,
        "servers": {"broker": _server()},
        "channels": {
            "events": _events(),
            "advice": _advice(),
            "agenda": _agenda(),
            "questions": _questions(),
            "feedback": _feedback(),
            **_queues(),
        },
        "operations": operations(),
        "components": {
            "messages": {full_type(name): _event(name) for name in EVENT_SCHEMAS}
            | {RECOMMENDATION: _recommendation(), **_states()},
            "schemas": {"headers": _headers(), **_schemas(documents)},
            "securitySchemes": {"broker": {"type": "userPassword", "description": "A broker user"}},
        },
    }


def _schemas(documents: Mapping[str, JsonSchema]) -> JsonSchema:
    """The schemas of all payloads by the name of their file, and what they define."""
    shared = {key: part for document in documents.values() for key, part in document.get("$defs", {}).items()}
    named = {path.rpartition("/")[2].removesuffix(".json"): document for path, document in documents.items()}
    # Of an event only its data: on the exchange it carries its tenant besides
    used = {name: one["properties"]["data"] if name in _EVENTS else one for name, one in named.items()}
    return {key: component(part) for key, part in (shared | used).items()}


def _schema(name: str) -> JsonSchema:
    return {"$ref": f"#/components/schemas/{name}"}


def _server() -> JsonSchema:
    address = {"default": "127.0.0.1:5672", "description": "Host and port, as in SIGNPOST_BROKER_URL"}
    return {
        "host": "{address}",
        "protocol": "amqp",
        "protocolVersion": "0.9.1",
        "description": "RabbitMQ 3.10 or later",
        "variables": {"address": address},
        "security": [{"$ref": "#/components/securitySchemes/broker"}],
    }


def _events() -> JsonSchema:
    parameters = {
        "partition": _parameter("The partition of the case, always 0 with a single queue; or `bulk`", "0"),
        "tenant": _parameter("The tenant of the event", TENANT),
        "entity": _parameter("The first word of the event's short type", "offer", enum=_ENTITIES),
        "happening": _parameter("The second word of the event's short type", "extended", enum=_ACTIONS),
    }
    description = "Carries accepted events to the advisors. Senders use `POST /v1/events`, which authenticates them."
    return _exchange(EVENTS, "{partition}.{tenant}.{entity}.{happening}", description, parameters, _event_messages())


def _advice() -> JsonSchema:
    parameters = {
        "tenant": _parameter("The tenant of the candidate", TENANT),
        "audience": _parameter("The audience of the recommendation", "candidate", enum=AUDIENCES),
        "topic": _parameter("The topic of the rule: the name of its rulebook file", "before-accepting"),
        "priority": _parameter("The current priority", "high", enum=PRIORITIES),
        "change": _parameter("The change of the recommendation", "raised", enum=CHANGES),
    }
    description = (
        "Carries every change of a recommendation. Bind your own queue with a pattern like `*.candidate.#` or "
        "`acme.*.*.urgent.raised`; `*` matches one word, `#` any number of words."
    )
    return _exchange(
        ADVICE, "{tenant}.{audience}.{topic}.{priority}.{change}", description, parameters, _advice_messages()
    )


def _agenda() -> JsonSchema:
    parameters = {
        "tenant": _parameter("The tenant of the candidate", TENANT),
        "audience": _parameter("Whose agenda it is", "candidate", enum=AUDIENCES),
        "priority": _parameter("The priority of the first card", "high", enum=("none", *PRIORITIES)),
    }
    description = (
        "Carries the agenda of a candidate, or of an employer about a candidate, whenever its cards change. Each "
        "message has the whole agenda; one without cards has the priority `none`."
    )
    return _exchange(AGENDA, "{tenant}.{audience}.{priority}", description, parameters, {CARDS: _named(CARDS)})


def _questions() -> JsonSchema:
    parameters = {
        "tenant": _parameter("The tenant of the candidate", TENANT),
        "priority": _parameter("The priority of the first question", "high", enum=("none", *PRIORITIES)),
    }
    description = (
        "Carries the questions to a candidate whenever they change, if SIGNPOST_QUESTIONS is on. Each message has the "
        "whole list; an empty one has the priority `none`."
    )
    return _exchange(QUESTIONS, "{tenant}.candidate.{priority}", description, parameters, {LIST: _named(LIST)})


def _states() -> JsonSchema:
    """The messages that carry a state as a whole whenever it changes."""
    return {
        name: _message(title, _schema(f"signpost.{name}.v1"), {"Example": example})
        for name, title, example in (
            (LIST, "The questions to a candidate have changed", QUESTIONS_EVENT),
            (CARDS, "An agenda has changed", AGENDA_EVENT),
        )
    }


def _feedback() -> JsonSchema:
    description = "Carries feedback of consumers: done, dismissed or snoozed. Any routing key is accepted."
    names = [full_type(name) for name in EVENT_SCHEMAS if name.startswith("advice.")]
    return _exchange(FEEDBACK, "feedback", description, {}, {name: _named(name) for name in names})


def _parameter(description: str, example: str, **more: Any) -> JsonSchema:
    listed = {name: list(value) for name, value in more.items()}
    return {"description": description, "examples": [example], **listed}


def _exchange(name: str, key: str, description: str, parameters: JsonSchema, messages: JsonSchema) -> JsonSchema:
    declared = next(exchange for exchange in declaration().exchanges if exchange.name == name)
    facts = {"name": name, "type": declared.kind, "durable": True, "autoDelete": False, "vhost": "/"}
    return {
        "address": key,
        "title": f"{declared.kind.capitalize()} exchange {name}",
        "description": description,
        **({"parameters": parameters} if parameters else {}),
        "messages": messages,
        "bindings": {"amqp": {"is": "routingKey", "exchange": facts, "bindingVersion": BINDING_VERSION}},
        **({"x-exchange-arguments": dict(declared.arguments)} if declared.arguments else {}),
    }


_QUEUES = {
    ADVISOR: "Events for the advisors. With several partitions there is one numbered queue for each partition.",
    BULK: "Events of tenants that send more than their share at once. Advisors read it in turn with the others.",
    DEAD: "Dead letters: the headers `x-signpost-reason` and `x-signpost-queue` give the reason and the queue.",
    UNROUTED: "The latest advice, agendas and questions that matched no binding of a consumer's queue.",
}


def _queues() -> JsonSchema:
    queues = {queue.name: queue for queue in declaration().queues}
    return {
        name.removeprefix("signpost.").replace(".", "-"): {
            "address": name,
            "title": f"Queue {name}",
            "description": description,
            "messages": _consumed_messages() if name == UNROUTED else _event_messages(),
            "bindings": {"amqp": _queue_binding(name)},
            "x-queue-arguments": dict(queues[name].arguments),
            "x-bindings": _bindings_of(name),
        }
        for name, description in _QUEUES.items()
    }


def _queue_binding(name: str) -> JsonSchema:
    facts = {"name": name, "durable": True, "exclusive": False, "autoDelete": False, "vhost": "/"}
    return {"is": "queue", "queue": facts, "bindingVersion": BINDING_VERSION}


def _bindings_of(name: str) -> list[JsonSchema]:
    """Return the bindings of a queue: exchange and pattern."""
    return [
        {"exchange": bound.exchange, "pattern": bound.pattern}
        for bound in declaration().bindings
        if bound.queue == name
    ]


def _consumed_messages() -> JsonSchema:
    return {**_advice_messages(), LIST: _named(LIST), CARDS: _named(CARDS)}


def _event_messages() -> JsonSchema:
    return {name: _named(name) for name in map(full_type, EVENT_SCHEMAS)}


def _advice_messages() -> JsonSchema:
    return {RECOMMENDATION: _named(RECOMMENDATION)}


def _named(message: str) -> JsonSchema:
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


def _headers() -> JsonSchema:
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
