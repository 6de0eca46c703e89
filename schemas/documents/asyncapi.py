"""The AsyncAPI 3.0 description of the exchanges and the queues on them: who sends what under which routing key.

Names, kinds and arguments come from the declaration of the topology; payloads refer to the JSON Schemas.
"""

from collections.abc import Mapping
from typing import Any

from signpost.case.instant import parse_instant
from signpost.messaging.topology import ADVISOR, UNROUTED, cloudevent_headers, declaration
from signpost.names import ADVICE, AUDIENCES, CHANGES, CLOUDEVENT_JSON, DEAD, EVENTS, FEEDBACK, PRIORITIES
from signpost.schemas.cloudevent import dump_event, full_type, load_event
from signpost.schemas.documents.event_examples import event_example
from signpost.schemas.documents.examples import RECOMMENDATION_EVENT
from signpost.schemas.events import EVENT_SCHEMAS
from signpost.schemas.fields import JsonSchema

VERSION = "0.3.0"
"""Of the AMQP 0.9.1 bindings."""
RECOMMENDATION = "recommendation"
TENANT: str = RECOMMENDATION_EVENT["tenant"]
_ENTITIES = sorted({name.partition(".")[0] for name in EVENT_SCHEMAS})
_HAPPENINGS = sorted({name.partition(".")[2] for name in EVENT_SCHEMAS})
_DESCRIPTION = """Events in, advice out, over AMQP 0.9.1: CloudEvents in structured mode, persistent, with the event's
id as message id and its attributes repeated as `cloudEvents_*` headers.

Everything is delivered at least once: handle a message whose `id` is known as done, and order the changes of one
recommendation by `data.sequence`. Within v1 fields are only added: leave alone what you do not know."""


def asyncapi() -> JsonSchema:
    """The description."""
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Signpost", "version": "1", "description": _DESCRIPTION, "license": {"name": "Proprietary"}},
        "defaultContentType": CLOUDEVENT_JSON,
        "servers": {"broker": _server()},
        "channels": {"events": _events(), "advice": _advice(), "feedback": _feedback(), **_queues()},
        "operations": _operations(),
        "components": {
            "messages": {full_type(name): _event(name) for name in EVENT_SCHEMAS} | {RECOMMENDATION: _recommendation()},
            "schemas": {"headers": _headers()},
            "securitySchemes": {"broker": {"type": "userPassword", "description": "A user of the broker"}},
        },
    }


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
        "partition": _parameter("The queue that the case belongs to; always 0 where there is one queue", "0"),
        "tenant": _parameter("Whose event it is", TENANT),
        "entity": _parameter("First word of the event's short type", "offer", enum=_ENTITIES),
        "happening": _parameter("Second word of the event's short type", "extended", enum=_HAPPENINGS),
    }
    said = "Every accepted event, on its way to the advisors. Send yours to `POST /v1/events`, which authenticates you."
    return _exchange(EVENTS, "{partition}.{tenant}.{entity}.{happening}", said, parameters, _event_messages())


def _advice() -> JsonSchema:
    parameters = {
        "tenant": _parameter("Whose candidate it is about", TENANT),
        "audience": _parameter("Whom it is for", "candidate", enum=AUDIENCES),
        "topic": _parameter("The topic of the rule: the name of its file in the rulebook", "before-accepting"),
        "priority": _parameter("How much it matters now", "high", enum=PRIORITIES),
        "change": _parameter("What has become of the recommendation", "raised", enum=CHANGES),
    }
    said = (
        "Every change of a recommendation. Bind a queue of your own with a pattern: `*.candidate.#`, or "
        "`acme.*.*.urgent.raised`; `*` is one word, `#` any number."
    )
    return _exchange(ADVICE, "{tenant}.{audience}.{topic}.{priority}.{change}", said, parameters, _advice_messages())


def _feedback() -> JsonSchema:
    said = "What consumers say of a recommendation: done, dismissed or snoozed. The routing key may be anything."
    names = [full_type(name) for name in EVENT_SCHEMAS if name.startswith("advice.")]
    return _exchange(FEEDBACK, "feedback", said, {}, {name: _named(name) for name in names})


def _parameter(words: str, example: str, **more: Any) -> JsonSchema:
    listed = {name: list(value) for name, value in more.items()}
    return {"description": words, "examples": [example], **listed}


def _exchange(name: str, key: str, words: str, parameters: JsonSchema, messages: JsonSchema) -> JsonSchema:
    declared = next(exchange for exchange in declaration().exchanges if exchange.name == name)
    facts = {"name": name, "type": declared.kind, "durable": True, "autoDelete": False, "vhost": "/"}
    return {
        "address": key,
        "title": f"{declared.kind.capitalize()} exchange {name}",
        "description": words,
        **({"parameters": parameters} if parameters else {}),
        "messages": messages,
        "bindings": {"amqp": {"is": "routingKey", "exchange": facts, "bindingVersion": VERSION}},
        **({"x-exchange-arguments": dict(declared.arguments)} if declared.arguments else {}),
    }


