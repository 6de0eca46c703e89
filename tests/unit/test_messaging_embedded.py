"""What only the embedded queue has: patterns, leases, limits, and the write lock that it shares with the database."""

import json
import os
import re
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signpost.messaging import (
    Bounds,
    Broker,
    Message,
    Outcome,
    PublishRefused,
    PublishUnknown,
    Settlement,
    Unsendable,
    connect,
)
from signpost.messaging.embedded.file import File
from signpost.messaging.embedded.owner import is_dead, start_time, this_host
from signpost.messaging.embedded.routing import matches
from signpost.messaging.message import FIRST_EXCHANGE, REASON, QueueCounts
from signpost.messaging.topology import ADVISOR, UNROUTED
from signpost.names import ADVICE, DEAD, EVENTS

PATIENCE = 60.0
LEASE = 300
SECOND = 1_000_000
ROOT = Path(__file__).parents[2]


class Clock:
    """A clock that stands until a test moves it."""

    def __init__(self) -> None:
        self.now = 1_780_000_000 * SECOND

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def broker(sqlite_url: str, clock: Clock) -> Iterator[Broker]:
    found = connect(sqlite_url, bounds=Bounds(lease_s=LEASE, publish_timeout_s=2, busy_timeout_s=1), clock=clock)
    found.apply_topology()
    yield found
    found.close()


def event(number: int) -> Message:
    return Message(EVENTS, "0.acme.x", b"{}", f"e-{number}")


def publish(broker: Broker, *messages: Message) -> None:
    for future in [broker.publisher().publish(message) for message in messages]:
        future.result(PATIENCE)


words = st.lists(st.sampled_from(["a", "b", ""]), max_size=5)
patterns = st.lists(st.sampled_from(["a", "b", "*", "#"]), min_size=1, max_size=5)


@given(pattern=patterns, key=words)
def test_patterns_match_as_a_regular_expression_would(pattern: list[str], key: list[str]) -> None:
    # Each word is written with a dot after it, so that # is simply any number of those
    parts = {"*": r"[^.]*\.", "#": r"(?:[^.]*\.)*"}
    expected = "".join(parts.get(word, rf"{word}\.") for word in pattern)
    routing_key = ".".join(key)
    subject = "".join(f"{word}." for word in routing_key.split(".")) if routing_key else ""
    assert matches(".".join(pattern), routing_key) == bool(re.fullmatch(expected, subject))


def test_a_lease_that_runs_out_gives_the_message_to_another_and_a_late_settlement_is_void(
    broker: Broker, clock: Clock
) -> None:
    publish(broker, event(1))
    slow = broker.consumer(ADVISOR, 5)
    (held,) = slow.receive(5, PATIENCE)
    other = broker.consumer(ADVISOR, 5)
    assert other.receive(5, 0.05) == []
    clock.now += (LEASE + 1) * SECOND
    third = broker.consumer(ADVISOR, 5)
    (again,) = third.receive(5, PATIENCE)
    assert (again.message_id, again.attempts) == ("e-1", 1)
    slow.settle([Settlement(held, Outcome.DEAD, "too late")], clock.now)
    third.settle([Settlement(again, Outcome.DONE)], clock.now)
    assert broker.queue_depth(DEAD) == 0
    # The slow one registers again and works on
    publish(broker, event(2))
    other.close()
    third.close()
    assert [each.message_id for each in slow.receive(5, PATIENCE)] == ["e-2"]


def limit(sqlite_url: str, queue: str, **arguments: str | int) -> None:
    """Add arguments like `max_length` to a queue that is declared."""
    added = json.dumps({f"x-{name.replace('_', '-')}": value for name, value in arguments.items()})
    statement = "UPDATE queue_queues SET arguments = json_patch(arguments, ?) WHERE name = ?"
    with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))) as connection, connection:
        connection.execute(statement, (added, queue))


def test_the_oldest_unrouted_advice_makes_room(broker: Broker, sqlite_url: str) -> None:
    limit(sqlite_url, UNROUTED, max_length=20)
    publish(broker, *(Message(ADVICE, "a.b.c.d.e", b"", f"a.{number}") for number in range(25)))
    assert broker.queue_depth(UNROUTED) == 20
    assert broker.get(UNROUTED, 1)[0].message_id == "a.5"


