"""Faults of PostgreSQL: killed, frozen, backends terminated, rows locked, disk full, migrated, restored."""

import contextlib
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg

from tests.ledger.deployment import ServerDeployment
from tests.ledger.disks import fill, free, is_own_disk
from tests.ledger.faults.base import Fault, NotPossible, NotProven, expect
from tests.support.private_servers import PrivatePostgreSQL, postgresql_answers

OTHERS = "FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"


class DatabaseFault(Fault):
    """A fault of the cluster."""

    @property
    def postgres(self) -> PrivatePostgreSQL:
        """The cluster that is in use."""
        return self.deployment.postgres

    def query(self, statement: str) -> list[Any]:
        """Run a statement on a connection of its own."""
        with psycopg.connect(self.postgres.url(), autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []


class DatabaseKilled(DatabaseFault):
    """kill -9 of every process of the cluster; it starts with its data."""

    def inject(self) -> None:
        self.postgres.kill()

    def prove(self) -> str:
        return expect(lambda: not postgresql_answers(self.postgres.url()), "no login succeeds")

    def heal(self) -> None:
        if not postgresql_answers(self.postgres.url()):
            self.postgres.kill()
            self.postgres.start()


class DatabaseFrozen(DatabaseFault):
    """Every process of the cluster stopped."""

    def inject(self) -> None:
        self.postgres.signal(signal.SIGSTOP)

    def prove(self) -> str:
        stat = Path(f"/proc/{self.postgres.pid}/stat")
        return expect(lambda: stat.read_text().rpartition(")")[2].split()[0] == "T", "the server is in state T")

    def heal(self) -> None:
        self.postgres.signal(signal.SIGCONT)


class BackendsTerminated(DatabaseFault):
    """An administrator ends every connection, several times."""

    count = 0

    def inject(self) -> None:
        for _ in range(3):
            self.count += len(self.query(f"SELECT pg_terminate_backend(pid) {OTHERS}"))

    def prove(self) -> str:
        return expect(lambda: self.count > 0, f"{self.count} backends terminated")


class RowsLocked(DatabaseFault):
    """Another session holds the rows of all cases, and of the outbox."""

    connection: "psycopg.Connection[tuple[Any, ...]] | None" = None

    def inject(self) -> None:
        self.connection = psycopg.connect(self.postgres.url())
        for table in ("cases", "outbox"):
            self.connection.execute(f"SELECT 1 FROM {table} FOR UPDATE".encode())

    def prove(self) -> str:
        with contextlib.suppress(NotProven):
            return expect(lambda: self.query(WAITING)[0][0] > 0, "a process waits for a lock", 5.0)
        # With a full broker nobody needs the rows
        return expect(self._are_refused, "the rows are refused to another session")

    def _are_refused(self) -> bool:
        try:
            self.query("SELECT 1 FROM cases FOR UPDATE NOWAIT")
        except psycopg.errors.LockNotAvailable:
            return True
        return False

    def heal(self) -> None:
        if self.connection is not None:
            self.connection.close()


class Migrated(DatabaseFault):
    """A migration in the middle of the stream: it takes the table of cases and changes its columns."""

    def inject(self) -> None:
        with psycopg.connect(self.postgres.url()) as connection:
            connection.execute(b"LOCK TABLE cases IN ACCESS EXCLUSIVE MODE")
            connection.execute(b"ALTER TABLE cases ADD COLUMN ledger bigint NOT NULL DEFAULT 0")
            connection.execute(b"SELECT pg_sleep(1)")

    def prove(self) -> str:
        return expect(lambda: len(self.query(self.COLUMN)) == 1, "the table has another column")

    COLUMN = "SELECT 1 FROM information_schema.columns WHERE table_name = 'cases' AND column_name = 'ledger'"

    def heal(self) -> None:
        self.query("ALTER TABLE cases DROP COLUMN IF EXISTS ledger")


class DiskFull(DatabaseFault):
    """The disk of the cluster is full; its own log ends it, and it starts when there is room."""

    def inject(self) -> None:
        if not is_own_disk(self.postgres.folder):
            raise NotPossible("no disk of its own for the database: mounting one needs root")
        self.taken = fill(self.postgres.folder)

    def prove(self) -> str:
        with contextlib.suppress(psycopg.Error):
            self.query(
                "CREATE TABLE IF NOT EXISTS ledger_filler AS SELECT repeat('x', 100) FROM generate_series(1, 400000)"
            )
        log = self.postgres.folder / "output.log"
        found = expect(
            lambda: b"No space left on device" in log.read_bytes() or self._refuses(), "a statement finds no room"
        )
        return f"{found}; {self.taken >> 20} MB taken"

    def _refuses(self) -> bool:
        try:
            self.query("CREATE TABLE ledger_more AS SELECT repeat('x', 100) FROM generate_series(1, 400000)")
        except psycopg.Error as error:
            return "space" in str(error)
        return False

    def heal(self) -> None:
        free(self.postgres.folder)
        if not postgresql_answers(self.postgres.url()):
            self.postgres.kill()
            self.postgres.start()
        self.query("DROP TABLE IF EXISTS ledger_filler, ledger_more")


class Restored(DatabaseFault):
    """The cluster is dumped and restored into another, whose transaction ids begin again; all move there."""

    def inject(self) -> None:
        other = PrivatePostgreSQL()
        other.options = self.postgres.options
        other.start()
        # Nobody writes between the dump and the move: the proxy lets nobody through
        self.deployment.sql.redirect("127.0.0.1", 1)
        self.query(f"SELECT pg_terminate_backend(pid) {OTHERS}")
        dump = subprocess.run(["pg_dump", "-Fc", self.postgres.url()], check=True, capture_output=True).stdout
        subprocess.run(["pg_restore", "-d", other.url()], input=dump, check=True, capture_output=True)
        self.deployment.move_database(other)

    def prove(self) -> str:
        backends = f"SELECT 1 {OTHERS}"
        return expect(lambda: len(self.query(backends)) > 2, f"processes work on port {self.postgres.port}")


def database_faults(deployment: ServerDeployment) -> Iterator[Fault]:
    """The faults of the database."""
    touches = frozenset({"database"})
    yield DatabaseKilled(deployment, "database killed", touches)
    yield DatabaseFrozen(deployment, "database frozen", touches, hold_s=4.0)
    yield BackendsTerminated(deployment, "database backends terminated", touches)
    yield RowsLocked(deployment, "database rows locked", touches, hold_s=2.0)
    yield Migrated(deployment, "database migrated", touches)
    yield DiskFull(deployment, "database disk full", touches, hold_s=2.0)
    yield Restored(deployment, "database restored", touches | {"sql"}, may_pair=False)
