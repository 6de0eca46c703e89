"""Signals at any moment of a start: SIGHUP ends no process, SIGTERM and SIGINT end it with exit code 0."""

import contextlib
import itertools
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import pytest

from signpost.messaging import connect
from signpost.signals import block_while_starting
from tests.support.databases import migrate
from tests.support.intake_parts import tenants_in
from tests.support.long_suite import first_of
from tests.support.private_servers import free_port, restore_default_signals, wait_until
from tests.support.rulebooks import FEW_RULES

ROOT = Path(__file__).parents[2]
RUNS = {
    "advisor": "advisor runs",
    "clock": "clock runs",
    "relay": "relay runs",
    "intake": "Booting worker",
    "up": "Signpost is ready",
}
"""Command -> what its log contains once it runs."""
STARTED = ("advisor", "intake", "up")
"""One of each way to start: clock and relay start as the advisor does, with fewer parts."""
DELAYS_S = (0.0, 0.2, 0.5, 0.8)
END_S = 60
PYTHON = (sys.executable, "-m", "signpost")
SIGNAL_AT_FIRST_IMPORT = """\
import os, sys

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "signpost" and name not in ("signpost", "signpost.__main__"):
            sys.meta_path.remove(self)
            os.kill(os.getpid(), int(os.environ["SIGNPOST_TEST_SIGNAL"]))

sys.meta_path.insert(0, Finder())
"""
"""A `sitecustomize` that sends the process a signal as soon as it imports a further module of Signpost."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tenants_in(tmp_path)
    migrate(f"sqlite:///{tmp_path}/signpost.db")
    connect(f"sqlite:///{tmp_path}/signpost.db").apply_topology()
    return tmp_path


def environment(folder: Path) -> dict[str, str]:
    ours = {name: value for name, value in os.environ.items() if not name.startswith("SIGNPOST_")}
    bind = f"127.0.0.1:{free_port()}"
    own = {"DATA_DIR": str(folder), "HTTP_BIND": bind, "RELOAD_INTERVAL": "3600", "RULES": str(FEW_RULES)}
    return ours | {f"SIGNPOST_{name}": value for name, value in own.items()}


def launch(command: Sequence[str], name: str, folder: Path, log: BinaryIO, **environ: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [*command, name],
        env={**environment(folder), **environ},
        stdout=log,
        stderr=log,
        preexec_fn=restore_default_signals,
    )


@contextlib.contextmanager
def started(name: str, folder: Path) -> Iterator[tuple["subprocess.Popen[bytes]", Path]]:
    """A command and its log; as under `signpost up`, signals wait until its interpreter has started."""
    path = folder / f"{name}.log"
    with path.open("wb") as log, block_while_starting():
        process = launch(PYTHON, name, folder, log)
    try:
        yield process, path
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(END_S)


@pytest.mark.parametrize("name", first_of(STARTED, ("advisor", "intake")))
def test_sighup_at_any_moment_of_the_start_ends_nothing(name: str, folder: Path) -> None:
    with started(name, folder) as (process, log):
        # In ever longer steps, since each of them restarts the requests' processes of a running intake
        pauses = itertools.accumulate(itertools.repeat(1.25), lambda pause, factor: pause * factor, initial=0.01)

        def runs() -> bool:
            process.send_signal(signal.SIGHUP)
            time.sleep(min(next(pauses), 1.0))
            assert process.poll() is None, (process.returncode, log.read_text())
            return RUNS[name] in log.read_text()

        wait_until(runs, f"{name} to run")
        process.send_signal(signal.SIGTERM)
        assert process.wait(END_S) == 0, log.read_text()
    assert "Traceback" not in log.read_text()


@pytest.mark.parametrize("name", first_of(STARTED, ("advisor", "up")))
def test_a_stop_at_any_moment_of_the_start_is_a_clean_end(name: str, folder: Path) -> None:
    for delay_s, number in zip(DELAYS_S, itertools.cycle((signal.SIGTERM, signal.SIGINT)), strict=False):
        with started(name, folder) as (process, log):
            time.sleep(delay_s)
            process.send_signal(number)
            assert process.wait(END_S) == 0, (delay_s, number, log.read_text())
        assert "Traceback" not in log.read_text(), (delay_s, number, log.read_text())


def test_a_sighup_that_came_first_of_all_is_remembered(folder: Path) -> None:
    with started("clock", folder) as (process, log):
        process.send_signal(signal.SIGHUP)
        wait_until(lambda: process.poll() is not None or "reload requested" in log.read_text(), "the clock to reload")
        assert process.poll() is None


@pytest.fixture
def at_first_import(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(SIGNAL_AT_FIRST_IMPORT)
    return {"PYTHONPATH": str(tmp_path / "site")}


@pytest.mark.parametrize("name", RUNS)
def test_a_stop_before_the_first_import_is_a_clean_end(
    name: str, folder: Path, at_first_import: dict[str, str]
) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        with (folder / "log").open("wb") as log:
            process = launch(PYTHON, name, folder, log, SIGNPOST_TEST_SIGNAL=str(int(number)), **at_first_import)
        assert process.wait(END_S) == 0, (number, (folder / "log").read_text())
        assert (folder / "log").read_text() == ""


@pytest.mark.parametrize("name", ["advisor", "intake"])
def test_a_sighup_before_the_first_import_ends_nothing(
    name: str, folder: Path, at_first_import: dict[str, str]
) -> None:
    with (folder / "log").open("wb") as log:
        process = launch(PYTHON, name, folder, log, SIGNPOST_TEST_SIGNAL=str(int(signal.SIGHUP)), **at_first_import)
    wait_until(
        lambda: process.poll() is not None or RUNS[name] in (folder / "log").read_text(), f"{name} to run or to end"
    )
    assert process.poll() is None
    process.terminate()
    assert process.wait(END_S) == 0


def entrypoint() -> list[str]:
    """The command of the container image, with this Python."""
    [words] = re.findall(r"^ENTRYPOINT (.*)$", (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
    *launcher, program = json.loads(words)
    assert program == "signpost"
    return [*launcher, *PYTHON]


def blocks_signals(pid: int) -> bool:
    [mask] = re.findall(r"^SigBlk:\s*(\w+)$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    return all(int(mask, 16) >> (number - 1) & 1 for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT))


def test_the_container_holds_signals_before_python_starts(folder: Path) -> None:
    """The first process of a container loses the signals for which it has no handler yet."""
    slow = {"PYTHONPATH": str(folder / "site"), "SIGNPOST_TEST_HOLD": str(folder / "go")}
    (folder / "site").mkdir()
    (folder / "site" / "sitecustomize.py").write_text(
        "import os, time\nwhile not os.path.exists(os.environ['SIGNPOST_TEST_HOLD']): time.sleep(0.02)\n"
    )
    with (folder / "log").open("wb") as log:
        process = launch(entrypoint(), "clock", folder, log, **slow)
    try:
        wait_until(lambda: "python" in Path(f"/proc/{process.pid}/cmdline").read_text().partition("\0")[0], "Python")
        assert blocks_signals(process.pid)
        process.send_signal(signal.SIGHUP)
        (folder / "go").touch()
        wait_until(
            lambda: process.poll() is not None or "reload requested" in (folder / "log").read_text(), "the clock"
        )
        assert process.poll() is None
    finally:
        process.terminate()
    assert process.wait(END_S) == 0


def test_commands_in_the_container_end_at_a_signal(folder: Path) -> None:
    with (folder / "log").open("wb") as log:
        process = launch([*entrypoint(), "tail", "--follow"], "--last=0", folder, log)
    wait_until(lambda: process.poll() is not None or not blocks_signals(process.pid), "the command to unblock signals")
    process.terminate()
    # 0 once it follows, and handles the signal itself
    assert process.wait(END_S) in (-signal.SIGTERM, 0)


@pytest.mark.long
def test_up_passes_sighup_on(folder: Path) -> None:
    with started("up", folder) as (process, log):
        wait_until(lambda: RUNS["up"] in log.read_text(), "the system to be ready")
        process.send_signal(signal.SIGHUP)
        wait_until(lambda: log.read_text().count("reload requested") == 2, "advisor and clock to look at their rules")


@pytest.mark.long
def test_up_ends_with_its_terminal(folder: Path) -> None:
    main, terminal = os.openpty()
    become = "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"
    with (folder / "up.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", become, sys.executable, "-m", "signpost", "up"],
            env=environment(folder),
            stdin=terminal,
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=restore_default_signals,
        )
    os.close(terminal)
    try:
        wait_until(lambda: RUNS["up"] in (folder / "up.log").read_text(), "the system to be ready")
    finally:
        os.close(main)
    assert process.wait(END_S) == 0, (folder / "up.log").read_text()
