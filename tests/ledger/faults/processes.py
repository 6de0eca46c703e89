"""Faults of the processes: killed, stopped, terminated, hung up, without a reader of the log, without descriptors."""

import contextlib
import fcntl
import os
import resource
import signal
import struct
import termios
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tests.ledger.deployment import ServerDeployment
from tests.ledger.faults.base import Fault, expect
from tests.ledger.roles import Role
from tests.ledger.run import SERVERS
from tests.ledger.waiting import wait_for

PIPE_BYTES: Final = 4096
RELOADS: Final = ("reload requested", "Hang up")
NO_MORE: Final = 3
"""A limit below every descriptor that a process has: it can open none."""
FEWER, STEP_S = 8, 0.8
"""How many a process has too few at first, and how long it stays at each number."""


@dataclass
class ProcessFault(Fault):
    """A fault of one role."""

    role: str = ""

    @property
    def process(self) -> Role:
        """The role, as it runs now."""
        return self.deployment.roles[self.role]


class Killed(ProcessFault):
    """kill -9 of a process and its children."""

    def inject(self) -> None:
        self.process.kill()

    def prove(self) -> str:
        return expect(lambda: self.process.code == -signal.SIGKILL, f"{self.role} ended with SIGKILL")

    def heal(self) -> None:
        self.deployment.restart(self.process)


class ChildKilled(ProcessFault):
    """kill -9 of one process of the intake; its parent starts another."""

    pid = 0

    def inject(self) -> None:
        self.pid = self.process.children()[0]
        os.kill(self.pid, signal.SIGKILL)

    def prove(self) -> str:
        return expect(lambda: self.pid not in self.process.children(), f"process {self.pid} is gone")


class Stopped(ProcessFault):
    """SIGSTOP of a process and its children, and SIGCONT."""

    def inject(self) -> None:
        self.process.signal_all(signal.SIGSTOP)

    def prove(self) -> str:
        return expect(lambda: self.process.state() == "T", f"{self.role} is in state T")

    def heal(self) -> None:
        self.process.signal_all(signal.SIGCONT)


class Terminated(ProcessFault):
    """SIGTERM in the middle of work."""

    def inject(self) -> None:
        self.process.signal(signal.SIGTERM)

    def prove(self) -> str:
        return expect(lambda: self.process.code == 0, f"{self.role} ended with code 0", 60)

    def heal(self) -> None:
        if self.process.runs:
            self.process.kill()
        self.deployment.restart(self.process)


class HungUp(ProcessFault):
    """SIGHUP: the process reads its files again and goes on."""

    mark = 0

    def inject(self) -> None:
        self.mark = self.process.log_size()
        self.process.signal(signal.SIGHUP)

    def prove(self) -> str:
        if self.role in ("relay", "deliverer"):
            return expect(lambda: self.process.runs, f"{self.role} goes on; it has no files")
        return expect(
            lambda: any(word in self.process.log_since(self.mark) for word in RELOADS),
            f"the log of {self.role} says so",
        )

    def heal(self) -> None:
        self.process.wait_ready()


class LogStuck(ProcessFault):
    """Nobody reads the log, and its pipe is full; others of the kind are gone, so that this one must work."""

    reader = -1

    def inject(self) -> None:
        for other in self._others():
            other.kill()
        self.process.kill()
        self.reader, writer = os.pipe()
        fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        os.set_blocking(writer, False)
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(writer, b"\n")
        os.set_blocking(writer, True)
        self.process.start(writer)
        os.close(writer)

    def _others(self) -> list[Role]:
        return [role for name, role in self.deployment.roles.items() if name != self.role and name[:7] == self.role[:7]]

    def prove(self) -> str:
        waiting = int(struct.unpack("i", fcntl.ioctl(self.reader, termios.FIONREAD, b"\0" * 4))[0])
        expect(lambda: waiting == PIPE_BYTES, "the pipe of the log is full")
        return f"the pipe of the log is full; {self._prove_work()}"

    def _prove_work(self) -> str:
        if self.role == "intake":
            return expect(self.process.is_ready, "it answers")
        before = len(self.deployment.books.seen())
        return expect(lambda: len(self.deployment.books.seen()) > before, "it handles events")

    def heal(self) -> None:
        self.process.kill()
        if self.reader >= 0:
            os.close(self.reader)
            self.reader = -1
        self.deployment.restart(self.process)
        for other in self._others():
            self.deployment.restart(other)


