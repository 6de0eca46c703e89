"""The file of the embedded queue, and how it tells whether the process that holds a delivery has ended."""

import os
import socket
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from signpost.messaging import (
    Broker,
    BrokerAway,
    BrokerMisconfigured,
    Message,
    NoSuchQueue,
    Outcome,
    Settlement,
    TopologyMissing,
    connect,
    require_topology,
)
from signpost.messaging.bounds import Bounds
from signpost.messaging.embedded import owner
from signpost.messaging.embedded.broker import translate_errors
from signpost.messaging.embedded.file import File
from signpost.messaging.topology import ADVISOR
from signpost.names import EVENTS

PATIENCE = 60.0


@contextmanager
def locked(path: Path, mode: str = "IMMEDIATE") -> Iterator[sqlite3.Connection]:
    """Hold a lock on the file."""
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute(f"BEGIN {mode}")
        yield other


def open_files(path: Path) -> int:
    """How many descriptors this process has on the file."""
    links = (Path(f"/proc/self/fd/{number}") for number in os.listdir("/proc/self/fd"))
    return sum(link.is_symlink() and os.readlink(link) == str(path) for link in links)


def write(file: File, statement: str) -> None:
    with file.write_transaction() as connection:
        connection.execute(statement)


def test_a_new_file_waits_until_another_process_lets_it_write_ahead(tmp_path: Path) -> None:
    path = tmp_path / "q.db"
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("CREATE TABLE t (i)")
        other.execute("BEGIN EXCLUSIVE")
        release = threading.Timer(0.2, other.execute, ["COMMIT"])
        release.start()
        file = File(str(path), PATIENCE)
        release.join()
    with file.write_transaction() as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    file.close()


def test_a_file_waits_for_the_lock_no_longer_than_it_may(tmp_path: Path) -> None:
    file = File(str(tmp_path / "q.db"), 0.05)
    began = time.monotonic()
    with locked(tmp_path / "q.db"), pytest.raises(sqlite3.OperationalError, match="locked"):
        write(file, "CREATE TABLE t (i)")
    assert time.monotonic() - began < 3
    file.close()


def test_a_file_that_another_process_holds_is_opened_when_it_is_free(tmp_path: Path) -> None:
    path = tmp_path / "q.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE t (i)")
    opened: list[File] = []
    with locked(path, "EXCLUSIVE") as other:
        thread = threading.Thread(target=lambda: opened.append(File(str(path), PATIENCE)))
        thread.start()
        thread.join(0.3)
        assert thread.is_alive(), "it waits"
        other.execute("ROLLBACK")
        thread.join(PATIENCE)
    opened[0].close()
    with locked(tmp_path / "never.db", "EXCLUSIVE"), pytest.raises(sqlite3.OperationalError):
        File(str(tmp_path / "never.db"), 0.05)


def test_a_commit_that_fails_leaves_the_file_usable(tmp_path: Path) -> None:
    file = File(str(tmp_path / "q.db"), 1)
    with file.read_connection() as connection:
        connection.execute("PRAGMA foreign_keys = ON")
    write(file, "CREATE TABLE t (i INTEGER PRIMARY KEY, of REFERENCES t DEFERRABLE INITIALLY DEFERRED)")
    with pytest.raises(sqlite3.IntegrityError):
        write(file, "INSERT INTO t VALUES (1, 9)")
    write(file, "INSERT INTO t VALUES (2, NULL)")
    with file.read_connection() as connection:
        assert connection.execute("SELECT i FROM t").fetchall() == [(2,)]
    file.close()


def test_the_version_changes_with_each_commit_of_others(tmp_path: Path) -> None:
    file, other = (File(str(tmp_path / "q.db"), 1) for _ in range(2))
    before = file.version()
    assert file.version() == before
    write(other, "CREATE TABLE t (i)")
    assert file.version() != before
    for each in (file, other):
        each.close()