def test_a_full_work_queue_refuses(broker: Broker, sqlite_url: str) -> None:
    limit(sqlite_url, ADVISOR, max_length=2, overflow="reject-publish")
    publish(broker, event(1), event(2))
    assert isinstance(broker.publisher().publish(event(3)).exception(PATIENCE), PublishRefused)
    broker.get(ADVISOR, 1)
    publish(broker, event(3))


def test_without_a_topology_publishing_is_refused(sqlite_url: str) -> None:
    bare = connect(sqlite_url)
    with pytest.raises(PublishRefused, match=EVENTS):
        bare.publisher().publish(event(1)).result(PATIENCE)
    bare.close()


def test_a_held_write_lock_fails_futures_in_time_and_settlements_are_said_later(
    broker: Broker, sqlite_url: str, clock: Clock
) -> None:
    publish(broker, event(1))
    consumer = broker.consumer(ADVISOR, 5)
    (delivery,) = consumer.receive(1, PATIENCE)
    holder = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    began = time.monotonic()
    assert isinstance(broker.publisher().publish(event(2)).exception(PATIENCE), PublishRefused)
    consumer.settle([Settlement(delivery, Outcome.DONE)], clock.now)
    assert time.monotonic() - began < 20
    assert [isinstance(each.problem, str) for each in (consumer, broker.publisher())] == [True, True]
    holder.execute("ROLLBACK")
    holder.close()
    publish(broker, event(3))
    assert [each.message_id for each in consumer.receive(5, PATIENCE)] == ["e-3"]
    assert [each.problem for each in (consumer, broker.publisher())] == [None, None]


def test_a_waiting_consumer_is_woken_by_a_message_from_another_thread(broker: Broker) -> None:
    consumer = broker.consumer(ADVISOR, 5)
    timer = threading.Timer(0.1, lambda: publish(broker, event(1)))
    timer.start()
    began = time.monotonic()
    assert len(consumer.receive(1, PATIENCE)) == 1
    assert time.monotonic() - began < PATIENCE / 2
    timer.join()


def test_two_processes_share_a_queue_and_every_message_is_handled_once(broker: Broker, sqlite_url: str) -> None:
    program = """
import sys
from signpost.messaging import Outcome, Settlement, connect
consumer = connect(sys.argv[1]).consumer("signpost.advisor", 20)
found = consumer.receive(20, 30.0)
print("took its share", flush=True)
input()
while found:
    print(*[each.message_id for each in found], flush=True)
    consumer.settle([Settlement(each, Outcome.DONE) for each in found], 0)
    found = consumer.receive(20, 0.5)
consumer.close()
"""
    command = [sys.executable, "-c", program, sqlite_url]
    workers = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) for _ in range(2)
    ]
    publish(broker, *map(event, range(500)))
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "took its share\n"
    outputs = [worker.communicate("go\n", timeout=240)[0].split() for worker in workers]
    assert all(outputs)
    assert sorted(outputs[0] + outputs[1]) == sorted(f"e-{number}" for number in range(500))
    assert broker.queue_depth(ADVISOR) == 0


@pytest.mark.parametrize("gone", ["queue_bindings WHERE exchange", "queue_exchanges WHERE name"])
def test_a_dead_letter_without_a_queue_to_lie_in_stays_where_it_was(broker: Broker, sqlite_url: str, gone: str) -> None:
    with sqlite3.connect(sqlite_url.removeprefix("sqlite:///")) as connection:
        connection.execute(f"DELETE FROM {gone} = ?", (DEAD,))
    publish(broker, event(1))
    consumer = broker.consumer(ADVISOR, 5)
    (delivery,) = consumer.receive(1, PATIENCE)
    consumer.settle([Settlement(delivery, Outcome.DEAD, "bad")], 0)
    (again,) = consumer.receive(1, PATIENCE)
    assert again.attempts == 1
    assert REASON not in again.headers


@contextmanager
def locked(sqlite_url: str) -> Iterator[None]:
    """Hold the write lock of the file."""
    with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


def count(sqlite_url: str, what: str) -> int:
    with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))) as connection:
        return int(connection.execute(f"SELECT {what}").fetchone()[0])