_QUEUES = {
    ADVISOR: "What the advisors work on; with several partitions there is one queue for each, named with its number.",
    DEAD: "Events that could not be processed: the headers `x-signpost-reason` and `x-signpost-queue` say why, where.",
    UNROUTED: "Advice that no consumer's queue was bound for: the latest of it.",
}


def _queues() -> JsonSchema:
    queues = {queue.name: queue for queue in declaration().queues}
    return {
        name.removeprefix("signpost.").replace(".", "-"): {
            "address": name,
            "title": f"Queue {name}",
            "description": words,
            "messages": _advice_messages() if name == UNROUTED else _event_messages(),
            "bindings": {"amqp": _queue_binding(name)},
            "x-queue-arguments": dict(queues[name].arguments),
            "x-bindings": _bound(name),
        }
        for name, words in _QUEUES.items()
    }


def _queue_binding(name: str) -> JsonSchema:
    facts = {"name": name, "durable": True, "exclusive": False, "autoDelete": False, "vhost": "/"}
    return {"is": "queue", "queue": facts, "bindingVersion": VERSION}


def _bound(name: str) -> list[JsonSchema]:
    """Which exchanges fill a queue, and by which pattern."""
    return [{"exchange": it.exchange, "pattern": it.pattern} for it in declaration().bindings if it.queue == name]


def _operations() -> JsonSchema:
    confirmed = {"deliveryMode": 2, "mandatory": True, "bindingVersion": VERSION}
    acked = {"ack": True, "bindingVersion": VERSION}
    return {
        "publishEvent": _operation("send", "events", "The intake publishes an accepted event, with confirm", confirmed),
        "takeEvent": _operation("receive", "advisor", "An advisor takes events, acked once committed", acked),
        "tellAdvice": _operation("send", "advice", "An advisor, a clock or the relay tells a change", confirmed),
        "answerAdvice": _operation("send", "feedback", "A consumer says what has become of advice", confirmed),
        "readAdvice": _operation("receive", "advice", "A consumer reads a queue of its own, acking by hand", acked),
    }


def _operation(action: str, channel: str, words: str, binding: JsonSchema) -> JsonSchema:
    target = {"$ref": f"#/channels/{channel}"}
    return {"action": action, "channel": target, "summary": words, "bindings": {"amqp": binding}}


def _event_messages() -> JsonSchema:
    return {name: _named(name) for name in map(full_type, EVENT_SCHEMAS)}


def _advice_messages() -> JsonSchema:
    return {RECOMMENDATION: _named(RECOMMENDATION)}


def _named(message: str) -> JsonSchema:
    return {"$ref": f"#/components/messages/{message}"}


def _event(name: str) -> JsonSchema:
    """The message of one type. What senders may say stands in its own schema; on the exchange the tenant is added."""
    document = event_example(name)
    event = load_event(document, tenant=TENANT, now=parse_instant(document["time"]))
    payload = {
        "allOf": [{"$ref": "/schemas/signpost.event.v1.json"}],
        "properties": {
            "type": {"const": full_type(name)},
            "data": {"$ref": f"/schemas/events/{full_type(name)}.json#/properties/data"},
        },
    }
    return _message(full_type(name), payload, {"An event": dump_event(event)})


def _recommendation() -> JsonSchema:
    examples = {f"It is {change}": _later(change) for change in CHANGES[1:]}
    payload = {"$ref": "/schemas/signpost.recommendation.v1.json"}
    return _message("A change of a recommendation", payload, {"It is raised": RECOMMENDATION_EVENT, **examples})


def _later(change: str) -> JsonSchema:
    """The example recommendation after one more change."""
    data = RECOMMENDATION_EVENT["data"]
    status, time = "active" if change == "updated" else change, "2026-03-03T09:00:00Z"
    changed = {**data, "sequence": 2, "change": change, "status": status, "changed_at": time}
    type_ = full_type(f"recommendation.{change}")
    return {**RECOMMENDATION_EVENT, "id": f"{data['id']}.2", "type": type_, "time": time, "data": changed}


def _message(title: str, payload: JsonSchema, examples: Mapping[str, Any]) -> JsonSchema:
    said = [{"summary": words, "headers": cloudevent_headers(it), "payload": it} for words, it in examples.items()]
    return {
        "title": title,
        "contentType": CLOUDEVENT_JSON,
        "headers": {"$ref": "#/components/schemas/headers"},
        "payload": payload,
        "examples": said,
    }


def _headers() -> JsonSchema:
    names = ("specversion", "id", "source", "type", "time", "subject", "tenant")
    properties: JsonSchema = {f"cloudEvents_{name}": {"type": "string"} for name in names}
    return {"type": "object", "properties": properties, "required": list(properties)}
