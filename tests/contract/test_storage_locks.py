"""Transactions that need the same rows of PostgreSQL take them in one order, so that none of them meets a deadlock."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import Connection, select, text

from signpost.outgoing.desk import EndpointDesk
from signpost.outgoing.items import item_of
from signpost.storage import Announcement, Attempt, EndpointRow, Item, Settled, Store, open_store, upgrade
from signpost.storage.endpoint_tables import endpoint_messages, endpoints
from tests.support.private_servers import wait_until
from tests.support.receivers import NOW, change_of, endpoint, record, record_agenda

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


def queue(store: Store, to: EndpointRow, item: str, *, ends: bool = False) -> None:
    message = Announcement("acme", f"c-{item}", "", f"{item}.1", NOW, b"{}")
    store.outgoing.queue(to, message, Item(item, 1, ends), NOW)


def claim(store: Store) -> list[Settled]:
    """What waits, and that it was delivered."""
    claimed = store.outgoing.claim(NOW, NOW + 1, 9, 9)
    attempts = (Attempt(one.message, NOW, 1, "delivered", reached=True) for one in claimed)
    return [Settled(one, keep_body=True) for one in attempts]


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
        lambda: hand_out(store),
    ]
    run_together(store, held, *(work if is_settled_first else reversed(work)))
    assert len(store.endpoints.attempts("acme", "ep_1")) == 2
    assert len(claim(store)) == 4


def test_a_result_and_who_enables_its_endpoint_lock_the_endpoint_first(store: Store) -> None:
    queue(store, FIRST, "r-1")
    settled = claim(store)
    run_together(store, 0, lambda: store.outgoing.settle(settled), lambda: store.endpoints.enable("acme", "ep_1", NOW))
    assert len(store.endpoints.attempts("acme", "ep_1")) == 1


def test_who_enables_an_endpoint_and_who_hands_out_its_messages_lock_them_in_one_order(store: Store) -> None:
    for to, item in QUEUED:
        queue(store, to, item)
    record(store, *(change_of(item, 2, "updated", f"c-{item}") for item in ("r-2", "r-1")))
    run_together(store, 1, lambda: hand_out(store), lambda: store.endpoints.enable("acme", "ep_1", NOW))
    assert len(claim(store)) == 4


CHANGES: dict[str, Callable[[Store], object]] = {
    "a clock that was ahead": lambda store: store.outgoing.correct(NOW, NOW - 9, NOW - 9),
    "the end of what waits too long": lambda store: store.outgoing.prune(0, NOW + 1, 9),
    "an endpoint that is removed": lambda store: store.endpoints.remove("acme", "ep_1"),
}
"""What changes many messages at once."""


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("held", [1, 2])
@pytest.mark.parametrize("is_first", [True, False])
def test_what_changes_many_messages_locks_them_in_the_order_in_which_they_are_handed_out(
    store: Store, change: str, held: int, is_first: bool
) -> None:
    for to, item in QUEUED:
        queue(store, to, item, ends=True)
    record(store, *(change_of(item, 2, "updated", f"c-{item}") for item in ("r-2", "r-1")))
    work = [lambda: CHANGES[change](store), lambda: hand_out(store)]
    run_together(store, held, *(work if is_first else reversed(work)))


CHANGES_OF_SENT: dict[str, Callable[[Store], object]] = {
    "an erasure": lambda store: erase(store, "c-r-1", "c-r-2"),
    "a clock that was ahead": lambda store: store.outgoing.correct(NOW, NOW, NOW + 9),
}
"""The same for messages that are on their way."""


@pytest.mark.parametrize("change", CHANGES_OF_SENT)
@pytest.mark.parametrize("held", [1, 2])
@pytest.mark.parametrize("is_first", [True, False])
def test_what_changes_messages_on_their_way_locks_them_in_the_order_in_which_they_are_settled(
    store: Store, change: str, held: int, is_first: bool
) -> None:
    for to, item in QUEUED:
        queue(store, to, item)
    settled = claim(store)
    work = [lambda: CHANGES_OF_SENT[change](store), lambda: store.outgoing.settle(settled)]
    run_together(store, held, *(work if is_first else reversed(work)))
    assert claim(store) == []


@pytest.fixture
def hasty(postgres_url: str, store: Store) -> Iterator[Store]:
    """The same database for one who waits for no lock for long."""
    with open_store(postgres_url, statement_timeout_s=2) as opened:
        yield opened


def named(one: Settled) -> tuple[str, str]:
    """Endpoint and item."""
    return one.attempt.message.endpoint, one.attempt.message.item


def lock(connection: Connection, item: str, to: EndpointRow = FIRST) -> None:
    """Lock the messages of an item, as somebody else."""
    row = endpoint_messages.c
    mine = select(row.id).where(row.endpoint == to.id, row.item == item).with_for_update()
    assert connection.execute(mine).all()


def test_a_result_waits_for_no_message_of_another_item_or_endpoint(store: Store, hasty: Store) -> None:
    for to, item in QUEUED:
        queue(store, to, item)
    [mine] = [[one] for one in claim(store) if named(one) == ("ep_1", "r-1")]
    with store._write_connection() as holder:
        lock(holder, "r-2")
        lock(holder, "r-1", SECOND)
        hasty.outgoing.settle(mine)
        hasty.outgoing.settle([])
    assert len(store.endpoints.attempts("acme", "ep_1")) == 1


def test_what_is_handed_out_waits_for_no_message_of_another_item_or_endpoint(store: Store, hasty: Store) -> None:
    for item in ("r-1", "r-2"):
        queue(store, FIRST, item)
    record(store, change_of("r-1", 2, "updated", "c-r-1"))
    with store._write_connection() as holder:
        lock(holder, "r-2")
        assert hand_out(hasty) == 1
    assert {one.attempt.message.message_id for one in claim(store)} == {"r-1.2", "r-2.1"}


def test_who_claims_leaves_what_somebody_else_has_locked_and_takes_the_rest(store: Store, hasty: Store) -> None:
    for to, item in QUEUED:
        queue(store, to, item)
    with store._write_connection() as holder:
        lock(holder, "r-2")
        assert sorted(named(one) for one in claim(hasty)) == [("ep_1", "r-1"), ("ep_2", "r-1")]
    with store._write_connection() as holder:
        holder.execute(select(endpoints.c.id).where(endpoints.c.id == "ep_1").with_for_update())
        assert claim(hasty) == []
    assert [named(one) for one in claim(store)] == [("ep_1", "r-2")]


def test_who_claims_leaves_what_is_overtaken_to_who_has_locked_it(store: Store, hasty: Store) -> None:
    queue(store, FIRST, "r-1")
    assert len(claim(store)) == 1
    record(store, change_of("r-1", 2, "updated", "c-r-1"))
    hand_out(store)
    queue(store, FIRST, "r-2")
    later = NOW + 2
    with store._write_connection() as holder:
        lock(holder, "r-1")
        claimed = hasty.outgoing.claim(later, later + 1, 9, 9)
        assert [one.message.item for one in claimed if one.endpoint.id == "ep_1"] == ["r-2"]
    assert [one.message.message_id for one in store.outgoing.claim(later, later + 1, 9, 9)] == ["r-1.2"]


def test_a_result_locks_all_that_its_recovering_endpoint_waits_for(store: Store) -> None:
    for to, item in ((FIRST, "r-1"), (FIRST, "r-2")):
        queue(store, to, item)
    settled = [replace(one, recovers=True) for one in claim(store)[1:]]
    record(store, *(change_of(item, 2, "updated", f"c-{item}") for item in ("r-1", "r-2")))
    run_together(store, 0, lambda: hand_out(store), lambda: store.outgoing.settle(settled))
    assert len(store.endpoints.attempts("acme", "ep_1")) == 1


def test_an_erasure_waits_for_messages_that_are_handed_out_and_deletes_them(store: Store) -> None:
    record(store, change_of("r-1", 1, "raised"))
    erasures: list[Future[None]] = []
    with ThreadPoolExecutor(1) as pool:

        def choose(_endpoint: EndpointRow, _row: Announcement) -> Item:
            if not erasures:
                erasures.append(pool.submit(erase, store))
                wait_until(lambda: erasures[0].done() or waiting(store) == 1, "the erasure has ended or waits")
            return Item("r-1", 1, False)

        assert store.outgoing.spread("acme", 9, NOW, choose) == 1
        erasures[0].result(PATIENCE)
    assert claim(store) == []


@pytest.mark.parametrize("read", ["active", "known"])
def test_a_replay_that_an_erasure_overtakes_sends_nothing(
    store: Store, monkeypatch: pytest.MonkeyPatch, read: str
) -> None:
    record(store, change_of("r-1", 1, "raised"))
    record_agenda(store, 1, ["call"])
    hand_out(store)
    store.outgoing.settle(claim(store))
    owner = store.outgoing if read == "known" else store.endpoints
    found = getattr(owner, read)

    def read_then_erase(*what: object) -> list[object]:
        rows = list(found(*what))
        assert rows
        erase(store)
        return rows

    monkeypatch.setattr(owner, read, read_then_erase)
    assert EndpointDesk(store, "acme", [], bytes).replay("ep_1", NOW) == (0 if read == "known" else 1)
    monkeypatch.undo()
    assert claim(store) == []


def hand_out(store: Store) -> int:
    return store.outgoing.spread("acme", 9, NOW, lambda _endpoint, row: item_of(row))


def erase(store: Store, *keys: str) -> None:
    with store.transaction() as transaction:
        transaction.erase("acme", keys or ("c-1",), NOW, now=NOW)