class LogReaderGone(LogStuck):
    """The reader of the log has ended: each write fails."""

    def prove(self) -> str:
        os.close(self.reader)
        self.reader = -1
        return f"the reader of the log is gone; {self._prove_work()}"


class NoDescriptors(ProcessFault):
    """A process may open no further file or connection, and loses those that it has."""

    before = (0, 0)

    def inject(self) -> None:
        pid = self._pid()
        self.before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (NO_MORE, self.before[1]))
        self.mark = self.process.log_size()
        self._cut()

    def _cut(self) -> None:
        self.deployment.sql.redirect("127.0.0.1", self.deployment.postgres.port)
        self.deployment.amqp.redirect("127.0.0.1", self.deployment.rabbit.port)

    def _pid(self) -> int:
        return self.process.children()[0] if self.role == "intake" else self.process.pid

    def prove(self) -> str:
        pid = self._pid()
        limit = resource.prlimit(pid, resource.RLIMIT_NOFILE)[0]
        expect(lambda: "open files" in self.process.log_since(self.mark), f"{self.role} logs Too many open files")
        return f"{self.role} logs Too many open files at a limit of {limit}"

    def heal(self) -> None:
        restored = self.process.log_size()
        if self.process.runs and self.before[1]:
            resource.prlimit(self._pid(), resource.RLIMIT_NOFILE, self.before)
        expect(
            lambda: ": connected" in self.process.log_since(restored) or not self.process.runs,
            f"{self.role} connects again",
        )
        if not self.process.runs:
            code = self.process.code
            self.deployment.restart(self.process)
            raise AssertionError(f"{self.role} ended with {code}")


class FewDescriptors(NoDescriptors):
    """A process has a few descriptors less than it needs, loses its connections, and gets one more at a time: each in
    turn is the first that it cannot open."""

    def inject(self) -> None:
        # A process says only once in a while that it has none
        self.process.kill()
        self.deployment.restart(self.process)
        pid = self._pid()
        self.before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        self.mark = self.process.log_size()
        used = len(os.listdir(f"/proc/{pid}/fd"))
        for limit in range(used - FEWER, used + 1):
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (limit, self.before[1]))
            self._cut()
            begun = time.monotonic()
            wait_for(lambda begun=begun: time.monotonic() - begun > STEP_S, STEP_S + 1)  # type: ignore[misc]

    def heal(self) -> None:
        # It may be connected by now, and then says nothing
        self._cut()
        super().heal()


def process_faults(deployment: ServerDeployment) -> Iterator[Fault]:
    """The faults of every role."""
    for role in deployment.roles:
        touches = frozenset({role})
        for kind, title in ((Killed, "killed"), (Stopped, "stopped"), (Terminated, "terminated"), (HungUp, "hung up")):
            yield kind(deployment, f"{role} {title}", touches, role=role)
    yield ChildKilled(deployment, "intake child killed", frozenset({"intake"}), role="intake")
    for role in ("advisor", "intake"):
        touches = frozenset({name for name in deployment.roles if name[:7] == role[:7]})
        # To prove that an advisor works without a log, all that it works with must be there
        needed = frozenset() if role == "intake" else SERVERS
        yield LogStuck(deployment, f"{role} log stuck", touches | needed, role=role)
        yield LogReaderGone(deployment, f"{role} log reader gone", touches | needed, role=role)
        yield NoDescriptors(deployment, f"{role} without descriptors", touches | SERVERS, role=role)
    for role in ("advisor", "clock", "relay"):
        yield FewDescriptors(deployment, f"{role} short of descriptors", SERVERS | {role}, role=role)
