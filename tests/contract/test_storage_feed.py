"""The feed keeps its place when the database is upgraded, dumped and restored, copied, or erased from."""

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from alembic import command
from sqlalchemy import select, text
from sqlalchemy.engine import make_url

from signpost.storage import BadCursor, Change, StaleCursor, Store, open_store, upgrade
from signpost.storage.cursor import encode_cursor
from signpost.storage.schema import _config, _connection
from signpost.storage.tables import feed
from tests.support.databases import migrate
from tests.support.private_servers import PrivatePostgreSQL

NOW = 1_772_460_000_000_000
WORDS = ("raised", "active", "candidate", "a-rule", "offer/acme", "high")


@pytest.fixture(params=["postgresql", "sqlite"])
def url(request: pytest.FixtureRequest) -> str:
    """An empty database of each kind."""
    url: str = request.getfixturevalue("empty_postgres_url" if request.param == "postgresql" else "sqlite_url")
    return url


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """A store on it, upgraded."""
    migrate(url)
    with open_store(url) as store:
        yield store


def change(sequence: int, key: str = "c-1") -> Change:
    """A change of a recommendation of its own."""
    return Change("acme", key, f"r-{sequence}", sequence, *WORDS, NOW, b"{}", "acme.candidate.offers.high.raised")


def append(store: Store, *changes: Change) -> None:
    """Record changes in one transaction."""
    with store.transaction() as transaction:
        transaction.record(list(changes), now=NOW, leased_until=0)


def numbers(store: Store, after: str | None = None) -> list[int]:
    """The sequences of all changes after a cursor."""
    return [row.sequence for row in store.feed("acme", after)[0]]


