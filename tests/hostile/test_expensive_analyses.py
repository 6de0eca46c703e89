"""Explanations and simulations: priced by their work, in slots and processes of their own, and within limits."""

import json
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from signpost.names import CLOUDEVENTS_BATCH_JSON, JSON
from signpost.services.intake import prices
from signpost.services.intake.analysis import Explain, Job, Simulate, StoredCase
from signpost.services.intake.analysis_processes import ChildSettings, ProcessAnalyst
from signpost.services.intake.problems import NoSlot, TooExpensive
from signpost.services.intake.slots import Slots
from signpost.storage import Rate
from tests.hostile.test_expensive_requests import EVENT
from tests.support.intake_parts import NOW, SOUTH_KEY, intake_at

RULE = "one: {about: offer, source: a, when: {stage: open}, priority: low, title: T, message: M}\n"
EMPTY = Simulate("north", (), "c", (), NOW, NOW, None)


@pytest.fixture
def child(tmp_path: Path) -> ChildSettings:
    """A child process with one rule, so that it starts soon."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "sources.yaml").write_text("articles: {a: An article}\n", encoding="utf-8")
    (tmp_path / "rules" / "one.yaml").write_text(RULE, encoding="utf-8")
    (tmp_path / "tenants.yaml").write_text("tenants: {}\n", encoding="utf-8")
    return ChildSettings((tmp_path / "rules",), tmp_path / "tenants.yaml", 60.0)


@pytest.fixture
def analyst(child: ChildSettings) -> Iterator[ProcessAnalyst]:
    analyst = ProcessAnalyst(replace(child, max_cpu_s=2), 2)
    yield analyst
    analyst.close()


class Endless(Simulate):
    """A job without an end."""

    def run(self, engine: Any) -> Any:
        while True:
            pass


class Hungry(Simulate):
    """A job that takes all memory."""

    def run(self, engine: Any) -> Any:
        return [bytearray(100_000_000) for _ in range(100)]


class Long(Simulate):
    """A job with a long answer."""

    def run(self, engine: Any) -> Any:
        return "x" * 9_000_000


def job(kind: type[Simulate]) -> Job:
    return kind("north", (), "c", (), NOW, NOW, None)


def children() -> set[int]:
    """The child processes of this test that run analyses."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == os.getpid() and b"analysis_child" in (folder / "cmdline").read_bytes():
                found.add(int(folder.name))
    return found


@pytest.mark.parametrize("kind", [Endless, Hungry, Long])
def test_a_job_beyond_a_limit_ends_and_the_next_one_runs(analyst: ProcessAnalyst, kind: type[Simulate]) -> None:
    with pytest.raises(TooExpensive, match="fewer events"):
        analyst.run(job(kind))
    assert json.loads(analyst.run(EMPTY))["candidate"] == "c"


def test_a_job_answers_as_it_does_in_the_thread(analyst: ProcessAnalyst) -> None:
    from signpost.explain import UnknownRule

    with pytest.raises(UnknownRule, match="no-such-rule"):
        analyst.run(Explain("north", StoredCase("c", b""), "no-such-rule", None, NOW, None))


def test_children_end_with_their_analyst(child: ChildSettings) -> None:
    before = children()
    analyst = ProcessAnalyst(child, 2)
    assert children() == before, "none starts before it is needed"
    analyst.run(EMPTY)
    assert len(children() - before) == 1
    analyst.close()
    assert children() == before


def test_one_tenant_never_has_all_slots() -> None:
    slots = Slots(3)
    with slots.take("north"), slots.take("north"):
        with pytest.raises(NoSlot) as own, slots.take("north"):
            pass
        assert own.value.status == 429
        with slots.take("south"):
            with pytest.raises(NoSlot) as all_taken, slots.take("east"):
                pass
            assert all_taken.value.status == 503
    with slots.take("north"):
        pass
    with Slots(1).take("north"):
        pass


def test_who_finds_no_slot_is_answered_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    intake = intake_at(tmp_path, rate=Rate(100_000, 100_000))
    running, free = threading.Semaphore(0), threading.Event()

    def wait(_: Simulate, engine: Any) -> Any:
        running.release()
        assert free.wait(60)
        return {}

    monkeypatch.setattr(Simulate, "run", wait)
    body = json.dumps({"events": [EVENT]}).encode()

    def simulate(key: str) -> Any:
        return intake.client.application.test_client().post(
            "/v1/simulate", data=body, headers={"Authorization": f"Bearer {key}", "Content-Type": JSON}
        )

    from tests.support.intake_parts import NORTH_KEY

    with ThreadPoolExecutor(3) as pool:
        try:
            first = [pool.submit(simulate, NORTH_KEY) for _ in range(2)]
            assert all(running.acquire(timeout=60) for _ in first)
            refused = simulate(NORTH_KEY)
            other = pool.submit(simulate, SOUTH_KEY)
            assert running.acquire(timeout=60)
            full = simulate(SOUTH_KEY)
            assert intake.send(EVENT).status_code == 202
        finally:
            free.set()
        assert [answer.result().status_code for answer in (*first, other)] == [200] * 3
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "1")
    assert (full.status_code, full.headers["Retry-After"]) == (503, "1")
    assert full.mimetype == "application/problem+json"
    intake.store.close()


