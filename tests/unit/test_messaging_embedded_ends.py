"""How publishing into the embedded queue ends: in time, at the publisher's limits, and for queues with limits."""

import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from signpost.messaging import Bounds, Broker, Delivery, Message, Outcome, PublishRefused, Settlement, connect
from signpost.messaging.embedded.publisher import EmbeddedPublisher
from signpost.messaging.embedded.routing import Router, matches
from signpost.messaging.message import SWEEP_PAGE
from signpost.messaging.topology import ADVISOR, UNROUTED, consumer_queue
from signpost.names import ADVICE, DEAD
from tests.support.embedded_queue import broker, event, locked

__all__ = ["broker"]
PATIENCE = 60.0


@contextmanager
def bounded(sqlite_url: str, **bounds: float) -> Iterator[Broker]:
    """Another process's view of the broker."""
    made = connect(sqlite_url, bounds=Bounds(**bounds))  # type: ignore[arg-type]
    try:
        yield made
    finally:
        made.close()


@pytest.mark.usefixtures("broker")
def test_waiting_for_the_lock_takes_at_most_half_of_a_messages_time(sqlite_url: str) -> None:
    with bounded(sqlite_url, publish_timeout_s=1, busy_timeout_s=30) as hasty, locked(sqlite_url):
        began = time.monotonic()
        assert isinstance(hasty.publisher().publish(event(1)).exception(PATIENCE), PublishRefused)
        assert 0.45 < time.monotonic() - began < 10


def test_what_waited_for_too_long_is_refused_and_not_written(broker: Broker, sqlite_url: str) -> None:
    publisher = EmbeddedPublisher(sqlite_url.removeprefix("sqlite:///"), Bounds())
    late, fresh = Future[None](), Future[None]()
    now = time.monotonic()
    results = dict(publisher._attempt([(event(1), late, now - 1), (event(2), fresh, now + PATIENCE)]))
    assert isinstance(results[late], PublishRefused)
    assert results[fresh] is None
    assert [each.message_id for each in broker.get(ADVISOR, 9)] == ["e-2"]
    publisher.close(1)


def test_a_publisher_with_too_many_unconfirmed_messages_refuses_more(broker: Broker, sqlite_url: str) -> None:
    with bounded(sqlite_url, max_unconfirmed=2, publish_timeout_s=0.4) as small, locked(sqlite_url):
        sent = [small.publisher().publish(event(number)) for number in range(2)]
        assert not sent[0].cancel(), "nobody can take back what is being sent"
        assert isinstance(small.publisher().publish(event(3)).exception(PATIENCE), PublishRefused)
    assert broker.queue_depth(ADVISOR) == 0


@pytest.mark.usefixtures("broker")
def test_a_publisher_that_closes_refuses_at_once_whoever_waits_for_room(sqlite_url: str) -> None:
    bounds = {"max_unconfirmed": 1, "publish_timeout_s": 120, "busy_timeout_s": PATIENCE}
    with bounded(sqlite_url, **bounds) as small, locked(sqlite_url):
        publisher = small.publisher()
        sent = publisher.publish(event(1))
        problems: list[str] = []
        waiting = threading.Thread(target=lambda: problems.append(str(publisher.publish(event(2)).exception(0))))
        waiting.start()
        waiting.join(0.3)
        assert waiting.is_alive(), "it waits"
        closing = threading.Thread(target=publisher.close, args=(PATIENCE,))
        closing.start()
        waiting.join(PATIENCE / 2)
        assert problems == ["the publisher is closed"]
        assert not sent.done(), "its message still has time"
    closing.join(PATIENCE)
    assert sent.result(0) is None


def test_a_callback_that_publishes_too_much_is_refused_at_once(broker: Broker, sqlite_url: str) -> None:
    """It runs in the publisher's own thread, which alone could make room."""
    refused: list[BaseException | None] = []
    seconds: list[float] = []
    done = threading.Event()

    def publish_four(_: Future[None]) -> None:
        small.publisher().publish(event(2))
        for number in range(3, 6):
            began = time.monotonic()
            refused.append(small.publisher().publish(event(number)).exception(0))
            seconds.append(time.monotonic() - began)
        done.set()

    with bounded(sqlite_url, max_unconfirmed=1, publish_timeout_s=30) as small:
        with locked(sqlite_url):
            first = small.publisher().publish(event(1))
            first.add_done_callback(publish_four)
        assert done.wait(PATIENCE)
        assert all("1 messages are unconfirmed" in str(each) for each in refused)
        assert min(seconds) < 0.5
    assert [each.message_id for each in broker.get(ADVISOR, 9)] == ["e-1", "e-2"]


