"""What every broker must do, run on RabbitMQ and on the embedded queue: confirm, route, redeliver, park, forget."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from signpost.messaging import (
    Bounds,
    Broker,
    Consumer,
    Delivery,
    Message,
    NoSuchQueue,
    Outcome,
    PublishRefused,
    PublishReturned,
    Settlement,
    TopologyDiffers,
    Unsendable,
    advisor_queues,
    connect,
    require_topology,
)
from signpost.messaging.message import EXCHANGE, FAILED_AT, QUEUE, REASON, SWEEP_PAGE_BYTES
from signpost.messaging.topology import ADVISOR, UNROUTED
from signpost.names import ADVICE, DEAD, EVENTS
from tests.support import servers
from tests.support.vhosts import PATIENT

LIMIT = 2
NOW = 1_780_000_000_000_000
PATIENCE = 60.0
BOUNDS = Bounds(backoff_max_s=0.5)
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def vhost_url(rabbitmq_server: servers.SharedRabbitMQ) -> Iterator[str]:
    """A virtual host for this module: its topology has a delivery limit of its own."""
    with servers.vhost(rabbitmq_server) as url:
        yield url


@pytest.fixture(params=["rabbitmq", "embedded"])
def url(request: pytest.FixtureRequest) -> str:
    """A broker with the topology and nothing in its queues."""
    found: str = request.getfixturevalue("vhost_url" if request.param == "rabbitmq" else "sqlite_url")
    setup = connect(found, delivery_limit=LIMIT, bounds=PATIENT)
    setup.apply_topology()
    for queue in (ADVISOR, DEAD, UNROUTED):
        setup.purge(queue)
    setup.close()
    return found


@pytest.fixture
def broker(url: str) -> Iterator[Broker]:
    """One process's view of the broker."""
    found = connect(url, delivery_limit=LIMIT, bounds=BOUNDS)
    yield found
    found.close()


def event(number: int, key: str = "0.acme.offer.extended") -> Message:
    """An event message to the advisors."""
    return Message(EVENTS, key, b'{"number": %d}' % number, f"e-{number}", {"cloudEvents_type": "t", "count": number})


def advice(key: str, number: int = 0) -> Message:
    """A recommendation message."""
    return Message(ADVICE, key, b"{}", f"{key}.{number}")


def publish(broker: Broker, *messages: Message) -> None:
    """Publish and see every one confirmed."""
    for future in [broker.publisher().publish(message) for message in messages]:
        future.result(PATIENCE)


def receive(consumer: Consumer, count: int) -> list[Delivery]:
    """Exactly `count` deliveries, or a failure that says how many came."""
    found: list[Delivery] = []
    end = time.monotonic() + PATIENCE
    while len(found) < count and time.monotonic() < end:
        found += consumer.receive(count - len(found), 0.5)
    assert len(found) == count
    return found


def settle(consumer: Consumer, outcome: Outcome, *deliveries: Delivery, reason: str = "") -> None:
    """The same outcome for several deliveries."""
    consumer.settle([Settlement(delivery, outcome, reason) for delivery in deliveries], NOW)


def await_depth(broker: Broker, queue: str, depth: int) -> None:
    """Wait until so many messages are ready."""
    end = time.monotonic() + PATIENCE
    while (found := broker.queue_depth(queue)) != depth and time.monotonic() < end:
        time.sleep(0.02)
    assert found == depth


def numbers(deliveries: list[Delivery]) -> list[int]:
    """The numbers that `event` wrote."""
    return [json.loads(delivery.body)["number"] for delivery in deliveries]


def test_a_confirmed_message_arrives_whole_and_leaves_when_done(broker: Broker) -> None:
    publish(broker, event(7))
    consumer = broker.consumer(ADVISOR, 10)
    (delivery,) = receive(consumer, 1)
    assert delivery.body == b'{"number": 7}'
    assert (delivery.message_id, delivery.routing_key, delivery.exchange) == ("e-7", "0.acme.offer.extended", EVENTS)
    assert delivery.content_type == "application/cloudevents+json"
    assert delivery.headers == {"cloudEvents_type": "t", "count": 7}
    assert (delivery.redelivered, delivery.attempts) == (False, 0)
    settle(consumer, Outcome.DONE, delivery)
    consumer.close()
    assert broker.consumer(ADVISOR, 10).receive(1, 0.3) == []
    assert broker.queue_depth(ADVISOR) == 0


