"""`signpost up`: from nothing to advice, children that die, and an end that leaves nothing behind."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.http import HTTP
from tests.support.metrics import value_in
from tests.support.private_servers import free_port, wait_until
from tests.support.rulebooks import FEW_RULES

ROOT = Path(__file__).parents[2]


class System:
    """A running `signpost up` in a folder of its own."""

    def __init__(self, folder: Path, **environ: str) -> None:
        self.port = free_port()
        self.environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith("SIGNPOST_")},
            "SIGNPOST_DATA_DIR": str(folder / "data"),
            "SIGNPOST_HTTP_BIND": f"127.0.0.1:{self.port}",
            **environ,
        }
        self.log = folder / "up.log"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "signpost", "up"], env=self.environ, stdout=log, stderr=log
            )

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8")

    def wait_ready(self) -> None:
        def ready() -> bool:
            assert self.process.poll() is None, self.said()
            return "Signpost is ready" in self.said()

        wait_until(ready, "signpost up is ready")

    def command(self, *arguments: str, stdin: str = "") -> str:
        return subprocess.run(
            [sys.executable, *arguments], env=self.environ, input=stdin, capture_output=True, text=True, check=True
        ).stdout

    def children(self) -> dict[str, int]:
        """Name -> process id of every process of the tree but the supervisor."""
        found = {}
        for pid in descendants(self.process.pid):
            with contextlib.suppress(OSError):
                words = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
                if len(words) > 1:
                    found["intake" if "gunicorn" in words else words[-2]] = pid
        return found

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(90)


def descendants(pid: int) -> list[int]:
    with contextlib.suppress(OSError):
        direct = [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
        return direct + [deeper for child in direct for deeper in descendants(child)]
    return []


def alive(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


@contextlib.contextmanager
def started(folder: Path, **environ: str) -> Iterator[System]:
    running = System(folder, **environ)
    try:
        running.wait_ready()
        yield running
    finally:
        if running.process.poll() is None:
            running.stop()


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    """One of the test's own, to be ended."""
    with started(tmp_path) as running:
        yield running


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """One for the tests that leave it running."""
    own = {"SIGNPOST_RULES": str(FEW_RULES), "SIGNPOST_METRICS_BIND": f"127.0.0.1:{free_port()}"}
    with started(tmp_path_factory.mktemp("kept"), **own) as running:
        yield running


