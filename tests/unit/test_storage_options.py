"""What a database is asked once, when a store opens or is upgraded: its options, its revision, and its connections."""

from collections.abc import Callable
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, event, text

from signpost.storage import (
    CaseRow,
    StorageMisconfigured,
    Store,
    head_revision,
    is_current,
    known_revisions,
    open_store,
    require_tables,
    revision,
    schema,
    upgrade,
)
from signpost.storage.engines import make_engine
from signpost.storage.options import is_set, set_option
from signpost.storage.tables import metadata

NOW = 1_772_460_000_000_000
ADVICE = b'{"text":"' + b"the same again and again " * 20 + b'"}'


def takes(store: Store, key: str) -> int:
    """The bytes that the advice of a new case takes."""
    with store.transaction() as transaction:
        transaction.lock_cases([("acme", key)])
        transaction.save_cases([CaseRow("acme", key, advice=ADVICE)])
        query = text("SELECT length(advice) FROM cases WHERE key = :key")
        return int(transaction._connection.execute(query, {"key": key}).scalar_one())


def options(store: Store) -> list[str]:
    with store._read_connection() as connection:
        return sorted(connection.scalars(text("SELECT name FROM options")))


def test_stores_that_open_after_compression_was_started_compress(sqlite_url: str, store: Store) -> None:
    with store._write_connection() as connection:
        connection.execute(text("DELETE FROM options"))
    assert takes(store, "c-1") == len(ADVICE)
    assert [store.options.start_compression(NOW) for _ in range(2)] == [True, False]
    assert takes(store, "c-2") == len(ADVICE), "who runs goes on as it began"
    with open_store(sqlite_url) as after:
        assert takes(after, "c-3") < len(ADVICE) / 3
        assert [row.advice for row in after.cases("acme")] == [ADVICE] * 3


def test_one_option_says_nothing_of_another(store: Store) -> None:
    with store._write_connection() as connection:
        assert is_set(connection, "compression")
        assert not is_set(connection, "other")
        assert [set_option(connection, "other", NOW) for _ in range(2)] == [True, False]
        assert is_set(connection, "other")


def make_tables(config: Config, _revision: str) -> None:
    """Make the tables as they are now, without the steps to them."""
    metadata.create_all(config.attributes["connection"])


def test_only_a_database_without_tables_compresses_from_its_upgrade_on(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "upgrade", make_tables)
    upgrade(sqlite_url)
    with open_store(sqlite_url) as new:
        assert options(new) == ["compression"]
        with new._write_connection() as connection:
            connection.execute(text("DELETE FROM options"))
            connection.execute(text("CREATE TABLE alembic_version (version_num TEXT)"))
            connection.execute(text("INSERT INTO alembic_version VALUES ('0001')"))
        upgrade(sqlite_url)
        assert options(new) == []


@pytest.mark.parametrize("work", [upgrade, revision, is_current])
def test_who_upgrades_a_database_or_looks_at_it_keeps_no_connection(
    store: Store, sqlite_url: str, monkeypatch: pytest.MonkeyPatch, work: Callable[[str], object]
) -> None:
    """Else nobody could drop it, or replace the file."""
    found: list[str] = []

    def make_watched(*how: Any) -> Engine:
        engine = make_engine(*how)
        for name in ("connect", "close"):
            event.listen(engine, name, lambda *_, name=name: found.append(name))
        return engine

    monkeypatch.setattr(schema, "make_engine", make_watched)
    work(sqlite_url)
    assert found == ["connect", "close"]


def test_who_leaves_a_store_closes_its_connections(sqlite_url: str) -> None:
    closed: list[object] = []
    with open_store(sqlite_url) as store:
        store.ping()
        event.listen(store._engine.get(), "close", lambda *what: closed.append(what))
        assert closed == []
    assert len(closed) == 1


def test_a_revision_that_may_not_be_read_stops_nobody(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the user of the database lacks shows when it is used."""

    def refuse() -> None:
        raise StorageMisconfigured("permission denied for table alembic_version")

    monkeypatch.setattr(store.inspection, "revision", refuse)
    assert require_tables(store) == ""


def test_every_revision_up_to_the_newest_is_known() -> None:
    newest = int(head_revision())
    assert known_revisions() == {f"{number:04}" for number in range(1, newest + 1)}
