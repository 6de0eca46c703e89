"""How the databases are connected to: what a server is told, what a file is set to, and what a wait is bounded by."""

import gc
import os
import re
import sqlite3
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from psycopg.adapt import PyFormat
from psycopg.types.array import ListBinaryDumper
from sqlalchemy import Connection, create_engine, text

from signpost.errors import CallerError
from signpost.storage import (
    CaseRow,
    StorageBug,
    StorageConflict,
    StorageRefused,
    StorageUnavailable,
    Store,
    back_up,
    open_store,
    schema,
)
from signpost.storage.deadlines import DeadlineConnection, listen
from signpost.storage.engines import EngineOptions, LazyEngine, _use_wal, make_engine, parse_url
from signpost.storage.errors import translate_errors
from tests.support.private_servers import wait_until

PATIENCE = 60.0


@pytest.fixture
def connection(postgres_url: str) -> Iterator[Connection]:
    """A connection of a store with the usual options."""
    with open_store(postgres_url, name="signpost test") as store, store._read_connection() as opened:
        yield opened


def shown(connection: Connection, *names: str) -> list[str]:
    return [connection.execute(text(f"SHOW {name}")).scalar_one() for name in names]


def test_a_store_has_the_bounds_of_its_options(sqlite_url: str) -> None:
    with open_store(sqlite_url) as store:
        assert store._engine._options == EngineOptions()
    assert EngineOptions(statement_timeout_s=3).call_timeout_s == 4
    assert EngineOptions(statement_timeout_s=0).call_timeout_s is None


def test_postgresql_ends_a_statement_and_after_twice_as_long_an_idle_transaction(connection: Connection) -> None:
    assert shown(connection, "statement_timeout", "idle_in_transaction_session_timeout") == ["30s", "1min"]
    assert shown(connection, "application_name", "client_encoding") == ["signpost test", "UTF8"]


def test_a_server_that_is_gone_is_noticed_within_half_a_minute(connection: Connection) -> None:
    """On an idle connection by the answers that it owes, else by data that it does not acknowledge."""
    given = connection.connection.dbapi_connection.info.get_parameters()  # type: ignore[union-attr]
    idle, interval, count = (int(given[f"keepalives_{name}"]) for name in ("idle", "interval", "count"))
    assert idle + interval * count == 25
    assert (int(given["tcp_user_timeout"]), int(given["connect_timeout"])) == (30_000, 5)


def test_a_call_without_an_answer_ends_its_connection(postgres_url: str) -> None:
    engine = create_engine(parse_url(postgres_url))
    listen(engine, 0.2)
    with engine.connect() as opened:
        used = opened.connection.dbapi_connection
        with pytest.raises(StorageUnavailable, match=r"did not answer within 0\.2 s"), translate_errors():
            opened.execute(text("SELECT pg_sleep(3)"))
        assert isinstance(used, psycopg.Connection)
        assert used.closed
    with engine.connect() as opened:
        assert opened.execute(text("SELECT 1")).scalar_one() == 1
    engine.dispose()


def test_each_connection_to_postgresql_is_opened_with_a_limit_for_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    class Opened(Exception):
        """A connection would be open now."""

    def connect(*_: object, **names: object) -> None:
        raise Opened(names["host"])

    monkeypatch.setattr(DeadlineConnection, "connect", connect)
    with pytest.raises(Opened, match=r"db\.example"):
        make_engine(parse_url("postgresql://ann@db.example/signpost"), EngineOptions()).connect()


def test_the_connections_of_a_store_have_its_limit_for_calls_and_its_isolation(connection: Connection) -> None:
    used = connection.connection.dbapi_connection
    assert isinstance(used, DeadlineConnection)
    assert used.call_timeout_s == EngineOptions().call_timeout_s
    assert used.isolation_level == psycopg.IsolationLevel.READ_COMMITTED, "whatever the database prefers"


def test_bodies_are_sent_as_bytes(connection: Connection) -> None:
    """As text, a batch of 200 takes twenty times as long."""
    used = connection.connection.dbapi_connection
    assert isinstance(used, psycopg.Connection)
    assert used.adapters.get_dumper(list, PyFormat.AUTO) is ListBinaryDumper


