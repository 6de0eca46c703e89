"""Signals at any moment of a start: SIGHUP ends no process, SIGTERM and SIGINT end it with exit code 0."""

import contextlib
import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from signpost.messaging import connect
from signpost.signals import block_while_starting
from signpost.storage import upgrade
from tests.support.intake_parts import tenants_in
from tests.support.private_servers import free_port, restore_default_signals, wait_until

RUNS = {
    "advisor": "advisor runs",
    "clock": "clock runs",
    "relay": "relay runs",
    "intake": "Booting worker",
    "up": "Signpost is ready",
}
"""Command -> what its log contains once it runs."""
DELAYS_S = (0.0, 0.1, 0.2, 0.35, 0.5, 0.8)
END_S = 60


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tenants_in(tmp_path)
    upgrade(f"sqlite:///{tmp_path}/signpost.db")
    connect(f"sqlite:///{tmp_path}/signpost.db").apply_topology()
    return tmp_path


def environment(folder: Path) -> dict[str, str]:
    ours = {name: value for name, value in os.environ.items() if not name.startswith("SIGNPOST_")}
    bind = f"127.0.0.1:{free_port()}"
    return {**ours, "SIGNPOST_DATA_DIR": str(folder), "SIGNPOST_HTTP_BIND": bind, "SIGNPOST_RELOAD_INTERVAL": "3600"}


@contextlib.contextmanager
def started(name: str, folder: Path) -> Iterator[tuple["subprocess.Popen[bytes]", Path]]:
    """A command and its log; as under `signpost up`, signals wait until its interpreter has started."""
    path = folder / f"{name}.log"
    with path.open("wb") as log, block_while_starting():
        command = [sys.executable, "-m", "signpost", name]
        process = subprocess.Popen(
            command, env=environment(folder), stdout=log, stderr=log, preexec_fn=restore_default_signals
        )
    try:
        yield process, path
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(END_S)


@pytest.mark.parametrize("name", RUNS)
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


@pytest.mark.parametrize("name", RUNS)
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


def test_up_passes_sighup_on(folder: Path) -> None:
    with started("up", folder) as (process, log):
        wait_until(lambda: RUNS["up"] in log.read_text(), "the system to be ready")
        process.send_signal(signal.SIGHUP)
        wait_until(lambda: log.read_text().count("reload requested") == 2, "advisor and clock to look at their rules")


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
