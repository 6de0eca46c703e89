"""Every route, asked by a neighbour and by nobody: another tenant's id is like an unknown id."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from signpost.messaging import Message
from signpost.messaging.message import EXCHANGE, REASON
from signpost.names import DEAD, EVENTS
from tests.support.intake_parts import NORTH_KEY, NOW, SOUTH_KEY, Intake, intake_at, sign_standard
from tests.support.workers_kit import System

EVENT = {
    "specversion": "1.0", "id": "e-1", "source": "s", "type": "signpost.offer.extended.v1",
    "time": "2026-03-02T13:00:00Z", "subject": "c-1",
    "data": {"offer": "o-1", "employer": {"id": "acme", "name": "Acme"}},
}  # fmt: skip
WEBHOOK = {
    "type": "offer.extended", "timestamp": "2026-03-02T13:00:00Z",
    "data": {"candidate": "c-1", "offer": "o-2", "employer": {"id": "globex", "name": "Globex"}},
}  # fmt: skip
PUBLIC = (
    "/docs",
    "/schemas/",
    "/openapi.json",
    "/asyncapi.json",
    "/livez",
    "/readyz",
    "/metrics",
    "/v1/webhooks/",
    "/v1/calendars/",
    "/page/",
)
"""Routes without a tenant's data, and those whose credential is a signature, the secret of a link, or a session."""
LISTS = (
    "/v1/deliveries",
    "/v1/endpoints",
    "/v1/dead-letters",
    "/v1/recommendations",
    "/v1/forecast",
    "/v1/candidates",
    "/v1/employers/acme/agenda",
)
EMPLOYERS = "/v1/employers/<anything:employer>/agenda"
"""The list of an employer, which is empty for an employer that nobody knows."""
WRITES = {"/v1/events": EVENT, "/v1/simulate": {"candidate": "c-1", "events": []}}


class Neighbours:
    """One intake; the tenant north has a candidate, advice and a delivery; south has nothing."""

    def __init__(self, intake: Intake) -> None:
        self.intake = intake
        assert intake.send(EVENT).status_code == 202
        body = json.dumps(WEBHOOK).encode()
        sent = intake.client.post("/v1/webhooks/careers", data=body, headers=sign_standard(body))
        self.delivery = sent.json["delivery"]  # type: ignore[index]
        System(intake.store, intake.broker, "", "", now=NOW).work(2)
        advice = intake.get("/v1/candidates/c-1/advice").json
        self.recommendation: str = advice["active"][0]["id"]  # type: ignore[index]
        self.link = "none"
        self.endpoint = self.add_endpoint()
        self.bury()
        self.rule: str = advice["active"][0]["rule"]  # type: ignore[index]
        agenda = intake.get("/v1/candidates/c-1/agenda").json
        self.card: str = agenda["cards"][0]["id"]  # type: ignore[index]

    def ask(self, rule: Rule, method: str, key: str, known: bool = True) -> TestResponse:
        """Ask a route for north's things, or for things that nobody has."""
        values = {
            "key": "c-1" if known else "c-none",
            "name": self.name_for(rule, method) if known else "none",
            "rule": self.rule,
            "card": self.card if known else "none",
            "employer": "acme" if known else "none",
            "link": self.link_for(rule, method) if known else "none",
        }
        path = rule.rule
        for name in rule.arguments:
            path = path.replace(f"<{name}>", values[name]).replace(f"<anything:{name}>", values[name])
        return self.intake.client.open(
            path, method=method, json=self.body_for(rule), headers={"Authorization": f"Bearer {key}"}
        )

    def name_for(self, rule: Rule, method: str) -> str:
        """A delivery, a new dead letter, an endpoint, or a recommendation of north."""
        if "deliveries" in rule.rule:
            return str(self.delivery)
        if "endpoints" in rule.rule:
            return self.add_endpoint() if method == "DELETE" else self.endpoint
        return self.bury() if "dead-letters" in rule.rule else self.recommendation

    def add_endpoint(self) -> str:
        """Add an endpoint of north."""
        body = json.dumps({"url": "https://hooks.north.example/", "patterns": ["north.#"]}).encode()
        return str(self.intake.post("/v1/endpoints", body, {}).json["id"])  # type: ignore[index]

    def bury(self) -> str:
        """Make a dead letter of north's event."""
        headers = {REASON: "quota: x", EXCHANGE: EVENTS}
        letter = Message(
            DEAD, "0.north.offer.extended", json.dumps({**EVENT, "tenant": "north"}).encode(), "e-1", headers
        )
        self.intake.broker.publisher().publish(letter).result(30)
        found: str = self.intake.get("/v1/dead-letters").json["items"][0]["id"]  # type: ignore[index]
        return found

    def link_for(self, rule: Rule, method: str) -> str:
        """A link of north's candidate; a new one for each that is to be revoked."""
        if method == "DELETE" and "calendar-links" in rule.rule:
            made = self.intake.post("/v1/candidates/c-1/calendar-links", b"", {})
            self.link = made.json["id"]  # type: ignore[index]
        return self.link

    def body_for(self, rule: Rule) -> Any:
        return WRITES.get(rule.rule, {"answer": "done"} if rule.rule.endswith("/feedback") else None)


