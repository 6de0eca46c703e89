"""The intake while its database is frozen, swallowed by the network, or locked: everything still answers, in time."""

import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from signpost.messaging import connect
from signpost.names import CLOUDEVENT_JSON
from signpost.services.intake.readiness import DATABASE_UNAVAILABLE
from signpost.services.intake.worker_limits import QUEUE_TIMEOUT_S
from signpost.storage import upgrade
from tests.support.intake_parts import NORTH_KEY, sign_greenhouse, tenants_in
from tests.support.intake_process import EVENT, running
from tests.support.private_servers import PrivatePostgreSQL, wait_until
from tests.support.proxy import Mode, Proxy

THREADS = 4
CALLERS = 3 * THREADS
SOON_S = 3.0
"""How long an answer may take that waits for no database; most of it for this machine."""
LATEST_S = 20.0
"""How long any answer may take: for a thread, a connection, a call, and this machine. It was 55 s and more."""
KEY = {"Authorization": f"Bearer {NORTH_KEY}"}
WEBHOOK = json.dumps({"action": "ping"}).encode()


@dataclass
class Fault:
    """A database that can be made to not answer for a block."""

    database_url: str
    silent: Callable[[], AbstractContextManager[None]]


@contextmanager
def frozen_server(server: PrivatePostgreSQL, folder: Path) -> Iterator[Fault]:
    yield Fault(server.url(), server.frozen)


@contextmanager
def black_hole(server: PrivatePostgreSQL, folder: Path) -> Iterator[Fault]:
    with Proxy("127.0.0.1", server.port) as proxy:

        @contextmanager
        def silent() -> Iterator[None]:
            proxy.become(Mode.BLACK_HOLE)
            yield
            proxy.wait_for("swallowed", 1)
            proxy.become(Mode.PASS)

        yield Fault(f"postgresql://postgres@127.0.0.1:{proxy.port}/postgres", silent)


@dataclass
class Answers:
    """Requests to an intake and how long each took."""

    client: httpx.Client

    def timed(self, method: str, path: str, **more: Any) -> tuple[int, float]:
        begun = time.monotonic()
        status = self.client.request(method, path, **more).status_code
        return status, time.monotonic() - begun

    def event(self, name: str) -> tuple[int, float]:
        headers = {**KEY, "Content-Type": CLOUDEVENT_JSON}
        return self.timed("POST", "/v1/events", content=json.dumps(EVENT | {"id": name}), headers=headers)

    def webhook(self) -> tuple[int, float]:
        headers = sign_greenhouse(WEBHOOK)
        return self.timed("POST", "/v1/webhooks/acme", content=WEBHOOK, headers=headers)

    def read(self) -> tuple[int, float]:
        return self.timed("GET", "/v1/recommendations", headers=KEY)

    def ready(self) -> dict[str, Any]:
        document: dict[str, Any] = self.client.get("/readyz").json()
        return document

    def deliveries(self) -> int:
        return len(self.client.get("/v1/deliveries", headers=KEY).json()["items"])


@contextmanager
def intake(folder: Path, database_url: str, queue: str) -> Iterator[Answers]:
    tenants_in(folder)
    upgrade(database_url)
    connect(f"sqlite:///{queue}").apply_topology()
    settings = {
        "SIGNPOST_DATABASE_URL": database_url, "SIGNPOST_BROKER_URL": f"sqlite:///{queue}",
        "SIGNPOST_HTTP_PROCESSES": "1", "SIGNPOST_HTTP_THREADS": str(THREADS),
    }  # fmt: skip
    limits = httpx.Limits(max_connections=None)
    with (
        running(folder, **settings) as (address, _),
        httpx.Client(base_url=address, timeout=90, limits=limits) as client,
    ):
        answers = Answers(client)
        wait_until(lambda: answers.ready() == {"status": "ok"}, "the intake to be ready")
        yield answers


