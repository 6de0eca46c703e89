"""The network between us and RabbitMQ breaks: futures end in time and say the truth, and both sides come back alone."""

import logging
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from pika import BlockingConnection, URLParameters

from signpost.messaging import (
    Bounds,
    Broker,
    BrokerAway,
    Consumer,
    Delivery,
    Message,
    Outcome,
    PublishRefused,
    PublishUnknown,
    Settlement,
    connect,
)
from signpost.messaging.rabbitmq.connection import ConnectionThread
from signpost.messaging.rabbitmq.consumer import CAREFUL_AFTER, HEALTHY_AFTER
from signpost.messaging.topology import ADVISOR, advisor_queues
from signpost.names import DEAD, EVENTS
from tests.support import private_servers, servers
from tests.support.installations import Installation, is_bad, variables
from tests.support.proxy import Mode, Proxy
from tests.support.vhosts import PATIENT

PATIENCE = 60.0
TIMEOUT = 2.5
BOUNDS = Bounds(publish_timeout_s=TIMEOUT, connect_timeout_s=2.0, backoff_first_s=0.05, backoff_max_s=0.3)
SLACK = 5.0
"""Allowed beyond a bound, for a machine with two busy cores."""
NOW = 1_780_000_000_000_000


@pytest.fixture(scope="module")
def vhost_url(rabbitmq_server: servers.SharedRabbitMQ) -> Iterator[str]:
    with servers.vhost(rabbitmq_server) as url:
        connect(url, bounds=PATIENT).apply_topology()
        yield url


@pytest.fixture
def straight(vhost_url: str) -> Iterator[Broker]:
    """The broker without the proxy: what really is in its queues."""
    found = connect(vhost_url, bounds=PATIENT)
    for queue in (ADVISOR, DEAD):
        found.purge(queue)
    yield found
    found.close()


@pytest.fixture
def proxy(vhost_url: str) -> Iterator[Proxy]:
    parts = urlsplit(vhost_url)
    with Proxy(parts.hostname or "", parts.port or 5672) as found:
        yield found


def through(proxy: Proxy, vhost_url: str, publish_timeout: float) -> Broker:
    """The broker as a client of the proxy sees it."""
    url = vhost_url.replace(f":{urlsplit(vhost_url).port}/", f":{proxy.port}/")
    return connect(url, bounds=replace(BOUNDS, publish_timeout_s=publish_timeout))


@pytest.fixture
def broker(vhost_url: str, proxy: Proxy, straight: Broker) -> Iterator[Broker]:
    """The broker through the proxy."""
    found = through(proxy, vhost_url, TIMEOUT)
    yield found
    proxy.become(Mode.PASS)
    found.close()


def event(number: int) -> Message:
    return Message(EVENTS, "0.acme.x", b"{}", f"e-{number}")


