"""What an announced message is about, whether an endpoint wants it, and what stays of it after an erasure. Pure."""

from typing import Any

import orjson

from signpost.advice.case_set import remove_content
from signpost.advice.records import PUBLISHED
from signpost.messaging.embedded.routing import matches
from signpost.storage import Announcement, EndpointRow, Item


def item_for(endpoint: EndpointRow, message: Announcement) -> Item | None:
    """The item of a message that an endpoint wants; None for any other."""
    if not any(covers(pattern, message.topic) for pattern in endpoint.patterns):
        return None
    return item_of(message)


def item_of(message: Announcement) -> Item:
    """The recommendation, agenda or list of questions of a message, whose id is `ITEM.SEQUENCE`."""
    name, _, sequence = message.message_id.rpartition(".")
    return Item(name, int(sequence), is_end(orjson.loads(message.body)["data"]))


def covers(pattern: str, topic: str) -> bool:
    """Whether a pattern of an endpoint covers a topic; both have the same word before a colon, or none."""
    kind, _, routing_key = topic.rpartition(":")
    kind_of_pattern, _, words = pattern.rpartition(":")
    return kind == kind_of_pattern and matches(words, routing_key)


def topic_of(data: dict[str, Any], tenant: str) -> str:
    """The topic of a recommendation as stored."""
    words = (tenant, data["audience"], data["topic"], data["priority"], data["change"])
    return ".".join(words)


def is_end(data: dict[str, Any]) -> bool:
    """Whether a message is the last about its item, as far as its reader is concerned."""
    if "status" in data:
        return data["status"] not in PUBLISHED
    return not data.get("cards") and not data.get("held") and not data.get("questions")


def is_state(data: dict[str, Any]) -> bool:
    """Whether a message is a whole state of a case: an agenda or a list of questions."""
    return "status" not in data


def redact(body: bytes) -> bytes | None:
    """The end of an item without content about the candidate; None for a message that is no end."""
    document = orjson.loads(body)
    if not is_end(document["data"]):
        return None
    if "status" in document["data"]:
        remove_content(document["data"])
    return orjson.dumps(document)
