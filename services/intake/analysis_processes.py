"""Runs explanations and simulations in child processes, off the threads and the interpreter lock that serve events.

A child has a limit of memory, and each job one of processor time. A child beyond a limit ends, and the next job gets a
new one. Children start when they are first needed, and end with their parent: their standard input closes.
"""

import logging
import pickle
import queue
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from signpost.errors import CallerError, translate_shortages
from signpost.services.intake.analysis import ASK_FOR_LESS, REFUSALS, Job
from signpost.services.intake.problems import TooExpensive

log = logging.getLogger(__name__)

MAX_WAIT_S = 30.0
"""How long a child may take, however busy the machine is."""
COMMAND = (sys.executable, "-m", "signpost.services.intake.analysis_child")


@dataclass(frozen=True, slots=True)
class ChildSettings:
    """What a child needs: the rules, the tenants file, the seconds between two looks at them, the folder for copies of
    them, and its limits."""

    rules: Sequence[Path]
    tenants: Path
    reload_interval_s: float
    state_dir: Path | None = None
    max_cpu_s: int = 10
    max_memory_bytes: int = 1 << 30


class ProcessAnalyst:
    """At most `count` children; as many jobs run at once."""

    def __init__(self, settings: ChildSettings, count: int) -> None:
        self._settings = settings
        self._children: queue.SimpleQueue[_Child] = queue.SimpleQueue()
        for _ in range(count):
            self._children.put(_Child(settings))
        self._count = count

    def run(self, job: Job) -> bytes:
        """See Analyst. Raises TooExpensive for a job beyond the limits of a child."""
        child = self._children.get()
        try:
            with translate_shortages():
                kind, value = child.ask(job)
        except (EOFError, OSError, pickle.UnpicklingError):
            child.end()
            limit = f"{self._settings.max_cpu_s} s of processor time or {self._settings.max_memory_bytes >> 20} MiB"
            log.warning("an explanation or simulation of tenant %s ended beyond %s", job.tenant, limit)
            raise TooExpensive(f"this takes more than {limit}; {ASK_FOR_LESS}") from None
        finally:
            self._children.put(child)
        if kind == "":
            result: bytes = value
            return result
        raise next((one for one in REFUSALS if one.__name__ == kind), CallerError)(value)

    def close(self) -> None:
        """End all children, once their jobs are done."""
        for _ in range(self._count):
            self._children.get(timeout=MAX_WAIT_S).end()


class _Child:
    """One child process, started with its first job and again after it ended."""

    def __init__(self, settings: ChildSettings) -> None:
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None

    def ask(self, job: Job) -> tuple[str, Any]:
        """The answer of the child. Raises EOFError or OSError if it ends before."""
        process = self._running()
        assert process.stdin is not None
        assert process.stdout is not None
        deadline = threading.Timer(MAX_WAIT_S, process.kill)
        deadline.start()
        try:
            _send(process.stdin, job)
            answer: tuple[str, Any] = pickle.load(process.stdout)  # written by our own child
            return answer
        finally:
            deadline.cancel()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self._process = subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            assert self._process.stdin is not None
            _send(self._process.stdin, self._settings)
        return self._process

    def end(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            with self._process:  # closes the pipes and waits
                self._process = None


def _send(pipe: IO[bytes], value: Any) -> None:
    pickle.dump(value, pipe)
    pipe.flush()