def test_transactions_see_what_others_have_committed_whatever_the_database_prefers(empty_postgres_url: str) -> None:
    with psycopg.connect(empty_postgres_url.replace("+psycopg", ""), autocommit=True) as own:
        statement = f"ALTER DATABASE {own.info.dbname} SET default_transaction_isolation = 'serializable'"
        own.execute(statement.encode())
    with open_store(empty_postgres_url) as store, store._read_connection() as opened:
        assert shown(opened, "transaction_isolation") == ["read committed"]


def test_an_upgrade_takes_as_long_as_it_takes(empty_postgres_url: str) -> None:
    with schema._connection(empty_postgres_url) as opened:
        assert shown(opened, "statement_timeout", "idle_in_transaction_session_timeout") == ["0", "0"]
    assert schema.UPGRADE_LOCK.to_bytes(8) == b"SIGNPOST", "the same in all versions"


def end_connection(url: str) -> None:
    """End the connection of the store, as a server that restarts does."""
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as other:
        own = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database()"
        assert other.execute(f"{own} AND application_name = 'signpost test'".encode()).fetchall() == [(True,)]


def test_a_ping_notices_that_the_server_has_gone(postgres_url: str) -> None:
    with open_store(postgres_url, ping_first=False, name="signpost test") as store:
        store.ping()
        end_connection(postgres_url)
        with pytest.raises(StorageUnavailable):
            store.ping()


def test_a_connection_that_the_server_has_ended_is_replaced_before_its_next_use(postgres_url: str) -> None:
    with open_store(postgres_url, name="signpost test") as store:
        store.ping()
        end_connection(postgres_url)
        store.ping()


def test_a_store_that_is_closed_keeps_no_connection(postgres_url: str) -> None:
    with open_store(postgres_url, name="signpost test") as store, open_store(postgres_url) as other:
        store.ping()
        assert other.inspection.connections() == {"signpost test": 1}
        store.close()
        wait_until(lambda: other.inspection.connections() == {}, "the end of the connection")


def test_a_child_that_closes_its_store_closes_nothing_of_its_parent(postgres_url: str) -> None:
    with open_store(postgres_url, ping_first=False) as store:
        store.ping()
        if (child := os.fork()) == 0:
            store.close()
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        store.ping()


def test_an_engine_that_was_never_used_can_be_closed_and_one_that_was_is_used_again(sqlite_url: str) -> None:
    engine = LazyEngine(sqlite_url, EngineOptions())
    engine.close()
    assert engine.get() is engine.get()