def test_nothing_stays_open(sqlite_url: str) -> None:
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    broker = connect(sqlite_url)
    broker.apply_topology()
    broker.queue_depth(ADVISOR)
    assert open_files(path) == 0
    broker.publisher().publish(Message(EVENTS, "0.x", b"{}", "e-1")).result(PATIENCE)
    broker.consumer(ADVISOR, 5)
    assert open_files(path) == 2
    broker.close()
    assert open_files(path) == 0


@pytest.fixture
def broker(sqlite_url: str) -> Iterator[Broker]:
    """A broker with the topology."""
    made = connect(sqlite_url)
    made.apply_topology()
    yield made
    made.close()


def test_a_queue_that_is_not_declared_is_named(broker: Broker) -> None:
    for use in (broker.queue_depth, broker.purge, lambda name: broker.get(name, 1)):
        with pytest.raises(NoSuchQueue, match="no queue nobody"):
            use("nobody")


def test_a_purge_says_how_much_it_deleted(broker: Broker) -> None:
    for number in range(3):
        broker.publisher().publish(Message(EVENTS, "0.x", b"{}", f"e-{number}")).result(PATIENCE)
    assert (broker.purge(ADVISOR), broker.purge(ADVISOR)) == (3, 0)


def test_a_binding_that_is_missing_is_named(broker: Broker, sqlite_url: str) -> None:
    assert broker.check_topology() == []
    with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))) as connection, connection:
        connection.execute("DELETE FROM queue_bindings WHERE queue = ? AND exchange = ?", (ADVISOR, EVENTS))
    assert broker.check_topology() == [f"binding of {ADVISOR} to {EVENTS} with 0.#: is missing"]


def test_a_broker_that_is_closed_gives_back_what_its_consumers_hold_and_takes_nothing_more(
    broker: Broker, sqlite_url: str
) -> None:
    other = connect(sqlite_url)
    publisher = other.publisher()
    publisher.publish(Message(EVENTS, "0.x", b"{}", "e-1")).result(PATIENCE)
    consumer = other.consumer(ADVISOR, 5)
    assert consumer.receive(1, PATIENCE)
    other.close()
    [again] = broker.consumer(ADVISOR, 5).receive(1, PATIENCE)
    assert again.message_id == "e-1"
    assert "closed" in str(publisher.publish(Message(EVENTS, "0.x", b"{}", "e-2")).exception(PATIENCE))


def test_a_file_that_only_an_operator_can_mend_is_told_from_one_that_is_busy(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("this is no database, but long enough to be read as the header of one" * 20)
    for path in (tmp_path, tmp_path / "no-folder/q.db", tmp_path / "text.db"):
        with pytest.raises(BrokerMisconfigured, match="SIGNPOST_BROKER_URL"):
            connect(f"sqlite:///{path}")
    with locked(tmp_path / "q.db", "EXCLUSIVE"), pytest.raises(BrokerAway, match="locked") as busy:
        connect(f"sqlite:///{tmp_path}/q.db", bounds=Bounds(busy_timeout_s=0.05))
    assert not isinstance(busy.value, BrokerMisconfigured)


def test_a_process_is_known_by_its_start_and_not_by_what_changes() -> None:
    before = owner.start_time(os.getpid())
    kept = bytearray(300_000_000)
    assert owner.start_time(os.getpid()) == before
    assert kept[-1] == 0


def test_where_the_system_does_not_tell_nobody_counts_as_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> str:
        raise PermissionError

    with monkeypatch.context() as patched:
        patched.setattr(Path, "read_text", refuse)
        assert owner.start_time(os.getpid()) == ""
        assert owner.this_host.__wrapped__() == socket.gethostname()

    def is_missing(*_: object, **__: object) -> str:
        raise FileNotFoundError

    monkeypatch.setattr(Path, "read_text", is_missing)
    assert owner.start_time(os.getpid()) is None
    monkeypatch.setattr(Path, "exists", lambda _: False)
    assert owner.start_time(os.getpid()) == ""
    assert owner.start_time(2**22 + 1) is None
    assert owner.is_dead(owner.this_host(), 2**22 + 1, "1")
    sent: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda *given: sent.append(given))
    assert owner.start_time(7) == ""
    assert sent == [(7, 0)], "which only asks"
    monkeypatch.setattr(os, "kill", refuse)
    assert owner.start_time(1) == ""
    assert not owner.is_dead(owner.this_host(), 1, "an earlier process")