@pytest.fixture(scope="module")
def neighbours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Neighbours]:
    parts = intake_at(tmp_path_factory.mktemp("isolation"))
    yield Neighbours(parts)
    parts.broker.close()
    parts.store.close()


def routes(neighbours: Neighbours) -> list[tuple[Rule, str]]:
    """Every route with data of a tenant, and each method of it."""
    rules = neighbours.intake.client.application.url_map.iter_rules()
    found = [rule for rule in rules if rule.rule != "/" and not rule.rule.startswith(PUBLIC)]
    assert len(found) > 8
    return [(rule, method) for rule in found for method in (rule.methods or set()) - {"OPTIONS", "HEAD"}]


def test_without_a_key_every_route_answers_401(neighbours: Neighbours) -> None:
    for rule, method in routes(neighbours):
        for key in (
            "",
            "key-nobody",
            f"{NORTH_KEY}\u00e9",
            NORTH_KEY.upper(),
            NORTH_KEY[:-1],
            f"{NORTH_KEY},{SOUTH_KEY}",
        ):
            assert neighbours.ask(rule, method, key).status_code == 401, (rule.rule, method, key)


def test_the_owner_is_answered_so_that_the_attacks_below_mean_something(neighbours: Neighbours) -> None:
    for rule, method in routes(neighbours):
        if rule.arguments:
            assert neighbours.ask(rule, method, NORTH_KEY).status_code < 300, (rule.rule, method)


def test_an_id_of_a_neighbour_is_like_an_id_of_nobody(neighbours: Neighbours) -> None:
    attacked = 0
    for rule, method in routes(neighbours):
        if rule.arguments:
            theirs = neighbours.ask(rule, method, SOUTH_KEY)
            nobodys = neighbours.ask(rule, method, SOUTH_KEY, known=False)
            expected, names = (200, {"employer"}) if rule.rule == EMPLOYERS else (404, {"instance"})
            assert (theirs.status_code, nobodys.status_code) == (expected, expected), (rule.rule, method)
            assert differing(theirs, nobodys) <= names, (rule.rule, method)
            attacked += 1
    assert attacked >= 8


def differing(one: TestResponse, other: TestResponse) -> set[str]:
    first, second = json.loads(one.data), json.loads(other.data)
    return {name for name in first.keys() | second.keys() if first.get(name) != second.get(name)}


def test_lists_of_a_neighbour_are_empty(neighbours: Neighbours) -> None:
    for path in LISTS:
        assert neighbours.intake.get(path, NORTH_KEY).json["items"], path  # type: ignore[index]
        assert neighbours.intake.get(path, SOUTH_KEY).json["items"] == [], path  # type: ignore[index]
        for query in ("?source=careers", "?tenant=north", "?after=" + "9" * 18 + ".dlv_1", "?status=accepted"):
            answer = neighbours.intake.get(path + query, SOUTH_KEY)
            assert answer.status_code == 400 or answer.json["items"] == [], (path, query)  # type: ignore[index]


def test_an_event_that_names_another_tenant_stays_with_the_sender(neighbours: Neighbours) -> None:
    intake = neighbours.intake
    intake.queued()
    for spoilt in ({**EVENT, "tenant": "north"}, {**EVENT, "data": {**EVENT["data"], "tenant": "north"}}):  # type: ignore[dict-item]
        body = json.dumps({**spoilt, "id": "e-9"}).encode()
        answer = intake.post("/v1/events", body, {"Content-Type": "application/cloudevents+json"}, SOUTH_KEY)
        queued = [event["tenant"] for event in intake.queued()]
        assert (answer.status_code, queued) in ((202, ["south"]), (422, []))


def test_a_simulation_of_a_neighbours_candidate_starts_from_nothing(neighbours: Neighbours) -> None:
    body, headers = json.dumps(WRITES["/v1/simulate"]).encode(), {"Content-Type": "application/json"}
    answers = [neighbours.intake.post("/v1/simulate", body, headers, key) for key in (NORTH_KEY, SOUTH_KEY)]
    assert [b"acme" in answer.data.lower() for answer in answers] == [True, False]
