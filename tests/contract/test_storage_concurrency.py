"""What the store promises when several transactions, threads and processes work at once, on both databases."""

import multiprocessing
import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import Connection, select, text, update
from sqlalchemy.engine import make_url

from signpost.storage import (
    Attempt,
    CaseRow,
    Change,
    Item,
    SeenEvent,
    Settled,
    StorageConflict,
    StorageUnavailable,
    Store,
    open_store,
    upgrade,
)
from signpost.storage.buckets import Rate, lease
from signpost.storage.endpoint_tables import endpoint_messages
from signpost.storage.outgoing import OutgoingStore
from signpost.storage.postgres import MAX_COMMIT_PAUSE_S
from tests.support.databases import migrate
from tests.support.receivers import change_of, endpoint, record

NOW = 1_772_460_000_000_000
LEASE = NOW + 1_000_000
PATIENCE = 60.0
EVENT = SeenEvent("acme", "ats", "e-1", "c-1", NOW, NOW)


@pytest.fixture
def postgres(postgres_url: str) -> Iterator[Store]:
    """An upgraded PostgreSQL database."""
    upgrade(postgres_url)
    with open_store(postgres_url) as store:
        yield store


@pytest.fixture(params=["postgresql", "sqlite"])
def url(request: pytest.FixtureRequest) -> str:
    """An upgraded database of each kind."""
    url: str = request.getfixturevalue("postgres_url" if request.param == "postgresql" else "sqlite_url")
    migrate(url)
    return url


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """A store on it."""
    with open_store(url) as store:
        yield store


def change(sequence: int) -> Change:
    """A change to record, of a recommendation of its own."""
    names = ("raised", "active", "candidate", "a-rule", "offer/acme", "high")
    return Change("acme", "c-1", f"r-{sequence}", sequence, *names, NOW, b"{}", "acme.candidate.offers.high.raised")


def remember(store: Store) -> bool:
    """Whether the event was new."""
    with store.transaction() as transaction:
        return bool(transaction.mark_seen([EVENT]))


def lock(store: Store) -> bytes:
    """The state of the case, once it could be locked."""
    with store.transaction() as transaction:
        return transaction.lock_cases([("acme", "c-1")])["acme", "c-1"].state


def waits(future: Future[Any]) -> bool:
    """Whether the other side is still held up after a moment."""
    try:
        future.result(timeout=0.3)
    except NotYet:
        return True
    return False


def test_a_repeat_waits_for_the_first_and_is_no_news_when_that_commits(store: Store) -> None:
    with ThreadPoolExecutor() as pool:
        with store.transaction() as first:
            assert first.mark_seen([EVENT])
            second = pool.submit(remember, store)
            assert waits(second)
        assert second.result(PATIENCE) is False


def test_a_repeat_wins_when_the_first_rolls_back(store: Store) -> None:
    def fail(pool: ThreadPoolExecutor) -> None:
        with store.transaction() as first:
            assert first.mark_seen([EVENT])
            others.append(pool.submit(remember, store))
            assert waits(others[0])
            raise ZeroDivisionError

    others: list[Future[bool]] = []
    with ThreadPoolExecutor() as pool:
        with pytest.raises(ZeroDivisionError):
            fail(pool)
        assert others[0].result(PATIENCE) is True


def test_a_locked_case_is_waited_for_and_read_as_the_first_left_it(store: Store) -> None:
    lock(store)
    with ThreadPoolExecutor() as pool:
        with store.transaction() as first:
            first.lock_cases([("acme", "c-1")])
            second = pool.submit(lock, store)
            assert waits(second)
            first.save_cases([CaseRow("acme", "c-1", b"first")])
        assert second.result(PATIENCE) == b"first"


def test_a_case_made_by_an_open_transaction_is_waited_for(store: Store) -> None:
    with ThreadPoolExecutor() as pool:
        with store.transaction() as first:
            first.lock_cases([("acme", "c-1")])
            second = pool.submit(lock, store)
            assert waits(second)
            first.save_cases([CaseRow("acme", "c-1", b"first")])
        assert second.result(PATIENCE) == b"first"


def test_batches_that_share_cases_never_block_in_a_ring(store: Store) -> None:
    keys = [("acme", f"c-{number}") for number in range(20)]

    def work(turn: int) -> None:
        for step in range(15):
            mine = keys[turn:] + keys[:turn] if step % 2 else keys[::-1]
            with store.transaction() as transaction:
                rows = transaction.lock_cases(mine)
                for row in rows.values():
                    row.state = str(int(row.state or b"0") + 1).encode()
                transaction.save_cases(list(rows.values()))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert {row.state for key in keys if (row := store.case(*key))} == {b"60"}


