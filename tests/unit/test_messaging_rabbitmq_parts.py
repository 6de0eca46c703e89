"""The RabbitMQ broker and its frames without a server: what is closed when, and how messages are written and read."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pika import BasicProperties
from pika.spec import Basic

from signpost.messaging import Bounds, BrokerAway, Delivery, Message
from signpost.messaging.message import EXCHANGE, FAILED_AT, QUEUE, REASON, ROUTING_KEY
from signpost.messaging.rabbitmq.broker import RabbitBroker
from signpost.messaging.rabbitmq.frames import delivery_of, properties_of
from signpost.messaging.rabbitmq.publisher import RabbitPublisher
from signpost.messaging.topology import declaration
from signpost.names import ADVICE, EVENTS
from tests.support.rabbitmq_parts import Connection, open_channel

# The broker


def broker_with(monkeypatch: pytest.MonkeyPatch, problem: str | None) -> tuple[RabbitBroker, list[Any], list[float]]:
    """A broker whose connections have this problem, the connections in the order in which they are stopped, and how
    long they were waited for."""
    stopped, waits = list[Any](), list[float]()

    class Noting(Connection):
        def __init__(self, *given: Any) -> None:
            super().__init__(*given)
            self.problem = problem

        def wait_first_attempt(self, timeout_s: float) -> bool:
            waits.append(timeout_s)
            return super().wait_first_attempt(timeout_s)

        def stop(self, timeout_s: float) -> None:
            super().stop(timeout_s)
            stopped.append(self)

    for module in ("publisher", "consumer"):
        monkeypatch.setattr(f"signpost.messaging.rabbitmq.{module}.ConnectionThread", Noting)
    return RabbitBroker("amqp://host/", declaration(1), Bounds(connect_timeout_s=3), "a test"), stopped, waits


def test_a_subscription_that_fails_leaves_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    broker, stopped, waits = broker_with(monkeypatch, "nobody there")
    with pytest.raises(BrokerAway, match=r"pattern acme\.#: nobody there"):
        broker.subscribe("acme.#")
    [one] = stopped
    assert (one.name, one.stopped, waits) == ("a test subscription", [2.0], [6])
    broker.close()
    assert len(stopped) == 1, "and nothing to close"


def test_a_broker_closes_its_consumers_before_the_publisher_of_their_dead_letters(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broker, stopped, _ = broker_with(monkeypatch, None)
    assert isinstance(publisher := broker.publisher(), RabbitPublisher)
    assert broker.publisher() is publisher
    broker.consumer("q", 1)
    broker.subscribe("#")
    broker.close()
    assert [one.name for one in stopped] == ["a test consumer", "a test subscription", "a test publisher"]
    broker.close()
    assert len(stopped) == 3


def test_a_broker_gives_consumers_of_a_queue_and_of_a_pattern(monkeypatch: pytest.MonkeyPatch) -> None:
    broker, _, _ = broker_with(monkeypatch, None)
    consumer: Any = broker.consumer("q", 7)
    consuming = open_channel(consumer)
    assert consuming.of("basic_qos", "basic_consume") == [("basic_qos", ("prefetch_count", 7)), ("basic_consume", "q")]
    assert consumer._connection.is_started
    subscription: Any = broker.subscribe("acme.#")
    assert open_channel(subscription).of("queue_bind") == [("queue_bind", "amq.gen-1", ADVICE, "acme.#")]


# Frames


def test_a_message_is_written_with_all_that_names_it() -> None:
    headers: dict[str, str | int] = {"cloudEvents_type": "x" * 255, "cloudEvents_time": "2026-03-02T10:00:00Z"}
    found = properties_of(Message(EVENTS, "k", b"", "e-1", headers, content_type="text/plain"))
    assert (found.content_type, found.headers, found.message_id) == ("text/plain", headers, "e-1")
    assert (found.delivery_mode, found.type, found.timestamp) == (2, "x" * 255, 1_772_445_600)


def frame(headers: Any, **more: Any) -> Delivery:
    return delivery_of(Basic.Deliver("c", 4, True, "x", "k"), BasicProperties(headers=headers, **more), b"", 2)


def test_the_headers_of_the_broker_are_no_headers_of_the_message() -> None:
    found = frame({"x-delivery-count": 2, "x-acquired-count": 3, "x-delivery-limit": 20, "own": 1, "list": [], 5: "x"})
    assert (found.headers, found.attempts, found.tag, found.redelivered) == ({"own": 1}, 2, (2, 4), True)
    assert (frame({}, user_id="u").user_id, frame({}).exchange, frame({}).routing_key) == ("u", "x", "k")
    assert frame({"x-delivery-count": "many"}).attempts == frame(None).attempts == 0


def test_the_death_of_a_message_names_reason_queue_time_and_key() -> None:
    death = {
        "reason": "delivery_limit",
        "queue": "q",
        "exchange": "x",
        "time": datetime(2026, 3, 2, 10, tzinfo=UTC),
        "routing-keys": ["0.acme", "CC"],
    }
    expected = {
        REASON: "delivery limit",
        QUEUE: "q",
        EXCHANGE: "x",
        FAILED_AT: "2026-03-02T10:00:00Z",
        ROUTING_KEY: "0.acme",
    }
    assert frame({"x-death": [death, {}], "own": 1}).headers == {"own": 1} | expected
    assert frame({"x-death": [death], REASON: "mine", ROUTING_KEY: "theirs"}).headers == expected | {
        ROUTING_KEY: "theirs"
    }
    odd_deaths: list[Any] = [
        "text",
        {"routing-keys": []},
        {"routing-keys": [5]},
        {"routing-keys": "k"},
        {"time": "now"},
    ]
    for odd in odd_deaths:
        found = frame({"x-death": [odd]}).headers
        assert ROUTING_KEY not in found
        assert FAILED_AT not in found
    assert frame({"x-death": []}).headers == {}


@pytest.mark.parametrize("odd", [{"reason": "expired"}, {"a": 1}, True])
def test_deaths_that_only_a_publisher_can_write_do_not_keep_a_message_from_being_read(odd: Any) -> None:
    found = frame({"x-death": odd, "own": 1}).headers
    assert found["own"] == 1
    assert REASON not in found
