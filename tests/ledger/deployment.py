"""A whole system under test: private servers behind proxies, or embedded; its processes, consumers, clock and rules."""

import contextlib
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

from signpost.advice import Engine
from signpost.engine import make_engine
from signpost.messaging import Bounds, Broker, connect
from signpost.storage import upgrade
from signpost.tenants.rulebooks import Engines, load_rulebooks
from tests.ledger.books import Books
from tests.ledger.disks import mounted
from tests.ledger.events import TENANTS_FILE
from tests.ledger.receiver import OURS, Receiver, receiving
from tests.ledger.recorders import Records, declare_queues, record
from tests.ledger.roles import INTAKE, ROOT, Role, descendants, environment, worker
from tests.support.private_servers import PrivatePostgreSQL, PrivateRabbitMQ, free_port, wait_until
from tests.support.proxy import Proxy

SETTINGS = {
    "engine": "compiled",
    "batch_size": "20",
    "prefetch": "40",
    "outbox_lease": "1",
    "publish_timeout": "2",
    "clock_interval": "0.2",
    "reload_interval": "0.5",
    "rate_per_second": "0",
    "endpoint_networks": OURS,
    "endpoint_timeout": "2",
    "http_threads": "8",
    "log_format": "json",
}
DATABASE_MB = 400


class Deployment:
    """What both kinds share. `defect`: planted in the code of every process."""

    kind = ""

    def __init__(self, folder: Path, defect: str = "") -> None:
        self.folder, self.records, self.port = folder, Records(), free_port()
        self.receiver = Receiver()
        self.clock, self.crash = folder / "clock", folder / "crash"
        self.rules, self.tenants = folder / "rules", folder / "tenants.yaml"
        shutil.copytree((ROOT / "rules").resolve(), self.rules)
        self.tenants.write_text(TENANTS_FILE, encoding="utf-8")
        self.tenants.chmod(0o600)
        self.defect = {"SIGNPOST_TEST_DEFECT": defect} if defect else {}
        self.partitions = 1
        self.engines: Engines[Engine] = self.load_engines()
        self.roles: dict[str, Role] = {}
        self.books: Books
        self.broker: Broker

    def load_engines(self) -> Engines[Engine]:
        """The engines of the rule files as they are now."""
        return Engines(partial(make_engine, "compiled"), load_rulebooks(self.rules, self.tenants))

    def now(self) -> int:
        """The time of day of the processes, in microseconds."""
        return time.time_ns() // 1000 + int(self.offset_s() * 1_000_000)

    def offset_s(self) -> float:
        """Seconds that their clocks are ahead."""
        return float(self.clock.read_text()) if self.clock.exists() else 0.0

    def shift_clock(self, seconds: float) -> None:
        """Set all clocks ahead by so many seconds of the time of day."""
        waiting = self.clock.with_suffix(".new")
        waiting.write_text(str(seconds))
        waiting.rename(self.clock)

    def variables(self, database_url: str, broker_url: str, **settings: str) -> dict[str, str]:
        """The variables of a process."""
        more = SETTINGS | {
            "database_url": database_url,
            "broker_url": broker_url,
            "rules": str(self.rules),
            "tenants": str(self.tenants),
            "http_bind": f"127.0.0.1:{self.port}",
            "partitions": str(self.partitions),
            **settings,
        }
        return environment(self.folder, self.clock, self.crash, **more) | self.defect

    def restart(self, role: Role) -> None:
        """Start a role that has ended, and wait for it."""
        if not role.runs:
            role.start()
        role.wait_ready()

    def trace(self, names: Iterable[str]) -> str:
        """What all logs say of these messages, and what the queues hold: where to look for what is missing."""
        lines = [
            f"{role.name}: {line[:400]}"
            for role in self.roles.values()
            for line in role.log_since(0).splitlines()
            if any(name in line for name in names)
        ]
        return "\n".join([*lines, self.queues()])

    def queues(self) -> str:
        """The queues with what is ready and what is held by consumers; "" where there is no such list."""
        return ""

    def logs(self) -> str:
        """The end of each log, for a report of a failure."""
        return "\n".join(f"== {role.name}\n{role.log_since(role.mark)[-1500:]}" for role in self.roles.values())


