"""Databases as the migrations leave them: one is migrated and then copied, or emptied between tests, because to
migrate, create and drop each would take a tenth of the suite."""

import atexit
import contextlib
import functools
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg

from signpost.storage import upgrade
from signpost.storage.tables import metadata
from tests.support import servers

MAX_ROWS = 5_000
"""A database that held more is dropped: its statistics and dead rows would slow down or mislead the next test."""
FILLED = ("digest_keys", "options")
"""Tables that migrations fill."""
_OTHERS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> %s"
_SEQUENCES = "SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, 1, false) FROM pg_sequences"
_SCHEMA = """
    SELECT concat_ws(' ', table_schema, table_name, ordinal_position, column_name, data_type, is_nullable,
                     column_default)
    FROM information_schema.columns WHERE table_schema NOT IN ('pg_catalog', 'information_schema')
    UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname NOT IN ('pg_catalog', 'information_schema')
    UNION ALL SELECT version_num FROM alembic_version
    ORDER BY 1
"""


def migrate(url: str) -> None:
    """What `upgrade` does; a new file of SQLite becomes a copy of one that was migrated before."""
    file = Path(url.removeprefix("sqlite:///"))
    if url.startswith("sqlite:///") and not file.exists():
        shutil.copy(_migrated_file(), file)
    else:
        upgrade(url)


@functools.cache
def _migrated_file() -> Path:
    folder = tempfile.TemporaryDirectory()
    atexit.register(folder.cleanup)
    file = Path(folder.name) / "signpost.db"
    upgrade(f"sqlite:///{file}")
    return file


class MigratedDatabases:
    """Databases of one server at the newest revision. `close` drops them."""

    def __init__(self, server: str) -> None:
        self._server = server
        self._free: list[str] = []
        self._new: dict[str, list[list[tuple[object, ...]]]] = {}
        self._owned = contextlib.ExitStack()
        self._pid = os.getpid()

    @contextlib.contextmanager
    def take(self) -> Iterator[str]:
        """Provide the SQLAlchemy URL of a database as good as new that no other test uses."""
        self._notice_fork()
        url = self._free.pop() if self._free else self._create()
        try:
            yield url
        finally:
            if self._reset(url):
                self._free.append(url)

    def close(self) -> None:
        """Drop all databases."""
        self._owned.close()

    def _notice_fork(self) -> None:
        """In a child of `make mutants`: the child before it may have been killed in the middle of a test."""
        if self._pid != os.getpid():
            self._pid = os.getpid()
            self._free = [url for url in self._free if self._reset(url)]

    def _create(self) -> str:
        url = self._owned.enter_context(servers.database(self._server))
        upgrade(url)
        with _connect(url) as connection:
            self._new[url] = _fixed(connection)
        return url

    def _reset(self, url: str) -> bool:
        """Disconnect everyone else and delete all rows. Return whether the database is as good as new."""
        with _connect(url) as connection:
            connection.execute(_OTHERS, (connection.info.backend_pid,))
            if _fixed(connection) != self._new[url]:
                return False
            emptied = [name for name in metadata.tables if name not in FILLED]
            rows = sum(connection.execute(f"DELETE FROM {name}".encode()).rowcount for name in emptied)
            connection.execute(_SEQUENCES)
        return rows <= MAX_ROWS


def _fixed(connection: psycopg.Connection[tuple[object, ...]]) -> list[list[tuple[object, ...]]]:
    """What no test may change: the schema, and the rows that come from migrations."""
    filled = [f"SELECT * FROM {name} ORDER BY 1" for name in FILLED]
    return [connection.execute(statement.encode()).fetchall() for statement in (_SCHEMA, *filled)]


def _connect(url: str) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(url.replace("postgresql+psycopg:", "postgresql:", 1))
