"""Migrations and tables agree, upgrades are repeatable, and a database that is behind says so."""

import itertools
from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, inspect, text

from signpost.storage import (
    BadDatabaseUrl,
    StorageUnavailable,
    Store,
    head_revision,
    is_current,
    open_store,
    revision,
    upgrade,
)
from signpost.storage.engines import parse_url
from signpost.storage.schema import UPGRADE_LOCK
from signpost.storage.tables import metadata
from tests.support.private_servers import wait_until


@pytest.fixture(params=["postgresql", "sqlite"])
def url(request: pytest.FixtureRequest) -> str:
    """An empty database of each kind."""
    url: str = request.getfixturevalue("empty_postgres_url" if request.param == "postgresql" else "sqlite_url")
    return url


def test_upgrading_from_nothing_and_again(url: str) -> None:
    assert revision(url) is None
    assert not is_current(url)
    upgrade(url)
    assert revision(url) == head_revision()
    assert is_current(url)
    upgrade(url)
    assert is_current(url)


def test_several_processes_may_upgrade_at_once(url: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(upgrade, itertools.repeat(url, 4)))
    assert is_current(url)


def test_an_upgrade_waits_for_another_one_that_has_not_committed(empty_postgres_url: str) -> None:
    """As two processes that run the same revision would both create its tables, and one would fail."""
    engine = create_engine(parse_url(empty_postgres_url))
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'advisory'"
    )

    def is_waiting() -> bool:
        with engine.begin() as observer:
            return bool(observer.execute(waiting).scalar_one())

    with ThreadPoolExecutor(1) as pool:
        with engine.begin() as other:
            other.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": UPGRADE_LOCK})
            upgraded = pool.submit(upgrade, empty_postgres_url)
            wait_until(lambda: upgraded.done() or is_waiting(), "the end, or a wait for it")
            assert not upgraded.done()
            assert not inspect(other).get_table_names()
        upgraded.result(60)
    engine.dispose()
    assert is_current(empty_postgres_url)


def test_an_upgrade_of_postgresql_runs_under_the_lock_of_all_versions(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[tuple[int, int]] = []
    # Of this connection alone: other tests use the same server
    own = "locktype = 'advisory' AND pid = pg_backend_pid()"
    locks = text(f"SELECT classid::bigint, objid::bigint FROM pg_locks WHERE {own}")

    def note(config: Config, _revision: str) -> None:
        held.extend((found[0], found[1]) for found in config.attributes["connection"].execute(locks))

    monkeypatch.setattr(command, "upgrade", note)
    upgrade(postgres_url)
    assert held == [divmod(UPGRADE_LOCK, 2**32)]


def test_a_new_database_compresses_and_an_old_one_goes_on_as_it_is(url: str) -> None:
    upgrade(url)
    with open_store(url) as store:
        assert options(store) == {"compression": 0}
        with store._write_connection() as connection:
            connection.execute(text("DELETE FROM options"))
    upgrade(url)
    with open_store(url) as store:
        assert options(store) == {}


def options(store: Store) -> dict[str, int]:
    with store._read_connection() as connection:
        return {row[0]: row[1] for row in connection.execute(text("SELECT * FROM options"))}


def test_the_migrations_make_the_tables_that_the_code_uses(url: str) -> None:
    upgrade(url)
    engine = create_engine(parse_url(url))
    with engine.connect() as connection:
        assert set(metadata.tables) < set(inspect(connection).get_table_names())
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def test_the_index_of_due_cases_is_partial(url: str) -> None:
    upgrade(url)
    engine = create_engine(parse_url(url))
    indexes = {index["name"]: index for index in inspect(engine).get_indexes("cases")}
    engine.dispose()
    assert any(name.endswith("_where") for name in indexes["cases_due"]["dialect_options"])


def test_a_database_that_was_never_upgraded_says_what_to_do(url: str) -> None:
    with open_store(url) as store, pytest.raises(StorageUnavailable, match="signpost db upgrade"):
        store.case("acme", "c-1")


@pytest.mark.parametrize("prefix", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_spelling_of_postgresql_means_psycopg_3(prefix: str) -> None:
    assert parse_url(f"{prefix}://user@host/name").drivername == "postgresql+psycopg"


@pytest.mark.parametrize("prefix", ["sqlite", "sqlite+pysqlite"])
def test_every_spelling_of_sqlite_means_the_driver_of_python(prefix: str) -> None:
    assert parse_url(f"{prefix}:///file.db").drivername == "sqlite+pysqlite"


@pytest.mark.parametrize("url", ["", "nonsense", "mysql://u:secret@h/d", "sqlite://", "sqlite:///:memory:", "postgres"])
def test_other_urls_are_refused_without_repeating_their_secrets(url: str) -> None:
    with pytest.raises(BadDatabaseUrl) as refused:
        open_store(url)
    assert "secret" not in str(refused.value)
