"""Endpoints over HTTP, on both databases: what OpenAPI says, secrets shown once, and no look at a neighbour's."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from signpost.case.instant import HOUR
from tests.integration.test_intake_explaining import described
from tests.support.intake_parts import NORTH_KEY, NOW, SOUTH_KEY, Intake, intake_at
from tests.support.receivers import AWAY, OK, Receiver, World, change_of, record

URL = "https://hooks.north.example/signpost"


@pytest.fixture(params=["postgresql", "sqlite"])
def intake(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Intake]:
    """An intake on each database."""
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else ""
    made = intake_at(tmp_path_factory.mktemp("intake"), database_url=url)
    yield made
    made.broker.close()
    made.store.close()


def add(intake: Intake, *patterns: str, **more: Any) -> dict[str, Any]:
    """Add an endpoint of tenant north."""
    body = {"url": URL, "patterns": list(patterns or ("north.candidate.#",)), **more}
    answer = intake.post("/v1/endpoints", json.dumps(body).encode(), {})
    assert answer.status_code == 201, answer.data
    described("NewEndpoint", answer.get_json())
    found: dict[str, Any] = answer.get_json()
    return found


def post(intake: Intake, path: str, body: bytes = b"", key: str = NORTH_KEY) -> tuple[int, Any]:
    """The status and the document of an answer."""
    answer = intake.post(f"/v1/endpoints/{path}", body, {}, key)
    return answer.status_code, answer.get_json()


def test_the_secret_is_shown_once(intake: Intake) -> None:
    added = add(intake)
    secret = added.pop("secret")
    assert secret.startswith("whsec_")
    shown = intake.get(f"/v1/endpoints/{added['id']}")
    described("Endpoint", shown.get_json())
    assert shown.get_json() == added
    listed = intake.get("/v1/endpoints")
    described("Endpoints", listed.get_json())
    assert listed.get_json() == {"items": [added]}
    assert secret.encode() not in shown.data + listed.data


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"url": URL, "patterns": ["south.#"]}, "/patterns/0"),
        ({"url": URL, "patterns": ["#"]}, "/patterns/0"),
        ({"url": URL, "patterns": []}, "/patterns"),
        ({"url": "https://169.254.169.254/", "patterns": ["north.#"]}, "/url"),
        ({"url": "http://hooks.north.example/", "patterns": ["north.#"]}, "/url"),
        ({"url": URL}, "/patterns"),
        ({"url": URL, "patterns": ["north.#"], "secret": "mine"}, "/secret"),
        ({"url": 7, "patterns": "north.#"}, "/url"),
    ],
)
def test_what_is_wrong_is_named(intake: Intake, body: dict[str, Any], pointer: str) -> None:
    answer = intake.post("/v1/endpoints", json.dumps(body).encode(), {})
    assert answer.status_code == 422
    assert pointer in [error["pointer"] for error in answer.get_json()["errors"]]


def test_one_refusal_names_all_that_is_wrong(intake: Intake) -> None:
    body = {"url": "ftp://x/y", "patterns": ["a..b", "north.candidat.#"], "foo": 1}
    answer = intake.post("/v1/endpoints", json.dumps(body).encode(), {}).get_json()
    assert [one["pointer"] for one in answer["errors"]] == ["/foo", "/patterns/0", "/patterns/1", "/url"]


def test_a_wrong_body_is_no_event_and_an_option_of_the_command_leads_to_its_field(intake: Intake) -> None:
    answer = intake.post("/v1/endpoints", json.dumps({"url": URL, "bind": ["north.#"]}).encode(), {}).get_json()
    assert (answer["type"], answer["title"]) == ("urn:signpost:problem:refused", "The body is invalid")
    details = {error["pointer"]: error["detail"] for error in answer["errors"]}
    assert details["/bind"] == "is not a known field; did you mean patterns?"


def test_a_neighbour_sees_and_changes_nothing(intake: Intake) -> None:
    name = add(intake)["id"]
    assert intake.get("/v1/endpoints", SOUTH_KEY).get_json() == {"items": []}
    assert intake.get(f"/v1/endpoints/{name}", SOUTH_KEY).status_code == 404
    assert intake.get(f"/v1/endpoints/{name}/attempts", SOUTH_KEY).status_code == 404
    for action in ("test", "replay", "rotate", "enable", "disable"):
        assert post(intake, f"{name}/{action}", key=SOUTH_KEY)[0] == 404
    headers = {"Authorization": f"Bearer {SOUTH_KEY}"}
    assert intake.client.delete(f"/v1/endpoints/{name}", headers=headers).status_code == 404
    assert intake.get(f"/v1/endpoints/{name}").get_json()["state"] == "enabled"
    assert intake.client.get("/v1/endpoints").status_code == 401


def test_the_life_of_an_endpoint(intake: Intake) -> None:
    name = add(intake)["id"]
    world = World(intake.store, now=NOW)
    answers = iter([AWAY, OK, OK, OK])
    receiver = world.receivers[name] = Receiver(lambda _now: next(answers))
    record(intake.store, change_of("r-1", 1, "raised", tenant="north"), now=NOW)
    world.deliverer().run(world, HOUR)
    page = intake.get(f"/v1/endpoints/{name}/attempts?limit=1").get_json()
    described("Attempts", page)
    assert page["items"][0]["outcome"] == "delivered"
    rest = intake.get(f"/v1/endpoints/{name}/attempts?after={page['next']}").get_json()
    assert [(one["outcome"], one["number"]) for one in rest["items"]] == [("failed", 1)]
    assert rest["next"] is None

    status, tested = post(intake, f"{name}/test")
    described("EndpointMessage", tested)
    assert status == 202
    assert post(intake, f"{name}/replay", b'{"candidate": "c-1"}') == (202, {"messages": 1})
    assert post(intake, f"{name}/replay", b'{"candidate": "c-2"}') == (202, {"messages": 0})
    world.deliverer().run(world, HOUR)
    assert [(item, sequence) for _, item, sequence, _ in receiver.got] == [("r-1", 1), ("test", 1), ("r-1", 1)]
    found = intake.get(f"/v1/endpoints/{name}/attempts?message={tested['message']}").get_json()["items"]
    assert [one["outcome"] for one in found] == ["delivered"]

    status, rotated = post(intake, f"{name}/rotate", b'{"overlap_hours": 1}')
    described("EndpointSecret", rotated)
    assert status == 200
    assert intake.get(f"/v1/endpoints/{name}").get_json()["secrets"] == 2
    assert post(intake, f"{name}/disable")[1]["state"] == "disabled"
    assert post(intake, f"{name}/enable")[1]["state"] == "enabled"
    headers = {"Authorization": f"Bearer {NORTH_KEY}"}
    assert intake.client.delete(f"/v1/endpoints/{name}", headers=headers).status_code == 204
    assert intake.get(f"/v1/endpoints/{name}").status_code == 404


def test_a_tenant_has_only_so_many(intake: Intake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("signpost.outgoing.desk.MAX_ENDPOINTS", 2)
    for _ in range(2):
        add(intake)
    answer = intake.post("/v1/endpoints", json.dumps({"url": URL, "patterns": ["north.#"]}).encode(), {})
    assert answer.status_code == 422


@pytest.mark.parametrize("query", ["after=x", "after=-1", "limit=0", "limit=501", "after=" + "9" * 30])
def test_a_wrong_query_is_refused(intake: Intake, query: str) -> None:
    assert intake.get(f"/v1/endpoints/{add(intake)['id']}/attempts?{query}").status_code == 400
