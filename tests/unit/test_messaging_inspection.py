"""What a look at the embedded queue shows: it counts the living consumers, and creates and keeps nothing."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from signpost.messaging import (
    Bounds,
    Broker,
    BrokerAway,
    BrokerMisconfigured,
    Counts,
    Inspection,
    Message,
    connect,
    inspect,
)
from signpost.messaging.embedded.owner import this_host
from signpost.messaging.topology import ADVISOR
from signpost.names import ADVICE, EVENTS

PATIENCE = 60.0
NO_PROCESS = 2**22 + 1


def look(url: str, partitions: int = 1, bounds: Bounds | None = None) -> Inspection:
    with inspect(url, partitions, bounds or Bounds(), "a test") as found:
        return found


@pytest.fixture
def broker(sqlite_url: str) -> Iterator[Broker]:
    """A broker with the topology."""
    made = connect(sqlite_url)
    made.apply_topology()
    yield made
    made.close()


def test_a_look_counts_what_waits_and_the_consumers_that_are_alive(broker: Broker, sqlite_url: str) -> None:
    for number in range(3):
        broker.publisher().publish(Message(EVENTS, "0.x", b"{}", f"e-{number}")).result(PATIENCE)
    broker.consumer(ADVISOR, 1).receive(1, PATIENCE)
    broker.consumer(ADVISOR, 1)
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    with closing(sqlite3.connect(path)) as connection, connection:
        row = ("gone", ADVISOR, this_host(), NO_PROCESS, "1", 2**60)
        connection.execute("INSERT INTO queue_consumers VALUES (?, ?, ?, ?, ?, ?)", row)
    found = look(f"{sqlite_url}?mode=any")
    before = len(os.listdir("/proc/self/fd"))
    assert found.counts(ADVISOR) == Counts(2, 2)
    assert found.counts("nobody") is None
    assert len(os.listdir("/proc/self/fd")) == before
    assert (found.product, found.version) == ("SQLite", sqlite3.sqlite_version)
    assert [found.may_configure(ADVISOR), found.may_write(ADVICE), found.may_read(ADVISOR)] == [True] * 3


@pytest.mark.usefixtures("broker")
def test_a_look_names_what_differs_from_the_number_of_partitions(sqlite_url: str) -> None:
    assert look(sqlite_url).differences() == []
    assert f"queue {ADVISOR}.1: is missing" in look(sqlite_url, 2).differences()


def test_a_look_creates_nothing(tmp_path: Path) -> None:
    path = tmp_path / "q.db"
    with pytest.raises(BrokerMisconfigured, match=r"no file .*q\.db"):
        look(f"sqlite:///{path}")
    assert not path.exists()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE another (i)")
    found = look(f"sqlite:///{path}")
    assert found.differences() == ["tables of the embedded queue: are missing"]
    assert found.counts(ADVISOR) is None
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("another",)]


def test_a_look_waits_for_a_busy_file_no_longer_than_it_may(tmp_path: Path) -> None:
    path = tmp_path / "q.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("CREATE TABLE another (i)")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(BrokerAway, match="locked"):
            look(f"sqlite:///{path}", bounds=Bounds(busy_timeout_s=0.01))
        other.execute("ROLLBACK")
    (tmp_path / "text.db").write_text("this is no database, but long enough to be read as the header of one" * 20)
    with pytest.raises(BrokerMisconfigured, match="cannot be used"):
        look(f"sqlite:///{tmp_path}/text.db")


@pytest.mark.parametrize("scheme", ["amqp", "amqps"])
def test_a_look_at_rabbitmq_asks_its_server(scheme: str) -> None:
    with pytest.raises(BrokerAway, match="RabbitMQ cannot be reached") as refused:
        look(f"{scheme}://127.0.0.1:1/", bounds=Bounds(connect_timeout_s=1))
    assert not isinstance(refused.value, BrokerMisconfigured)
