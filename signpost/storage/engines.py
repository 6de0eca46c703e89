"""Makes SQLAlchemy engines from a database URL: drivers, timeouts, pools, connection setup. Knows no table."""

import os
import sqlite3
import time
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import URL, Connection, Engine, ExceptionContext, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

from signpost.storage.errors import BadDatabaseUrl, refuse_value

POSTGRESQL_NAMES = ("postgres", "postgresql", "postgresql+psycopg")
SQLITE_NAMES = ("sqlite", "sqlite+pysqlite")
WRITE = {"signpost_begin": "BEGIN IMMEDIATE"}
CALL_MARGIN_S = 1.0
"""How much longer than the server a client waits for the end of a statement."""
TCP_TIMEOUT_MS = 30_000
"""How long sent data may stay unacknowledged, for example on an idle connection whose server is gone."""
MAX_WAL_ATTEMPTS = 100
WAL_RETRY_S = 0.02


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """Bounds on every wait; `pool_size` is the maximum number of connections of one process."""

    pool_size: int = 5
    connect_timeout_s: int = 5
    pool_timeout_s: float = 10
    statement_timeout_s: float = 30
    """The server ends a statement after this, and a call without any answer ends CALL_MARGIN_S later; 0: no limit."""
    busy_timeout_s: float = 30
    name: str = "signpost"
    """Of the connections, as PostgreSQL shows them."""
    ping_first: bool = True
    """Whether a connection to PostgreSQL is checked before each use, and replaced if its server has restarted."""

    @property
    def call_timeout_s(self) -> float | None:
        """How long a call to PostgreSQL waits for an answer."""
        return self.statement_timeout_s + CALL_MARGIN_S if self.statement_timeout_s else None


class LazyEngine:
    """One engine per process, made on first use: no connection exists at import or crosses a fork."""

    def __init__(self, url: str, options: EngineOptions) -> None:
        """Parse `url`; raises BadDatabaseUrl."""
        self.url = parse_url(url)
        self._options = options
        self._held: tuple[int, Engine] | None = None
        self._inherited: list[Engine] = []

    def get(self) -> Engine:
        """This process's engine."""
        held = self._held
        if held is not None and held[0] == os.getpid():
            return held[1]
        if held is not None:
            # The parent's engine stays referenced: garbage collection would close the parent's connections.
            self._inherited.append(held[1])
        engine = make_engine(self.url, self._options)
        self._held = (os.getpid(), engine)
        return engine

    def close(self) -> None:
        """Close this process's idle connections."""
        if self._held is not None and self._held[0] == os.getpid():
            self._held[1].dispose()


def parse_url(url: str) -> URL:
    """`url` with the driver filled in. Raises BadDatabaseUrl, without the URL: it may contain a password."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise BadDatabaseUrl("not a database URL; expected postgresql://USER@HOST/NAME or sqlite:///FILE") from None
    if parsed.drivername in POSTGRESQL_NAMES:
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername not in SQLITE_NAMES:
        raise BadDatabaseUrl(f"database {parsed.drivername!r} is not supported; use postgresql:// or sqlite:///FILE")
    if parsed.database in (None, "", ":memory:"):
        raise BadDatabaseUrl("SQLite needs a file that several processes can open: sqlite:///FILE")
    return parsed.set(drivername="sqlite+pysqlite")


def make_engine(url: URL, options: EngineOptions) -> Engine:
    """A new engine; it connects on first use."""
    sqlite = url.get_backend_name() == "sqlite"
    engine = create_engine(
        url,
        pool_size=options.pool_size,
        max_overflow=0,
        pool_timeout=options.pool_timeout_s,
        pool_pre_ping=options.ping_first and not sqlite,
        hide_parameters=True,
        connect_args={"timeout": options.busy_timeout_s} if sqlite else _postgresql_arguments(options),
        **({} if sqlite else {"isolation_level": "READ COMMITTED"}),
    )
    event.listen(engine, "handle_error", refuse_value)
    if sqlite:
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        event.listen(engine, "handle_error", partial(_note_file, url.database or ""))
    else:
        # Not at the top: the import of the driver takes long, and SQLite does without
        from signpost.storage.deadlines import listen

        listen(engine, options.call_timeout_s)
    return engine


def _note_file(file: str, context: ExceptionContext) -> None:
    """Note on an error of SQLite which file it is about; SQLite itself does not say."""
    context.original_exception.add_note(file)


def _postgresql_arguments(options: EngineOptions) -> dict[str, Any]:
    timeout_ms = round(options.statement_timeout_s * 1000)
    # Without a limit, a process that hangs inside a transaction holds its row locks, and the feed, indefinitely.
    settings = f"-c statement_timeout={timeout_ms} -c idle_in_transaction_session_timeout={2 * timeout_ms}"
    return {
        "connect_timeout": options.connect_timeout_s,
        "application_name": options.name,
        "client_encoding": "utf8",
        "options": settings,
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": TCP_TIMEOUT_MS,
    }


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    # The driver must not begin transactions implicitly: see _begin_sqlite.
    connection.isolation_level = None
    _use_wal(connection)
    # FULL, not NORMAL: in WAL mode NORMAL does not sync on commit, and a power cut would lose accepted events.
    connection.execute("PRAGMA synchronous = FULL")
    # Erased data must not stay in free pages of the file
    connection.execute("PRAGMA secure_delete = ON")


def _use_wal(connection: sqlite3.Connection) -> None:
    """SQLite ignores the busy timeout here: the switch fails at once while another connection makes it, so retry."""
    for attempts_left in reversed(range(MAX_WAL_ATTEMPTS + 1)):
        try:
            if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
                connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            if not attempts_left:
                raise
            time.sleep(WAL_RETRY_S)
        else:
            return


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads before it writes fails with SQLITE_BUSY, whatever the timeout, if another one wrote in
    # between. BEGIN IMMEDIATE takes the write lock first and waits for it.
    if begin := connection.get_execution_options().get("signpost_begin", "BEGIN"):
        connection.exec_driver_sql(begin)
