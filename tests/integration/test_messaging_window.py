"""The publisher and its connection on a real broker: places are given back, each return has its message, and set-up has
a limit."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future

import pytest

from signpost.messaging import Bounds, Broker, Message, PublishRefused, PublishReturned, connect
from signpost.messaging.rabbitmq.connection import ConnectionThread
from signpost.names import EVENTS
from tests.support import servers
from tests.support.private_servers import wait_until
from tests.support.vhosts import PATIENT

PATIENCE = 60.0
SMALL = Bounds(publish_timeout_s=20, max_unconfirmed=1)


@pytest.fixture(scope="module")
def vhost_url(rabbitmq_server: servers.SharedRabbitMQ) -> Iterator[str]:
    with servers.vhost(rabbitmq_server) as url:
        connect(url, bounds=PATIENT).apply_topology()
        yield url


@pytest.fixture
def small(vhost_url: str) -> Iterator[Broker]:
    """A broker that one unconfirmed message fills."""
    made = connect(vhost_url, bounds=SMALL)
    yield made
    made.close()


def event(number: int, exchange: str = EVENTS) -> Message:
    return Message(exchange, "0.acme.x", b"{}", f"e-{number}")


def test_a_confirmed_message_gives_its_place_back(small: Broker) -> None:
    publisher = small.publisher()
    begin = time.monotonic()
    for number in range(4):
        assert publisher.publish(event(number)).exception(PATIENCE) is None
    assert time.monotonic() - begin < SMALL.publish_timeout_s


def test_messages_of_one_id_that_reach_no_queue_are_all_returned(vhost_url: str) -> None:
    """Else the second would count as delivered: returns of several may come before their confirm."""
    broker = connect(vhost_url, bounds=PATIENT)
    try:
        publisher = broker.publisher()
        futures = [publisher.publish(event(7, "amq.direct")) for _ in range(300)]
        assert {type(future.exception(PATIENCE)) for future in futures} == {PublishReturned}
    finally:
        broker.close()


def test_a_callback_that_publishes_into_a_full_window_is_refused_at_once(small: Broker) -> None:
    """It runs in the thread that gives places back, which must not wait for one."""
    publisher, nested, seconds = small.publisher(), list[Future[None]](), list[float]()
    ended = threading.Event()

    def publish_twice(_: Future[None]) -> None:
        begin = time.monotonic()
        nested.extend(publisher.publish(event(number)) for number in (11, 12))
        seconds.append(time.monotonic() - begin)
        ended.set()

    publisher.publish(event(10)).add_done_callback(publish_twice)
    assert ended.wait(PATIENCE)
    assert seconds[0] < SMALL.publish_timeout_s / 2
    assert isinstance(nested[1].exception(PATIENCE), PublishRefused)
    assert nested[0].exception(PATIENCE) is None


def test_a_connection_whose_set_up_does_not_end_is_left(vhost_url: str) -> None:
    lost: list[str] = []
    bounds = Bounds(connect_timeout_s=1, backoff_first_s=0.05, backoff_max_s=0.1)
    thread = ConnectionThread(vhost_url, bounds, "test", lambda _channel: None, lost.append)
    thread.start()
    try:
        assert thread.wait_first_attempt(PATIENCE) is False
        assert "the broker did not answer in time" in lost[0]
    finally:
        thread.stop(5)


def test_a_connection_that_was_cut_is_not_yet_a_broker_that_is_away(vhost_url: str) -> None:
    """Callers wait for it, because most cuts are short."""
    failed: list[bool] = []
    bounds = Bounds(backoff_first_s=0.05, backoff_max_s=0.1)
    thread = ConnectionThread(
        vhost_url, bounds, "test", lambda _channel: thread.mark_ready(), lambda _: failed.append(thread.failed)
    )
    thread.start()
    try:
        assert thread.wait_first_attempt(PATIENCE)
        thread.call(lambda: thread.drop("cut by the test"))
        wait_until(lambda: bool(failed), "the cut")
        assert failed == [False]
    finally:
        thread.stop(5)