def test_the_clock_passes_over_cases_that_are_being_worked_on(postgres: Store) -> None:
    with postgres.transaction() as transaction:
        transaction.lock_cases([("acme", "c-1"), ("acme", "c-2")])
        transaction.save_cases([CaseRow("acme", key, next_change=NOW) for key in ("c-1", "c-2")])
    with postgres.transaction() as advisor, postgres.transaction() as clock, postgres.transaction() as other:
        advisor.lock_cases([("acme", "c-1")])
        assert [row.key for row in clock.claim_due(NOW, 10)] == ["c-2"]
        assert other.claim_due(NOW, 10) == []
        assert other.claim_evaluated_after(-1, 10) == []
        assert other.claim_by_rulebook("acme", "", 10) == []


def test_a_relay_passes_over_messages_that_another_is_claiming(postgres_url: str, postgres: Store) -> None:
    append(postgres, change(1), change(2))
    plain = make_url(postgres_url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain) as other, open_store(postgres_url, statement_timeout_s=2) as store:
        (claimed,) = other.execute("SELECT id FROM outbox ORDER BY id LIMIT 1 FOR UPDATE").fetchall()
        assert [row.id for row in store.outbox.claim(NOW, LEASE, 10)] == [claimed[0] + 1]


def test_two_relays_never_claim_one_message(url: str, store: Store) -> None:
    with store.transaction() as transaction:
        ids = transaction.record([change(number) for number in range(300)], now=NOW, leased_until=0)
    with ThreadPoolExecutor(4) as pool:
        claims = pool.map(lambda _: [row.id for row in store.outbox.claim(NOW, LEASE, 10)], range(40))
    assert sorted(id_ for claim in claims for id_ in claim) == ids


def append(store: Store, *changes: Change) -> None:
    """Record changes in a transaction of their own."""
    with store.transaction() as transaction:
        transaction.record(list(changes), now=NOW, leased_until=0)


def test_a_change_that_commits_late_is_not_lost_from_the_feed(postgres: Store) -> None:
    with ThreadPoolExecutor() as pool:
        with postgres.transaction() as slow:
            slow.record([change(1)], now=NOW, leased_until=0)
            quick = pool.submit(append, postgres, change(2))
            assert waits(quick), "its position comes later, so it commits later"
            append(postgres, replace(change(3), tenant="other"))
            assert [row.sequence for row in postgres.feed("other")[0]] == [3], "other tenants do not wait"
            early, cursor = postgres.feed("acme")
            assert early == []
        quick.result(PATIENCE)
    assert [row.sequence for row in postgres.feed("acme", cursor)[0]] == [1, 2]


def test_batches_of_several_tenants_append_without_deadlock(url: str, store: Store) -> None:
    def work(turn: int) -> None:
        tenants = ["a", "b", "c"][:: 1 if turn % 2 else -1]
        for step in range(20):
            append(store, *(replace(change(turn * 100 + step), tenant=tenant) for tenant in tenants))

    def poll(tenant: str) -> list[int]:
        rows, cursor = list[int](), None
        while len(rows) < 80:
            page, cursor = store.feed(tenant, cursor, 7)
            rows += [row.sequence for row in page]
        return rows

    with ThreadPoolExecutor(7) as pool:
        readers = [pool.submit(poll, tenant) for tenant in "abc"]
        list(pool.map(work, range(4)))
        every = [turn * 100 + step for turn in range(4) for step in range(20)]
        assert [sorted(reader.result(PATIENCE)) for reader in readers] == [every] * 3, (
            "read meanwhile, nothing is skipped"
        )


def test_a_frozen_process_holds_the_feed_for_a_few_seconds_only(postgres: Store) -> None:
    def freeze() -> None:
        with postgres.transaction() as frozen:
            frozen.record([change(1)], now=NOW, leased_until=0)
            started = time.monotonic()
            append(postgres, change(2))
            waited.append(time.monotonic() - started)

    waited: list[float] = []
    with pytest.raises(StorageUnavailable):
        freeze()
    assert 0.9 * MAX_COMMIT_PAUSE_S < waited[0] < MAX_COMMIT_PAUSE_S + 10
    assert [row.sequence for row in postgres.feed("acme")[0]] == [2]


def test_a_connection_cut_inside_a_transaction_leaves_nothing(postgres_url: str, postgres: Store) -> None:
    def work() -> None:
        with postgres.transaction() as transaction:
            transaction.mark_seen([EVENT])
            assert cut_connections(postgres_url) >= 1
            transaction.record([change(1)], now=NOW, leased_until=0)

    with pytest.raises(StorageUnavailable):
        work()
    assert remember(postgres), "nothing was kept, and the store reconnects by itself"


