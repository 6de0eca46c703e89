"""Answer a recommendation with pika: reads the consumed CloudEvent from standard input, publishes with a confirm.

AMQP_URL=amqp://USER:PASSWORD@HOST/VHOST python feedback.py done < change.json
"""

import json
import os
import sys
from datetime import UTC, datetime
from typing import Any

import pika

URL = os.environ.get("AMQP_URL", "amqp://guest:guest@127.0.0.1:5672/%2F")


def feedback_on(change: dict[str, Any], answer: str, until: str | None) -> dict[str, Any]:
    """The CloudEvent of an answer: done, dismissed, or snoozed until an instant such as 2026-03-09T08:00:00Z."""
    return {
        "specversion": "1.0",
        "id": f"{change['id']}.{answer}",  # sent twice, it counts once
        "source": "notifier",
        "type": f"signpost.advice.{answer}.v1",
        "time": datetime.now(UTC).isoformat(),
        "tenant": change["tenant"],
        "subject": change["subject"],
        "data": {"recommendation": change["data"]["id"], **({"until": until} if until else {})},
    }


def publish(event: dict[str, Any]) -> None:
    """Publish; returns when the broker has confirmed. Raises AMQPError."""
    parameters = pika.URLParameters(URL)
    with pika.BlockingConnection(parameters) as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        properties = pika.BasicProperties(
            content_type="application/cloudevents+json",
            delivery_mode=2,
            message_id=event["id"],
            user_id=parameters.credentials.username,  # the broker refuses any other user
        )
        channel.basic_publish("signpost.feedback", "", json.dumps(event).encode(), properties, mandatory=True)


if __name__ == "__main__":
    publish(feedback_on(json.load(sys.stdin), sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None))
