"""Standard Webhooks payloads as CloudEvents."""

from typing import Any

import pytest

from signpost.case.instant import parse_instant
from signpost.ingress.standard import point_into_payload, to_cloudevent
from signpost.schemas import InvalidEvent, load_event

NOW = parse_instant("2026-03-02T14:00:00Z")
PAYLOAD: dict[str, Any] = {
    "type": "offer.extended",
    "timestamp": "2026-03-02T13:00:00Z",
    "data": {"candidate": "c-1", "offer": "acme", "application": "a-1"},
}


def read(payload: Any) -> Any:
    try:
        document = to_cloudevent(payload, webhook_id="msg_1", source="standard/north")
    except InvalidEvent as refused:
        return sorted(problem.pointer for problem in refused.problems)
    try:
        return load_event(document, tenant="t", now=NOW)
    except InvalidEvent as refused:
        return sorted(problem.pointer for problem in point_into_payload(refused, payload).problems)


@pytest.mark.parametrize("said", ["offer.extended", "signpost.offer.extended.v1"])
def test_the_payload_is_the_event(said: str) -> None:
    event = read(PAYLOAD | {"type": said})
    assert (event.id, event.source, event.type, event.subject) == ("msg_1", "standard/north", "offer.extended", "c-1")
    assert event.data == {"offer": "acme", "application": "a-1"}


def test_the_application_stands_in_for_an_unknown_candidate() -> None:
    assert read(PAYLOAD | {"data": {"offer": "acme", "application": "a-1"}}).subject == "application:a-1"


@pytest.mark.parametrize(
    ("payload", "pointers"),
    [
        (None, [""]),
        ([], [""]),
        ({}, ["/data", "/timestamp", "/type"]),
        (PAYLOAD | {"id": "evt_1", "time": 1}, ["/id", "/time"]),
        (PAYLOAD | {"data": []}, ["/data"]),
        (PAYLOAD | {"type": "contact.created"}, ["/type"]),
        (PAYLOAD | {"timestamp": "2026-03-02T13:00:00"}, ["/timestamp"]),
        (PAYLOAD | {"data": {"offer": "acme"}}, ["/data/candidate"]),
        (PAYLOAD | {"data": {"candidate": 5, "offer": 6}}, ["/data/candidate", "/data/offer"]),
        (PAYLOAD | {"data": {"offer": "acme", "application": 7}}, ["/data/application"]),
        (PAYLOAD | {"data": {"offer": "acme", "application": "a" * 200}}, ["/data/application"]),
        (PAYLOAD | {"data": {"offer": "acme", "application": ""}}, ["/data/application"]),
        (PAYLOAD | {"data": {"offer": "acme", "candidate": "c-1", "application": 7}}, ["/data/application"]),
        (
            PAYLOAD | {"data": {"offer": "acme", "candidate": 5, "application": 7}},
            ["/data/application", "/data/candidate"],
        ),
    ],
)
def test_problems_point_into_the_payload(payload: Any, pointers: list[str]) -> None:
    assert read(payload) == pointers
