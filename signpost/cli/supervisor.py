"""A small supervisor: starts processes, prefixes what they say, restarts those that die, stops them in order."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import click

from signpost import signals

PAUSE_FIRST, PAUSE_MOST = 0.5, 30.0
STEADY: Final = 60.0
"""Seconds after which a process counts as running well, so that its next death is a first one."""
LOOK: Final = 0.2
COLOURS: Final = ("cyan", "magenta", "green", "yellow", "blue")
MISUSED: Final = 2


@dataclass(frozen=True, slots=True)
class Program:
    """What to run. `grace`: seconds between SIGTERM and SIGKILL."""

    name: str
    command: Sequence[str]
    grace: float


@dataclass(slots=True)
class _Child:
    program: Program
    colour: str
    process: subprocess.Popen[bytes] | None = None
    reader: threading.Thread | None = None
    started: float = 0.0
    pause: float = PAUSE_FIRST
    again_at: float | None = None

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None


@dataclass(slots=True)
class Supervisor:
    """Runs programs until told to stop. `stages`: started in order, and stopped in the same order, each together."""

    stages: Sequence[Sequence[Program]]
    environment: Mapping[str, str]
    say: Callable[[str], None]
    stop: threading.Event = field(default_factory=threading.Event)
    _children: list[_Child] = field(default_factory=list)
    _hurry: threading.Event = field(default_factory=threading.Event)
    _writing: threading.Lock = field(default_factory=threading.Lock)
    _ends_with_terminal: bool = field(default_factory=lambda: _has_terminal() and not _under_nohup())

    def run(self, ready: Callable[[], bool], on_ready: Callable[[], None], patience: float) -> int:
        """Start all, call `on_ready` once when `ready` first holds, and watch until SIGTERM or SIGINT; the exit code.

        A program that ends before that ends everything: it would end again. Later it is started anew.
        """
        with signals.dispatched(self._ask, self._reload):
            return self._run(ready, on_ready, patience)

    def _run(self, ready: Callable[[], bool], on_ready: Callable[[], None], patience: float) -> int:
        try:
            for index, program in enumerate(program for stage in self.stages for program in stage):
                self._children.append(_Child(program, COLOURS[index % len(COLOURS)]))
            for child in self._children:
                self._start(child)
            return self._wait_ready(ready, on_ready, patience) or self._watch()
        finally:
            self._stop_all()

    def _ask(self) -> None:
        """Stop; asked a second time, at once."""
        if self.stop.is_set():
            self._hurry.set()
        self.stop.set()

    def _reload(self) -> None:
        """Pass SIGHUP on. A terminal that closes sends it too, and ends the system."""
        if self._ends_with_terminal and not _has_terminal():
            self.stop.set()
            return
        for child in self._children:
            if child.alive:
                self._signal(child, signal.SIGHUP)

    def _start(self, child: _Child) -> None:
        tether = [sys.executable, "-m", "signpost.cli.parent_death", str(os.getpid())]
        # A session of its own: Ctrl-C must reach the supervisor alone, which then stops the rest in order
        with signals.blocked():
            child.process = subprocess.Popen(
                [*tether, *child.program.command],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        child.started, child.again_at = time.monotonic(), None
        child.reader = threading.Thread(target=self._pass_on, args=(child, child.process), daemon=True)
        child.reader.start()

    def _pass_on(self, child: _Child, process: subprocess.Popen[bytes]) -> None:
        prefix = click.style(f"{child.program.name:<9}| ", fg=child.colour) if sys.stderr.isatty() else ""
        for line in process.stdout or ():
            # Lines without a terminal to show them are read all the same, since a full pipe would block the program
            with self._writing, contextlib.suppress(OSError):
                sys.stderr.write(prefix + line.decode(errors="replace"))
                sys.stderr.flush()

    def _wait_ready(self, ready: Callable[[], bool], on_ready: Callable[[], None], patience: float) -> int:
        deadline = time.monotonic() + patience
        while not self.stop.wait(LOOK):
            for child in self._children:
                if not child.alive:
                    return self._failed(child)
            if ready():
                on_ready()
                return 0
            if time.monotonic() > deadline:
                self.say(f"not ready within {patience:.0f} s")
                return 1
        return 0

    def _failed(self, child: _Child) -> int:
        code = child.process.returncode if child.process else None
        if child.reader:
            child.reader.join(1.0)
        self.say(f"{child.program.name} ended with {_ending(code)}, so the system cannot run")
        return MISUSED if code == MISUSED else 1

    def _watch(self) -> int:
        while not self.stop.wait(LOOK):
            for child in self._children:
                if child.process and child.process.poll() == MISUSED:
                    return self._failed(child)
                self._look_after(child)
        return 0

    def _look_after(self, child: _Child) -> None:
        now = time.monotonic()
        if child.alive:
            return
        if child.again_at is None:
            child.pause = PAUSE_FIRST if now - child.started > STEADY else child.pause
            child.again_at = now + child.pause
            code = child.process.returncode if child.process else None
            self.say(f"{child.program.name} ended with {_ending(code)}; starts again in {child.pause:g} s")
            child.pause = min(child.pause * 2, PAUSE_MOST)
        elif now >= child.again_at:
            self._start(child)

    def _stop_all(self) -> None:
        for stage in self.stages:
            children = [child for child in self._children if child.program in stage and child.alive]
            for child in children:
                self._signal(child, signal.SIGTERM)
            deadline = time.monotonic() + max((child.program.grace for child in children), default=0.0)
            while any(child.alive for child in children) and time.monotonic() < deadline and not self._hurry.is_set():
                time.sleep(LOOK / 4)
            for child in children:
                if child.alive:
                    self.say(f"{child.program.name} did not stop in time and is killed")
                    self._signal(child, signal.SIGKILL)
        for child in self._children:
            if child.process:
                child.process.wait()
            if child.reader:
                child.reader.join(1.0)

    def _signal(self, child: _Child, number: int) -> None:
        """To the program alone, which stops its own; a kill goes to all of them."""
        if child.process:
            with contextlib.suppress(ProcessLookupError):
                (os.killpg if number == signal.SIGKILL else os.kill)(child.process.pid, number)


def _has_terminal() -> bool:
    """Whether this process has a controlling terminal; no longer once that is closed."""
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY))
    except OSError:
        return False
    return True


def _under_nohup() -> bool:
    return signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


def _ending(code: int | None) -> str:
    if code is not None and code < 0:
        return signal.Signals(-code).name
    return f"exit code {code}"
