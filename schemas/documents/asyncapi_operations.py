"""The operations of the AsyncAPI document: who publishes and who consumes. Data only."""

from signpost.schemas.documents.descriptions import AMQP
from signpost.schemas.fields import JsonSchema

BINDING_VERSION = "0.3.0"
"""The version of the AMQP 0.9.1 bindings."""


def operations() -> JsonSchema:
    """Return id -> operation, each on a channel of the document."""
    confirmed = {"deliveryMode": 2, "mandatory": True, "bindingVersion": BINDING_VERSION}
    acked = {"ack": True, "bindingVersion": BINDING_VERSION}
    found = {
        "publishEvent": _operation(
            "send", "events", "The intake publishes an accepted event with a publisher confirm", confirmed
        ),
        "consumeEvents": _operation("receive", "advisor", "An advisor consumes events; acks after commit", acked),
        "consumeBulk": _operation("receive", "advisor-bulk", "An advisor consumes events of bulk", acked),
        "publishAdvice": _operation("send", "advice", "An advisor, a clock or the relay publishes a change", confirmed),
        "publishAgenda": _operation("send", "agenda", "An advisor, a clock or the relay publishes it", confirmed),
        "consumeAgenda": _operation("receive", "agenda", "A consumer reads its own queue", acked),
        "publishQuestions": _operation("send", "questions", "An advisor, a clock or the relay publishes it", confirmed),
        "consumeQuestions": _operation("receive", "questions", "A consumer reads its own queue", acked),
        "publishFeedback": _operation("send", "feedback", "A consumer publishes feedback on advice", confirmed),
        "consumeAdvice": _operation("receive", "advice", "A consumer reads its own queue with manual acks", acked),
    }
    return {name: {**operation, "description": AMQP[name]} for name, operation in found.items()}


def _operation(action: str, channel: str, summary: str, binding: JsonSchema) -> JsonSchema:
    target = {"$ref": f"#/channels/{channel}"}
    return {"action": action, "channel": target, "summary": summary, "bindings": {"amqp": binding}}