def test_idle_connections_that_were_cut_are_replaced_unnoticed(postgres_url: str, postgres: Store) -> None:
    postgres.ping()
    assert cut_connections(postgres_url) >= 1
    postgres.ping()


def test_a_deadlock_is_a_conflict(postgres: Store) -> None:
    for key in "ab":
        with postgres.transaction() as transaction:
            transaction.lock_cases([("acme", key)])

    def cross(own: str, other: str, locked: Future[None], awaited: Future[None]) -> None:
        with postgres.transaction() as transaction:
            transaction.lock_cases([("acme", own)])
            locked.set_result(None)
            awaited.result(PATIENCE)
            transaction.lock_cases([("acme", other)])

    first, second = Future[None](), Future[None]()
    with ThreadPoolExecutor() as pool:
        sides = [pool.submit(cross, "a", "b", first, second), pool.submit(cross, "b", "a", second, first)]
        failures = [side.exception(PATIENCE) for side in sides]
    assert [type(failure) for failure in failures if failure] == [StorageConflict], "one gives way, one goes on"


def test_a_statement_is_bounded_in_time(postgres_url: str, postgres: Store) -> None:
    with open_store(postgres_url, statement_timeout_s=0.2) as hasty, postgres.transaction() as first:
        first.lock_cases([("acme", "c-1")])
        with pytest.raises(StorageUnavailable):
            lock(hasty)


def test_sqlite_busy_for_too_long_is_a_conflict(sqlite_url: str) -> None:
    migrate(sqlite_url)
    with open_store(sqlite_url, busy_timeout_s=0.2) as store, store.transaction() as first:
        first.mark_seen([EVENT])
        with pytest.raises(StorageConflict):
            remember(store)
        assert store.case("acme", "c-1") is None, "readers are not held up"


def test_sqlite_commits_are_synchronous(sqlite_url: str) -> None:
    migrate(sqlite_url)
    with open_store(sqlite_url) as store, store._engine.get().connect() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2, "FULL: accepted means kept"
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"


def count_up(url: str, process: int, times: int) -> None:
    """A process of its own: adds to one shared case and remembers events that the others remember too."""
    with open_store(url) as store:
        for turn in range(times):
            with store.transaction() as transaction:
                new = transaction.mark_seen([SeenEvent("acme", "ats", f"e-{turn}", "c-1", NOW, process)])
                row = transaction.lock_cases([("acme", "c-1")])["acme", "c-1"]
                row.state = str(int(row.state or b"0") + len(new)).encode()
                transaction.save_cases([row])
            store.case("acme", "c-1")


def test_processes_share_one_database_and_count_each_event_once(url: str, store: Store) -> None:
    spawn = multiprocessing.get_context("spawn")
    processes = [spawn.Process(target=count_up, args=(url, number, 60)) for number in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0, 0], "in particular: nobody met SQLITE_BUSY"
    row = store.case("acme", "c-1")
    assert row is not None
    assert row.state == b"60"


def test_a_forked_child_uses_connections_of_its_own(url: str, store: Store) -> None:
    store.ping()
    child = multiprocessing.get_context("fork").Process(target=remember, args=(store,))
    child.start()
    child.join(60)
    assert child.exitcode == 0
    assert remember(store) is False, "the child's event is there, and the parent's connections still work"


def die_inside(url: str) -> None:
    """A process that is gone in the middle of its transaction."""
    with open_store(url) as store, store.transaction() as transaction:
        transaction.mark_seen([EVENT])
        transaction.record([change(1)], now=NOW, leased_until=0)
        os.kill(os.getpid(), signal.SIGKILL)


def test_a_process_killed_inside_a_transaction_leaves_nothing(url: str, store: Store) -> None:
    process = multiprocessing.get_context("spawn").Process(target=die_inside, args=(url,))
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    assert remember(store)
    assert store.feed("acme") == ([], None)
    assert store.outbox.depth(NOW) == (0, None)


def test_a_database_that_is_not_there_is_unavailable_and_soon_said_so(tmp_path: Path) -> None:
    for url in ("postgresql://nobody@127.0.0.1:1/none", f"sqlite:///{tmp_path}/no/such/folder/signpost.db"):
        with open_store(url, connect_timeout_s=2) as store, pytest.raises(StorageUnavailable):
            store.ping()


def cut_connections(url: str) -> int:
    """End every connection of the store on the server's side; how many there were."""
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        query = (
            "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity "
            "WHERE datname = current_database() AND application_name LIKE 'signpost%'"
        )
        row = connection.execute(query).fetchone()
    assert row is not None
    return int(row[0])


