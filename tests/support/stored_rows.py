"""Rows for tests of the store: events that were seen, changes of advice, and messages."""

from dataclasses import dataclass, field
from typing import Any

from signpost.storage import Change, SeenEvent

NOW = 1_772_460_000_000_000
LEASE = NOW + 1_000_000


@dataclass(frozen=True)
class Letter:
    """An outbox message of our own, to show that any object of the shape will do."""

    exchange: str = "signpost.events"
    routing_key: str = "0.acme.offer.extended"
    body: bytes = b"{}"
    message_id: str = "m-1"
    headers: dict[str, str | int] = field(default_factory=lambda: {"x-tries": 1, "cloudEvents_id": "m-1"})
    content_type: str = "application/cloudevents+json"


def seen(number: int, tenant: str = "acme", case_key: str = "c-1", time: int = NOW) -> SeenEvent:
    """An event to remember."""
    return SeenEvent(tenant, "ats", f"e-{number}", case_key, time, NOW)


def change(sequence: int = 1, tenant: str = "acme", case_key: str = "c-1", **other: str) -> Change:
    """A change to record."""
    values: dict[str, Any] = {
        "recommendation_id": "r-1",
        "audience": "candidate",
        "status": "active",
        "change": "raised",
        **other,
    }
    return Change(
        tenant=tenant,
        case_key=case_key,
        sequence=sequence,
        rule="withdraw-promptly",
        subject="offer/acme",
        priority="high",
        at=NOW,
        body=f'{{"b":1, "a":{sequence}}}'.encode(),
        routing_key=f"{tenant}.candidate.offers.high.raised",
        **values,
    )
