"""What clients find out by themselves: which bodies a route takes, and where the state of a message can be read."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from signpost.messaging import Delivery, Message
from signpost.schemas.documents.generate import documents
from tests.support.intake_parts import Intake, intake_at
from tests.support.workers_kit import HOUR, START, event, open_system

PATHS = documents()["openapi.json"]["paths"]
CANDIDATE = "c/1 ü"
AHEAD = "2026-03-04T09:00:00Z"


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Intake, list[Delivery | Message]]]:
    folder = tmp_path_factory.mktemp("system")
    url = f"sqlite:///{folder / 'signpost.db'}"
    with open_system(url, url) as system:
        system.now, system.ask = START + HOUR, True
        employer = {"id": "acme & co/#1", "name": "Acme"}
        system.handle(
            event("offer.extended", CANDIDATE, tenant="north", offer="o-1", employer=employer),
            event(
                "interview.scheduled", CANDIDATE, tenant="north", interview="i-1", employer=employer, starts_at=AHEAD
            ),
            event("interview.scheduled", CANDIDATE, tenant="north", interview="i-2", starts_at=AHEAD),
        )
        messages: list[Delivery | Message] = [*system.published()]
        system.now += HOUR // 30
        messages += [item.message for item in system.processor().wake(system.clock)[1]]
    intake = intake_at(folder)
    yield intake, messages
    intake.broker.close()
    intake.store.close()


def test_the_link_of_a_message_leads_to_its_state(published: tuple[Intake, list[Delivery | Message]]) -> None:
    intake, messages = published
    seen = set()
    for message in messages:
        document = json.loads(message.body)
        assert message.headers["cloudEvents_link"] == document["link"]
        state = intake.get(document["link"])
        assert state.status_code == 200, document["link"]
        seen.add((document["type"].split(".")[1], document["data"].get("audience"), _is_of(document, state.get_json())))
    assert seen >= {
        ("recommendation", "candidate", True),
        ("recommendation", "employer", True),
        ("agenda", "candidate", True),
        ("agenda", "employer", True),
        ("questions", None, True),
    }
    assert not [kind for kind in seen if not kind[2]]


def _is_of(document: dict[str, Any], state: dict[str, Any]) -> bool:
    """Whether the state is what the message is about."""
    data = document["data"]
    if "link" in document and "/advice" in document["link"]:
        return bool(state["candidate"] == data["candidate"])
    named = ("id",) if "status" in data else ("candidate", "audience", "employer")
    return all(data[name] == state[name] for name in named if name in data)


@pytest.mark.parametrize("path", [path for path, item in PATHS.items() if "post" in item])
def test_options_name_the_bodies_that_a_route_takes(
    published: tuple[Intake, list[Delivery | Message]], path: str
) -> None:
    answer = published[0].client.options(path.replace("{", "").replace("}", ""))
    described = PATHS[path]["post"].get("requestBody", {"content": {}})["content"]
    assert answer.status_code == 200
    assert [it for it in answer.headers.get("Accept-Post", "").split(", ") if it] == list(described)


def test_a_body_of_another_type_is_refused_with_those_taken(published: tuple[Intake, list[Delivery | Message]]) -> None:
    answer = published[0].post("/v1/events", b"<event/>", {"Content-Type": "application/xml"})
    assert answer.status_code == 415
    assert "application/cloudevents+json" in answer.headers["Accept-Post"].split(", ")
    assert "Accept-Post" not in published[0].get("/v1/recommendations").headers
