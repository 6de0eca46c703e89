"""Standard Webhooks payloads as CloudEvents."""

from functools import partial
from typing import Any

import pytest

from signpost.case.instant import parse_instant
from signpost.ingress.standard import load_payload
from signpost.schemas import InvalidEvent, load_event

NOW = parse_instant("2026-03-02T14:00:00Z")
PAYLOAD: dict[str, Any] = {
    "type": "offer.extended",
    "timestamp": "2026-03-02T13:00:00Z",
    "data": {"candidate": "c-1", "offer": "acme", "application": "a-1"},
}


def read(payload: Any) -> Any:
    load = partial(load_event, tenant="t", now=NOW)
    try:
        return load_payload(payload, webhook_id="msg_1", source="standard/north", load=load)
    except InvalidEvent as refused:
        return sorted(problem.pointer for problem in refused.problems)


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
        (PAYLOAD | {"data": None, "time": 1}, ["/data", "/time"]),
        (
            {"type": "offer.extended", "data": {"candidate": 5, "offr": "o"}, "id": "evt_1"},
            ["/data/candidate", "/data/offer", "/data/offr", "/id", "/timestamp"],
        ),
        (PAYLOAD | {"type": 5, "timestamp": "soon", "data": "x"}, ["/data", "/timestamp", "/type"]),
        (PAYLOAD | {"type": []}, ["/type"]),
        (PAYLOAD | {"type": 5, "data": {}}, ["/data/candidate", "/type"]),
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