def test_receive_waits_no_longer_than_asked_and_takes_what_is_there(broker: Broker) -> None:
    consumer = broker.consumer(ADVISOR, 10)
    began = time.monotonic()
    assert consumer.receive(5, 0.2) == []
    assert 0.2 <= time.monotonic() - began < 10
    publish(broker, event(1), event(2), event(3))
    assert numbers(receive(consumer, 3)) == [1, 2, 3]


def test_prefetch_bounds_what_one_consumer_holds(broker: Broker) -> None:
    publish(broker, *map(event, range(5)))
    first = broker.consumer(ADVISOR, 2)
    held = receive(first, 2)
    assert first.receive(10, 0.3) == []
    second = broker.consumer(ADVISOR, 10)
    assert numbers(held + receive(second, 3)) == [0, 1, 2, 3, 4]
    settle(first, Outcome.DONE, *held)


def test_settling_in_any_order_settles_exactly_those(broker: Broker) -> None:
    publish(broker, *map(event, range(6)))
    consumer = broker.consumer(ADVISOR, 10)
    deliveries = receive(consumer, 6)
    settle(consumer, Outcome.DONE, deliveries[4], deliveries[0], deliveries[1])
    settle(consumer, Outcome.DONE, deliveries[3])
    consumer.close()
    assert numbers(receive(broker.consumer(ADVISOR, 10), 2)) == [2, 5]


def test_an_event_without_a_queue_fails_its_own_future_only(broker: Broker) -> None:
    publisher = broker.publisher()
    good, lost, also_good = (publisher.publish(each) for each in (event(1), event(2, "nowhere.acme.x"), event(3)))
    good.result(PATIENCE)
    also_good.result(PATIENCE)
    with pytest.raises(PublishReturned, match="nowhere"):
        lost.result(PATIENCE)
    await_depth(broker, ADVISOR, 2)


def test_advice_that_nobody_listens_to_is_kept_as_unrouted(broker: Broker) -> None:
    publish(broker, advice("acme.candidate.offers.high.raised"))
    await_depth(broker, UNROUTED, 1)
    (kept,) = broker.get(UNROUTED, 5)
    assert kept.routing_key == "acme.candidate.offers.high.raised"


def test_retry_counts_attempts_and_keeps_the_order(broker: Broker) -> None:
    publish(broker, *map(event, range(4)))
    consumer = broker.consumer(ADVISOR, 4)
    first = receive(consumer, 4)
    settle(consumer, Outcome.RETRY, *first)
    again = receive(consumer, 4)
    assert numbers(again) == [0, 1, 2, 3]
    assert [(each.attempts, each.redelivered) for each in again] == [(1, True)] * 4
    settle(consumer, Outcome.DONE, *again)


def test_a_message_that_comes_back_too_often_is_a_dead_letter(broker: Broker) -> None:
    publish(broker, event(1))
    consumer = broker.consumer(ADVISOR, 4)
    for attempt in range(LIMIT + 1):
        (delivery,) = receive(consumer, 1)
        assert delivery.attempts == attempt
        settle(consumer, Outcome.RETRY, delivery)
    await_depth(broker, DEAD, 1)
    (dead,) = broker.get(DEAD, 5)
    assert (dead.message_id, dead.body) == ("e-1", b'{"number": 1}')
    assert (dead.headers[REASON], dead.headers[QUEUE]) == ("delivery limit", ADVISOR)
    assert str(dead.headers[FAILED_AT]).endswith("Z")
    assert consumer.receive(1, 0.2) == []


def test_a_dead_letter_carries_reason_queue_time_and_its_own_headers(broker: Broker) -> None:
    publish(broker, event(1), event(2))
    consumer = broker.consumer(ADVISOR, 4)
    bad, good = receive(consumer, 2)
    settlements = [Settlement(bad, Outcome.DEAD, "not a CloudEvent " + "x" * 1000), Settlement(good, Outcome.DONE)]
    consumer.settle(settlements, NOW)
    await_depth(broker, DEAD, 1)
    (dead,) = broker.get(DEAD, 5)
    headers = dict(dead.headers)
    reason = str(headers.pop(REASON))
    assert reason.startswith("not a CloudEvent x")
    assert len(reason) == 500
    assert headers == {
        "cloudEvents_type": "t",
        "count": 1,
        QUEUE: ADVISOR,
        FAILED_AT: "2026-05-28T20:26:40Z",
        EXCHANGE: EVENTS,
    }
    assert (dead.message_id, dead.body, dead.routing_key) == (bad.message_id, bad.body, bad.routing_key)
    consumer.close()
    assert broker.queue_depth(ADVISOR) == 0


