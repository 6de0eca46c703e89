"""The RabbitMQ consumer without a server: what it receives, and what each outcome sends on a channel."""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any

import pytest

from signpost.messaging import Bounds, Delivery, Message, Outcome, PublishUnknown, QueueFull, Settlement, Unsendable
from signpost.messaging.message import QUEUE, REASON
from signpost.messaging.rabbitmq.consumer import RabbitConsumer
from signpost.names import ADVICE, DEAD
from tests.support.rabbitmq_parts import (
    PATIENCE,
    Channel,
    Letters,
    consuming,
    deliver,
    drive_connections,
    open_channel,
    settle,
    verbs,
)


@pytest.fixture(autouse=True)
def _without_a_server(monkeypatch: pytest.MonkeyPatch) -> None:
    drive_connections(monkeypatch)


def test_a_queue_is_consumed_with_its_prefetch() -> None:
    consumer, connection, channel = consuming(prefetch=7)
    assert channel.of("basic_qos", "basic_consume") == [("basic_qos", ("prefetch_count", 7)), ("basic_consume", "q")]
    assert (connection.ready, consumer.wait_connected(0), consumer.problem) == (1, True, None)
    assert channel.of("queue_declare") == []


def test_a_subscription_has_a_queue_of_its_own_with_its_pattern() -> None:
    _, _, channel = consuming(queue=None, pattern="acme.#")
    assert channel.of("queue_declare") == [("queue_declare", "", ("exclusive", True), ("auto_delete", True))]
    assert channel.of("queue_bind", "basic_consume") == [
        ("queue_bind", "amq.gen-1", ADVICE, "acme.#"),
        ("basic_consume", "amq.gen-1"),
    ]
    assert consuming(queue=None, pattern="")[2].of("queue_bind")[0][3] == "#"


def test_deliveries_are_taken_in_order_up_to_the_limit() -> None:
    consumer, _, channel = consuming()
    assert consumer.receive(5, 0) == []
    deliver(consumer, channel, 1, 2, 3)
    assert [one.message_id for one in consumer.receive(2, 0)] == ["e-1", "e-2"]
    assert [one.message_id for one in consumer.receive(2, 0)] == ["e-3"]


def test_a_consumer_that_waits_gets_what_arrives() -> None:
    consumer, _, channel = consuming()
    found: list[Delivery] = []
    thread = threading.Thread(target=lambda: found.extend(consumer.receive(5, PATIENCE)))
    began = time.monotonic()
    thread.start()
    deliver(consumer, channel, 1)
    thread.join(PATIENCE)
    assert [one.message_id for one in found] == ["e-1"]
    assert time.monotonic() - began < PATIENCE / 2


def test_a_consumer_that_waits_ends_when_it_is_closed() -> None:
    consumer, _, _ = consuming()
    thread = threading.Thread(target=lambda: consumer.receive(5, PATIENCE))
    began = time.monotonic()
    thread.start()
    thread.join(0.05)
    consumer.close()
    thread.join(PATIENCE)
    assert time.monotonic() - began < PATIENCE / 2


def test_a_consumer_without_a_channel_can_be_asked_anything() -> None:
    consumer = RabbitConsumer("amqp://h/", Bounds(), "a test", Letters, queue="q", prefetch=1)  # type: ignore[arg-type]
    assert (consumer.competitors(), consumer.receive(1, 0)) == (1, [])
    consumer.yield_turn()
    settle(consumer, Outcome.DONE)
    channel = Channel()
    consumer._channel = channel
    assert consumer.competitors() == 1
    consumer.yield_turn()
    assert channel.calls == [], "it does not consume yet"


def test_what_is_done_in_order_takes_one_frame_and_the_rest_one_each() -> None:
    letters = Letters()
    consumer, _, channel = consuming(letters)
    deliver(consumer, channel, 1, 2, 3, 4, 5, 6)
    one, two, three, four, five, _ = consumer.receive(9, 0)
    consumer.settle(
        [
            *(Settlement(each, Outcome.DONE) for each in (one, two, five)),
            Settlement(three, Outcome.RETRY),
        ],
        0,
    )
    assert verbs(channel) == [
        ("basic_ack", 2, ("multiple", True)),
        ("basic_reject", 3, ("requeue", True)),
        ("basic_ack", 5),
    ]
    settle(consumer, Outcome.DONE, four)
    assert verbs(channel)[3:] == [("basic_ack", 4, ("multiple", True))]
    settle(consumer, Outcome.RETRY, four)
    settle(consumer, Outcome.DONE)
    assert len(verbs(channel)) == 4, "nothing is settled twice"
    assert letters.sent == []


def test_a_dead_letter_is_published_before_its_message_is_acknowledged() -> None:
    letters = Letters()
    consumer, _, channel = consuming(letters)
    deliver(consumer, channel, 1, 2)
    settle(consumer, Outcome.DEAD, *consumer.receive(9, 0), reason="bad")
    assert [(one.exchange, one.message_id, one.headers[REASON], one.headers[QUEUE]) for one in letters.sent] == [
        (DEAD, "e-1", "bad", "q"),
        (DEAD, "e-2", "bad", "q"),
    ]
    assert verbs(channel) == [("basic_ack", 2, ("multiple", True))]


