"""A deployment at work: edited, scaled, restarted under load, taken down and up again, without losing an event.

The tests follow each other on one deployment, in the order of this file; the last stops the processes.
"""

import json
import secrets
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.containers.deployment import PROCESSES, SERVERS, Deployment
from tests.support.private_servers import wait_until

pytestmark = pytest.mark.containers

PAUSE_S = 0.05
"""Between two events of the load."""
AT_LEAST = 40
"""Events that are accepted while a service is away or just after it."""
HEADERS = {"Content-Type": "application/cloudevents+json"}


def offer(candidate: str) -> dict[str, Any]:
    """The event that gives a candidate an offer, and so raises advice."""
    data = {"offer": f"{candidate}-o", "employer": {"id": "acme", "name": "Acme"}, "title": "Designer"}
    moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 60))
    return {
        "specversion": "1.0", "id": candidate, "source": "load", "type": "signpost.offer.extended.v1", "time": moment,
        "subject": candidate, "data": data,
    }  # fmt: skip


def advice(client: httpx.Client, candidate: str) -> dict[str, str]:
    """Rule -> title of the active advice; empty before the event has taken effect."""
    answer = client.get(f"/v1/candidates/{candidate}/advice")
    return {one["rule"]: one["title"] for one in answer.json()["active"]} if answer.is_success else {}


def followed(client: httpx.Client) -> set[str]:
    """The candidates of all changes in the feed."""
    found, query = set[str](), {"limit": "500"}
    while (page := client.get("/v1/recommendations", params=query).raise_for_status().json())["items"]:
        found |= {item["data"]["candidate"] for item in page["items"]}
        query["after"] = page["next"]
    return found


class Load:
    """A sender that repeats each event until it is accepted, as a sender of webhooks does."""

    def __init__(self, client: httpx.Client) -> None:
        self._client, self._stopping = client, threading.Event()
        self.run = secrets.token_hex(3)
        self.accepted, self.repeated = list[str](), 0
        self._thread = threading.Thread(target=self._send_all)

    def __enter__(self) -> "Load":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()

    def _send_all(self) -> None:
        while not self._stopping.wait(PAUSE_S):
            candidate = f"load-{self.run}-{len(self.accepted)}"
            while not self._is_accepted(offer(candidate)):
                self.repeated += 1
                if self._stopping.wait(PAUSE_S):
                    return
            self.accepted.append(candidate)

    def _is_accepted(self, event: dict[str, Any]) -> bool:
        try:
            answer = self._client.post("/v1/events", content=json.dumps(event), headers=HEADERS)
        except httpx.HTTPError:
            return False
        # Anything else is a fault that a repeat would hide
        assert answer.status_code in (202, 429, 503), answer.text
        return answer.status_code == 202


@pytest.fixture
def client(deployment: Deployment) -> Iterator[httpx.Client]:
    with deployment.client() as client:
        yield client


def test_doctor_finds_nothing_to_mend(deployment: Deployment) -> None:
    for found in (
        json.loads(deployment.administer("doctor", "--json")),
        json.loads(deployment.inside("intake", "signpost", "doctor", "--json")),
    ):
        assert len(found["checks"]) > 20
        assert [one for one in found["checks"] if one["status"] == "failed"] == []
        [intake] = [one for one in found["checks"] if one["check"] == "intake"]
        assert intake["status"] == "ok"


def test_a_source_that_is_added_in_the_container_receives_webhooks(
    deployment: Deployment, client: httpx.Client
) -> None:
    added = json.loads(
        deployment.inside("intake", "signpost", "sources", "add", "acme-lever", "--vendor", "lever", "--json")
    )
    key = (deployment.folder / "deploy/secrets/demo_api_key").read_text().strip()
    command = ("env", f"SIGNPOST_API_KEY={key}", "signpost", "sources", "test", "acme-lever", "--json")
    assert json.loads(deployment.inside("intake", *command))["events"]
    # The host edits what the container has written
    tenants = deployment.config / "tenants/tenants.yaml"
    assert "acme-lever" in tenants.read_text()
    with tenants.open("a") as file:
        file.write("    disabled: true\n")
    wait_until(lambda: client.post("/v1/webhooks/acme-lever").status_code == 503, "the edit of the host is in force")
    deployment.inside("intake", "signpost", "sources", "enable", "acme-lever")
    wait_until(lambda: client.post("/v1/webhooks/acme-lever").status_code == 401, "the source is on again")
    for service in PROCESSES:
        hidden = deployment.inside(service, "ls", "/etc/signpost/tenants/secrets").split()
        assert hidden == (["acme-lever.secret"] if service == "intake" else [])
        if service != "intake":
            refused = deployment.inside(service, "cat", "/etc/signpost/tenants/secrets/acme-lever.secret", check=False)
            assert added["secret"] not in refused