def test_a_forked_child_keeps_the_engine_of_its_parent(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Garbage collection would close its connections, which SQLite forbids in a child."""
    engine = LazyEngine(sqlite_url, EngineOptions())
    inherited = weakref.ref(engine.get())
    monkeypatch.setattr(os, "getpid", lambda: -1)
    assert engine.get() is not inherited()
    gc.collect()
    assert inherited() is not None


def test_neither_an_error_nor_its_cause_shows_a_value(store: Store) -> None:
    insert = text("INSERT INTO cases (tenant) VALUES (:tenant)")
    with pytest.raises(StorageBug, match="NOT NULL") as caught, store._write_connection() as opened:
        opened.execute(insert, {"tenant": "Jane Doe"})
    assert "Jane" not in f"{caught.value} {caught.value.__cause__}"


def test_erased_data_leaves_the_file_and_its_log(sqlite_url: str, store: Store) -> None:
    folder = Path(sqlite_url.removeprefix("sqlite:///")).parent

    def holds(words: bytes) -> bool:
        return any(words in file.read_bytes() for file in folder.glob("signpost.db*"))

    with store.transaction() as transaction:
        transaction.lock_cases([("acme", "c-1")])
        transaction.save_cases([CaseRow("acme", "c-1", b'"Jane Doe"')])
    assert holds(b"Jane Doe")
    with store.transaction() as transaction:
        transaction.erase("acme", ["c-1"], 1, now=1)
    store.overwrite_deleted()
    assert not holds(b"Jane Doe")


@pytest.fixture
def held(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """A file of SQLite without a write-ahead log that another connection has locked."""
    with closing(sqlite3.connect(tmp_path / "held.db", isolation_level=None, check_same_thread=False)) as other:
        other.execute("CREATE TABLE one (i)")
        other.execute("BEGIN EXCLUSIVE")
        yield other


def test_a_file_that_another_connection_has_locked_gets_its_log_once_it_is_free(
    held: sqlite3.Connection, tmp_path: Path
) -> None:
    timer = threading.Timer(0.3, held.execute, ["ROLLBACK"])
    timer.start()
    url = f"sqlite:///{tmp_path}/held.db"
    with open_store(url, busy_timeout_s=0.01) as store, store._read_connection() as opened:
        assert opened.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
    timer.join(PATIENCE)


@pytest.mark.usefixtures("held")
def test_a_file_that_stays_locked_is_a_conflict_after_two_seconds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    with open_store(f"sqlite:///{tmp_path}/held.db", busy_timeout_s=0.001) as store, pytest.raises(StorageConflict):
        store.ping()
    assert sum(pauses) == pytest.approx(2, rel=0.1)


def test_a_new_file_has_a_log_and_loses_nothing_that_was_committed(sqlite_url: str) -> None:
    with closing(LazyEngine(sqlite_url, EngineOptions())) as engine, engine.get().connect() as opened:
        assert opened.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
        assert opened.exec_driver_sql("PRAGMA synchronous").scalar_one() == 2


def test_no_file_is_used_without_its_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even where the other connection ends right after the last attempt."""

    class Busy(sqlite3.Connection):
        def execute(self, statement: str, *_: object) -> sqlite3.Cursor:
            raise sqlite3.OperationalError(f"database is locked: {statement}")

    monkeypatch.setattr(time, "sleep", lambda _seconds: None)
    with (
        closing(sqlite3.connect(tmp_path / "a.db", factory=Busy)) as busy,
        pytest.raises(sqlite3.OperationalError, match="journal_mode"),
    ):
        _use_wal(busy)


def test_a_value_that_cannot_be_sent_is_refused_and_a_file_is_named_in_its_errors(tmp_path: Path) -> None:
    with open_store(f"sqlite:///{tmp_path}/a.db") as store, store._read_connection() as opened:
        for value in ("\ud800", 2**64):
            with pytest.raises(StorageRefused):
                opened.execute(text("SELECT :value"), {"value": value})
    with open_store(f"sqlite:///{tmp_path}/none/a.db") as store, pytest.raises(StorageUnavailable, match="none with a"):
        store.ping()


def test_sqlite_begins_no_transaction_by_itself(sqlite_url: str) -> None:
    engine = make_engine(parse_url(sqlite_url), EngineOptions())
    with engine.connect() as opened:
        used = opened.connection.dbapi_connection
        assert isinstance(used, sqlite3.Connection)
        assert used.isolation_level is None
    engine.dispose()


def test_a_copy_is_of_its_owner_and_replaces_no_file(sqlite_url: str, store: Store, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    back_up(sqlite_url, copy)
    assert copy.stat().st_mode & 0o777 == 0o600
    with open_store(f"sqlite:///{copy}") as copied:
        assert copied.inspection.revision() == store.inspection.revision()
    with pytest.raises(CallerError, match="exists"):
        back_up(sqlite_url, copy)
    assert copy.stat().st_size > 0


def test_a_copy_that_fails_leaves_no_file_and_makes_no_database(tmp_path: Path) -> None:
    missing, copy = tmp_path / "none.db", tmp_path / "copy.db"
    with pytest.raises(CallerError, match=re.escape(f"cannot copy {missing} to {copy}")):
        back_up(f"sqlite:///{missing}", copy)
    (tmp_path / "text.db").write_text("no database, but long enough to be read as the header of one" * 20)
    with pytest.raises(CallerError):
        back_up(f"sqlite:///{tmp_path}/text.db", copy)
    assert not missing.exists()
    assert not copy.exists()
