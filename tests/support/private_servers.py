"""Private RabbitMQ and PostgreSQL servers for tests: started from local binaries, killed and removed afterwards."""

import contextlib
import fcntl
import functools
import itertools
import os
import pwd
import random
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Self, TextIO

import psycopg

from tests.support.vhosts import VirtualHosts

MIN_WAIT_S = 180.0
MAX_COMMAND_S = 120.0


class ServerMissing(Exception):
    """No server is available and none can be started; the message says what to install."""


def free_port() -> int:
    """Return a free TCP port of the loopback interface.

    It is below the range of outgoing connections, so the kernel does not assign it before its use, and no other process
    of any suite takes it.
    """
    for port in _own_ports(os.getpid()):
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("a cycle of ports has no end")


@functools.cache
def _own_ports(_pid: int) -> Iterator[int]:
    """The ports of this process, again and again: a hundred, whose lock file it keeps open."""
    folder = Path(tempfile.gettempdir()) / "signpost-test-ports"
    folder.mkdir(exist_ok=True)
    for first in random.sample(range(20_000, 32_000, 100), 120):
        file = open(folder / str(first), "w")  # noqa: SIM115  # open until the process ends
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            continue
        _locks.append(file)
        return itertools.cycle(range(first, first + 100))
    raise AssertionError(f"all ports are taken: see {folder}")


_locks: list[TextIO] = []


def listens(host: str, port: int) -> bool:
    """Return whether a TCP connection succeeds."""
    with contextlib.suppress(OSError), socket.create_connection((host, port), timeout=2):
        return True
    return False


def restore_default_signals() -> None:
    """For `preexec_fn`: under nohup or in the background of a script, a process inherits ignored signals."""
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


def wait_until(condition: Callable[[], bool], what: str, seconds: float = MIN_WAIT_S) -> None:
    """Wait until the condition holds. Raises TimeoutError with `what`.

    It waits for START_SECONDS at least: on a busy machine all is slow, and only a test that fails waits that long.
    """
    seconds = max(seconds, MIN_WAIT_S)
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {seconds:.0f} s")
        time.sleep(0.05)


def postgresql_answers(url: str) -> bool:
    """Return whether a login succeeds."""
    with contextlib.suppress(psycopg.Error), psycopg.connect(url, connect_timeout=3):
        return True
    return False


