"""The intake as a process of its own: gunicorn with its configuration, on a folder with tenants and a database."""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx

from signpost.messaging import connect
from tests.support.databases import migrate
from tests.support.http import HTTP
from tests.support.intake_parts import tenants_in
from tests.support.private_servers import free_port, wait_until
from tests.support.rulebooks import FEW_RULES

COMMAND = [sys.executable, "-m", "gunicorn", "-c", "python:signpost.services.intake.gunicorn_conf"]
EVENT = {
    "specversion": "1.0", "id": "e-1", "source": "s", "type": "signpost.offer.extended.v1",
    "time": "2026-03-02T13:00:00Z", "subject": "c-1", "data": {"offer": "acme"},
}  # fmt: skip


def environment(folder: Path, port: int, **settings: str) -> dict[str, str]:
    """The variables of an intake in this folder."""
    own = {
        "SIGNPOST_DATA_DIR": str(folder),
        "SIGNPOST_HTTP_BIND": f"127.0.0.1:{port}",
        "SIGNPOST_HTTP_PROCESSES": "2",
        "SIGNPOST_RULES": str(FEW_RULES),
        **settings,
    }
    return {name: value for name, value in os.environ.items() if not name.startswith("SIGNPOST_")} | own


@contextmanager
def running(
    folder: Path, command: Sequence[str] = COMMAND, **settings: str
) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A running intake: its address and the process. Its log is the file `log` of the folder."""
    port = free_port()
    with open(folder / "log", "wb") as log:
        process = subprocess.Popen(command, env=environment(folder, port, **settings), stderr=log)
    try:
        address = f"http://127.0.0.1:{port}"
        with suppress(TimeoutError):
            wait_until(lambda: answers(address) or process.poll() is not None, "the intake to answer")
        assert answers(address), (folder / "log").read_text()
        yield address, process
    finally:
        process.kill()
        process.wait()


def answers(address: str) -> bool:
    """Whether something answers there."""
    try:
        return HTTP.get(f"{address}/livez", timeout=10).status_code == 200
    except httpx.TransportError:
        return False


def intake_folder(folder: Path) -> Path:
    """Prepare a folder for the intake: tenants file, tables and queues."""
    tenants_in(folder)
    migrate(f"sqlite:///{folder}/signpost.db")
    connect(f"sqlite:///{folder}/signpost.db").apply_topology()
    return folder