def test_only_a_transaction_that_may_be_lost_does_not_wait_for_the_disk(postgres: Store) -> None:
    shown = []
    for is_relaxed in (False, True, False):
        with postgres._write_connection() as connection:
            if is_relaxed:
                postgres._dialect.relax_commit(connection)
            shown.append(connection.execute(text("SHOW synchronous_commit")).scalar_one())
    assert shown == ["on", "off", "on"]


def test_from_the_first_change_on_a_transaction_may_be_idle_for_a_bounded_time_only(postgres: Store) -> None:
    bound = text("SHOW idle_in_transaction_session_timeout")
    with postgres.transaction() as transaction:
        before = transaction._connection.execute(bound).scalar_one()
        transaction.record([change(1)], now=NOW, leased_until=0)
        after = transaction._connection.execute(bound).scalar_one()
    assert (before != after, after) == (True, f"{MAX_COMMIT_PAUSE_S}s")


def test_one_process_announces_its_rulebooks_at_a_time(postgres: Store) -> None:
    with ThreadPoolExecutor(1) as pool:
        with postgres._write_connection() as connection:
            postgres._dialect.lock_rulebooks(connection)
            other = pool.submit(postgres.announce_rulebooks, ["version"], NOW, as_newest=False)
            assert waits(other)
        other.result(PATIENCE)
    assert list(postgres.rulebooks()) == ["version"]


def test_tokens_are_given_once(store: Store) -> None:
    rate = Rate(10, 20)
    store.lease_tokens("acme", 1, 1, rate, NOW - 3_600_000_000)
    with ThreadPoolExecutor(1) as pool:
        with store._write_connection() as connection:
            assert lease(connection, "acme", 1, 20, rate, NOW).tokens == 20
            second = pool.submit(store.lease_tokens, "acme", 1, 20, rate, NOW)
            assert waits(second)
        assert second.result(PATIENCE).tokens == 0


def outgoing_of(store: Store, connection: Connection) -> OutgoingStore:
    """The work of a deliverer in a transaction that goes on."""
    return OutgoingStore(lambda: nullcontext(connection), lambda: nullcontext(connection), store._dialect)


@pytest.fixture
def waiting(postgres: Store) -> Store:
    """A store in which a message waits for an endpoint."""
    assert postgres.endpoints.add(endpoint(), 5)
    record(postgres, change_of("r-1", 1, "raised"))
    assert postgres.outgoing.spread("acme", 9, NOW, lambda _endpoint, _row: Item("r-1", 1, False)) == 1
    return postgres


def test_a_deliverer_passes_over_endpoints_that_another_claims_from(postgres_url: str, waiting: Store) -> None:
    with open_store(postgres_url, statement_timeout_s=2) as other, waiting._write_connection() as connection:
        assert len(outgoing_of(waiting, connection).claim(NOW, LEASE, 9, 9)) == 1
        assert other.outgoing.claim(NOW, LEASE, 9, 9) == []


def test_a_deliverer_passes_over_messages_that_are_being_replaced(postgres_url: str, waiting: Store) -> None:
    with open_store(postgres_url, statement_timeout_s=2) as other, waiting._write_connection() as connection:
        assert len(connection.execute(select(endpoint_messages).with_for_update()).all()) == 1
        assert other.outgoing.claim(NOW, LEASE, 9, 9) == []
    assert len(waiting.outgoing.claim(NOW, LEASE, 9, 9)) == 1


def test_what_is_claimed_at_this_moment_is_on_its_way_for_who_replaces_it(waiting: Store) -> None:
    record(waiting, change_of("r-1", 2, "updated"))
    with ThreadPoolExecutor(1) as pool:
        with waiting._write_connection() as connection:
            connection.execute(update(endpoint_messages).values(leased_until=LEASE))
            later = pool.submit(waiting.outgoing.spread, "acme", 9, NOW, lambda _endpoint, _row: Item("r-1", 2, False))
            assert waits(later)
        assert later.result(PATIENCE) == 1
    assert waiting.outgoing.summary(NOW).waiting == 2, "the first is not replaced, because it may arrive"


def test_a_result_waits_for_who_erases_its_message(waiting: Store) -> None:
    [one] = waiting.outgoing.claim(NOW, LEASE, 9, 9)
    settled = Settled(Attempt(one.message, NOW, 1, "delivered", reached=True))
    with ThreadPoolExecutor(1) as pool:
        with waiting.transaction() as transaction:
            transaction.erase("acme", {"c-1"}, NOW, now=NOW)
            result = pool.submit(waiting.outgoing.settle, [settled])
            assert waits(result)
        result.result(PATIENCE)
    assert waiting.endpoints.attempts("acme", "ep_1") == []
