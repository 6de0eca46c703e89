"""What a look at a database shows, on both: its server, its revision, missing rights, and what there is since when."""

import sqlite3
import time
from collections.abc import Iterator

import pytest
from sqlalchemy import event, text

from signpost.storage import CaseRow, DeliveryRow, Right, ServerRow, Store, Usage, head_revision, inspection, open_store
from tests.support.databases import migrate
from tests.support.receivers import NOW, change_of, record


def opened(request: pytest.FixtureRequest, fixture: str) -> Iterator[Store]:
    url = request.getfixturevalue(fixture)
    migrate(url)
    with open_store(url, name="signpost test") as store:
        yield store


@pytest.fixture(params=["postgres_url", "sqlite_url"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    """A store of each kind."""
    yield from opened(request, request.param)


@pytest.fixture
def postgres(request: pytest.FixtureRequest) -> Iterator[Store]:
    yield from opened(request, "postgres_url")


@pytest.fixture
def sqlite(request: pytest.FixtureRequest) -> Iterator[Store]:
    yield from opened(request, "sqlite_url")


def delivery(number: int, status: str) -> DeliveryRow:
    rest = (b"[]", b"[]", 2, b"{}", b"{}", None)
    return DeliveryRow(f"d-{number}", "acme", "s", NOW + number, status, *rest, verified=True)


def test_sqlite_has_a_version_and_neither_users_nor_connections(sqlite: Store) -> None:
    assert sqlite.inspection.server() == ServerRow("SQLite", sqlite3.sqlite_version, "", None)
    assert sqlite.inspection.connections() == {}
    assert sqlite.inspection.missing_rights([Right("cases", "SELECT")]) == []


def test_postgresql_names_itself_its_user_its_time_and_our_connections(postgres: Store) -> None:
    product, version, user, clock = postgres.inspection.server()
    assert (product, version[0].isdigit(), user) == ("PostgreSQL", True, postgres._engine.url.username)
    assert clock is not None
    assert abs(clock / 1_000_000 - time.time()) < 60
    assert postgres.inspection.connections() == {"signpost test": 1}


def test_rights_that_a_user_lacks_are_named_in_order(postgres: Store) -> None:
    wanted = [
        *(Right("outbox", "UPDATE", "leased_until"), Right("cases", "SELECT"), Right("cases", "DELETE")),
        Right("no_such_table", "SELECT"),
    ]
    assert postgres.inspection.missing_rights(wanted) == []
    event.listen(postgres._engine.get(), "checkout", as_nobody)
    assert postgres.inspection.missing_rights(wanted) == sorted(wanted[:3])
    assert postgres.inspection.missing_rights([]) == []


def as_nobody(connection: object, *_: object) -> None:
    """Go on as a user of every server, who has no right on a table."""
    connection.execute("SET ROLE pg_signal_backend")  # type: ignore[attr-defined]


def test_the_revision_is_that_of_the_tables(store: Store) -> None:
    assert store.inspection.revision() == head_revision()
    with store._write_connection() as connection:
        connection.execute(text("DELETE FROM alembic_version"))
    try:
        assert store.inspection.revision() is None
    finally:
        with store._write_connection() as connection:
            connection.execute(text("INSERT INTO alembic_version VALUES (:head)"), {"head": head_revision()})


def test_a_database_without_tables_has_no_revision(sqlite_url: str) -> None:
    with open_store(sqlite_url) as empty:
        assert empty.inspection.revision() is None


def test_the_number_of_cases_is_the_last_that_was_measured(store: Store) -> None:
    assert store.inspection.cases() is None
    store.usage.replace({tenant: Usage(number, 1, 0, 0, NOW) for tenant, number in (("acme", 2), ("globex", 3))})
    assert store.inspection.cases() == 5


def test_what_there_is_since_an_instant_is_counted_up_to_a_limit(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [CaseRow("acme", f"c-{number}", b"{}", updated=NOW + number) for number in range(5)]
    rows.append(CaseRow("acme", "merged", b"{}", updated=NOW + 9, merged_into="c-1"))
    with store.transaction() as transaction:
        transaction.lock_cases([(row.tenant, row.key) for row in rows])
        transaction.save_cases(rows)
    for number in range(3):
        store.deliveries.add(delivery(number, "accepted"), [])
    record(store, change_of("r-1", 1, "raised"), change_of("r-2", 1, "raised"))
    since = store.inspection.since
    assert since([NOW, NOW + 1, NOW + 5]) == {"cases": [5, 4, 0], "webhooks": [3, 2, 0], "advice": [2, 0, 0]}
    monkeypatch.setattr(inspection, "LATEST", 1)
    assert since([NOW]) == {"cases": [1], "webhooks": [1], "advice": [1]}


def test_webhooks_without_effect_are_those_that_a_mistake_stopped(store: Store) -> None:
    for number, status in enumerate(("unsigned", "accepted", "refused", "ignored", "unavailable")):
        store.deliveries.add(delivery(number, status), [])
    assert [one.status for one in store.inspection.refused(9)] == ["unavailable", "refused", "unsigned"]
    assert [one.received_at - NOW for one in store.inspection.refused(2)] == [4, 2]
