"""The installation that is examined: its settings, the parts that checks share, opened on first use, and its limits."""

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Final

from signpost.doctor.commands import Broker
from signpost.doctor.rights import ALL, role_of
from signpost.errors import CallerError
from signpost.ingress.sources import source_problem
from signpost.ingress.vendors import VENDORS
from signpost.messaging import Bounds, Inspection, inspect
from signpost.settings import Settings
from signpost.storage import ConsumerRow, Store, open_store
from signpost.tenants.loading import load_tenants
from signpost.tenants.model import Tenants
from signpost.tenants.rulebooks import Rulebooks, load_rulebooks

NAME: Final = "signpost doctor"
CONNECT_S: Final = 3
STATEMENT_S: Final = 3.0
"""How long the database may take for one statement, and for a lock."""
SQLITE: Final = "sqlite:///"


def wall_clock() -> int:
    """Microseconds since the epoch."""
    return time.time_ns() // 1000


@dataclass(frozen=True, slots=True)
class Limits:
    """From where on something is worth a line. Bytes, messages, seconds, days."""

    free_failed: int = 200_000_000
    free_warning: int = 1_000_000_000
    long_queue: int = 10_000
    skew_failed_s: float = 10.0
    skew_warning_s: float = 2.0
    due_warning_s: float = 10.0
    due_failed_s: float = 60.0
    outbox_margin_s: float = 90.0
    """How much longer than the lease of its writer a message may wait in the outbox."""
    secret_days: int = 365
    certificate_days: int = 30


@dataclass
class Site:
    """One installation. `role`: the process whose settings these are, "all" for one user of all processes, "" to
    tell by the names of the users."""

    settings: Settings
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    clock: Callable[[], int] = wall_clock
    role: str = ""
    limits: Limits = field(default_factory=Limits)

    @property
    def database_file(self) -> Path | None:
        """The file of an embedded database; None with PostgreSQL."""
        url = self.settings.database_url
        return Path(url.removeprefix(SQLITE).partition("?")[0]) if url.startswith(SQLITE) else None

    @property
    def is_rabbitmq(self) -> bool:
        """Whether the broker is RabbitMQ."""
        return self.settings.broker_url.startswith("amqp")

    @property
    def broker_role(self) -> str:
        """The role of the broker's user; ALL for one of all processes, and for the embedded queue."""
        return self.role or (role_of(Broker(self.settings.broker_url).user) if self.is_rabbitmq else ALL)

    @cached_property
    def store(self) -> Store:
        """The database; every wait is short. Opening it creates no file only if there is one."""
        return open_store(
            self.settings.database_url,
            pool_size=2,
            connect_timeout_s=CONNECT_S,
            statement_timeout_s=STATEMENT_S,
            busy_timeout_s=STATEMENT_S,
            pool_timeout_s=STATEMENT_S,
            name=NAME,
        )

    @contextmanager
    def broker(self) -> Iterator[Inspection]:
        """A new connection to the broker. Raises BrokerAway."""
        bounds = Bounds(connect_timeout_s=CONNECT_S, busy_timeout_s=STATEMENT_S)
        with inspect(self.settings.broker_url, self.settings.partitions, bounds, NAME) as found:
            yield found

    @cached_property
    def tenants(self) -> Tenants:
        """The tenants file. Raises CallerError."""
        VENDORS.read_own(self.settings.vendors)
        return load_tenants(self.settings.tenants, self.environ, source_problem, self.settings.rules)

    @cached_property
    def rulebooks(self) -> Rulebooks:
        """The rulebooks of the files. Raises CallerError."""
        return load_rulebooks(self.settings.rules, self.settings.tenants)

    @property
    def faulty_files(self) -> set[str]:
        """ "tenants" and "rules": the files that the checks of these names find faulty."""
        reads = {"tenants": lambda: self.tenants, "rules": lambda: self.rulebooks}
        return {name for name, read in reads.items() if _is_faulty(read)}

    @property
    def consumers(self) -> Mapping[str, ConsumerRow]:
        """The registered consumers. Raises TransientError."""
        return self.store.consumers.all()

    def close(self) -> None:
        """Close the database, if it was opened."""
        if "store" in self.__dict__:
            self.store.close()


def _is_faulty(read: Callable[[], object]) -> bool:
    try:
        read()
    except CallerError:
        return True
    return False


def first_line(error: CallerError | Exception) -> str:
    """The first line of a message, and how many follow."""
    lines = str(error).splitlines() or [type(error).__name__]
    return lines[0] + (f" (and {len(lines) - 1} more)" if len(lines) > 1 else "")