def libpq(url: str) -> str:
    """The same database for libpq."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def copy(url: str, tmp_path: Path, name: str) -> str:
    """Copy a database as it is now, like a backup. Return the URL of the copy."""
    made = make_url(url)
    if made.get_backend_name() == "sqlite":
        shutil.copyfile(str(made.database), tmp_path / name)
        return f"sqlite:///{tmp_path / name}"
    database = f"{made.database}_{name}"
    with psycopg.connect(libpq(url).replace(f"/{made.database}", "/postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {database} TEMPLATE {made.database}".encode())
    return made.set(database=database).render_as_string(hide_password=False)


@pytest.fixture
def backup(url: str, store: Store, tmp_path: Path) -> Iterator[str]:
    """A backup of the database after three changes."""
    append(store, change(1))
    append(store, change(2), change(3))
    store.close()
    made = copy(url, tmp_path, "backup")
    yield made
    if not made.startswith("sqlite"):
        with psycopg.connect(libpq(url), autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {make_url(made).database} WITH (FORCE)".encode())


def test_a_transaction_of_another_database_does_not_hold_up_the_feed(postgres_server: str, postgres_url: str) -> None:
    upgrade(postgres_url)
    with psycopg.connect(postgres_server) as other, open_store(postgres_url) as store:
        other.execute("SELECT pg_current_xact_id()")
        append(store, change(1))
        assert numbers(store) == [1]


def test_a_feed_restored_into_another_cluster_is_there_and_goes_on(
    postgres_url: str, private_postgres: PrivatePostgreSQL
) -> None:
    upgrade(postgres_url)
    with psycopg.connect(libpq(postgres_url), autocommit=True) as connection:
        for _ in range(3000):
            connection.execute("SELECT pg_current_xact_id()")
    with open_store(postgres_url) as store:
        append(store, change(1), change(2))
        append(store, change(3))
        rows, last = store.feed("acme")
    dump = subprocess.run(["pg_dump", "--no-owner", libpq(postgres_url)], capture_output=True, check=True, timeout=120)
    restored = private_postgres.url("restored")
    subprocess.run(["psql", "-q", "-c", "CREATE DATABASE restored", private_postgres.url()], check=True, timeout=60)
    subprocess.run(
        ["psql", "-q", "-v", "ON_ERROR_STOP=1", restored], input=dump.stdout, stdout=subprocess.DEVNULL, check=True,
        timeout=120,
    )  # fmt: skip
    with open_store(restored) as store:
        assert numbers(store) == [1, 2, 3]
        append(store, change(4))
        assert numbers(store, last) == [4]
        assert numbers(store, rows[0].cursor) == [2, 3, 4]


def test_a_cursor_that_a_backup_has_is_valid_in_what_is_restored_from_it(store: Store, backup: str) -> None:
    cursor = store.feed("acme")[0][1].cursor
    with open_store(backup) as restored:
        append(restored, change(40))
        assert numbers(restored, cursor) == [3, 40]


@pytest.mark.parametrize("later", [0, 1, 30])
def test_a_cursor_of_changes_that_a_backup_lacks_is_refused(store: Store, backup: str, later: int) -> None:
    for sequence in range(4, 10):
        append(store, change(sequence))
    lost = [row.cursor for row in store.feed("acme")[0][3:]]
    with open_store(backup) as restored:
        for sequence in range(later):
            append(restored, change(100 + sequence))
        for cursor in lost:
            with pytest.raises(StaleCursor, match="start from the beginning"):
                restored.feed("acme", cursor)
        assert len(numbers(restored)) == 3 + later


def test_a_cursor_at_an_erased_change_stays_valid(store: Store) -> None:
    append(store, change(1), change(2, "c-2"))
    append(store, change(3, "c-2"))
    _, cursor = store.feed("acme")
    for _ in range(2):
        with store.transaction() as transaction:
            transaction.erase("acme", ["c-2"], NOW, now=NOW)
    assert numbers(store) == [1]
    append(store, change(4))
    assert numbers(store, cursor) == [4]


def test_a_cursor_at_a_change_of_a_later_erasure_stays_valid_too(store: Store) -> None:
    append(store, change(1))
    append(store, change(2, "c-2"))
    append(store, change(3, "c-3"))
    _, cursor = store.feed("acme")
    for key in ("c-2", "c-3"):
        with store.transaction() as transaction:
            transaction.erase("acme", [key], NOW, now=NOW)
    append(store, change(4))
    assert numbers(store, cursor) == [4]


def test_a_cursor_of_another_tenant_is_refused(store: Store) -> None:
    append(store, change(1), replace(change(1), tenant="other"))
    with pytest.raises(BadCursor):
        store.feed("other", store.feed("acme")[1])


def test_cursors_of_earlier_versions_stay_valid_after_the_upgrade(url: str) -> None:
    """PostgreSQL has the ids of transactions in them, whose order is not that of the rows; SQLite has 0."""
    with _connection(url) as connection:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0012")
        old = [(0, 1), (0, 2), (0, 3)] if url.startswith("sqlite") else [(900_000_000_007, 1), (900_000_000_005, 2)]
        columns = (
            "xid",
            "id",
            "tenant",
            "case_key",
            "recommendation_id",
            "sequence",
            "change",
            "audience",
            "at",
            "body",
        )
        values = ", ".join(f":{name}" for name in columns)
        statement = text(f"INSERT INTO feed ({', '.join(columns)}) VALUES ({values})")
        for position, id in old:
            row = (position, id, "acme", "c-1", f"r-{id}", id, "raised", "candidate", NOW, b"{}")
            connection.execute(statement, dict(zip(columns, row, strict=True)))
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT setval('feed_id_seq', 10)"))
    upgrade(url)
    in_order = sorted(old)
    with open_store(url) as store:
        append(store, change(77))
        assert numbers(store) == [*(id for _, id in in_order), 77]
        for index, (position, id) in enumerate(in_order, 1):
            assert numbers(store, encode_cursor(position, id)) == [*(other for _, other in in_order[index:]), 77]


def test_positions_of_two_histories_differ(store: Store) -> None:
    append(store, change(1))
    append(store, change(2))
    with store._read_connection() as connection:
        first, second = connection.scalars(select(feed.c.position).order_by(feed.c.id))
    assert 0 < first < second
