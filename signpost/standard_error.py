"""Standard error that never blocks and never raises: a thread writes it, and lines that it cannot write are counted.

Logging must not stop work when the reader of the log is stopped or gone, or its disk is full. Imports nothing heavy.
"""

import atexit
import io
import os
import sys
import threading
import time
from collections.abc import Callable
from typing import Final

MAX_WAITING_BYTES: Final = 1_000_000
"""What waits for a log that takes nothing; further lines are lost."""
MAX_WRITE_BYTES: Final = 4_096
"""A pipe takes so many bytes as one piece, so that lines of several processes do not mix."""
RETRY_S: Final = 1.0
DRAIN_S: Final = 2.0
"""How long a process that ends waits for its last lines to be written."""
DESCRIPTOR: Final = 2


def describe_loss(lines: int) -> str:
    """What the log says in place of lost lines, without a line break."""
    return f"{lines} log lines lost: the reader of the log was gone or too slow, or its disk full"


class LineStream(io.TextIOBase):
    """A text stream into a file descriptor. Safe between threads, and in a child after `os.fork`."""

    encoding = "utf-8"
    errors = "backslashreplace"

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.describe_loss: Callable[[int], str] = describe_loss
        self._reset()
        os.register_at_fork(
            before=lambda: self._changed.acquire(),
            after_in_parent=lambda: self._changed.release(),
            after_in_child=self._reset,
        )

    def _reset(self) -> None:
        """Begin without a thread; what waits belongs to the parent."""
        self._changed = threading.Condition()
        self._retry_now = threading.Event()
        self._thread: threading.Thread | None = None
        self._waiting = bytearray()
        self._lost = 0
        self._failures = 0
        self._write_began: float | None = None

    @property
    def is_failing(self) -> bool:
        """Whether lines are lost, or wait because the last write failed or takes longer than RETRY_S."""
        began = self._write_began
        is_stuck = began is not None and time.monotonic() - began > RETRY_S
        return bool(self._lost or self._failures or is_stuck)

    @property
    def missing_lines(self) -> int:
        """How many lines are lost, or not written yet."""
        with self._changed:
            return self._lost + self._waiting.count(b"\n")

    def write(self, text: str, /) -> int:
        """Hand a text over to the thread that writes."""
        data = text.encode(errors="backslashreplace")
        with self._changed:
            if len(self._waiting) + len(data) > MAX_WAITING_BYTES:
                self._lost += data.count(b"\n")
            else:
                self._report_loss()
                self._waiting += data
            self._start()
            self._changed.notify_all()
        return len(text)

    def drain(self, timeout_s: float = DRAIN_S) -> None:
        """Wait until everything is written; not longer than for one attempt if the writes fail."""
        with self._changed:
            failures = self._failures
            self._retry_now.set()
            self._changed.wait_for(lambda: not (self._waiting or self._lost) or self._failures > failures, timeout_s)

    def writable(self) -> bool:
        """True."""
        return True

    def isatty(self) -> bool:
        """Whether a person reads it."""
        return os.isatty(self._descriptor)

    def fileno(self) -> int:
        """The file descriptor."""
        return self._descriptor

    def _report_loss(self) -> None:
        if self._lost:
            self._waiting += f"{self.describe_loss(self._lost)}\n".encode(errors="backslashreplace")
            self._lost = 0

    def _start(self) -> None:
        if self._thread is None:
            thread = threading.Thread(target=self._run, name="standard error", daemon=True)
            try:
                thread.start()
            except RuntimeError:  # no thread can start: the interpreter ends, or the system has too many
                return
            self._thread = thread

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._lost)
                if not self._waiting:
                    self._report_loss()
                piece = _first_lines(self._waiting)
            self._write_began = time.monotonic()
            written = self._try_write(piece)
            self._write_began = None
            with self._changed:
                del self._waiting[:written]
                self._failures = 0 if written else self._failures + 1
                self._changed.notify_all()
            if not written:
                self._retry_now.wait(RETRY_S)
                self._retry_now.clear()

    def _try_write(self, piece: bytes) -> int:
        """How many bytes were written. May block: nothing else does in this thread."""
        try:
            return os.write(self._descriptor, piece)
        except OSError:
            return 0


def _first_lines(waiting: bytearray) -> bytes:
    """Whole lines up to MAX_WRITE_BYTES, or the first line if it is longer."""
    end = waiting.rfind(b"\n", 0, MAX_WRITE_BYTES) + 1 or waiting.find(b"\n") + 1
    return bytes(waiting[: end or None])


def install() -> None:
    """Replace `sys.stderr` by a LineStream, and open the standard descriptors that are closed.

    Otherwise the next file or connection would get such a descriptor, and log lines would go into it.
    """
    if isinstance(sys.stderr, LineStream):
        return
    for descriptor in range(DESCRIPTOR + 1):
        try:
            os.fstat(descriptor)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
    stream = LineStream(DESCRIPTOR)
    sys.stderr = stream
    atexit.register(stream.drain)


def drain() -> None:
    """Write what waits, before an end without the exit handlers of Python."""
    if isinstance(sys.stderr, LineStream):
        sys.stderr.drain()


def is_failing() -> bool:
    """Whether log lines of this process are lost or wait because they cannot be written."""
    return isinstance(sys.stderr, LineStream) and sys.stderr.is_failing
