"""A client of the intake as openapi-python-client generates it, with events as the CloudEvents SDK writes them.

    PYTHONPATH=FOLDER python client.py ADDRESS KEY EVENT.json

FOLDER has the generated package `signpost_client`. Prints as JSON what was answered.
"""

import json
import sys
from datetime import datetime
from pathlib import Path

import httpx
from cloudevents.core.bindings.http import HTTPMessage, from_structured_event, to_binary_event, to_structured_event
from cloudevents.core.v1.event import CloudEvent
from signpost_client import AuthenticatedClient
from signpost_client.api.read import advice, feed
from signpost_client.api.send import send_events
from signpost_client.models import FeedAudience, SignpostOfferExtendedV1

address, key, event = sys.argv[1], sys.argv[2], json.loads(Path(sys.argv[3]).read_text(encoding="utf-8"))
client = AuthenticatedClient(base_url=address, token=key)
sent = send_events.sync_detailed(client=client, body=SignpostOfferExtendedV1.from_dict(event))
items = feed.sync(client=client, limit=5, audience=FeedAudience.CANDIDATE).items
unknown = advice.sync(client=client, candidate="nobody")

attributes = {name: value for name, value in event.items() if name != "data"}
made = CloudEvent({**attributes, "id": "sdk", "time": datetime.fromisoformat(event["time"])}, event["data"])
by_sdk = [
    httpx.post(f"{address}/v1/events", content=each.body, headers={**each.headers, "Authorization": f"Bearer {key}"})
    for each in (to_structured_event(made), to_binary_event(made))
]
changes = httpx.get(f"{address}/v1/recommendations?limit=1", headers={"Authorization": f"Bearer {key}"}).json()["items"]
body = json.dumps(changes[0]).encode()
read = from_structured_event(HTTPMessage({"content-type": "application/cloudevents+json"}, body))

print(
    json.dumps(
        {
            "sent": sent.status_code,
            "titles": [item.data.title for item in items],
            "unknown": unknown.type_,
            "by_sdk": [answer.status_code for answer in by_sdk],
            "read": [read.get_id(), read.get_type(), read.get_data()["id"]],
        }
    )
)