@pytest.mark.parametrize("fault", [frozen_server, black_hole])
def test_a_database_that_does_not_answer_holds_up_nothing_else(
    fault: Callable[..., AbstractContextManager[Fault]], private_postgres: PrivatePostgreSQL, tmp_path: Path
) -> None:
    with (
        fault(private_postgres, tmp_path) as made,
        intake(tmp_path, made.database_url, str(tmp_path / "queue.db")) as answers,
        ThreadPoolExecutor(2 * CALLERS) as pool,
    ):
        assert answers.read()[0] == 200
        before = answers.deliveries()
        with made.silent():
            reads = [pool.submit(answers.read) for _ in range(CALLERS)]
            webhooks = [pool.submit(answers.webhook) for _ in range(CALLERS)]
            for turn in range(5):
                assert answers.timed("GET", "/livez")[1] < SOON_S
                assert answers.timed("GET", "/readyz")[1] < SOON_S
                status, seconds = answers.event(f"e-{turn}")
                assert status == 202 or seconds > QUEUE_TIMEOUT_S, "refused only after it waited for a thread"
                assert seconds < LATEST_S
            assert all(status == 503 and seconds < LATEST_S for status, seconds in (one.result() for one in reads))
            accepted = [(status, seconds) for status, seconds in (one.result() for one in webhooks) if status == 200]
            assert all(seconds < LATEST_S for _, seconds in accepted)
            degraded = {"status": "degraded", "database": DATABASE_UNAVAILABLE}
            wait_until(lambda: answers.ready() == degraded, "the check to notice")
            quick = [answers.read(), answers.event("e-last"), answers.webhook()]
            assert [status for status, _ in quick[:2]] == [503, 202]
            assert max(seconds for _, seconds in quick) < SOON_S, "now nothing waits for it"
        wait_until(lambda: answers.ready() == {"status": "ok"}, "the check to notice the end")
        assert answers.read()[0] == 200
        wait_until(lambda: answers.deliveries() == before + len(accepted) + 1, "every delivery to be in the log")


def test_a_locked_database_file_holds_up_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "signpost.db"
    with (
        intake(tmp_path, f"sqlite:///{file}", str(tmp_path / "queue.db")) as answers,
        ThreadPoolExecutor(CALLERS) as pool,
    ):
        before = answers.deliveries()
        lock = sqlite3.connect(file, isolation_level=None)
        lock.execute("BEGIN IMMEDIATE")
        webhooks = [pool.submit(answers.webhook) for _ in range(CALLERS)]
        for turn in range(5):
            assert answers.timed("GET", "/livez")[1] < SOON_S
            status, seconds = answers.event(f"e-{turn}")
            assert status == 202 or seconds > QUEUE_TIMEOUT_S, "refused only after it waited for a thread"
        assert answers.read()[0] == 200, "who reads needs no lock"
        accepted = [status for status, seconds in (one.result() for one in webhooks) if status == 200]
        assert all(one.result()[1] < LATEST_S for one in webhooks)
        assert accepted
        wait_until(lambda: answers.ready()["status"] == "degraded", "the check to notice")
        lock.execute("ROLLBACK")
        lock.close()
        wait_until(lambda: answers.deliveries() == before + len(accepted), "every delivery to be in the log")
        wait_until(lambda: answers.ready() == {"status": "ok"}, "the check to notice the end")


def test_a_locked_file_of_database_and_queue_is_answered_in_time(tmp_path: Path) -> None:
    file = tmp_path / "signpost.db"
    with intake(tmp_path, f"sqlite:///{file}", str(file)) as answers, ThreadPoolExecutor(CALLERS) as pool:
        lock = sqlite3.connect(file, isolation_level=None)
        lock.execute("BEGIN IMMEDIATE")
        events = [pool.submit(answers.event, f"e-{number}") for number in range(CALLERS)]
        for _ in range(5):
            assert answers.timed("GET", "/livez")[1] < SOON_S
        assert all(status == 503 and seconds < LATEST_S for status, seconds in (one.result() for one in events))
        wait_until(lambda: answers.ready()["status"] == "unavailable", "the check to notice")
        lock.execute("ROLLBACK")
        lock.close()
        wait_until(lambda: answers.event("e-last")[0] == 202, "events to be accepted again")