def test_a_consumer_whose_own_lease_ran_out_keeps_what_nobody_has_taken(sqlite_url: str) -> None:
    now = [1_780_000_000_000_000]
    with closing(connect(sqlite_url, bounds=Bounds(lease_s=10), clock=lambda: now[0])) as broker:
        broker.apply_topology()
        broker.publisher().publish(Message(EVENTS, "0.x", b"{}", "e-1")).result(PATIENCE)
        consumer = broker.consumer(ADVISOR, 5)
        [held] = consumer.receive(1, PATIENCE)
        now[0] += 11_000_000
        assert consumer.receive(1, 1.5) == []
        consumer.settle([Settlement(held, Outcome.DONE)], now[0])
        assert broker.queue_depth(ADVISOR) == 0
        assert broker.consumer(ADVISOR, 5).receive(1, 0) == []


def test_a_consumer_that_lost_its_lease_has_room_and_a_lease_again(sqlite_url: str) -> None:
    now = [1_780_000_000_000_000]
    with closing(connect(sqlite_url, bounds=Bounds(lease_s=10), clock=lambda: now[0])) as broker:
        broker.apply_topology()
        broker.publisher().publish(Message(EVENTS, "0.x", b"{}", "e-1")).result(PATIENCE)
        slow = broker.consumer(ADVISOR, 1)
        assert slow.receive(1, PATIENCE)
        now[0] += 11_000_000
        other = broker.consumer(ADVISOR, 1)
        [taken] = other.receive(1, PATIENCE)
        other.settle([Settlement(taken, Outcome.DONE)], now[0])
        broker.publisher().publish(Message(EVENTS, "0.x", b"{}", "e-2")).result(PATIENCE)
        assert [each.message_id for each in slow.receive(1, PATIENCE)] == ["e-2"]
        with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))) as connection:
            [(count,)] = connection.execute("SELECT count(*) FROM queue_consumers").fetchall()
        assert count == 2


def test_a_process_that_ends_while_it_is_looked_at_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    def end(*_: object, **__: object) -> str:
        raise ProcessLookupError

    monkeypatch.setattr(Path, "read_text", end)
    assert owner.start_time(os.getpid()) is None


def test_a_process_starts_only_with_every_exchange_and_queue(broker: Broker, sqlite_url: str, tmp_path: Path) -> None:
    assert require_topology(broker) == []
    with closing(connect(sqlite_url, delivery_limit=3)) as other:
        assert all("x-delivery-limit" in difference for difference in require_topology(other))
        assert len(require_topology(other)) == 2
    missing = pytest.raises(TopologyMissing, match="is missing; run `signpost topology apply` first")
    with closing(connect(f"sqlite:///{tmp_path}/empty.db")) as empty, missing:
        require_topology(empty)


def test_an_error_in_our_own_statements_is_no_trouble_of_the_file() -> None:
    for error in (sqlite3.IntegrityError, sqlite3.ProgrammingError):
        with pytest.raises(error), translate_errors("q.db"):
            raise error
    with pytest.raises(BrokerAway), translate_errors("q.db"):
        raise sqlite3.OperationalError


def test_a_consumer_and_a_publisher_begin_without_a_problem_and_compete_with_nobody(broker: Broker) -> None:
    consumer = broker.consumer(ADVISOR, 1)
    assert (broker.publisher().problem, consumer.problem, consumer.competitors()) == (None, None, 1)


def test_a_new_file_that_another_process_changes_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "q.db"
    with locked(path) as other:
        monkeypatch.setattr("time.sleep", lambda _: other.in_transaction and other.execute("ROLLBACK"))
        File(str(path), PATIENCE).close()
        assert not other.in_transaction


def test_tables_that_are_there_need_no_lock(tmp_path: Path) -> None:
    path = tmp_path / "q.db"
    with closing(File(str(path), 0)) as file:
        file.create_tables()
        with locked(path):
            file.create_tables()
