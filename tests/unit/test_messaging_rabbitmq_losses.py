"""The RabbitMQ consumer after a loss without a server: what is void, and when and how much it consumes again."""

import pytest

from signpost.messaging import Outcome
from signpost.messaging.rabbitmq.consumer import CAREFUL_AFTER, HEALTHY_AFTER, RabbitConsumer
from tests.support.rabbitmq_parts import Channel, consuming, deliver, drive_connections, open_channel, settle, verbs


@pytest.fixture(autouse=True)
def _without_a_server(monkeypatch: pytest.MonkeyPatch) -> None:
    drive_connections(monkeypatch)


def test_after_a_loss_earlier_deliveries_are_void_and_nothing_is_consumed_before_it_is_asked_for() -> None:
    consumer, connection, channel = consuming()
    deliver(consumer, channel, 1, 2)
    [held] = consumer.receive(1, 0)
    connection.on_lost("cut")
    again = open_channel(consumer)
    assert again.of("basic_consume") == []
    assert connection.ready == 2
    settle(consumer, Outcome.DONE, held)
    assert verbs(again) == []
    deliver(consumer, again, 1)
    settle(consumer, Outcome.DONE, held)
    assert verbs(again) == [], "the same tag of another connection"
    consumer._unsettled.clear()
    consumer._ready.clear()
    assert consumer.receive(5, 0) == []
    assert again.of("basic_consume") == [("basic_consume", "q")]
    consumer.receive(5, 0)
    assert len(again.of("basic_consume")) == 1
    deliver(consumer, again, 1)
    settle(consumer, Outcome.DONE, *consumer.receive(5, 0))
    assert verbs(again) == [("basic_ack", 1, ("multiple", True))]


def test_a_delivery_of_a_lost_connection_is_reported_once(caplog: pytest.LogCaptureFixture) -> None:
    consumer, connection, channel = consuming()
    deliver(consumer, channel, 1)
    [held] = consumer.receive(1, 0)
    connection.on_lost("cut")
    caplog.clear()
    settle(consumer, Outcome.DONE, held)
    [line] = [one.getMessage() for one in caplog.records]
    assert line == "message e-1 not settled: its connection was lost, the broker will deliver it again"


def test_what_is_asked_for_between_two_connections_is_consumed_on_the_next() -> None:
    consumer, connection, channel = consuming()
    deliver(consumer, channel, 1)
    connection.on_lost("cut")
    channel.calls.clear()
    assert consumer.receive(1, 0) == []
    consumer.yield_turn()
    consumer.competitors()
    assert channel.calls == [], "nothing more is asked of the one that was lost"
    assert open_channel(consumer).of("basic_consume") == [("basic_consume", "q")]
    deliver(consumer, channel, 1)
    connection.on_lost("cut")
    closed = open_channel(consumer)
    closed.is_open = False
    consumer.receive(1, 0)
    assert closed.of("basic_consume") == []


def test_two_requests_at_once_consume_once() -> None:
    consumer, connection, channel = consuming()
    deliver(consumer, channel, 1)
    connection.on_lost("cut")
    again = open_channel(consumer)
    connection.is_held = True
    for _ in range(2):
        consumer.receive(1, 0)
    for function in connection.held:
        function()
    assert again.of("basic_consume") == [("basic_consume", "q")]


def test_a_loss_without_deliveries_and_one_of_a_subscription_need_no_request() -> None:
    consumer, connection, _ = consuming()
    connection.on_lost("cut")
    assert open_channel(consumer).of("basic_consume")
    subscription, connection, channel = consuming(queue=None)
    deliver(subscription, channel, 1)
    connection.on_lost("cut")
    assert open_channel(subscription).of("basic_consume")


def test_what_was_lost_with_one_connection_is_not_lost_with_the_next_again() -> None:
    consumer, connection, _ = consuming(prefetch=9)
    lose(consumer, 1)
    for _ in range(CAREFUL_AFTER):
        connection.on_lost("cut")
        channel = open_channel(consumer)
    assert channel.of("basic_qos", "basic_consume") == [("basic_qos", ("prefetch_count", 9)), ("basic_consume", "q")]


def test_settlements_that_wait_for_the_connection_are_void_once_it_is_lost() -> None:
    consumer, connection, channel = consuming()
    deliver(consumer, channel, 1)
    [one] = consumer.receive(1, 0)
    connection.is_held = True
    settle(consumer, Outcome.DONE, one)
    connection.is_held = False
    connection.on_lost("cut")
    again = open_channel(consumer)
    deliver(consumer, again, 1)
    connection.held.pop()()
    assert verbs(channel) == verbs(again) == [], "the next connection uses the same tags for other messages"
    send = consumer._send_settlements
    deliver(consumer, channel, 5)
    consumer._channel.is_open = False  # type: ignore[union-attr]
    send(consumer._generation, {5}, set())
    consumer._channel = None
    send(consumer._generation, {5}, set())
    assert 5 in consumer._unsettled, "without a channel nothing is settled"


def lose(consumer: RabbitConsumer, times: int) -> Channel:
    """Lose so many connections, each with a delivery; returns the channel after the last."""
    channel = consumer._channel
    for _ in range(times):
        deliver(consumer, channel, 1)  # type: ignore[arg-type]
        consumer._connection.on_lost("cut")  # type: ignore[attr-defined]
        channel = open_channel(consumer)
        consumer.receive(0, 0)
    return channel  # type: ignore[return-value]


def work(consumer: RabbitConsumer, channel: Channel, tags: range) -> None:
    for tag in tags:
        deliver(consumer, channel, tag)
        settle(consumer, Outcome.DONE, *consumer.receive(1, 0))


def test_after_some_losses_one_message_is_held_until_enough_are_settled() -> None:
    consumer, _, _ = consuming(prefetch=9)
    channel = lose(consumer, CAREFUL_AFTER - 1)
    assert channel.of("basic_qos") == [("basic_qos", ("prefetch_count", 9))]
    channel = lose(consumer, 1)
    assert channel.of("basic_qos") == [("basic_qos", ("prefetch_count", 1))]
    work(consumer, channel, range(1, HEALTHY_AFTER))
    assert channel.of("basic_cancel") == []
    work(consumer, channel, range(HEALTHY_AFTER, HEALTHY_AFTER + 1))
    assert channel.of("basic_cancel", "basic_qos")[1:] == [
        ("basic_cancel", "the-tag"),
        ("basic_qos", ("prefetch_count", 9)),
    ]
    assert len(channel.of("basic_consume")) == 2
    work(consumer, channel, range(30, 30 + 2 * HEALTHY_AFTER))
    assert len(channel.of("basic_cancel")) == 1


def test_losses_with_enough_settled_between_them_do_not_add_up() -> None:
    consumer, _, _ = consuming(prefetch=9)
    channel = lose(consumer, CAREFUL_AFTER - 1)
    work(consumer, channel, range(1, HEALTHY_AFTER + 1))
    assert channel.of("basic_cancel") == [], "it holds as many as before all the time"
    assert lose(consumer, CAREFUL_AFTER - 1).of("basic_qos") == [("basic_qos", ("prefetch_count", 9))]
    assert lose(consumer, 1).of("basic_qos") == [("basic_qos", ("prefetch_count", 1))]


def test_what_is_settled_on_several_connections_does_not_add_up_to_enough() -> None:
    consumer, _, channel = consuming(prefetch=9)
    for _ in range(CAREFUL_AFTER):
        work(consumer, channel, range(2, HEALTHY_AFTER + 1))
        channel = lose(consumer, 1)
    assert channel.of("basic_qos") == [("basic_qos", ("prefetch_count", 1))]
