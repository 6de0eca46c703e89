"""Leases of the embedded queue: how long they hold, and that no consumer works on without one."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from signpost.messaging import Bounds, Broker, Message, Outcome, Settlement, connect
from signpost.messaging.topology import ADVISOR
from signpost.names import EVENTS

PATIENCE = 60.0
LEASE = 300
SECOND = 1_000_000
BEGIN = 1_780_000_000 * SECOND


class Clock:
    """A clock that stands until a test moves it."""

    def __init__(self) -> None:
        self.now = BEGIN

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def broker(sqlite_url: str, clock: Clock) -> Iterator[Broker]:
    made = connect(sqlite_url, bounds=Bounds(lease_s=LEASE), clock=clock)
    made.apply_topology()
    yield made
    made.close()


def publish(broker: Broker, number: int) -> None:
    broker.publisher().publish(Message(EVENTS, "0.acme.x", b"{}", f"e-{number}")).result(PATIENCE)


def leases(sqlite_url: str) -> list[int]:
    """When the leases of all consumers end."""
    with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))) as connection:
        return [row[0] for row in connection.execute("SELECT alive_until FROM queue_consumers ORDER BY rowid")]


def test_a_consumer_that_lost_its_lease_takes_a_new_one_with_its_next_message(
    broker: Broker, sqlite_url: str, clock: Clock
) -> None:
    slow = broker.consumer(ADVISOR, 5)
    clock.now += (LEASE + 1) * SECOND
    broker.consumer(ADVISOR, 5)
    end = clock.now + LEASE * SECOND
    assert leases(sqlite_url) == [end]
    publish(broker, 1)
    assert [each.message_id for each in slow.receive(5, PATIENCE)] == ["e-1"]
    assert leases(sqlite_url) == [end, end]


def test_a_lease_holds_to_its_last_moment(broker: Broker, clock: Clock) -> None:
    publish(broker, 1)
    assert broker.consumer(ADVISOR, 5).receive(5, PATIENCE)
    clock.now += LEASE * SECOND
    assert broker.consumer(ADVISOR, 5).receive(5, 0) == []
    clock.now += 1
    assert broker.consumer(ADVISOR, 5).receive(5, 0)


def test_a_message_that_came_back_is_given_back_once(broker: Broker, clock: Clock) -> None:
    publish(broker, 1)
    consumer = broker.consumer(ADVISOR, 5)
    (first,) = consumer.receive(5, PATIENCE)
    consumer.settle([Settlement(first, Outcome.RETRY)], clock.now)
    (again,) = consumer.receive(5, PATIENCE)
    assert again.attempts == 1
    assert consumer.receive(5, 0) == []


def test_a_lease_begins_now_where_no_clock_is_given(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time_ns", lambda: BEGIN * 1000 + 999)
    with closing(connect(sqlite_url, bounds=Bounds(lease_s=LEASE))) as broker:
        broker.apply_topology()
        broker.consumer(ADVISOR, 5)
        assert leases(sqlite_url) == [BEGIN + LEASE * SECOND]