@pytest.mark.parametrize("error", [PublishUnknown("cut"), QueueFull("full"), TimeoutError()])
def test_a_message_whose_dead_letter_is_not_confirmed_is_tried_again(error: Exception) -> None:
    consumer, _, channel = consuming(Letters(error))
    deliver(consumer, channel, 1, 2)
    settle(consumer, Outcome.DEAD, *consumer.receive(9, 0), reason="bad")
    assert verbs(channel) == [("basic_reject", 1, ("requeue", True)), ("basic_ack", 2)]


def test_the_confirm_of_a_dead_letter_is_waited_for() -> None:
    class Slow(Letters):
        def publish(self, message: Message) -> Future[None]:
            future: Future[None] = Future()
            threading.Timer(0.02, future.set_result, [None]).start()
            return future

    consumer, _, channel = consuming(Slow())
    deliver(consumer, channel, 1)
    settle(consumer, Outcome.DEAD, *consumer.receive(9, 0), reason="bad")
    assert verbs(channel) == [("basic_ack", 1, ("multiple", True))]


def test_without_a_dead_letter_no_publisher_connects() -> None:
    def connect() -> Any:
        raise AssertionError

    options: dict[str, Any] = {"queue": "q", "prefetch": 10}
    consumer = RabbitConsumer("amqp://h/", Bounds(), "a test", connect, **options)
    channel = open_channel(consumer)
    deliver(consumer, channel, 1)
    settle(consumer, Outcome.DONE, *consumer.receive(9, 0))
    assert len(verbs(channel)) == 1


def test_the_confirm_of_the_body_alone_is_waited_for_too() -> None:
    class Slow(Letters):
        def publish(self, message: Message) -> Future[None]:
            if not message.message_id:
                future: Future[None] = Future()
                threading.Timer(0.02, future.set_result, [None]).start()
                return future
            return super().publish(message)

    consumer, _, channel = consuming(Slow(Unsendable("a header")))
    deliver(consumer, channel, 1)
    settle(consumer, Outcome.DEAD, *consumer.receive(9, 0), reason="bad")
    assert verbs(channel) == [("basic_ack", 1, ("multiple", True))]


def test_a_dead_letter_that_cannot_be_written_keeps_the_body() -> None:
    letters = Letters(Unsendable("a header"))
    consumer, _, channel = consuming(letters)
    deliver(consumer, channel, 1)
    settle(consumer, Outcome.DEAD, *consumer.receive(9, 0), reason="bad")
    assert [(one.body, one.message_id) for one in letters.sent] == [(b"{}", "e-1"), (b"{}", "")]
    assert verbs(channel) == [("basic_ack", 1, ("multiple", True))]


def test_competitors_are_those_of_the_last_count_and_at_least_this_one() -> None:
    consumer, _, channel = consuming()
    assert [consumer.competitors() for _ in range(2)] == [3, 3], "counted at once here"
    assert channel.of("queue_declare")[0] == ("queue_declare", "q", ("passive", True))
    channel.answer = SimpleNamespace(method=SimpleNamespace(consumer_count=0))
    assert consumer.competitors() == 1
    channel.is_open = False
    consumer.competitors()
    assert len(channel.of("queue_declare")) == 3


def test_a_turn_is_yielded_by_consuming_anew() -> None:
    consumer, connection, channel = consuming()
    consumer.yield_turn()
    assert channel.of("basic_cancel", "basic_consume") == [
        ("basic_consume", "q"),
        ("basic_cancel", "the-tag"),
        ("basic_consume", "q"),
    ]
    channel.is_open = False
    consumer.yield_turn()
    connection.on_lost("cut")
    consumer.yield_turn()
    assert len(channel.of("basic_cancel")) == 1
    deliver(consumer, channel, 1)
    connection.on_lost("cut")
    paused = open_channel(consumer)
    consumer.yield_turn()
    assert paused.of("basic_cancel") == [], "it has no turn"


def test_a_closed_consumer_gives_nothing_more(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="signpost")
    consumer, connection, channel = consuming()
    deliver(consumer, channel, 1)
    consumer.close()
    deliver(consumer, channel, 2)
    assert consumer.receive(5, PATIENCE) == [], "at once"
    assert connection.stopped == [2.0]
    connection.on_lost("stopped")
    [line] = [one for one in caplog.records if "unsettled deliveries" in one.getMessage()]
    assert (line.levelno, "closed with 2" in line.getMessage()) == (logging.INFO, True)


def test_a_queue_that_was_deleted_is_waited_for_on_a_new_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    consumer = RabbitConsumer("amqp://h/", Bounds(), "a test", Letters, queue="q", prefetch=1)  # type: ignore[arg-type]
    channel, noted = Channel(), list[Callable[[object], None]]()
    monkeypatch.setattr(channel, "add_on_cancel_callback", noted.append, raising=False)
    consumer._connection.on_open(channel)  # type: ignore[attr-defined]
    noted[0](None)
    assert consumer._connection.dropped == ["the queue was deleted"]  # type: ignore[attr-defined]