@pytest.fixture
def hasty(sqlite_url: str, broker: Broker, clock: Clock) -> Iterator[Broker]:
    """A broker that hardly waits for the write lock."""
    found = connect(sqlite_url, bounds=Bounds(lease_s=LEASE, busy_timeout_s=0.01), clock=clock)
    yield found
    found.close()


def test_a_settlement_that_found_the_file_locked_is_written_before_the_next_receive(
    broker: Broker, hasty: Broker, sqlite_url: str
) -> None:
    publish(broker, event(1))
    consumer = hasty.consumer(ADVISOR, 5)
    (delivery,) = consumer.receive(1, PATIENCE)
    with locked(sqlite_url):
        consumer.settle([Settlement(delivery, Outcome.DONE)], 0)
    assert consumer.receive(1, 0) == []
    assert count(sqlite_url, "count(*) FROM queue_messages") == 0


def test_a_consumer_that_finds_the_file_locked_closes_nevertheless(
    broker: Broker, hasty: Broker, sqlite_url: str
) -> None:
    consumer = hasty.consumer(ADVISOR, 5)
    with locked(sqlite_url):
        consumer.close()
    assert "database is locked" in str(consumer.problem)
    assert consumer.receive(1, 0) == []


def test_a_consumer_writes_what_is_unsettled_when_it_closes(broker: Broker, hasty: Broker, sqlite_url: str) -> None:
    publish(broker, event(1))
    consumer = hasty.consumer(ADVISOR, 5)
    (delivery,) = consumer.receive(1, PATIENCE)
    with locked(sqlite_url):
        consumer.settle([Settlement(delivery, Outcome.DONE)], 0)
    consumer.close()
    assert count(sqlite_url, "count(*) FROM queue_messages") == 0
    assert count(sqlite_url, "count(*) FROM queue_consumers") == 0


def test_a_consumer_that_cannot_lease_says_so_until_it_can(broker: Broker, hasty: Broker, sqlite_url: str) -> None:
    publish(broker, event(1))
    consumer = hasty.consumer(ADVISOR, 5)
    with locked(sqlite_url):
        assert consumer.receive(1, 0) == []
    assert "database is locked" in str(consumer.problem)
    assert len(consumer.receive(1, PATIENCE)) == 1
    assert consumer.problem is None


def test_a_pattern_that_amqp_does_not_carry_is_refused(broker: Broker) -> None:
    broker.subscribe("x" * 255).close()
    with pytest.raises(ValueError, match="longer than 255 bytes"):
        broker.subscribe("x" * 256)


