"""What every broker must do, run on RabbitMQ and on the embedded queue: confirm, route, redeliver, park, forget."""

import os
import signal
import threading
import time

import pytest

from signpost.messaging import Broker, Message, Outcome, PublishRefused, PublishReturned, Settlement, Unsendable
from signpost.messaging.message import EXCHANGE, FAILED_AT, QUEUE, REASON
from signpost.messaging.topology import ADVISOR, UNROUTED
from signpost.names import DEAD, EVENTS
from tests.support.broker_contract import (
    LIMIT,
    NOW,
    PATIENCE,
    advice,
    await_depth,
    event,
    numbers,
    publish,
    receive,
    running,
    settle,
)


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