class PrivateServer:
    """A server process in its own folder, run as `user` if the tests run as root; `close` kills it and its data."""

    user = ""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="signpost-test-"))
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = self._account()
        if self._owner:
            os.chown(self.folder, self._owner.pw_uid, self._owner.pw_gid)

    def _account(self) -> pwd.struct_passwd | None:
        if os.geteuid() != 0:
            return None
        try:
            return pwd.getpwnam(self.user)
        except KeyError:
            raise ServerMissing(
                f"root may not run this server and there is no user {self.user!r}; add that user"
            ) from None

    def adopt(self, *files: Path) -> list[Path]:
        """Copy files into the server's folder, readable only by the account of the server. Return the copies."""
        copies = [self.folder / file.name for file in files]
        for file, copy in zip(files, copies, strict=True):
            shutil.copyfile(file, copy)
            copy.chmod(0o600)
            if self._owner:
                os.chown(copy, self._owner.pw_uid, self._owner.pw_gid)
        return copies

    def _as_owner(self) -> dict[str, Any]:
        if not self._owner:
            return {}
        return {"user": self._owner.pw_uid, "group": self._owner.pw_gid, "extra_groups": []}

    def environment(self) -> Mapping[str, str]:
        """Return the environment of the server's processes."""
        return {"PATH": os.environ["PATH"], "HOME": str(self.folder), "LC_ALL": "C.UTF-8"}

    def run(self, *command: str) -> str:
        """Run one of the server's tools. Return its output."""
        done = subprocess.run(
            command, env=self.environment(), cwd=self.folder, capture_output=True, text=True, timeout=MAX_COMMAND_S,
            check=False, **self._as_owner(),
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"{command[0]} ended with {done.returncode}: {done.stderr or done.stdout}")
        return str(done.stdout)

    def launch(self, *command: str) -> None:
        """Start the server in its own session, so that `kill` also ends its children."""
        with (self.folder / "output.log").open("ab") as output:
            self._process = subprocess.Popen(
                command, env=self.environment(), cwd=self.folder, stdout=output, stderr=output,
                stdin=subprocess.DEVNULL, start_new_session=True, **self._as_owner(),
            )  # fmt: skip

    @property
    def pid(self) -> int:
        """The id of the server's process."""
        assert self._process is not None
        return self._process.pid

    def signal(self, number: int) -> None:
        """Send a signal to the server and its children."""
        if self._process:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)

    def kill(self) -> None:
        """Kill it like a power cut and wait for its end; `start` restarts it with its data."""
        if self._process:
            self.signal(signal.SIGKILL)
            self._process.wait(MAX_COMMAND_S)
            self._process = None
            wait_until(lambda: not listens("127.0.0.1", self.port), "the killed server is gone")

    def start(self) -> Self:
        """Start the server and wait until it responds."""
        raise NotImplementedError

    def close(self) -> None:
        """Kill the server and delete its data."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self.close()
            raise

    def __exit__(self, *_: object) -> None:
        self.close()


class PrivateRabbitMQ(PrivateServer):
    """A private RabbitMQ node without plugins."""

    user = "rabbitmq"

    def __init__(self) -> None:
        self._binaries = _rabbitmq_binaries()
        super().__init__()
        self.vhosts = VirtualHosts(self.ctl)
        self.node = f"signpost-{secrets.token_hex(4)}@localhost"
        self._dist_port = free_port()
        self.config = self.folder / "rabbitmq.conf"
        self.config.write_text(f"listeners.tcp.default = 127.0.0.1:{self.port}\n")

    def url(self, vhost: str = "%2F") -> str:
        """Return the URL of a virtual host."""
        return f"amqp://guest:guest@127.0.0.1:{self.port}/{vhost}"

    def environment(self) -> Mapping[str, str]:
        return {
            **super().environment(),
            "RABBITMQ_NODENAME": self.node,
            "RABBITMQ_DIST_PORT": str(self._dist_port),
            "RABBITMQ_MNESIA_BASE": str(self.folder / "data"),
            "RABBITMQ_LOG_BASE": str(self.folder / "log"),
            "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "plugins"),
        }

    def start(self) -> Self:
        self.launch(str(self._binaries / "rabbitmq-server"))
        wait_until(lambda: listens("127.0.0.1", self.port), "the private RabbitMQ listens")
        self.ctl("await_startup")
        return self

    def ctl(self, *arguments: str) -> str:
        """Run rabbitmqctl on this node. Return its output."""
        return self.run(str(self._binaries / "rabbitmqctl"), "-q", "-n", self.node, *arguments)


class PrivatePostgreSQL(PrivateServer):
    """A private PostgreSQL cluster that trusts every login on the loopback interface."""

    user = "postgres"

    def __init__(self) -> None:
        self._binaries = _postgresql_binaries()
        super().__init__()
        self._data = self.folder / "data"
        self.options: tuple[str, ...] = ()
        """Further options of the server's command line."""

    def url(self, database: str = "postgres") -> str:
        """Return the libpq URL of a database."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def start(self) -> Self:
        if not self._data.exists():
            self.run(
                str(self._binaries / "initdb"), "-D", str(self._data), "-U", "postgres", "-A", "trust", "-E", "UTF8"
            )
        (self._data / "postmaster.pid").unlink(missing_ok=True)
        self.launch(
            str(self._binaries / "postgres"), "-D", str(self._data), "-p", str(self.port),
            "-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={self.folder}", *self.options,
        )  # fmt: skip
        wait_until(lambda: postgresql_answers(self.url()), "the private PostgreSQL answers")
        return self

    def signal(self, number: int) -> None:
        """Send a signal to the server and its children, which have sessions of their own."""
        # The server first, so that it starts no more
        super().signal(number)
        if self._process and self._process.poll() is None:
            with contextlib.suppress(OSError):
                for pid in Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split():
                    os.kill(int(pid), number)

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """Stop every process of the server for the block, as a full disk or a suspended machine does."""
        self.signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.signal(signal.SIGCONT)


def _rabbitmq_binaries() -> Path:
    """Debian's wrapper in PATH forces its own HOME, so the real scripts are preferred."""
    found = shutil.which("rabbitmq-server")
    for folder in (Path("/usr/lib/rabbitmq/bin"), *([Path(found).parent] if found else [])):
        if (folder / "rabbitmq-server").exists() and (folder / "rabbitmqctl").exists():
            return folder
    raise ServerMissing("no RabbitMQ runs at 127.0.0.1:5672 and none is installed; install the package rabbitmq-server")


def _postgresql_binaries() -> Path:
    found = shutil.which("initdb")
    packaged = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name), reverse=True
    )
    for folder in (*([Path(found).parent] if found else []), *packaged):
        if (folder / "initdb").exists():
            return folder
    raise ServerMissing("no PostgreSQL runs at 127.0.0.1:5432 and none is installed; install the package postgresql")