@contextlib.contextmanager
def running(program: str, url: str, ready: str) -> Iterator["subprocess.Popen[str]"]:
    """A process that has printed `ready`; it is gone afterwards, whatever a test found."""
    command = [sys.executable, "-c", program, url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == f"{ready}\n"
            yield process
        finally:
            process.kill()


VICTIM = """
import sys, time
from signpost.messaging import connect
consumer = connect(sys.argv[1], delivery_limit=2).consumer("signpost.advisor", 3)
held = []
while len(held) < 3:
    held += consumer.receive(3, 1.0)
print("holding", flush=True)
time.sleep(600)
"""


def test_what_a_killed_process_held_is_delivered_again_at_once(url: str, broker: Broker) -> None:
    publish(broker, *map(event, range(5)))
    with running(VICTIM, url, "holding") as victim:
        await_depth(broker, ADVISOR, 2)
        victim.send_signal(signal.SIGKILL)
        assert victim.wait(PATIENCE) == -signal.SIGKILL
    began = time.monotonic()
    again = receive(broker.consumer(ADVISOR, 10), 5)
    assert time.monotonic() - began < PATIENCE / 2
    assert sorted(numbers(again)) == [0, 1, 2, 3, 4]
    assert {number: each.attempts for number, each in zip(numbers(again), again, strict=True)} == {
        0: 1,
        1: 1,
        2: 1,
        3: 0,
        4: 0,
    }


def test_a_consumer_that_waits_already_gets_what_a_killed_process_held(url: str, broker: Broker) -> None:
    publish(broker, *map(event, range(3)))
    with running(VICTIM, url, "holding") as victim:
        consumer = broker.consumer(ADVISOR, 10)
        assert consumer.receive(1, 0.2) == []
        os.kill(victim.pid, signal.SIGKILL)
        assert numbers(receive(consumer, 3)) == [0, 1, 2]
        victim.wait(PATIENCE)


def test_closing_a_consumer_gives_back_what_it_held_in_order(broker: Broker) -> None:
    publish(broker, *map(event, range(3)))
    consumer = broker.consumer(ADVISOR, 10)
    receive(consumer, 3)
    consumer.close()
    assert consumer.receive(1, 5.0) == []
    again = receive(broker.consumer(ADVISOR, 10), 3)
    assert numbers(again) == [0, 1, 2]


def test_settling_twice_changes_nothing(broker: Broker) -> None:
    publish(broker, event(1), event(2))
    consumer = broker.consumer(ADVISOR, 10)
    first, second = receive(consumer, 2)
    settle(consumer, Outcome.DONE, first)
    settle(consumer, Outcome.RETRY, first)
    settle(consumer, Outcome.DONE, first)
    publish(broker, event(3))
    assert numbers(receive(consumer, 1)) == [3]
    assert second.message_id == "e-2"
    assert broker.queue_depth(ADVISOR) == 0


@pytest.mark.parametrize(
    ("pattern", "wanted"),
    [
        ("acme.candidate.#", ["acme.candidate.offers.high.raised", "acme.candidate.pay.urgent.raised"]),
        ("*.*.*.urgent.raised", ["acme.candidate.pay.urgent.raised", "other.employer.pay.urgent.raised"]),
        ("#.resolved", ["acme.employer.offers.low.resolved"]),
        ("acme.*", []),
        (
            "#",
            [
                "acme.candidate.offers.high.raised",
                "acme.candidate.pay.urgent.raised",
                "acme.employer.offers.low.resolved",
                "other.employer.pay.urgent.raised",
            ],
        ),
    ],
)
def test_a_subscription_gets_what_its_pattern_matches(broker: Broker, pattern: str, wanted: list[str]) -> None:
    keys = [
        "acme.candidate.offers.high.raised",
        "acme.candidate.pay.urgent.raised",
        "acme.employer.offers.low.resolved",
        "other.employer.pay.urgent.raised",
    ]
    subscription, marker = broker.subscribe(pattern), broker.subscribe("end.of.test")
    publish(broker, *map(advice, keys), advice("end.of.test"))
    receive(marker, 1)
    found = [each.routing_key for each in (receive(subscription, len(wanted)) if wanted else [])]
    rest = [each.routing_key for each in subscription.receive(10, 0.1)]
    assert [key for key in found + rest if key != "end.of.test"] == wanted


def test_subscriptions_each_get_a_copy_and_vanish_when_closed(broker: Broker) -> None:
    first, second = broker.subscribe("#"), broker.subscribe("#")
    publish(broker, advice("acme.candidate.offers.high.raised"))
    receive(first, 1)
    receive(second, 1)
    first.close()
    second.close()
    assert broker.queue_depth(UNROUTED) == 0
    publish(broker, advice("acme.candidate.offers.high.updated"))
    await_depth(broker, UNROUTED, 1)


def test_a_subscription_of_a_killed_process_vanishes(url: str, broker: Broker) -> None:
    program = """
import sys, time
from signpost.messaging import connect
subscription = connect(sys.argv[1]).subscribe("#")
print("listening", flush=True)
time.sleep(600)
"""
    with running(program, url, "listening") as victim:
        publish(broker, advice("a.b.c.d.one"))
        assert broker.queue_depth(UNROUTED) == 0
        os.kill(victim.pid, signal.SIGKILL)
        victim.wait(PATIENCE)
    elsewhere = broker.consumer(ADVISOR, 1)
    end = time.monotonic() + PATIENCE
    while not broker.queue_depth(UNROUTED) and time.monotonic() < end:
        elsewhere.receive(1, 0.1)
        publish(broker, advice("a.b.c.d.two"))
    assert broker.queue_depth(UNROUTED) > 0


def test_publishing_from_sixteen_threads_confirms_and_keeps_each_thread_in_order(broker: Broker) -> None:
    publisher = broker.publisher()
    failures: list[BaseException] = []

    def run(origin: int) -> None:
        try:
            sent = [publisher.publish(event(origin * 1000 + each)) for each in range(50)]
            for future in sent:
                future.result(PATIENCE)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert failures == []
    consumer = broker.consumer(ADVISOR, 1000)
    found = numbers(receive(consumer, 800))
    assert sorted(found) == [origin * 1000 + each for origin in range(16) for each in range(50)]
    for origin in range(16):
        mine = [number for number in found if number // 1000 == origin]
        assert mine == sorted(mine)


def test_a_closed_publisher_refuses_and_a_close_flushes(broker: Broker) -> None:
    publisher = broker.publisher()
    sent = [publisher.publish(event(number)) for number in range(200)]
    publisher.close(PATIENCE)
    assert all(future.done() and future.exception() is None for future in sent)
    with pytest.raises(PublishRefused, match="closed"):
        publisher.publish(event(1)).result(1.0)
    await_depth(broker, ADVISOR, 200)


def test_the_topology_matches_after_applying_and_applying_again_changes_nothing(broker: Broker) -> None:
    publish(broker, event(1))
    broker.apply_topology()
    assert broker.check_topology() == []
    assert broker.queue_depth(ADVISOR) == 1


def test_the_check_names_what_differs_and_apply_refuses_to_bend_it(url: str) -> None:
    other = connect(url, delivery_limit=LIMIT + 1)
    differences = other.check_topology()
    assert [f"queue {queue}" in line for queue, line in zip(advisor_queues(), differences, strict=True)] == [True] * 2
    assert all("x-delivery-limit" in difference for difference in differences)
    with pytest.raises(TopologyDiffers, match=ADVISOR):
        other.apply_topology()
    other.close()


def test_more_partitions_are_reported_missing_and_the_old_queue_gets_no_more_events(sqlite_url: str) -> None:
    check_partitions(sqlite_url)


def test_partitions_on_rabbitmq(rabbitmq_server: servers.SharedRabbitMQ) -> None:
    with servers.vhost(rabbitmq_server) as url:
        check_partitions(url)


def check_partitions(url: str) -> None:
    """From one partition to three and back: each event goes to exactly one queue at any time."""
    one, three = connect(url, partitions=1), connect(url, partitions=3)
    missing = one.check_topology()
    assert any("signpost.events: is missing" in line for line in missing)
    assert any("queue signpost.dead: is missing" in line for line in missing)
    with pytest.raises(NoSuchQueue):
        one.queue_depth(ADVISOR)
    one.apply_topology()
    publish(one, event(1))
    assert any("signpost.advisor.2: is missing" in line for line in three.check_topology())
    three.apply_topology()
    (difference,) = three.check_topology()
    assert difference.startswith("queue signpost.advisor: belongs to another number of partitions; 1 messages wait")
    assert require_topology(three) == [difference]
    publish(three, event(2, "0.acme.x"), event(3, "2.acme.x"))
    assert [three.queue_depth(f"{ADVISOR}.{n}") for n in range(3)] == [1, 0, 1]
    assert three.queue_depth(ADVISOR) == 1
    one.apply_topology()
    publish(one, event(4))
    assert (one.queue_depth(ADVISOR), one.queue_depth(f"{ADVISOR}.0")) == (2, 1)
    differences = one.check_topology()
    assert len(differences) == 3
    assert require_topology(one) == differences[:2], "a process that starts asks for the nearest only"
    one.close()
    three.close()


def test_names_longer_than_amqp_carries_are_refused_before_anything_is_sent() -> None:
    with pytest.raises(Unsendable, match="routing key"):
        Message(EVENTS, "ä" * 128, b"", "1")
    with pytest.raises(Unsendable, match="id of a message"):
        Message(EVENTS, "0.a", b"", "x" * 256)
    assert Message(EVENTS, "x" * 255, b"", "ä" * 127).body == b""


def test_logs_never_show_a_body_or_a_header(broker: Broker, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", logger="signpost")
    secret = Message(EVENTS, "0.acme.x", b'{"name": "Grace Hopper"}', "id-1", {"person": "Grace Hopper"})
    publish(broker, secret, secret)
    consumer = broker.consumer(ADVISOR, 10)
    first, second = receive(consumer, 2)
    settle(consumer, Outcome.RETRY, first)
    settle(consumer, Outcome.DONE, first)
    settle(consumer, Outcome.DEAD, second, reason="no such type")
    consumer.close()
    settle_after_close = [record.getMessage() for record in caplog.records]
    assert not any("Hopper" in line for line in settle_after_close)


def test_a_sweep_deletes_what_is_chosen_and_keeps_the_order_of_the_rest(broker: Broker) -> None:
    publish(broker, *map(event, range(5)))
    seen: list[int] = []

    def choose(page: Sequence[Delivery]) -> list[bool]:
        seen.extend(numbers(list(page)))
        return [number % 2 == 1 for number in numbers(list(page))]

    await_depth(broker, ADVISOR, 5)
    assert broker.sweep(ADVISOR, choose) == 2
    await_depth(broker, ADVISOR, 3)
    assert seen == [0, 1, 2, 3, 4]
    assert broker.sweep(ADVISOR, choose) == 0
    await_depth(broker, ADVISOR, 3)
    assert numbers(broker.get(ADVISOR, 9)) == [0, 2, 4]
    with pytest.raises(NoSuchQueue):
        broker.sweep("signpost.none", choose)


def test_sweeps_of_a_long_queue_keep_its_order_also_if_they_end_early(broker: Broker) -> None:
    count = 1200
    publish(broker, *(Message(DEAD, "k", b'{"number": %d}' % number, "") for number in range(count)))
    await_depth(broker, DEAD, count)

    def sweep(stop_after: int, dropped: int = -1) -> list[int]:
        seen: list[int] = []

        def choose(page: Sequence[Delivery]) -> list[bool]:
            if len(seen) >= stop_after:
                raise LookupError
            seen.extend(numbers(list(page)))
            return [number == dropped for number in numbers(list(page))]

        with contextlib.suppress(LookupError):
            broker.sweep(DEAD, choose)
        return seen

    for stop_after in (count, 1, 600, 1, count):
        seen = sweep(stop_after)
        assert seen == list(range(len(seen)))
        await_depth(broker, DEAD, count)
    assert sweep(1, dropped=7)[:9] == list(range(9))
    await_depth(broker, DEAD, count - 1)
    assert numbers(broker.get(DEAD, count)) == [number for number in range(count) if number != 7]


def test_a_page_of_a_sweep_is_no_larger_than_its_bound(broker: Broker) -> None:
    body = b" " * 1_000_000
    publish(broker, *(Message(EVENTS, "0.acme.x", body, f"e-{number}") for number in range(20)))
    await_depth(broker, ADVISOR, 20)
    pages: list[int] = []

    def choose(page: Sequence[Delivery]) -> list[bool]:
        pages.append(len(page))
        return [True] * len(page)

    assert broker.sweep(ADVISOR, choose) == sum(pages) == 20
    assert max(pages) <= SWEEP_PAGE_BYTES // len(body)
    await_depth(broker, ADVISOR, 0)
