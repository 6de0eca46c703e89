"""A machine short of descriptors, memory or disk: workers try again, requests get a 503, and no decision is made."""

import errno
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg.waiting
import pytest

from signpost.errors import OutOfResources, TransientError, translate_shortages
from signpost.metrics import health
from signpost.services.intake.analysis import Explain, StoredCase
from signpost.services.intake.analysis_processes import ChildSettings, ProcessAnalyst
from signpost.settings import Settings, read_settings
from signpost.storage import open_store
from signpost.storage.errors import translate_errors
from signpost.workers import process
from signpost.workers.process import Rules, Stop, Worker, run_opened
from tests.support.intake_parts import NOW, intake_at, tenants_in

SHORTAGES = (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS, errno.ENOSPC)
FULL = OSError(errno.EMFILE, "Too many open files")


@pytest.mark.parametrize("number", SHORTAGES)
def test_a_shortage_is_transient_and_says_what_to_do(number: int) -> None:
    with pytest.raises(TransientError, match="no luck: raise this limit") as found, translate_shortages():
        raise OSError(number, "no luck")
    assert isinstance(found.value, OutOfResources)
    assert isinstance(found.value.__cause__, OSError)
    with pytest.raises(OutOfResources), translate_errors():
        raise OSError(number, "no luck")


def test_any_other_error_of_the_system_stays_what_it_is() -> None:
    for translate in (translate_shortages, translate_errors):
        with pytest.raises(FileNotFoundError), translate():
            raise FileNotFoundError(errno.ENOENT, "no such file")


def test_a_store_without_a_descriptor_for_its_connection_is_short_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    def make() -> Any:
        raise FULL

    # What psycopg waits with while it connects
    monkeypatch.setattr(psycopg.waiting, "DefaultSelector", make)
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"postgresql://root@127.0.0.1:{server.getsockname()[1]}/test"
        with open_store(url) as store, pytest.raises(OutOfResources, match="Too many open files"):
            store.ping()


class Short:
    """A worker whose first run ends in an error of the system."""

    def __init__(self, stop_after: int = 2) -> None:
        self.runs, self.stop_after = 0, stop_after

    def run(self, stop: Stop) -> None:
        self.runs += 1
        if self.runs < self.stop_after:
            raise FULL
        stop.set()


def settings_in(folder: Path) -> Settings:
    return read_settings({"SIGNPOST_DATA_DIR": str(folder)})


def test_a_worker_short_of_descriptors_opens_its_parts_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    worker, opened, reported = Short(), list[Rules](), list[dict[str, bool]]()

    @contextmanager
    def open_worker(rules: Rules) -> Iterator[Worker]:
        opened.append(rules)
        yield worker

    monkeypatch.setattr(process, "pauses", lambda: iter([0.0] * 9))
    monkeypatch.setattr(process, "set_up_logging", lambda *_: None)
    monkeypatch.setattr(health, "report", reported.append)
    assert run_opened("a test", settings_in(tmp_path), open_worker) == 0
    assert (worker.runs, len(opened)) == (2, 2)
    assert "Too many open files" in caplog.text
    assert all(all(parts.values()) for parts in reported), "neither server is to blame"


def test_a_worker_ends_with_any_other_error_of_the_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "set_up_logging", lambda *_: None)

    @contextmanager
    def open_worker(rules: Rules) -> Iterator[Worker]:
        raise FileNotFoundError(errno.ENOENT, "no such file")
        yield Short()

    with pytest.raises(FileNotFoundError):
        run_opened("a test", settings_in(tmp_path), open_worker)


@pytest.mark.parametrize(("error", "status"), [(FULL, 503), (OSError(errno.EIO, "a disk"), 500)])
@pytest.mark.parametrize("path", ["/v1/recommendations", "/page/static/page.css"])
def test_a_request_that_meets_a_shortage_may_come_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: OSError, status: int, path: str
) -> None:
    intake = intake_at(tmp_path)

    def fail(*_: object, **__: object) -> Any:
        raise error

    for view in list(intake.client.application.view_functions):
        monkeypatch.setitem(intake.client.application.view_functions, view, fail)
    answer = intake.client.get(path)
    assert (answer.status_code, "Retry-After" in answer.headers) == (status, status == 503)


def test_an_analysis_without_a_process_is_not_the_fault_of_who_asks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> Any:
        raise FULL

    monkeypatch.setattr(subprocess, "Popen", fail)
    analyst = ProcessAnalyst(ChildSettings((), tmp_path / "tenants.yaml", 1), 1)
    for _ in range(2):
        with pytest.raises(OutOfResources):
            analyst.run(Explain("north", StoredCase("c", b""), "rule", None, NOW, None))
    analyst.close()


KNOWS_ZONES = """
import os, resource
from threading import Event
from signpost.settings import read_settings
{start}
resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))
from signpost.schemas.codes import time_zones
os._exit("Europe/Berlin" not in time_zones())
"""
STARTS = {
    "intake": "import signpost.services.intake.wsgi",
    "worker": "from signpost.workers import process; process._load_rules(read_settings(os.environ), Event(), Event())",
}


@pytest.mark.parametrize("role", STARTS)
def test_a_process_knows_all_time_zones_before_it_can_be_short_of_descriptors(tmp_path: Path, role: str) -> None:
    tenants_in(tmp_path)
    command = [sys.executable, "-c", KNOWS_ZONES.format(start=STARTS[role])]
    environment = {"SIGNPOST_DATA_DIR": str(tmp_path), "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
