"""Every process is replaced in turn under load, behind a balancer that looks at /readyz: no request fails, and every
accepted event takes effect."""

import itertools
import json
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import httpx
import pytest

from signpost.messaging import connect
from signpost.storage import open_store
from tests.support.http import HTTP
from tests.support.intake_parts import NORTH_KEY
from tests.support.intake_process import COMMAND, EVENT, answers, environment, intake_folder
from tests.support.private_servers import free_port, wait_until
from tests.support.rulebooks import FEW_RULES
from tests.support.vhosts import PATIENT
from tests.support.workers_processes import WorkerProcess, kill_afterwards

DRAIN_S = 1.0
HEADERS = {"Content-Type": "application/cloudevents+json", "Authorization": f"Bearer {NORTH_KEY}"}


class Balanced:
    """Intakes on fixed ports, and a client that sends events to those that are ready."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder, self._stack = folder, stack
        self.ports = [free_port(), free_port()]
        self.processes = {port: self._start(port) for port in self.ports}
        self._ready: list[int] = []
        self.accepted: list[str] = []
        self.failures: list[str] = []
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=work) for work in (self._look, self._send)]

    def _start(self, port: int) -> subprocess.Popen[bytes]:
        environ = environment(self._folder, port, SIGNPOST_DRAIN_SECONDS=f"{DRAIN_S:g}", SIGNPOST_HTTP_PROCESSES="1")
        with open(self._folder / "log", "ab") as log:
            process = subprocess.Popen(COMMAND, env=environ, stderr=log)
        self._stack.callback(process.wait)
        self._stack.callback(process.kill)
        return process

    @contextmanager
    def load(self) -> Iterator[None]:
        """Send events until the end of the block."""
        for port in self.ports:
            wait_until(lambda port=port: answers(f"http://127.0.0.1:{port}"), "an intake answers")  # type: ignore[misc]
        for thread in self._threads:
            thread.start()
        try:
            yield
        finally:
            self._stop.set()
            for thread in self._threads:
                thread.join(60)

    def _look(self) -> None:
        """As a balancer does: an intake that is not ready, or silent, gets nothing more."""
        while not self._stop.wait(0.05):
            self._ready = [port for port in self.ports if self._is_ready(port)]

    def _is_ready(self, port: int) -> bool:
        try:
            return HTTP.get(f"http://127.0.0.1:{port}/readyz", timeout=10).status_code == 200
        except httpx.TransportError:
            return False

    def _send(self) -> None:
        for number in itertools.count():
            ready = self._ready
            if self._stop.is_set():
                return
            if ready:
                self._send_one(f"e-{number}", ready[number % len(ready)])
            time.sleep(0.01)

    def _send_one(self, name: str, port: int) -> None:
        event = {**EVENT, "id": name, "subject": f"c-{name}"}
        try:
            answer = HTTP.post(
                f"http://127.0.0.1:{port}/v1/events", content=json.dumps(event), headers=HEADERS, timeout=60
            )
        except httpx.TransportError as error:
            self.failures.append(f"{name}: {error!r}")
            return
        (self.accepted if answer.status_code == 202 else self.failures).append(name)

    def restart(self, port: int) -> None:
        """Replace the intake on a port, while the other one serves."""
        self.processes[port].send_signal(signal.SIGTERM)
        assert self.processes[port].wait(60) == 0
        self.processes[port] = self._start(port)
        wait_until(lambda: port in self._ready, "the new intake is ready")
        count = len(self.accepted)
        wait_until(lambda: len(self.accepted) > count + 5, "events are accepted")


def start_advisor(folder: Path, url: str, stack: ExitStack) -> WorkerProcess:
    advisor = WorkerProcess("advisor", folder, url, url, rules=str(FEW_RULES), engine="compiled")
    stack.enter_context(kill_afterwards(advisor))
    return advisor


@pytest.mark.long
def test_every_process_is_replaced_under_load(tmp_path: Path) -> None:
    folder = intake_folder(tmp_path)
    url = f"sqlite:///{folder}/signpost.db"
    with ExitStack() as stack:
        balanced = Balanced(folder, stack)
        advisors = [start_advisor(folder, url, stack)]
        with balanced.load():
            for port in balanced.ports:
                balanced.restart(port)
            assert advisors[-1].stop() == 0
            advisors.append(start_advisor(folder, url, stack))
        with open_store(url) as store, closing(connect(url, bounds=PATIENT)) as broker:
            keys = [f"c-{name}" for name in balanced.accepted]
            wait_until(lambda: all(store.case("north", key) for key in keys), "all events take effect")
            assert broker.queue_depth("signpost.dead") == 0
    assert balanced.failures == []
    assert len(balanced.accepted) > 20