def eventually(condition: Callable[[], object]) -> None:
    """Wait for a condition; fail when it does not come true."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "the condition did not come true"
        time.sleep(0.02)


def confirmed(broker: Broker, number: int) -> None:
    """Publish, again and again with the same id as a caller would, until it is confirmed."""

    def attempt() -> bool:
        return broker.publisher().publish(event(number)).exception(PATIENCE) is None

    eventually(attempt)


def timed(futures: list[Future[None]]) -> tuple[list[BaseException | None], float]:
    """How the futures ended, and after how many seconds the last did."""
    began = time.monotonic()
    return [future.exception(PATIENCE) for future in futures], time.monotonic() - began


def receive(consumer: Consumer, count: int) -> list[Delivery]:
    found: list[Delivery] = []

    def enough() -> bool:
        found.extend(consumer.receive(count - len(found), 0.2))
        return len(found) >= count

    eventually(enough)
    return found


def ids(broker: Broker) -> list[str]:
    return [each.message_id for each in broker.get(ADVISOR, 100)]


def test_a_connection_reset_between_publish_and_confirm_is_unknown_at_once(
    straight: Broker, proxy: Proxy, vhost_url: str
) -> None:
    broker = through(proxy, vhost_url, PATIENCE)
    confirmed(broker, 0)
    proxy.become(Mode.DEAF)
    futures = [broker.publisher().publish(event(number)) for number in (1, 2, 3)]
    # The fault: the broker has the messages and has confirmed, and nobody heard it
    eventually(lambda: straight.queue_depth(ADVISOR) == 4)
    proxy.wait_for("answers_swallowed", 1)
    assert not any(future.done() for future in futures)
    proxy.become(Mode.RESET)
    assert proxy.resets >= 1
    ends, seconds = timed(futures)
    assert all(isinstance(end, PublishUnknown) for end in ends)
    assert seconds < PATIENCE / 2
    proxy.become(Mode.PASS)
    confirmed(broker, 1)
    broker.close()
    assert ids(straight) == ["e-0", "e-1", "e-2", "e-3", "e-1"]


def test_a_black_hole_is_unknown_within_the_bound_and_the_connection_is_left(
    broker: Broker, straight: Broker, proxy: Proxy
) -> None:
    confirmed(broker, 0)
    assert proxy.connections == 1
    proxy.become(Mode.BLACK_HOLE)
    began = time.monotonic()
    futures = [broker.publisher().publish(event(number)) for number in (1, 2)]
    proxy.wait_for("swallowed", 1)
    ends, _ = timed(futures)
    assert all(isinstance(end, PublishUnknown) for end in ends)
    assert TIMEOUT - 0.2 < time.monotonic() - began < TIMEOUT + SLACK
    # Without waiting for any heartbeat the publisher tried again, into the same black hole; now nothing may wait long
    proxy.wait_for("connections", 2)
    ends, seconds = timed([broker.publisher().publish(event(3))])
    assert isinstance(ends[0], PublishRefused)
    assert seconds < TIMEOUT + SLACK
    proxy.become(Mode.PASS)
    confirmed(broker, 4)
    assert ids(straight) == ["e-0", "e-4"]


def test_a_full_window_holds_callers_back_for_a_bounded_time(broker: Broker, vhost_url: str, proxy: Proxy) -> None:
    small = connect(
        vhost_url.replace(f":{urlsplit(vhost_url).port}/", f":{proxy.port}/"),
        bounds=Bounds(publish_timeout_s=TIMEOUT, max_unconfirmed=2),
    )
    confirmed(small, 0)
    proxy.become(Mode.BLACK_HOLE)
    publisher = small.publisher()
    held = [publisher.publish(event(number)) for number in (1, 2)]
    began = time.monotonic()
    third = publisher.publish(event(3))
    assert time.monotonic() - began < TIMEOUT + SLACK
    assert all(isinstance(future.exception(PATIENCE), PublishUnknown) for future in held)
    assert third.exception(PATIENCE) is not None
    began = time.monotonic()
    small.close()
    assert time.monotonic() - began < TIMEOUT + 3 + SLACK


def test_close_is_bounded_in_a_black_hole_and_leaves_no_future_open(broker: Broker, proxy: Proxy) -> None:
    confirmed(broker, 0)
    proxy.become(Mode.BLACK_HOLE)
    publisher = broker.publisher()
    future = publisher.publish(event(1))
    proxy.wait_for("swallowed", 1)
    began = time.monotonic()
    publisher.close(0.3)
    assert time.monotonic() - began < 3 + SLACK
    assert isinstance(future.exception(0.1), PublishUnknown)


def test_a_consumer_comes_back_and_stale_settlements_are_left_out(
    broker: Broker, straight: Broker, proxy: Proxy, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(3):
        confirmed(straight, number)
    consumer = broker.consumer(ADVISOR, 10)
    stale = receive(consumer, 3)
    connections = proxy.connections
    proxy.become(Mode.RESET)
    assert proxy.resets >= 1
    eventually(lambda: consumer.problem)
    consumer.settle([Settlement(each, Outcome.DONE) for each in stale], NOW)
    consumer.settle([Settlement(stale[0], Outcome.DEAD, "late")], NOW)
    proxy.become(Mode.PASS)
    again = receive(consumer, 3)
    assert proxy.connections > connections
    assert [each.message_id for each in again] == [each.message_id for each in stale]
    assert [each.attempts for each in again] == [1, 1, 1]
    consumer.settle([Settlement(stale[1], Outcome.DONE)], NOW)
    assert sum("will deliver it again" in record.getMessage() for record in caplog.records) == 5
    consumer.settle([Settlement(each, Outcome.DONE) for each in again], NOW)
    consumer.close()
    assert straight.queue_depth(ADVISOR) == straight.queue_depth(DEAD) == 0


CUTS = 24
"""More than the delivery limit of 20."""


def cut(proxy: Proxy, consumer: Consumer) -> None:
    """Cut every connection and wait until the consumer is connected again, and a little for deliveries to come."""
    eventually(lambda: consumer.problem is None)
    end = time.monotonic() + 0.3
    while not consumer._unsettled and time.monotonic() < end:  # type: ignore[attr-defined]
        time.sleep(0.01)
    connections = proxy.connections
    proxy.become(Mode.RESET)
    proxy.become(Mode.PASS)
    eventually(lambda: proxy.connections > connections)


def test_lost_connections_do_not_count_against_messages_that_nobody_asks_for(
    broker: Broker, straight: Broker, proxy: Proxy
) -> None:
    """The worker is busy with a batch that waits for a lock: while it does, the broker has nothing to count."""
    for number in range(5):
        confirmed(straight, number)
    consumer = broker.consumer(ADVISOR, 10)
    receive(consumer, 5)
    for _ in range(CUTS):
        cut(proxy, consumer)
    again = receive(consumer, 5)
    assert [(each.message_id, each.attempts) for each in again] == [(f"e-{number}", 1) for number in range(5)]
    consumer.settle([Settlement(each, Outcome.DONE) for each in again], NOW)
    consumer.close()
    assert straight.queue_depth(ADVISOR) == straight.queue_depth(DEAD) == 0


def test_after_losses_without_a_settlement_a_consumer_holds_one_message_until_it_works_again(
    broker: Broker, straight: Broker, proxy: Proxy
) -> None:
    """What ends the connection, without being received, is then alone in what the broker counts."""
    for number in range(HEALTHY_AFTER + 30):
        confirmed(straight, number)
    consumer = broker.consumer(ADVISOR, 10)
    for _ in range(CAREFUL_AFTER):
        receive(consumer, 10)
        cut(proxy, consumer)
    for number in range(HEALTHY_AFTER):
        (one,) = receive(consumer, 1)
        assert one.message_id == f"e-{number}"
        assert consumer.receive(10, 0.05) == []
        consumer.settle([Settlement(one, Outcome.DONE)], NOW)
    rest = receive(consumer, 10)
    assert sum(each.attempts for each in rest) <= 1  # pika rejects what arrives after a consumer is cancelled
    consumer.close()


def test_a_dead_letter_that_cannot_be_parked_is_tried_again(
    broker: Broker, straight: Broker, proxy: Proxy, vhost_url: str
) -> None:
    confirmed(straight, 0)
    consumer = straight.consumer(ADVISOR, 10)
    delivery = receive(consumer, 1)
    broker.publisher().close(0.1)
    closed = broker.publisher()
    consumer._publisher = lambda: closed  # type: ignore[attr-defined]
    consumer.settle([Settlement(each, Outcome.DEAD, "bad") for each in delivery], NOW)
    (again,) = receive(consumer, 1)
    assert (again.message_id, again.attempts) == ("e-0", 1)
    assert straight.queue_depth(DEAD) == 0


def test_a_queue_that_is_made_later_is_consumed_when_it_is_there(broker: Broker, vhost_url: str) -> None:
    consumer = broker.consumer("later", 5)
    eventually(lambda: "later" in (consumer.problem or ""))
    with BlockingConnection(URLParameters(vhost_url)) as connection:
        channel = connection.channel()
        channel.queue_declare("later", durable=True)
        channel.basic_publish("", "later", b"now")
        (delivery,) = receive(consumer, 1)
        assert delivery.body == b"now"
        # And a queue that is deleted under the consumer: it says so instead of waiting in silence
        channel.queue_delete("later")
        eventually(lambda: "later" in (consumer.problem or "") or "deleted" in (consumer.problem or ""))


def test_a_full_queue_refuses_and_the_next_message_is_taken(vhost_url: str, straight: Broker) -> None:
    with BlockingConnection(URLParameters(vhost_url)) as connection:
        channel = connection.channel()
        arguments = {"x-queue-type": "quorum", "x-max-length": 1, "x-overflow": "reject-publish"}
        channel.queue_declare("small", durable=True, arguments=arguments)
        channel.queue_bind("small", EVENTS, "full.#")
        message = Message(EVENTS, "full.acme.x", b"{}", "f-1")
        ends: list[BaseException | None] = []

        def refused() -> bool:
            # A quorum queue notices only after a moment that it is full
            ends.append(straight.publisher().publish(message).exception(PATIENCE))
            return ends[-1] is not None

        eventually(refused)
        assert isinstance(ends[-1], PublishRefused)
        assert "full" in str(ends[-1])
        assert straight.queue_depth("small") == len(ends) - 1 > 0
        channel.queue_purge("small")
        eventually(lambda: straight.publisher().publish(message).exception(PATIENCE) is None)


@pytest.fixture
def nobody() -> Iterator[str]:
    """A broker's URL whose port is bound and does not listen."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"amqp://guest:guest@127.0.0.1:{bound.getsockname()[1]}/%2F"


