"""A log whose reader is stopped or gone, whose disk is full, or which is closed: no process stops its work for it."""

import contextlib
import fcntl
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from signpost.messaging import connect
from signpost.signals import block_while_starting
from tests.support.http import HTTP
from tests.support.intake_parts import NORTH_KEY
from tests.support.intake_process import COMMAND, answers, environment, intake_folder
from tests.support.private_servers import free_port, restore_default_signals, wait_until
from tests.support.workers_kit import message, recent_event
from tests.support.workers_processes import count_seen_events

END_S = 30
EVENTS = 400
"""Each a line of the advisor's log of more than 170 bytes: more than a pipe takes."""


@dataclass
class Log:
    """A standard error that takes nothing. `descriptor`: for the child; `end`: what the test closes."""

    descriptor: int
    end: int

    def read(self) -> str:
        """Let the reader go on: what the log contains until now."""
        os.set_blocking(self.end, False)
        text = b""
        with contextlib.suppress(BlockingIOError):
            while more := os.read(self.end, 1 << 20):
                text += more
        return text.decode()


def stopped() -> Log:
    """A full pipe whose reader has stopped."""
    end, descriptor = os.pipe()
    fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, 4096)
    os.write(descriptor, b"\n" * 4096)
    return Log(descriptor, end)


def gone() -> Log:
    """A pipe without a reader."""
    end, descriptor = os.pipe()
    os.close(end)
    return Log(descriptor, os.open(os.devnull, os.O_RDONLY))


def full() -> Log:
    """A file on a full disk."""
    return Log(os.open("/dev/full", os.O_WRONLY), os.open(os.devnull, os.O_RDONLY))


LOGS = {"stopped": stopped, "gone": gone, "full": full}


@pytest.fixture(params=LOGS)
def log(request: pytest.FixtureRequest) -> Iterator[Log]:
    log = LOGS[request.param]()
    yield log
    os.close(log.descriptor)
    os.close(log.end)


def python(*words: str) -> list[str]:
    return [sys.executable, "-m", "signpost", *words]


@contextlib.contextmanager
def started(
    command: list[str],
    folder: Path,
    descriptor: int,
    port: int = 0,
    before: Callable[[], Any] = lambda: None,
    **more: str,
) -> Iterator["subprocess.Popen[bytes]"]:
    """A process that logs into a descriptor. At the end it must stop by itself, without being killed."""

    def prepare() -> None:
        restore_default_signals()
        before()

    with block_while_starting():
        process = subprocess.Popen(
            command, env=environment(folder, port or free_port(), **more), stdout=descriptor, stderr=descriptor,
            preexec_fn=prepare,
        )  # fmt: skip
    try:
        yield process
        process.terminate()
        assert process.wait(END_S) == 0
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def publish(folder: Path, count: int) -> None:
    broker = connect(f"sqlite:///{folder}/signpost.db")
    events = [recent_event("offer.extended", f"c-{number}", offer="acme", tenant="north") for number in range(count)]
    for future in [broker.publisher().publish(message(event)) for event in events]:
        future.result(END_S)
    broker.close()


def wait_until_seen(folder: Path, count: int) -> None:
    with count_seen_events(f"sqlite:///{folder}/signpost.db") as seen:
        wait_until(lambda: seen() >= count, f"{count} events to be seen", 60)


def test_an_advisor_goes_on_without_its_log(tmp_path: Path, log: Log) -> None:
    folder = intake_folder(tmp_path)
    with started(python("advisor"), folder, log.descriptor):
        publish(folder, 3)
        wait_until_seen(folder, 3)


@pytest.mark.parametrize("name", ["clock", "relay"])
def test_clock_and_relay_end_in_order_without_their_log(tmp_path: Path, name: str) -> None:
    log = stopped()
    folder = intake_folder(tmp_path)
    with started(python(name), folder, log.descriptor) as process:
        wait_until(lambda: log.read().count(f"{name} runs") > 0 or process.poll() is not None, f"{name} to run")
        os.set_blocking(log.end, True)


@pytest.mark.parametrize("log", ["stopped"], indirect=True)
def test_an_intake_answers_without_its_log(tmp_path: Path, log: Log) -> None:
    """Its log is that of the advisor, which has met the others above."""
    folder, port = intake_folder(tmp_path), free_port()
    address = f"http://127.0.0.1:{port}"
    with started(COMMAND, folder, log.descriptor, port, GUNICORN_CMD_ARGS="--access-logfile -"):
        wait_until(lambda: answers(address), "the intake to answer")
        for _ in range(50):
            assert HTTP.get(
                f"{address}/v1/recommendations", headers={"Authorization": f"Bearer {NORTH_KEY}"}
            ).is_success
        wait_until(lambda: "log" in HTTP.get(f"{address}/readyz").json(), "the probe to say so")


@pytest.mark.long
def test_a_system_goes_on_without_its_log(tmp_path: Path) -> None:
    log = stopped()
    folder, port = intake_folder(tmp_path), free_port()
    with started(python("up"), folder, log.descriptor, port, SIGNPOST_BATCH_SIZE="1"):
        wait_until(lambda: answers(f"http://127.0.0.1:{port}"), "the intake to answer")
        publish(folder, EVENTS)
        wait_until_seen(folder, EVENTS)


def test_a_closed_log_is_no_file_of_the_process(tmp_path: Path) -> None:
    folder = intake_folder(tmp_path)
    descriptor = os.open(os.devnull, os.O_WRONLY)

    def close_standard_descriptors() -> None:
        os.closerange(0, 3)

    with started(python("advisor"), folder, descriptor, before=close_standard_descriptors) as process:
        publish(folder, 3)
        wait_until_seen(folder, 3)
        assert [os.readlink(f"/proc/{process.pid}/fd/{number}") for number in range(3)] == [os.devnull] * 3
    os.close(descriptor)
