"""Transactions that need the same rows of PostgreSQL take them in one order, so that none of them meets a deadlock."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from sqlalchemy import select, text

from signpost.storage import Announcement, Attempt, EndpointRow, Item, Settled, Store, open_store, upgrade
from signpost.storage.endpoint_tables import endpoint_messages
from tests.support.private_servers import wait_until
from tests.support.receivers import NOW, change_of, endpoint, record

PATIENCE = 60.0
WAITING = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
FIRST, SECOND = endpoint("ep_1"), endpoint("ep_2")
QUEUED = ((SECOND, "r-1"), (FIRST, "r-2"), (FIRST, "r-1"))
"""In the order of their ids, which is neither that of the endpoints nor that of the items."""


@pytest.fixture
def store(postgres_url: str) -> Iterator[Store]:
    """A store with two endpoints."""
    upgrade(postgres_url)
    with open_store(postgres_url) as opened:
        for one in (SECOND, FIRST):
            assert opened.endpoints.add(one, 5)
        yield opened


def queue(store: Store, to: EndpointRow, item: str) -> None:
    message = Announcement("acme", f"c-{item}", "", f"{item}.1", NOW, b"{}")
    store.outgoing.queue(to, message, Item(item, 1, False), NOW)


def claim(store: Store) -> list[Settled]:
    """What waits, and that it was delivered."""
    claimed = store.outgoing.claim(NOW, NOW + 1, 9, 9)
    return [Settled(Attempt(one.message, NOW, 1, "delivered", reached=True)) for one in claimed]


def waiting(store: Store) -> int:
    """How many transactions wait for a lock."""
    with store._read_connection() as connection:
        return int(connection.execute(WAITING).scalar_one())


def run_together(store: Store, held: int, *work: Callable[[], object]) -> None:
    """Begin each when the one before it waits for a lock, while the row of a message is locked; then unlock the row."""
    mine = select(endpoint_messages.c.id).order_by(endpoint_messages.c.id).offset(held).limit(1)
    others: list[Future[object]] = []
    with ThreadPoolExecutor(len(work)) as pool:
        with store._write_connection() as holder:
            assert holder.execute(mine.with_for_update()).scalar_one()
            for each in work:
                others.append(pool.submit(each))
                wait_until(lambda: waiting(store) == len(others), "a transaction waits for a lock")
        for other in others:
            other.result(PATIENCE)


@pytest.mark.parametrize("held", range(len(QUEUED)))
@pytest.mark.parametrize("is_settled_first", [True, False])
def test_results_and_later_states_lock_messages_in_one_order(store: Store, held: int, is_settled_first: bool) -> None:
    for to, item in QUEUED:
        queue(store, to, item)
    settled = claim(store)
    assert len(settled) == len(QUEUED)
    record(store, *(change_of(item, 2, "updated", f"c-{item}") for item in ("r-2", "r-1")))
    work = [
        lambda: store.outgoing.settle(settled),
        lambda: store.outgoing.spread("acme", 9, NOW, lambda _endpoint, row: Item(row.message_id[:3], 2, False)),
    ]
    run_together(store, held, *(work if is_settled_first else reversed(work)))
    assert len(store.endpoints.attempts("acme", "ep_1")) == 2
    assert len(claim(store)) == 4


def test_a_result_and_who_enables_its_endpoint_lock_the_endpoint_first(store: Store) -> None:
    queue(store, FIRST, "r-1")
    settled = claim(store)
    run_together(store, 0, lambda: store.outgoing.settle(settled), lambda: store.endpoints.enable("acme", "ep_1", NOW))
    assert len(store.endpoints.attempts("acme", "ep_1")) == 1