def test_with_nobody_at_the_url_everything_fails_in_time(nobody: str) -> None:
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", urlsplit(nobody).port or 0), timeout=1)
    dead = connect(nobody, bounds=BOUNDS)
    began = time.monotonic()
    assert isinstance(dead.publisher().publish(event(1)).exception(PATIENCE), PublishRefused)
    consumer = dead.consumer(ADVISOR, 1)
    assert consumer.receive(1, 0.1) == []
    for errand in (dead.apply_topology, dead.check_topology, lambda: dead.queue_depth(ADVISOR)):
        with pytest.raises(BrokerAway):
            errand()
    with pytest.raises(BrokerAway):
        dead.subscribe("#")
    assert time.monotonic() - began < 30
    assert dead.publisher().problem
    assert consumer.problem
    # Known to be away: the next caller is not made to wait at all
    began = time.monotonic()
    assert isinstance(dead.publisher().publish(event(1)).exception(PATIENCE), PublishRefused)
    assert time.monotonic() - began < TIMEOUT / 2
    dead.close()


def test_a_wrong_password_is_said_and_not_shown(vhost_url: str, caplog: pytest.LogCaptureFixture) -> None:
    dead = connect(vhost_url.replace("guest:guest", "guest:Sesame"), bounds=BOUNDS)
    with pytest.raises(BrokerAway) as refused:
        dead.queue_depth(ADVISOR)
    assert isinstance(dead.publisher().publish(event(1)).exception(PATIENCE), PublishRefused)
    dead.close()
    assert "Sesame" not in str(refused.value)
    assert not any("Sesame" in record.getMessage() for record in caplog.records)