def get(address: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://{address}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def published_rules(system: System) -> set[str]:
    """The rules of all advice so far. Asks the intake itself: it is asked again and again, and a command takes long."""
    lines = (Path(system.environ["SIGNPOST_DATA_DIR"]) / "client.env").read_text().splitlines()
    key = next(line for line in lines if "API_KEY" in line).partition("=")[2].strip("\"' ")
    address = f"http://127.0.0.1:{system.port}/v1/recommendations?limit=500"
    with contextlib.suppress(httpx.TransportError):
        answer = HTTP.get(address, headers={"Authorization": f"Bearer {key}"}, timeout=30)
        return {one["data"]["rule"] for one in answer.json()["items"]}
    return set()


def test_from_nothing_to_advice_and_a_clean_end(system: System) -> None:
    sent = system.command(str(ROOT / "examples/send_greenhouse_offer.py"))
    assert re.findall(r": (\d+) ", sent) == ["200", "200"]
    wait_until(lambda: "ask-response-deadline" in published_rules(system), "the webhook's advice is published", 20)
    events = system.command(str(ROOT / "examples/play.py"), "--print")
    system.command("-m", "signpost", "send", "-", stdin=events)
    wait_until(lambda: "learn-from-rejection" in published_rules(system), "the batch's advice is published", 20)
    shown = system.command("-m", "signpost", "tail", "--last", "-1", "--json").splitlines()
    assert {json.loads(line)["data"]["rule"] for line in shown} == published_rules(system)
    _, metrics = get(f"127.0.0.1:{system.port}/metrics")
    assert value_in(metrics, "signpost_events_accepted_total") == value_in(metrics, "signpost_events_folded_total")
    assert value_in(metrics, "signpost_ready") == 5
    pids = list(system.children().values())
    assert len(pids) >= 4
    folder = metrics_folder(pids[0])
    assert folder.is_dir()
    assert system.stop() == 0, system.said()
    assert not folder.exists()
    assert not [pid for pid in pids if alive(pid)]
    assert "is killed" not in system.said()


def metrics_folder(pid: int) -> Path:
    variables = Path(f"/proc/{pid}/environ").read_bytes().decode().split("\0")
    [folder] = [text.partition("=")[2] for text in variables if text.startswith("_SIGNPOST_METRICS_FOLDER=")]
    return Path(folder)


def test_a_worker_that_dies_is_started_again(kept: System) -> None:
    inside = kept.environ["SIGNPOST_METRICS_BIND"]
    assert get(f"127.0.0.1:{kept.port}/metrics")[0] == 404
    wait_until(lambda: get(f"{inside}/readyz") == (200, '{"status": "ok"}'), "all roles are ready")
    before = kept.children()["advisor"]
    os.kill(before, signal.SIGKILL)
    wait_until(lambda: get(f"{inside}/readyz")[0] == 503, "the probe notices", 20)
    wait_until(lambda: kept.children().get("advisor", before) != before, "another advisor runs", 20)
    wait_until(lambda: get(f"{inside}/readyz")[0] == 200, "it is ready", 20)
    assert "advisor exited with SIGKILL" in kept.said()


def test_nothing_outlives_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    system = System(tmp_path, SIGNPOST_RULES=str(FEW_RULES))
    system.wait_ready()
    pids = descendants(system.process.pid)
    assert pids
    system.process.kill()
    system.process.wait(60)
    wait_until(lambda: not any(map(alive, pids)), "all processes are gone", 40)


def test_a_second_system_in_the_same_folder_is_refused(kept: System, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "signpost", "up"], env=kept.environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "another `signpost up` uses" in done.stderr
    elsewhere = {**kept.environ, "SIGNPOST_DATA_DIR": str(tmp_path / "other")}
    done = subprocess.run(
        [sys.executable, "-m", "signpost", "up"], env=elsewhere, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "cannot listen on" in done.stderr
    assert "start it with another address, like SIGNPOST_HTTP_BIND=" in done.stderr
    assert "docs/settings.md" in done.stderr
    assert not (tmp_path / "other").exists()


def test_a_terminal_without_the_variable_reads_the_rules_that_run(kept: System) -> None:
    environ = {name: text for name, text in kept.environ.items() if name != "SIGNPOST_RULES"}
    command = [sys.executable, "-m", "signpost", "doctor", "--only", "rules-in-force"]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
    assert "ok       rules-in-force" in done.stdout
    assert "running processes have rulebook" in done.stdout


@pytest.fixture
def without_durable_rules(tmp_path: Path) -> dict[str, str]:
    """Environment of a Python that cannot import durable-rules, installed or not."""
    (tmp_path / "hidden").mkdir()
    (tmp_path / "hidden" / "durable_rules_engine.py").write_text("raise ImportError('no compiler was here')\n")
    return {"PYTHONPATH": str(tmp_path / "hidden")}


@pytest.mark.long
def test_without_durable_rules_it_runs_on_the_compiled_engine_and_says_so(
    tmp_path: Path, without_durable_rules: dict[str, str]
) -> None:
    with started(tmp_path, **without_durable_rules) as system:
        line = "engine compiled: durable-rules cannot be imported (no compiler was here)"
        wait_until(lambda: line in system.said(), "the advisor says which engine it uses", 20)
        system.command(str(ROOT / "examples/send_greenhouse_offer.py"))
        wait_until(lambda: "ask-response-deadline" in published_rules(system), "the webhook's advice is published", 20)


def test_durable_rules_that_is_asked_for_but_missing_ends_it_with_words(
    tmp_path: Path, without_durable_rules: dict[str, str]
) -> None:
    system = System(tmp_path, SIGNPOST_ENGINE="durable_rules", **without_durable_rules)
    assert system.process.wait(30) == 2
    assert "SIGNPOST_ENGINE=durable_rules, but durable-rules cannot be imported (no compiler was here)" in system.said()
    assert "set SIGNPOST_ENGINE=auto or compiled" in system.said()


def test_the_reading_side_answers_only_with_a_key(kept: System) -> None:
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(f"http://127.0.0.1:{kept.port}/v1/recommendations", timeout=60)


@pytest.mark.long
def test_the_same_on_rabbitmq_and_postgresql(tmp_path: Path, rabbitmq_url: str, postgres_url: str) -> None:
    with started(tmp_path, SIGNPOST_BROKER_URL=rabbitmq_url, SIGNPOST_DATABASE_URL=postgres_url) as running:
        events = running.command(str(ROOT / "examples/play.py"), "--print")
        running.command("-m", "signpost", "send", "-", stdin=events)
        wait_until(lambda: "learn-from-rejection" in published_rules(running), "the advice is published", 20)
        assert running.stop() == 0
