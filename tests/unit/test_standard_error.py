"""A standard error that takes nothing: no write blocks or raises, and the log has the number of lost lines later."""

import fcntl
import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from signpost import standard_error
from signpost.logs import set_up_logging
from signpost.standard_error import LineStream
from tests.support.private_servers import wait_until

LINE = "x" * 99 + "\n"


@pytest.fixture(autouse=True)
def _limits(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(standard_error, "MAX_WAITING_BYTES", 1_000)
    monkeypatch.setattr(standard_error, "RETRY_S", 0.02)
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def full_pipe() -> tuple[int, int]:
    end, descriptor = os.pipe()
    fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, 4096)
    os.write(descriptor, b"\n" * 4096)
    return end, descriptor


def read(end: int, until: str) -> list[str]:
    """The lines until one contains these words."""
    text = ""
    while until not in text or not text.endswith("\n"):
        text += os.read(end, 65_536).decode()
    return [line for line in text.splitlines() if line]


def test_a_stopped_reader_gets_every_line_or_the_number_of_those_lost() -> None:
    end, descriptor = full_pipe()
    stream = LineStream(descriptor)
    for number in range(50):
        stream.write(f"{number:099}\n")
    assert stream.is_failing
    assert stream.missing_lines == 50
    lines = read(end, "lost")
    assert [int(line) for line in lines[:-1]] == list(range(10))
    assert lines[-1].startswith("40 log lines lost: ")
    stream.write("on\n")
    assert read(end, "on") == ["on"]
    wait_until(lambda: not stream.is_failing, "the stream to be whole")


def test_a_loss_is_a_line_of_the_log_like_others(monkeypatch: pytest.MonkeyPatch) -> None:
    end, descriptor = full_pipe()
    monkeypatch.setattr("sys.stderr", LineStream(descriptor))
    set_up_logging("advisor", format="json")
    for _ in range(50):
        logging.getLogger("x").info("batch")
    lines = [json.loads(line) for line in read(end, "lost")]
    assert (lines[-1]["level"], lines[-1]["process"], lines[-1]["logger"]) == ("warning", "advisor", "signpost.log")
    assert lines[-1]["lost"] == 50 - len(lines) + 1 > 0


def test_lines_wait_for_another_reader(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    first = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    stream = LineStream(os.open(fifo, os.O_WRONLY))
    os.close(first)
    stream.write("one\n")
    wait_until(lambda: stream.is_failing, "a write to fail")
    stream.drain()
    second = os.open(fifo, os.O_RDONLY)
    assert read(second, "one") == ["one"]


def test_a_descriptor_that_does_not_block_is_written_as_soon_as_it_can() -> None:
    end, descriptor = full_pipe()
    os.set_blocking(descriptor, False)
    stream = LineStream(descriptor)
    stream.write("one\n")
    wait_until(lambda: stream.is_failing, "a write to fail")
    assert read(end, "one") == ["one"]


def test_the_end_of_a_process_waits_for_a_stopped_reader_only_so_long() -> None:
    _, descriptor = full_pipe()
    stream = LineStream(descriptor)
    stream.write(LINE)
    thread = threading.Thread(target=stream.drain, args=(0.1,))
    thread.start()
    thread.join(60)
    assert not thread.is_alive()
    assert stream.missing_lines == 1


FORKING = """
import os
from signpost.standard_error import LineStream

end, descriptor = os.pipe()
stream = LineStream(descriptor)
stream.write("parent\\n")
if os.fork() == 0:
    stream.write("child\\n")
    stream.drain(60)
    os._exit(0)
os.wait()
stream.drain(60)
print(sorted(os.read(end, 65_536).split()))
"""


def test_a_forked_child_writes_its_own_lines_and_none_of_its_parent() -> None:
    """In a process of its own: a child of this one could inherit a lock that another thread held."""
    done = subprocess.run([sys.executable, "-c", FORKING], capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout == "[b'child', b'parent']\n"