def test_an_error_in_a_callback_does_not_end_the_link(
    broker: Broker, proxy: Proxy, caplog: pytest.LogCaptureFixture
) -> None:
    confirmed(broker, 0)
    link: ConnectionThread = broker.publisher()._connection  # type: ignore[attr-defined]

    def stumble() -> None:
        raise KeyError("nothing")

    link.call(stumble)
    eventually(lambda: any("unexpected error" in record.getMessage() for record in caplog.records))
    confirmed(broker, 1)
    assert proxy.connections == 2


@pytest.mark.long
def test_an_alarm_blocks_publishers_not_consumers_and_every_future_ends(
    private_rabbitmq: private_servers.PrivateRabbitMQ, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level(logging.INFO, logger="signpost")
    broker = connect(private_rabbitmq.url(), bounds=BOUNDS)
    doctor = Installation(tmp_path, variables(tmp_path, SIGNPOST_BROKER_URL=private_rabbitmq.url()))
    broker.apply_topology()
    confirmed(broker, 0)
    private_rabbitmq.ctl("set_vm_memory_high_watermark", "0.0000001")
    try:
        # The broker measures its memory now and then, so the first may still be confirmed
        eventually(lambda: broker.publisher().publish(event(1)).exception(PATIENCE) is not None)
        assert isinstance(broker.publisher().publish(event(1)).exception(PATIENCE), PublishUnknown | PublishRefused)
        eventually(lambda: "blocks publishers" in (broker.publisher().problem or ""))
        began = time.monotonic()
        assert isinstance(broker.publisher().publish(event(2)).exception(PATIENCE), PublishRefused)
        assert time.monotonic() - began < TIMEOUT / 2
        (delivery,) = receive(broker.consumer(ADVISOR, 1), 1)
        assert delivery.message_id == "e-0"
        assert doctor.worst("broker-alarm").finding.text == "RabbitMQ blocks publishers: its memory or its disk is full"
    finally:
        private_rabbitmq.ctl("set_vm_memory_high_watermark", "0.4")
    confirmed(broker, 3)
    assert not is_bad(doctor.worst("broker-alarm"))
    broker.close()


def test_thousands_a_second_when_pipelined(straight: Broker) -> None:
    publisher = straight.publisher()
    confirmed(straight, 0)
    body = b"x" * 1024
    began = time.monotonic()
    futures = [publisher.publish(Message(EVENTS, "0.acme.x", body, f"t-{number}")) for number in range(3000)]
    for future in futures:
        future.result(PATIENCE)
    rate = 3000 / (time.monotonic() - began)
    print(f"{rate:.0f} confirmed messages a second")
    # Ten times as many as confirms that are waited for one by one; a busy machine does no more
    assert rate > 300


def test_consumers_share_partitions_by_handing_them_over(rabbitmq_server: servers.SharedRabbitMQ) -> None:
    """Of the consumers of a partition one is active: the first one, until it yields. All consume the queue of bulk."""
    with servers.vhost(rabbitmq_server) as url:
        first, second = connect(url, partitions=4), connect(url, partitions=4)
        first.apply_topology()
        *_, partition, bulk = advisor_queues(4)
        one, shared = first.consumer(partition, 10), first.consumer(bulk, 10)
        put(first, "e-1")
        held = receive(one, 1)
        other, shared_too = second.consumer(partition, 10), second.consumer(bulk, 10)
        eventually(lambda: shared.competitors() == shared_too.competitors() == 2)
        # One that yields before the other one has joined becomes active again
        eventually(lambda: other.problem is None)
        put(first, "e-2")
        held += receive(one, 1)
        assert [each.message_id for each in held] == ["e-1", "e-2"]
        one.yield_turn()

        def is_other_active() -> bool:
            # The broker waits for what the first one holds, so that nothing overtakes it
            held.extend(one.receive(10, 0))
            one.settle([Settlement(each, Outcome.DONE) for each in held], NOW)
            held.clear()
            put(first, "e-3")
            return bool(other.receive(1, 1.0))

        eventually(is_other_active)
        for broker in (first, second):
            broker.close()


def put(broker: Broker, name: str) -> None:
    broker.publisher().publish(Message(EVENTS, "3.acme.x", b"{}", name)).result(PATIENCE)