@pytest.mark.parametrize(
    ("path", "body", "price"),
    [
        ("/v1/recommendations?limit=500", None, 5),
        ("/v1/deliveries?limit=300", None, 3),
        ("/v1/forecast", None, prices.FORECAST),
        ("/v1/dead-letters", None, prices.DEAD_LETTERS),
        ("/v1/employers/acme/agenda", None, prices.REQUEST),
        ("/v1/simulate", {"events": [EVENT] * 3}, prices.SIMULATION + 3 * prices.SIMULATED_EVENT),
        ("/v1/events", [EVENT | {"id": str(number)} for number in range(30)], 30),
        ("/v1/events", [EVENT | {"data": {"offer": "o", "team": " " * 450_000}}], 5),
    ],
)
def test_a_request_costs_as_much_as_its_work(tmp_path: Path, path: str, body: Any, price: int) -> None:
    intake = intake_at(tmp_path, rate=Rate(1, price))
    headers = {"Content-Type": CLOUDEVENTS_BATCH_JSON if "events" in path else JSON}

    def ask() -> Any:
        return intake.get(path) if body is None else intake.post(path, json.dumps(body).encode(), headers)

    assert ask().status_code in (200, 202, 207), "a full bucket is enough"
    refused = ask()
    assert (refused.status_code, intake.get("/v1/recommendations").status_code) == (429, 429)
    assert "costs as much as" in refused.get_json()["detail"]
    intake.store.close()


def test_the_message_names_the_price(tmp_path: Path) -> None:
    intake = intake_at(tmp_path, rate=Rate(1, 200))
    body = json.dumps({"events": [EVENT]}).encode()
    assert intake.post("/v1/simulate", body, {}).status_code == 200
    answer = intake.post("/v1/simulate", body, {})
    assert answer.status_code == 429
    assert "costs as much as 125 events; retry after 50" in answer.get_json()["detail"]
    intake.store.close()


def test_a_price_above_the_bucket_takes_a_full_bucket(tmp_path: Path) -> None:
    intake = intake_at(tmp_path, rate=Rate(1, 20))
    body = json.dumps({"events": [EVENT]}).encode()
    assert intake.post("/v1/simulate", body, {}).status_code == 200
    assert intake.get("/v1/recommendations").status_code == 429
    intake.store.close()


def test_an_unsigned_test_request_costs_the_tenant_nothing(tmp_path: Path) -> None:
    text = """
tenants: {north: {api_keys: ["HASH"]}}
sources: {hooks: {tenant: north, vendor: VENDOR, secrets: ["plain:0123456789abcdef"]}}
"""
    from signpost.ingress.vendors import VENDORS
    from signpost.tenants.model import hash_key
    from tests.support.intake_parts import NORTH_KEY

    open_vendors = [name for name, vendor in VENDORS.items() if vendor.pings.unsigned]
    assert open_vendors
    for name in open_vendors:
        folder = tmp_path / name
        folder.mkdir()
        tenants = text.replace("HASH", hash_key(NORTH_KEY)).replace("VENDOR", name)
        intake = intake_at(folder, rate=Rate(1, 2), text=tenants)
        ping = json.dumps(VENDORS[name].pings.bodies[0]).encode()
        assert [intake.client.post("/v1/webhooks/hooks", data=ping).status_code for _ in range(5)].count(429) == 0
        assert intake.get("/v1/recommendations").status_code == 200
        intake.store.close()


def test_the_prices_are_documented() -> None:
    text = Path("docs/integrating.md").read_text(encoding="utf-8")
    rows = text.partition("<!-- prices -->")[2].partition("<!-- /prices -->")[0].splitlines()
    said = {name.strip(): price.strip() for _, name, price, _ in (row.split("|") for row in rows if row.strip())}
    body, simulated = prices.BODY_BYTES, prices.SIMULATED_EVENT
    assert said["an event, a webhook, feedback, a read of one thing"] == str(prices.REQUEST)
    assert said[f"a body of more than {body} bytes"] == f"at least 1 for each {body} bytes"
    assert said["a page of a list"] == f"1 for each {prices.PAGE_ITEMS} items of its `limit`"
    candidates = f"1 for each {prices.CANDIDATES} items of its `limit`, and {prices.SEARCH} for a search"
    assert said["a page of candidates"] == candidates
    assert said["a calendar"] == f"{prices.CALENDAR}, also through a link"
    assert said["an explanation"] == str(prices.EXPLANATION)
    assert said["a request about dead letters"] == str(prices.DEAD_LETTERS)
    assert said["the questions to a candidate"] == str(prices.QUESTIONS)
    agenda = f"{prices.AGENDA}, and {prices.QUESTIONS} with the questions of a candidate"
    assert said["an agenda, each on a page of agendas"] == agenda
    assert said["a page of a forecast"] == str(prices.FORECAST)
    assert said["a simulation"] == f"{prices.SIMULATION}, and {simulated} for each of its events"