def test_rules_that_are_edited_on_the_host_are_in_force(deployment: Deployment, client: httpx.Client) -> None:
    def send(candidate: str) -> dict[str, str]:
        client.post("/v1/events", content=json.dumps(offer(candidate)), headers=HEADERS).raise_for_status()
        wait_until(lambda: advice(client, candidate) != {}, "the event takes effect")
        return advice(client, candidate)

    first = send(f"before-{secrets.token_hex(3)}")
    assert "thank-for-offer" in first
    words = deployment.config / "rules/words.yaml"
    shipped = words.read_text()
    try:
        words.write_text("thank-for-offer: {title: Say thanks in your own words}\n")
        title = "Say thanks in your own words"
        names = iter(f"after-{number}-{secrets.token_hex(3)}" for number in range(100))
        wait_until(lambda: send(next(names))["thank-for-offer"] == title, "the title of the host is in force")
        words.write_text("thank-for-offer: {titel: Say thanks}\n")
        wait_until(lambda: "rules" in client.get("/readyz").text, "the intake says that rules are refused")
        assert send(f"refused-{secrets.token_hex(3)}")["thank-for-offer"] == title
    finally:
        words.write_text(shipped)
    wait_until(lambda: client.get("/readyz").json() == {"status": "ok"}, "the shipped words are in force")


def test_the_demo_profile_plays_the_journeys(deployment: Deployment) -> None:
    command = ("--profile", "demo", "-p", deployment.project, "run", "--rm", "-T", "--no-deps", "demo")
    played = deployment.run(*deployment.compose, *command)
    assert "== a Greenhouse webhook, signed" in played
    assert int(played.rpartition(" changes of advice")[0].rpartition("\n")[2]) >= 20


def test_prometheus_finds_every_process(deployment: Deployment) -> None:
    image = deployment.environ.get("PROMETHEUS_IMAGE")
    if deployment.engine == "podman" and image is None:
        pytest.skip("no image of Prometheus")
    command = ("--profile", "observe", "-p", deployment.project, "up", "-d", "--no-deps", "prometheus")
    deployment.run(*deployment.compose, *command)
    deployment.wait_until_healthy("prometheus")
    script = "import sys, urllib.request as u; print(u.urlopen('http://prometheus:9090' + sys.argv[1]).read().decode())"

    def ask(path: str) -> dict[str, Any]:
        answer = json.loads(deployment.inside("intake", "python", "-c", script, path))["data"]
        assert isinstance(answer, dict)
        return answer

    def ready() -> set[str]:
        return {one["metric"]["role"] for one in ask("/api/v1/query?query=signpost_ready==1")["result"]}

    wait_until(lambda: ready() == set(PROCESSES), "Prometheus has scraped every process", 60)
    assert {one["health"] for one in ask("/api/v1/targets")["activeTargets"]} == {"up"}
    assert len(ask("/api/v1/rules")["groups"][0]["rules"]) >= 10


def test_advisors_scale(deployment: Deployment, client: httpx.Client) -> None:
    files = ("-f", "docker-compose.yml", "-f", "deploy/compose.broker.yml")
    command = ("-p", deployment.project, "up", "-d", "--no-deps", "--scale", "advisor=3", "advisor")
    deployment.run(*deployment.compose, *files, *command)
    assert len(deployment.containers("advisor")) == 3
    deployment.wait_until_healthy("advisor")
    with Load(client) as load:
        wait_until(lambda: len(load.accepted) >= AT_LEAST, "events are accepted")
    wait_until(lambda: followed(client) >= set(load.accepted), "every event has taken effect")
    deployment.say(f"3 advisors, {len(load.accepted)} events")


def test_every_service_is_restarted_under_load_without_loss(deployment: Deployment, client: httpx.Client) -> None:
    password = deployment.add_consumer("watcher", "*.candidate.#")
    with Load(client) as load:
        for service in (*PROCESSES, *SERVERS):
            before, repeated, began = len(load.accepted), load.repeated, time.monotonic()
            for container in deployment.containers(service):
                deployment.run(deployment.engine, "restart", container)
            deployment.wait_until_healthy(service)
            took = time.monotonic() - began
            wait_until(lambda before=before: len(load.accepted) >= before + AT_LEAST, "events are accepted")  # type: ignore[misc]
            accepted, again = len(load.accepted) - before, load.repeated - repeated
            deployment.say(f"restarted {service} in {took:.1f} s: {accepted} events accepted, {again} repeated")
        deployment.wait_until_healthy(*PROCESSES)
    sent = set(load.accepted)
    wait_until(lambda: followed(client) >= sent, "every accepted event has taken effect")
    received = set[str]()

    def all_received() -> bool:
        received.update(event["data"]["candidate"] for event in deployment.consume("watcher", password))
        return received >= sent

    wait_until(all_received, "the consumer has advice for every accepted event", 120)
    deployment.say(f"{len(sent)} events accepted, {load.repeated} requests repeated, none lost")


def test_what_is_stored_stays_when_all_containers_go(deployment: Deployment, client: httpx.Client) -> None:
    known = followed(client)
    assert known
    deployment.say("down and up again")
    deployment.down()
    assert deployment.containers("postgres") == []
    deployment.up_in_order()
    assert followed(client) == known
    listed = json.loads(deployment.inside("intake", "signpost", "sources", "list", "--json"))
    assert "acme-lever" in json.dumps(listed)
    candidate = f"later-{secrets.token_hex(3)}"
    client.post("/v1/events", content=json.dumps(offer(candidate)), headers=HEADERS).raise_for_status()
    wait_until(lambda: "thank-for-offer" in advice(client, candidate), "the event takes effect")


def test_every_process_stops_on_sigterm(deployment: Deployment) -> None:
    for service in PROCESSES:
        deployment.run(deployment.engine, "stop", "-t", "45", deployment.container(service))
        assert deployment.exit_code(service) == "exited 0"