def test_a_lease_is_renewed_after_half_of_it(
    broker: Broker, sqlite_url: str, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("signpost.messaging.embedded.consumer.RECLAIM_S", 0)
    consumer, until = broker.consumer(ADVISOR, 5), "alive_until FROM queue_consumers"
    first = count(sqlite_url, until)
    assert first == clock.now + LEASE * SECOND
    for _ in range(2):
        clock.now += LEASE * SECOND // 2 - 1
        consumer.receive(1, 0)
        assert count(sqlite_url, until) == first, "each renewal is a write"
        clock.now += 1
        consumer.receive(1, 0)
        first += LEASE * SECOND // 2
        assert count(sqlite_url, until) == first


def test_a_message_of_a_temporary_queue_may_come_back_any_number_of_times(broker: Broker) -> None:
    consumer = broker.subscribe("#")
    publish(broker, Message(ADVICE, "acme.candidate.x", b"{}", "a-1"))
    for attempt in range(3):
        (delivery,) = consumer.receive(1, PATIENCE)
        assert delivery.attempts == attempt
        consumer.settle([Settlement(delivery, Outcome.RETRY)], 0)


def test_a_dead_letter_of_the_delivery_limit_names_the_exchange_that_it_came_over(sqlite_url: str) -> None:
    with closing(connect(sqlite_url, delivery_limit=1)) as broker:
        broker.apply_topology()
        publish(broker, event(1))
        consumer = broker.consumer(ADVISOR, 5)
        for _ in range(2):
            consumer.settle([Settlement(one, Outcome.RETRY) for one in consumer.receive(1, PATIENCE)], 0)
        (dead,) = broker.get(DEAD, 9)
        assert dead.headers[FIRST_EXCHANGE] == EVENTS


def test_what_failed_in_the_middle_of_writing_may_have_been_written(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    with monkeypatch.context() as patched:
        patched.setattr("signpost.messaging.embedded.publisher._put", fail)
        with pytest.raises(PublishUnknown, match="disk I/O error"):
            publish(broker, event(1))
    publish(broker, event(2))
    assert broker.queue_depth(ADVISOR) == 1


def test_no_thread_of_a_publisher_keeps_a_process_alive(broker: Broker) -> None:
    broker.publisher()
    assert [one.daemon for one in threading.enumerate() if one.name == "signpost embedded publisher"][-1]


def test_a_transaction_that_fails_leaves_nothing_and_the_next_one_works(tmp_path: Path) -> None:
    def fail() -> None:
        with file.write_transaction() as connection:
            connection.execute("CREATE TABLE half (done)")
            raise ZeroDivisionError

    file = File(str(tmp_path / "q.db"), 1)
    with pytest.raises(ZeroDivisionError):
        fail()
    with file.write_transaction() as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == []
    with pytest.raises(sqlite3.OperationalError, match="cannot commit"), file.write_transaction() as connection:
        connection.execute("COMMIT")
    file.close()


def test_the_delivery_of_a_process_that_is_gone_comes_to_another(broker: Broker, sqlite_url: str) -> None:
    publish(broker, event(1))
    assert broker.consumer(ADVISOR, 5).receive(1, PATIENCE)
    with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))) as connection, connection:
        connection.execute("UPDATE queue_consumers SET started = 'an earlier process'")
    (again,) = broker.consumer(ADVISOR, 5).receive(1, PATIENCE)
    assert (again.attempts, again.redelivered) == (1, True)


def test_a_process_that_has_ended_and_is_not_yet_collected_is_gone() -> None:
    child = subprocess.Popen(["true"])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert start_time(child.pid) is None
    child.wait()


def test_a_temporary_queue_goes_with_its_consumer(broker: Broker, sqlite_url: str) -> None:
    before = count(sqlite_url, "count(*) FROM queue_queues")
    consumer = broker.subscribe("")
    assert count(sqlite_url, "count(*) FROM queue_queues") == before + 1
    bound = count(sqlite_url, "count(*) FROM queue_bindings WHERE queue LIKE 'temporary%' AND pattern = '#'")
    assert bound == 1, "without a pattern it gets everything"
    consumer.close()
    assert count(sqlite_url, "count(*) FROM queue_queues") == before


def test_a_message_that_cannot_be_stored_is_its_publishers_fault(broker: Broker) -> None:
    bad = Message(EVENTS, "0.acme.x", b"{}", "e-1", {"odd": object()})  # type: ignore[dict-item]
    with pytest.raises(Unsendable, match="cannot be stored: TypeError"):
        publish(broker, bad)


def test_only_a_process_that_is_known_to_be_gone_counts_as_dead() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    started = start_time(child.pid)
    assert started is not None
    assert not is_dead(this_host(), child.pid, started)
    assert is_dead(this_host(), child.pid, "an earlier process with this id")
    assert not is_dead("another machine", child.pid, "an earlier process with this id")
    child.kill()
    child.wait()
    assert is_dead(this_host(), child.pid, started)


def test_a_consumer_without_room_writes_nothing(broker: Broker, sqlite_url: str, clock: Clock) -> None:
    publish(broker, event(1), event(2))
    consumer = broker.consumer(ADVISOR, 1)
    assert len(consumer.receive(1, PATIENCE)) == 1
    before = count(sqlite_url, "alive_until FROM queue_consumers")
    clock.now += SECOND
    assert consumer.receive(1, 0) == []
    assert count(sqlite_url, "alive_until FROM queue_consumers") == before, "each renewal is a write"


def test_the_counts_are_of_the_queues_that_exist(broker: Broker) -> None:
    publish(broker, event(1), event(2))
    consumers = [broker.consumer(ADVISOR, 1) for _ in range(2)]
    consumers[0].receive(1, PATIENCE)
    assert broker.queue_counts([ADVISOR, DEAD, "nobody"]) == {ADVISOR: QueueCounts(1, 2), DEAD: QueueCounts(0, 0)}