class ServerDeployment(Deployment):
    """RabbitMQ and PostgreSQL of its own, each behind a proxy; six processes, or seven with a second advisor; and a
    receiver of webhooks."""

    kind = "RabbitMQ + PostgreSQL"

    def __init__(self, folder: Path, rabbit: PrivateRabbitMQ, postgres: PrivatePostgreSQL, defect: str = "") -> None:
        super().__init__(folder, defect)
        self.rabbit, self.postgres = rabbit, postgres
        self.amqp, self.sql = Proxy("127.0.0.1", rabbit.port), Proxy("127.0.0.1", postgres.port)
        self.books = Books(postgres.url())
        self.broker, self.recorded = (
            connect(rabbit.url(), bounds=Bounds(backoff_max_s=0.5), name="ledger") for _ in range(2)
        )
        self.others: list[PrivatePostgreSQL] = []
        """Clusters that a restore has made."""

    @contextlib.contextmanager
    def run(self, advisors: int = 2) -> Iterator["ServerDeployment"]:
        """The running system for the block."""
        upgrade(self.postgres.url())
        self.broker.apply_topology()
        declare_queues(self.rabbit.url())
        with self.amqp, self.sql:
            self.make_roles(advisors)
            try:
                for role in self.roles.values():
                    role.start()
                for role in self.roles.values():
                    role.wait_ready()
                own = self.variables(self.postgres.url(), self.rabbit.url())
                with receiving(self.receiver, own), record(self.recorded, self.records):
                    yield self
            finally:
                for role in self.roles.values():
                    role.signal_all(signal.SIGCONT)
                    role.kill()
                self.broker.close()
                self.recorded.close()
                self.books.close()
                for other in self.others:
                    other.close()

    def queues(self) -> str:
        columns = ("name", "messages_ready", "messages_unacknowledged", "consumers")
        return str(self.rabbit.ctl("list_queues", *columns))

    def make_roles(self, advisors: int) -> None:
        """The processes, not started."""
        database_url = f"postgresql://postgres@127.0.0.1:{self.sql.port}/postgres"
        broker_url = f"amqp://guest:guest@127.0.0.1:{self.amqp.port}/%2F"
        variables = self.variables(database_url, broker_url, http_processes="2")
        names = ["advisor", *(f"advisor-{number}" for number in range(2, advisors + 1)), "clock", "relay", "deliverer"]
        self.roles = {"intake": Role("intake", INTAKE, variables, self.folder / "intake.log", port=self.port)}
        for name in names:
            command = name.partition("-")[0]
            log = self.folder / f"{name}.log"
            self.roles[name] = Role(name, worker(command), variables, log, ready=f"{command} runs")

    def restart_all(self) -> None:
        """Start every process again with the settings of now; those that end in order first."""
        for role in self.roles.values():
            role.signal(signal.SIGTERM)
        for role in self.roles.values():
            if role.process is not None:
                role.process.wait(60)
        self.make_roles(sum(name.startswith("advisor") for name in self.roles))
        for role in self.roles.values():
            role.start()
        for role in self.roles.values():
            role.wait_ready()

    def move_database(self, other: PrivatePostgreSQL) -> None:
        """Let every new connection go to another cluster."""
        self.others.append(other)
        self.postgres = other
        self.sql.redirect("127.0.0.1", other.port)
        self.books.close()
        self.books = Books(other.url())


class EmbeddedDeployment(Deployment):
    """`signpost up`: one process tree over one SQLite file."""

    kind = "embedded"

    def __init__(self, folder: Path, defect: str = "") -> None:
        super().__init__(folder, defect)
        url = f"sqlite:///{folder / 'signpost.db'}"
        self.books = Books(url)
        variables = self.variables(url, url, http_processes="1")
        command = (sys.executable, "-m", "signpost", "up")
        self.roles = {"up": Role("up", command, variables, folder / "up.log", ready="Signpost is ready")}
        self.broker = connect(url)

    @contextlib.contextmanager
    def run(self) -> Iterator["EmbeddedDeployment"]:
        """The running system for the block."""
        role = self.roles["up"]
        role.start()
        try:
            role.wait_ready()
            with record(self.broker, self.records, ()):
                yield self
        finally:
            self.kill_tree()
            self.broker.close()
            self.books.close()

    def kill_tree(self) -> int:
        """kill -9 of the whole tree at once; how many processes it was."""
        role = self.roles["up"]
        if not role.runs:
            return 0
        below = descendants(role.pid)
        for pid in (role.pid, *below):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        role.kill()
        wait_until(lambda: not any(Path(f"/proc/{pid}/exe").exists() for pid in below), "the tree is gone")
        return len(below) + 1


@contextlib.contextmanager
def private_servers() -> Iterator[tuple[PrivateRabbitMQ, PrivatePostgreSQL]]:
    """A broker and a database server for the ledger; the data of the database on a small disk, if that is allowed."""
    rabbit, postgres = PrivateRabbitMQ(), PrivatePostgreSQL()
    postgres.options = ("-c", "max_wal_size=64MB", "-c", "min_wal_size=32MB", "-c", "max_connections=200")
    with contextlib.ExitStack() as stack:
        stack.enter_context(mounted(postgres.folder, DATABASE_MB))
        stack.enter_context(postgres)
        stack.enter_context(rabbit)
        yield rabbit, postgres
