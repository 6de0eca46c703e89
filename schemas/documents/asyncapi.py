"""Builds the AsyncAPI 3.1 document: exchanges, queues, routing keys and messages.

Names, kinds and arguments come from the topology declaration; the JSON Schemas of the payloads are components, so that
the document can be read from a file.
"""

from collections.abc import Mapping
from typing import Any

from signpost.messaging.topology import ADVISOR, BULK, UNROUTED, declaration
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
from signpost.schemas.documents.asyncapi_messages import (
    CARDS,
    LIST,
    TENANT,
    advice_messages,
    consumed_messages,
    event_messages,
    headers,
    message_components,
    named,
)
from signpost.schemas.documents.asyncapi_operations import BINDING_VERSION, operations
from signpost.schemas.documents.components import component
from signpost.schemas.event_attributes import full_type
from signpost.schemas.events import EVENT_SCHEMAS
from signpost.schemas.fields import JsonSchema

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
            "messages": message_components(),
            "schemas": {"headers": headers(), **_schemas(documents)},
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
    return _exchange(EVENTS, "{partition}.{tenant}.{entity}.{happening}", description, parameters, event_messages())


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
        ADVICE, "{tenant}.{audience}.{topic}.{priority}.{change}", description, parameters, advice_messages()
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
    return _exchange(AGENDA, "{tenant}.{audience}.{priority}", description, parameters, {CARDS: named(CARDS)})


def _questions() -> JsonSchema:
    parameters = {
        "tenant": _parameter("The tenant of the candidate", TENANT),
        "priority": _parameter("The priority of the first question", "high", enum=("none", *PRIORITIES)),
    }
    description = (
        "Carries the questions to a candidate whenever they change, if SIGNPOST_QUESTIONS is on. Each message has the "
        "whole list; an empty one has the priority `none`."
    )
    return _exchange(QUESTIONS, "{tenant}.candidate.{priority}", description, parameters, {LIST: named(LIST)})


def _feedback() -> JsonSchema:
    description = "Carries feedback of consumers: done, dismissed or snoozed. Any routing key is accepted."
    names = [full_type(name) for name in EVENT_SCHEMAS if name.startswith("advice.")]
    return _exchange(FEEDBACK, "feedback", description, {}, {name: named(name) for name in names})


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
            "messages": consumed_messages() if name == UNROUTED else event_messages(),
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
