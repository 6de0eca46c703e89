"""A small supervisor: starts processes, prefixes their output, restarts them after a crash, stops them in order."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

import click

from signpost import signals
from signpost.cli import parent_death
from signpost.metrics.folder import FOLDER, NAME, forget_process

MIN_PAUSE_S, MAX_PAUSE_S = 0.5, 30.0
STABLE_S: Final = 60.0
"""A process that ran this long restarts after the shortest pause."""
POLL_S: Final = 0.2
COLOURS: Final = ("cyan", "magenta", "green", "yellow", "blue")
MISUSED: Final = 2
MAX_LINE_BYTES: Final = 65_536
"""A longer line of a program is forwarded in parts."""


@dataclass(frozen=True, slots=True)
class Program:
    """A program to run. `grace_s`: time between SIGTERM and SIGKILL."""

    name: str
    command: Sequence[str]
    grace_s: float


@dataclass(slots=True)
class _Child:
    program: Program
    colour: str
    process: subprocess.Popen[bytes] | None = None
    reader: threading.Thread | None = None
    started: float = 0.0
    pause_s: float = MIN_PAUSE_S
    restart_at: float | None = None
    restarts: int = 0

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None


@dataclass(slots=True)
class Supervisor:
    """Runs programs until `stop` is set. `stages`: starts and stops in this order, the programs of a stage together.
    `metrics_folder`: where they count."""

    stages: Sequence[Sequence[Program]]
    environment: Mapping[str, str]
    log: Callable[[str], None]
    metrics_folder: Path
    stop: threading.Event = field(default_factory=threading.Event)
    _children: list[_Child] = field(default_factory=list)
    _kill_now: threading.Event = field(default_factory=threading.Event)
    _ends_with_terminal: bool = field(default_factory=lambda: _has_terminal() and not _under_nohup())

    def run(self, ready: Callable[[], bool], on_ready: Callable[[], None], timeout_s: float) -> int:
        """Start all programs, call `on_ready` once they are ready, and run until SIGTERM or SIGINT. Returns the exit
        code.

        A program that exits before all are ready stops the system: it would exit again. So does one whose first process
        soon reports that an operator must correct something. Any later exit of a program leads to a restart: a fault
        of one must not stop those that work.
        """
        with signals.dispatch_to(self._request_stop, self._reload):
            return self._run(ready, on_ready, timeout_s)

    def _run(self, ready: Callable[[], bool], on_ready: Callable[[], None], timeout_s: float) -> int:
        try:
            for index, program in enumerate(program for stage in self.stages for program in stage):
                self._children.append(_Child(program, COLOURS[index % len(COLOURS)]))
            for child in self._children:
                self._start(child)
            return self._wait_ready(ready, on_ready, timeout_s) or self._watch()
        finally:
            self._stop_all()

    def _request_stop(self) -> None:
        """Stop in order; at the second request, kill all."""
        if self.stop.is_set():
            self._kill_now.set()
        self.stop.set()

    def _reload(self) -> None:
        """Forward SIGHUP. A closed terminal sends it too, and stops the system."""
        if self._ends_with_terminal and not _has_terminal():
            self.stop.set()
            return
        for child in self._children:
            if child.alive:
                self._signal(child, signal.SIGHUP)

    def _start(self, child: _Child) -> None:
        # By its path, in isolation: it needs no package, and importing one would delay each program
        launcher = [sys.executable, "-IS", parent_death.__file__, str(os.getpid())]
        # A separate session: Ctrl-C must reach only the supervisor, which stops the programs in order
        with signals.block_while_starting():
            child.process = subprocess.Popen(
                [*launcher, *child.program.command],
                env={**self.environment, FOLDER: str(self.metrics_folder), NAME: child.program.name},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        child.started, child.restart_at = time.monotonic(), None
        child.reader = threading.Thread(target=self._forward_output, args=(child, child.process), daemon=True)
        child.reader.start()

    def _forward_output(self, child: _Child, process: subprocess.Popen[bytes]) -> None:
        prefix = click.style(f"{child.program.name:<9}| ", fg=child.colour) if sys.stderr.isatty() else ""
        assert process.stdout is not None
        # Read the lines even when nothing takes them: a full pipe would block the program
        for line in iter(partial(process.stdout.readline, MAX_LINE_BYTES), b""):
            sys.stderr.write(prefix + line.decode(errors="replace"))

    def _wait_ready(self, ready: Callable[[], bool], on_ready: Callable[[], None], timeout_s: float) -> int:
        deadline = time.monotonic() + timeout_s
        while not self.stop.wait(POLL_S):
            for child in self._children:
                if not child.alive:
                    return self._report_failure(child)
            if ready():
                on_ready()
                return 0
            if time.monotonic() > deadline:
                self.log(f"not ready within {timeout_s:.0f} s; the log lines above show why")
                return 1
        return 0

    def _report_failure(self, child: _Child) -> int:
        code = child.process.returncode if child.process else None
        if child.reader:
            child.reader.join(1.0)
        self.log(f"{child.program.name} exited with {_describe_exit(code)}; the system stops")
        return MISUSED if code == MISUSED else 1

    def _watch(self) -> int:
        while not self.stop.wait(POLL_S):
            for child in self._children:
                if self._cannot_start(child):
                    return self._report_failure(child)
                self._restart_if_dead(child)
        return 0

    def _cannot_start(self, child: _Child) -> bool:
        """Whether the first process of a program could not run: the system can be ready before it finds out."""
        is_first = not child.restarts and time.monotonic() - child.started < STABLE_S
        return is_first and child.process is not None and child.process.poll() == MISUSED

    def _restart_if_dead(self, child: _Child) -> None:
        now = time.monotonic()
        if child.alive:
            return
        if child.restart_at is None:
            child.pause_s = MIN_PAUSE_S if now - child.started > STABLE_S else child.pause_s
            child.restart_at = now + child.pause_s
            code = child.process.returncode if child.process else None
            self.log(f"{child.program.name} exited with {_describe_exit(code)}; restarting in {child.pause_s:g} s")
            child.pause_s = min(child.pause_s * 2, MAX_PAUSE_S)
        elif now >= child.restart_at:
            child.restarts += 1
            self._start_again(child)

    def _start_again(self, child: _Child) -> None:
        try:
            forget_process(self.metrics_folder, child.program.name)
            self._start(child)
        except OSError as error:
            # No descriptor or no process is left; those that run go on
            child.restart_at = time.monotonic() + child.pause_s
            self.log(f"{child.program.name} cannot start: {error.strerror}; trying again in {child.pause_s:g} s")
            child.pause_s = min(child.pause_s * 2, MAX_PAUSE_S)

    def _stop_all(self) -> None:
        for stage in self.stages:
            children = [child for child in self._children if child.program in stage and child.alive]
            for child in children:
                self._signal(child, signal.SIGTERM)
            deadline = time.monotonic() + max((child.program.grace_s for child in children), default=0.0)
            while (
                any(child.alive for child in children) and time.monotonic() < deadline and not self._kill_now.is_set()
            ):
                time.sleep(POLL_S / 4)
            for child in children:
                if child.alive:
                    self.log(f"{child.program.name} did not stop within {child.program.grace_s:g} s; killing it")
                    self._signal(child, signal.SIGKILL)
        for child in self._children:
            if child.process:
                child.process.wait()
            if child.reader:
                child.reader.join(1.0)

    def _signal(self, child: _Child, number: int) -> None:
        """SIGTERM goes to the program only, which stops its children; SIGKILL goes to the whole group."""
        if child.process:
            with contextlib.suppress(ProcessLookupError):
                (os.killpg if number == signal.SIGKILL else os.kill)(child.process.pid, number)


def _has_terminal() -> bool:
    """Whether this process has a controlling terminal that is still open."""
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY))
    except OSError:
        return False
    return True


def _under_nohup() -> bool:
    return signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


def _describe_exit(code: int | None) -> str:
    if code is not None and code < 0:
        return signal.Signals(-code).name
    return f"exit code {code}"
