"""No call to PostgreSQL waits without end: on a frozen server, and on a network that swallows requests or answers."""

import time

import pytest

from signpost.storage import StorageUnavailable, Store, open_store, upgrade
from tests.support.databases import migrate
from tests.support.private_servers import PrivatePostgreSQL
from tests.support.proxy import Mode, Proxy

STATEMENT_S, CONNECT_S = 1.0, 2
LATEST_S = 30.0
"""1 for the statement, 1 for the margin, 2 to connect again, and the rest for a busy machine."""


def hasty(url: str) -> Store:
    return open_store(url, statement_timeout_s=STATEMENT_S, connect_timeout_s=CONNECT_S, pool_size=1)


def fails_in_time(store: Store) -> None:
    """Every use fails, and soon: on a connection that was open, and when it connects again."""
    for _ in range(2):
        begun = time.monotonic()
        with pytest.raises(StorageUnavailable):
            store.ping()
        assert time.monotonic() - begun < LATEST_S


def test_a_frozen_server(private_postgres: PrivatePostgreSQL) -> None:
    with hasty(private_postgres.url()) as store:
        store.ping()
        with private_postgres.frozen():
            fails_in_time(store)
        store.ping()


def test_a_server_that_freezes_inside_a_transaction(private_postgres: PrivatePostgreSQL) -> None:
    def work() -> None:
        with store.transaction() as transaction:
            transaction.rulebooks()
            with private_postgres.frozen():
                transaction.rulebooks()

    upgrade(private_postgres.url())
    with hasty(private_postgres.url()) as store:
        begun = time.monotonic()
        with pytest.raises(StorageUnavailable, match="did not answer within 2 s"):
            work()
        assert time.monotonic() - begun < LATEST_S
        assert store.rulebooks() == {}, "the connection is replaced"


@pytest.mark.parametrize("mode", [Mode.BLACK_HOLE, Mode.DEAF])
def test_a_network_that_swallows(private_postgres: PrivatePostgreSQL, mode: Mode) -> None:
    with (
        Proxy("127.0.0.1", private_postgres.port) as proxy,
        hasty(f"postgresql://postgres@127.0.0.1:{proxy.port}/postgres") as store,
    ):
        store.ping()
        proxy.become(mode)
        fails_in_time(store)
        proxy.wait_for("swallowed" if mode is Mode.BLACK_HOLE else "answers_swallowed", 1)
        proxy.become(Mode.PASS)
        store.ping()


def test_a_statement_that_waits_for_a_lock_is_ended_by_the_server(private_postgres: PrivatePostgreSQL) -> None:
    upgrade(private_postgres.url())
    with open_store(private_postgres.url()) as first, hasty(private_postgres.url()) as second:
        with first.transaction() as transaction:
            transaction.lock_cases([("acme", "c-1")])
            with pytest.raises(StorageUnavailable, match="statement timeout"), second.transaction() as other:
                other.lock_cases([("acme", "c-1")])
        second.ping()


def test_a_suspended_store_refuses_at_once_and_serves_again(sqlite_url: str) -> None:
    migrate(sqlite_url)
    with open_store(sqlite_url) as store:
        store.suspend("the check failed")
        with pytest.raises(StorageUnavailable, match="the check failed"):
            store.ping()
        with pytest.raises(StorageUnavailable, match="the check failed"), store.transaction():
            pass
        store.suspend(None)
        store.ping()