def test_what_is_left_when_a_publisher_closes_is_refused(broker: Broker, sqlite_url: str) -> None:
    before = set(threading.enumerate())
    with bounded(sqlite_url, publish_timeout_s=4, busy_timeout_s=0.1) as small, locked(sqlite_url):
        publisher = small.publisher()
        sent = [publisher.publish(event(number)) for number in range(600)]
        publisher.close(0)
        assert all(isinstance(each.exception(PATIENCE), PublishRefused) for each in sent)
    assert broker.queue_depth(ADVISOR) == 0
    started = set(threading.enumerate()) - before
    assert "signpost embedded publisher" not in {one.name for one in started}


def arguments(sqlite_url: str, queue: str, text: str) -> None:
    """Replace the arguments of a queue."""
    with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))) as connection, connection:
        connection.execute("INSERT OR REPLACE INTO queue_queues VALUES (?, ?, NULL)", (queue, text))


def test_a_queue_without_a_length_takes_everything(broker: Broker, sqlite_url: str) -> None:
    queue = consumer_queue("own")
    arguments(sqlite_url, queue, '{"x-overflow": "reject-publish"}')
    with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))) as connection, connection:
        connection.execute("INSERT INTO queue_bindings VALUES (?, ?, '#')", (ADVICE, queue))
    for number in range(3):
        broker.publisher().publish(Message(ADVICE, "a.b", b"", f"a-{number}")).result(PATIENCE)
    assert broker.queue_depth(queue) == 3
    assert broker.queue_depth(UNROUTED) == 0


def test_a_dead_letter_never_drops_another_one(broker: Broker, sqlite_url: str) -> None:
    arguments(sqlite_url, DEAD, '{"x-max-length": 1, "x-overflow": "reject-publish"}')
    for number in range(2):
        broker.publisher().publish(event(number)).result(PATIENCE)
    consumer = broker.consumer(ADVISOR, 5)
    consumer.settle([Settlement(each, Outcome.DEAD, "bad") for each in consumer.receive(5, PATIENCE)], 0)
    assert [each.message_id for each in broker.get(DEAD, 9)] == ["e-0", "e-1"]


def test_exchanges_that_are_each_others_alternate_route_nowhere(broker: Broker, sqlite_url: str) -> None:
    with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))) as connection, connection:
        connection.executemany(
            "INSERT INTO queue_exchanges VALUES (?, 'topic', ?)",
            [("one", '{"alternate-exchange": "two"}'), ("two", '{"alternate-exchange": "one"}')],
        )
        assert Router(connection).targets("one", "key") == []
        assert Router(connection).targets("", "key") == []


def test_an_empty_routing_key_has_no_word() -> None:
    assert matches("#", "")
    assert not matches("*", "")


def test_a_temporary_queue_takes_its_messages_with_it(broker: Broker, sqlite_url: str) -> None:
    consumer = broker.subscribe("#")
    broker.publisher().publish(Message(ADVICE, "a.b", b"", "a-1")).result(PATIENCE)
    assert consumer.receive(1, PATIENCE)
    broker.publisher().publish(Message(ADVICE, "a.b", b"", "a-2")).result(PATIENCE)
    consumer.close()
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM queue_messages").fetchone() == (0,)


@pytest.mark.usefixtures("broker")
def test_a_message_whose_time_ends_now_is_refused_once(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    publisher = EmbeddedPublisher(sqlite_url.removeprefix("sqlite:///"), Bounds())
    future, now = Future[None](), time.monotonic()
    with monkeypatch.context() as patch:
        patch.setattr("time.monotonic", lambda: now)
        ((ended, error),) = publisher._attempt([(event(1), future, now)])
    assert ended is future
    assert isinstance(error, PublishRefused)
    publisher.close(1)


def test_a_sweep_looks_at_no_more_than_a_page_of_small_messages_at_once(broker: Broker) -> None:
    for future in [broker.publisher().publish(event(number)) for number in range(SWEEP_PAGE + 1)]:
        future.result(PATIENCE)
    sizes: list[int] = []

    def choose(page: Sequence[Delivery]) -> list[bool]:
        sizes.append(len(page))
        return [False] * len(page)

    assert broker.sweep(ADVISOR, choose) == 0
    assert sizes == [SWEEP_PAGE, 1]


@pytest.mark.usefixtures("broker")
def test_a_message_goes_to_its_queues_in_the_same_order_in_each_run(sqlite_url: str) -> None:
    queues = [consumer_queue(f"c-{number}") for number in range(9)]
    with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))) as connection, connection:
        connection.executemany("INSERT INTO queue_queues VALUES (?, '{}', NULL)", [(queue,) for queue in queues])
        connection.executemany(f"INSERT INTO queue_bindings VALUES ('{ADVICE}', ?, '#')", [(each,) for each in queues])
        assert Router(connection).targets(ADVICE, "a.b") == queues
