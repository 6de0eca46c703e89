"""Who waits for whom in the embedded queue: consumers for messages, and a publisher that closes for its thread."""

import sqlite3
import threading
import time
from concurrent.futures import Future
from contextlib import closing

import pytest

from signpost.messaging import Bounds, Broker, PublishRefused
from signpost.messaging.embedded.publisher import EmbeddedPublisher
from signpost.messaging.topology import ADVISOR
from tests.support.embedded_queue import broker, event, locked

__all__ = ["broker"]
PATIENCE = 60.0


def test_a_message_reaches_a_consumer_that_waits_in_a_fraction_of_a_second(broker: Broker) -> None:
    consumer = broker.consumer(ADVISOR, 5)
    sent: list[float] = []

    def send() -> None:
        sent.append(time.monotonic())
        broker.publisher().publish(event(1)).result(PATIENCE)

    def seconds() -> float:
        timer = threading.Timer(0.1, send)
        timer.start()
        assert len(consumer.receive(1, PATIENCE)) == 1
        received = time.monotonic()
        timer.join()
        return received - sent[-1]

    assert min(seconds() for _ in range(3)) < 0.5


def test_a_consumer_that_waits_soon_takes_over_from_a_process_that_ends(broker: Broker, sqlite_url: str) -> None:
    broker.publisher().publish(event(1)).result(PATIENCE)
    assert broker.consumer(ADVISOR, 5).receive(1, PATIENCE)
    waiting = broker.consumer(ADVISOR, 5)
    assert waiting.receive(1, 0) == []
    with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))) as connection, connection:
        connection.execute("UPDATE queue_consumers SET started = 'an earlier process'")
    (again,) = waiting.receive(1, 1.5)
    assert again.redelivered


def test_a_consumer_with_nothing_to_settle_needs_no_lock(broker: Broker, sqlite_url: str) -> None:
    consumer = broker.consumer(ADVISOR, 5)
    with locked(sqlite_url):
        consumer.settle([], 0)
    assert consumer.problem is None


@pytest.mark.usefixtures("broker")
def test_a_publisher_that_closes_waits_for_the_callbacks_that_run(sqlite_url: str) -> None:
    """Else a callback would find the publisher's file closed."""
    publisher = EmbeddedPublisher(sqlite_url.removeprefix("sqlite:///"), Bounds(busy_timeout_s=1))
    began, release, ended = threading.Event(), threading.Event(), threading.Event()

    def call_back(_: Future[None]) -> None:
        began.set()
        release.wait(PATIENCE)
        ended.set()

    with locked(sqlite_url):
        publisher.publish(event(1)).add_done_callback(call_back)
    assert began.wait(PATIENCE)
    timer = threading.Timer(0.2, release.set)
    timer.start()
    publisher.close(0)
    assert ended.is_set()
    timer.join()


def test_a_callback_may_close_its_publisher(broker: Broker, sqlite_url: str) -> None:
    publisher = EmbeddedPublisher(sqlite_url.removeprefix("sqlite:///"), Bounds())
    closed = threading.Event()

    def call_back(_: Future[None]) -> None:
        publisher.close(1)
        closed.set()

    with locked(sqlite_url):
        publisher.publish(event(1)).add_done_callback(call_back)
    assert closed.wait(PATIENCE), "it does not wait for its own thread"
    assert isinstance(publisher.publish(event(2)).exception(0), PublishRefused)
    assert broker.queue_depth(ADVISOR) == 1
