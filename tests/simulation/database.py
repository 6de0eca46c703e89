"""The real storage over a SQLite database in memory, whose transactions fail as a plan says."""

import sqlite3
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import StaticPool

from signpost.storage import Store, open_store, upgrade
from signpost.storage.compression import restore
from signpost.storage.engines import _begin_sqlite, _prepare_sqlite
from tests.simulation.world import Crash, Kind, World

FAILURES = (Kind.CRASH, Kind.CRASH_AFTER, Kind.FAILURE, Kind.REFUSAL)


class Database:
    """One database, made once and reset for each run: SQLAlchemy keeps its compiled statements."""

    def __init__(self) -> None:
        self._connection = sqlite3.connect(":memory:", check_same_thread=False)
        self.engine: Engine = create_engine(
            "sqlite://", creator=lambda: self._connection, poolclass=StaticPool, hide_parameters=True
        )
        self._world = World()
        self._applied: list[tuple[str, str, str]] = []
        self.applied: dict[tuple[str, str, str], int] = {}
        """(tenant, source, id) of an event -> in how many committed transactions it was folded into its case."""
        for name, listener in (
            ("connect", _prepare_sqlite),
            ("begin", self._begin),
            ("commit", self._commit),
            ("rollback", self._rollback),
        ):
            event.listen(self.engine, name, listener)

    def reset(self, world: World) -> None:
        """Empty the database, whose faults are those of this world from now on."""
        self._connection.deserialize(_empty())
        self._world, self._applied, self.applied = world, [], {}

    def store(self) -> Store:
        """A store on it, as each process has its own."""
        store = open_store("sqlite:////nowhere/simulated.db")
        store._engine = _Opened(self.engine)  # type: ignore[assignment]
        return store

    def note_applied(self, identity: tuple[str, str, str]) -> None:
        """Note that the open transaction folds an event."""
        self._applied.append(identity)

    def rows(self, statement: str, *parameters: Any) -> list[Any]:
        """Read without faults, for checks."""
        found = self._connection.execute(statement, parameters).fetchall()
        return [tuple(restore(value) if isinstance(value, bytes) else value for value in row) for row in found]

    def _begin(self, connection: Connection) -> None:
        self._fail(self._world.take("begin", Kind.CRASH, Kind.FAILURE, Kind.REFUSAL))
        _begin_sqlite(connection)
        self._world.in_transaction, self._applied = True, []

    def _commit(self, connection: Connection) -> None:
        is_writing = connection.get_execution_options().get("signpost_begin", "").endswith("IMMEDIATE")
        kind = self._world.take("commit", *FAILURES, Kind.LOST_ANSWER) if is_writing else None
        if kind is None:
            self._end()
            return
        if kind in (Kind.CRASH_AFTER, Kind.LOST_ANSWER):
            self._connection.commit()
            self._end()
        self._fail(kind)

    def _end(self) -> None:
        self._world.in_transaction = False
        for identity in self._applied:
            self.applied[identity] = self.applied.get(identity, 0) + 1
        self._applied = []

    def _rollback(self, _: Connection) -> None:
        self._world.in_transaction, self._applied = False, []

    @staticmethod
    def _fail(kind: Kind | None) -> None:
        if kind is Kind.CRASH_AFTER:
            raise Crash("commit")
        if kind is not None:
            error = sqlite3.OperationalError("simulated")
            error.sqlite_errorname = "SQLITE_BUSY" if kind is Kind.REFUSAL else "SQLITE_IOERR"
            raise OperationalError("simulated", None, error)


class _Opened:
    """In place of `LazyEngine`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def get(self) -> Engine:
        return self._engine

    def close(self) -> None:
        """Leave the one connection open."""


@cache
def _empty() -> bytes:
    """A database as the migrations leave it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "empty.db"
        upgrade(f"sqlite:///{path}")
        connection = sqlite3.connect(path)
        # A database in memory cannot have a write-ahead log
        connection.execute("PRAGMA journal_mode = DELETE")
        try:
            return connection.serialize()
        finally:
            connection.close()
