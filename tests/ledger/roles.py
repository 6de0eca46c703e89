"""The processes of a system under test: started with the settings of a deployment, signalled, killed, started again."""

import contextlib
import http.client
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.support.private_servers import wait_until

SITE: Final = Path(__file__).parent / "site"
ROOT: Final = Path(__file__).parents[2]
INTAKE: Final = (sys.executable, "-m", "gunicorn", "-c", "python:signpost.services.intake.gunicorn_conf")


def worker(name: str) -> tuple[str, ...]:
    """The command of a worker."""
    return sys.executable, "-m", "signpost", name


@dataclass(slots=True)
class Role:
    """One process, with its children in the same group. `ready`: what its log says once it works; "": `/livez`."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    ready: str = ""
    port: int = 0
    process: "subprocess.Popen[bytes] | None" = None
    mark: int = 0
    """Where the log of the current process begins."""
    more: dict[str, str] = field(default_factory=dict)
    """Variables of the next start."""

    def start(self, output: int | None = None) -> None:
        """Start it without waiting. `output`: a descriptor instead of the log."""
        self.mark = self.log_size()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                env={**self.environment, **self.more},
                stdout=log if output is None else output,
                stderr=log if output is None else output,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )

    def wait_ready(self) -> None:
        """Wait until it works. Raises AssertionError with the end of its log."""
        with contextlib.suppress(TimeoutError):
            wait_until(lambda: self.is_ready() or not self.runs, f"{self.name} to work")
        assert self.is_ready(), f"{self.name} does not work; its log ends:\n{self.log_since(self.mark)[-3000:]}"

    def is_ready(self) -> bool:
        """Whether it works."""
        if self.ready:
            return self.ready in self.log_since(self.mark)
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
            connection.request("GET", "/livez")
            return connection.getresponse().status == 200
        return False

    @property
    def runs(self) -> bool:
        """Whether the process is there."""
        return self.process is not None and self.process.poll() is None

    @property
    def pid(self) -> int:
        """The id of the process and of its group."""
        assert self.process is not None
        return self.process.pid

    @property
    def code(self) -> int | None:
        """The exit code, if it has ended."""
        return None if self.process is None else self.process.poll()

    def signal(self, number: int) -> None:
        """Send a signal to the process alone."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def signal_all(self, number: int) -> None:
        """Send a signal to the process and its children."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def kill(self) -> None:
        """End it and its children like a power cut."""
        if self.process is not None:
            self.signal_all(signal.SIGKILL)
            self.process.wait(60)

    def children(self) -> list[int]:
        """The ids of the children of the process."""
        with contextlib.suppress(OSError):
            return list(map(int, Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()))
        return []

    def state(self) -> str:
        """The state letter of the process, "T" if it is stopped; "" if there is none."""
        with contextlib.suppress(OSError):
            return Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0]
        return ""

    def log_size(self) -> int:
        """Where the log ends."""
        return self.log.stat().st_size if self.log.exists() else 0

    def log_since(self, place: int) -> str:
        """What it has logged since."""
        if not self.log.exists():
            return ""
        with self.log.open("rb") as opened:
            opened.seek(place)
            return opened.read().decode(errors="replace")


def environment(folder: Path, clock: Path, crash: Path, **settings: str) -> dict[str, str]:
    """The variables of every process of a system in this folder."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("SIGNPOST_")}
    path = [str(SITE), str(ROOT), *filter(None, [inherited.get("PYTHONPATH", "")])]
    return {
        **inherited,
        "PYTHONPATH": os.pathsep.join(path),
        "SIGNPOST_DATA_DIR": str(folder),
        "SIGNPOST_TEST_CLOCK": str(clock),
        "SIGNPOST_TEST_CRASH": str(crash),
        **{f"SIGNPOST_{name.upper()}": value for name, value in settings.items()},
    }


def descendants(pid: int) -> list[int]:
    """All processes below one."""
    found, pending = [], [pid]
    while pending:
        with contextlib.suppress(OSError):
            parent = pending.pop()
            children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
            found += list(map(int, children))
            pending += list(map(int, children))
    return found
