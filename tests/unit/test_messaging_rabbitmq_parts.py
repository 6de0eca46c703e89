"""The RabbitMQ publisher and consumer without a server: what they send on a channel, and what each answer does."""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import pytest
from pika import BasicProperties
from pika.spec import Basic

from signpost.messaging import (
    Bounds,
    BrokerAway,
    Delivery,
    Message,
    Outcome,
    PublishRefused,
    PublishReturned,
    PublishUnknown,
    QueueFull,
    Settlement,
    Unsendable,
)
from signpost.messaging.message import EXCHANGE, FAILED_AT, QUEUE, REASON, ROUTING_KEY
from signpost.messaging.rabbitmq.broker import RabbitBroker
from signpost.messaging.rabbitmq.consumer import CAREFUL_AFTER, HEALTHY_AFTER, RabbitConsumer
from signpost.messaging.rabbitmq.frames import delivery_of, properties_of
from signpost.messaging.rabbitmq.publisher import RabbitPublisher
from signpost.messaging.topology import declaration
from signpost.names import ADVICE, DEAD, EVENTS

PATIENCE = 60.0


class Connection:
    """A connection thread that a test drives: calls run at once, in the test's own thread."""

    def __init__(
        self, url: str, bounds: Bounds, name: str, on_open: Callable[..., None], on_lost: Callable[[str], None]
    ) -> None:
        self.name, self.on_open, self.on_lost = name, on_open, on_lost
        self.problem: str | None = None
        self.failed = self.is_own = self.is_held = self.is_started = False
        self.later: list[tuple[float, Callable[[], None]]] = []
        self.held: list[Callable[[], None]] = []
        self.dropped: list[str] = []
        self.stopped: list[float] = []
        self.ready = 0

    def start(self) -> None:
        self.is_started = True

    def call(self, function: Callable[[], None]) -> None:
        if self.is_held:
            self.held.append(function)
        else:
            function()

    def call_later(self, delay_s: float, function: Callable[[], None]) -> None:
        self.later.append((delay_s, function))

    def in_own_thread(self) -> bool:
        return self.is_own

    def mark_ready(self) -> None:
        self.ready += 1

    def drop(self, reason: str) -> None:
        self.dropped.append(reason)

    def stop(self, timeout_s: float) -> None:
        self.stopped.append(timeout_s)

    def wait_first_attempt(self, timeout_s: float) -> bool:
        return self.problem is None


class Channel:
    """A channel that notes what is called on it; a callback runs at once, with the answer that a test gives."""

    def __init__(self, answer: Any = None) -> None:
        self.is_open = True
        self.calls: list[tuple[Any, ...]] = []
        self.answer = answer
        self.connection = self
        self.error: Exception | None = None

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def note(*given: Any, callback: Callable[..., None] | None = None, **options: Any) -> str:
            plain = tuple(one for one in given if not callable(one))
            self.calls.append((name, *plain, *options.items()))
            if self.error is not None and name == "basic_publish":
                raise self.error
            if callback is not None:
                callback(self.answer)
            return "the-tag"

        return note

    def of(self, *names: str) -> list[tuple[Any, ...]]:
        return [call for call in self.calls if call[0] in names]


@pytest.fixture(autouse=True)
def _without_a_server(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("publisher", "consumer"):
        monkeypatch.setattr(f"signpost.messaging.rabbitmq.{module}.ConnectionThread", Connection)


def opened(**bounds: float) -> tuple[RabbitPublisher, Any, Channel]:
    """A publisher with an open channel, and its connection."""
    publisher = RabbitPublisher("amqp://host/", Bounds(**bounds), "a test")  # type: ignore[arg-type]
    connection, channel = publisher._connection, Channel()
    connection.on_open(channel)  # type: ignore[attr-defined]
    return publisher, connection, channel


def event(number: int, **headers: Any) -> Message:
    return Message(EVENTS, "0.acme.x", b"{}", f"e-{number}", headers)


def confirm(publisher: RabbitPublisher, tag: int, *, multiple: bool = False, nack: bool = False) -> None:
    kind = Basic.Nack if nack else Basic.Ack
    publisher._on_confirm(SimpleNamespace(method=kind(tag, multiple)))


def ended(*futures: Future[None]) -> list[type | None]:
    """For each future that has ended, the type of its error."""
    return [type(error) if (error := one.exception(0)) else None for one in futures if one.done()]


# The publisher


def test_each_message_is_sent_once_with_its_properties_and_must_reach_a_queue() -> None:
    publisher, connection, channel = opened()
    assert (connection.ready, connection.is_started) == (1, True)
    noted = [f"add_on_{name}_callback" for name in ("return", "connection_blocked", "connection_unblocked")]
    assert [name for name, *_ in channel.calls] == [*noted, "confirm_delivery"]
    sent = publisher.publish(event(1, own=1))
    [(_, exchange, key, body, properties, mandatory)] = channel.of("basic_publish")
    assert (exchange, key, body, mandatory) == (EVENTS, "0.acme.x", b"{}", ("mandatory", True))
    assert (properties.message_id, properties.delivery_mode, properties.headers) == ("e-1", 2, {"own": 1})
    assert not sent.cancel(), "nobody can take back what is being sent"


def test_a_confirm_of_several_covers_all_up_to_its_tag_and_one_alone_only_its_own() -> None:
    publisher, _, _ = opened()
    sent = [publisher.publish(event(number)) for number in range(5)]
    confirm(publisher, 4)
    assert [one.done() for one in sent] == [False, False, False, True, False]
    confirm(publisher, 3, multiple=True)
    assert [one.done() for one in sent] == [True, True, True, True, False]
    confirm(publisher, 4)
    confirm(publisher, 9)
    assert not sent[4].done(), "what is confirmed twice, or was never sent, changes nothing"
    confirm(publisher, 5, nack=True)
    assert ended(*sent) == [None, None, None, None, QueueFull]


def test_a_message_that_came_back_has_failed_when_its_confirm_comes() -> None:
    publisher, _, channel = opened()
    sent = [publisher.publish(event(number)) for number in (1, 2)]
    returned = Basic.Return(312, "NO_ROUTE", EVENTS, "0.acme.x")
    publisher._on_return(channel, returned, BasicProperties(message_id="e-2"), b"")
    assert not sent[1].done(), "the confirm follows"
    confirm(publisher, 2, multiple=True)
    assert ended(*sent) == [None, PublishReturned]
    assert "NO_ROUTE" in str(sent[1].exception(0))


@pytest.mark.parametrize("other", [{"exchange": ADVICE}, {"routing_key": "1.acme.x"}, {"message_id": "e-9"}])
def test_a_message_that_comes_back_is_known_by_id_exchange_and_key(other: dict[str, str]) -> None:
    publisher, _, channel = opened()
    sent = publisher.publish(event(1))
    address = {"exchange": EVENTS, "routing_key": "0.acme.x", "message_id": "e-1"} | other
    name = address.pop("message_id")
    publisher._on_return(channel, Basic.Return(312, "NO_ROUTE", **address), BasicProperties(message_id=name), b"")
    confirm(publisher, 1)
    assert ended(sent) == [None]


def test_without_a_connection_messages_wait_and_are_sent_in_order_when_it_is_there() -> None:
    publisher = RabbitPublisher("amqp://host/", Bounds(), "a test")
    sent = [publisher.publish(event(number)) for number in range(3)]
    assert not any(one.done() for one in sent), "a connection that was never lost is expected soon"
    channel = Channel()
    publisher._connection.on_open(channel)  # type: ignore[attr-defined]
    assert [call[4].message_id for call in channel.of("basic_publish")] == ["e-0", "e-1", "e-2"]


def test_messages_that_are_published_together_wake_the_connection_once() -> None:
    publisher, connection, channel = opened()
    connection.is_held = True
    sent = [publisher.publish(event(number)) for number in range(3)]
    assert len(connection.held) == 1
    connection.is_held = False
    connection.held.pop()()
    assert len(channel.of("basic_publish")) == len(sent)
    publisher.publish(event(3))
    assert len(channel.of("basic_publish")) == 4, "and wake it again afterwards"


def test_a_lost_connection_ends_what_was_sent_and_keeps_what_was_not() -> None:
    publisher, connection, channel = opened()
    sent = publisher.publish(event(1))
    channel.is_open = False
    kept = publisher.publish(event(2))
    connection.on_lost("it was cut")
    assert ended(sent, kept) == [PublishUnknown]
    assert "it was cut" in str(sent.exception(0))
    connection.failed, connection.problem = True, "nobody there"
    connection.on_lost("nobody there")
    assert ended(sent, kept) == [PublishUnknown, PublishRefused]
    assert ended(publisher.publish(event(3))) == [PublishRefused]
    assert publisher.problem == "nobody there"
    connection.failed, connection.problem = False, None
    again = Channel()
    connection.on_open(again)
    sent = publisher.publish(event(4))
    confirm(publisher, 1)
    assert ended(sent) == [None], "tags begin again with each channel"


def test_what_a_closed_publisher_has_not_sent_when_its_connection_ends_is_refused() -> None:
    publisher, connection, channel = opened()
    channel.is_open = False
    kept = publisher.publish(event(1))
    began = time.monotonic()
    publisher.close(0.1)
    assert time.monotonic() - began >= 0.1, "it waits for the confirm"
    assert connection.stopped == [1.0]
    connection.on_lost("stopped")
    assert ended(kept, publisher.publish(event(2))) == [PublishRefused, PublishRefused]


def test_a_broker_that_blocks_refuses_until_it_no_longer_does() -> None:
    publisher, _, channel = opened()
    channel.is_open = False
    waiting = publisher.publish(event(1))
    publisher._on_blocked(None, SimpleNamespace(method=SimpleNamespace(reason="low on memory")))
    assert ended(waiting, publisher.publish(event(2))) == [PublishRefused, PublishRefused]
    assert publisher.problem == "the broker blocks publishers: low on memory"
    publisher._on_unblocked(None, None)
    channel.is_open = True
    publisher.publish(event(3))
    assert publisher.problem is None
    assert len(channel.of("basic_publish")) == 1


def test_a_blocked_broker_is_the_reason_even_where_there_is_no_place(monkeypatch: pytest.MonkeyPatch) -> None:
    publisher, connection, channel = opened(max_unconfirmed=1, publish_timeout_s=PATIENCE)
    sent = publisher.publish(event(1))
    publisher._on_blocked(None, SimpleNamespace(method=SimpleNamespace(reason="disk")))
    began = time.monotonic()
    for number in (2, 3):
        assert "blocks publishers" in str(publisher.publish(event(number)).exception(0))
    assert time.monotonic() - began < PATIENCE / 2, "at once"
    confirm(publisher, 1)
    assert ended(sent) == [None]
    with monkeypatch.context() as patched:
        patched.setattr(publisher, "_reserve_place", lambda _: None)
        publisher._open = 1
        assert ended(publisher.publish(event(4))) == [PublishRefused], "blocked just after it had found a place"
        publisher._on_unblocked(None, None)
        connection.problem, connection.failed = "nobody there", True
        assert ended(publisher.publish(event(4))) == [PublishRefused], "or away"
    assert len(channel.of("basic_publish")) == 1
    publisher._on_unblocked(None, None)
    connection.problem, connection.failed = "nobody there", True
    for number in (5, 6):
        assert "unreachable: nobody there" in str(publisher.publish(event(number)).exception(0))
    connection.problem, connection.failed = None, False
    assert not publisher.publish(event(7)).done(), "what was refused has taken no place"


def test_the_places_of_messages_come_back_whatever_became_of_them() -> None:
    publisher, connection, channel = opened(max_unconfirmed=2, publish_timeout_s=0.05)
    ends: list[Callable[[], None]] = [
        lambda: confirm(publisher, 2, multiple=True),
        lambda: confirm(publisher, 4, multiple=True, nack=True),
        lambda: connection.on_lost("cut"),
    ]
    for end in ends:
        pair = [publisher.publish(event(number)) for number in range(2)]
        full = publisher.publish(event(2)).exception(0)
        assert isinstance(full, PublishRefused)
        assert "2 messages are unconfirmed" in str(full)
        end()
        assert len(ended(*pair)) == 2
    connection.on_open(Channel())
    channel.error = ValueError("a header")
    assert not publisher.publish(event(3)).done()


def test_a_caller_waits_for_a_place_as_long_as_its_message_may_take() -> None:
    publisher, connection, _ = opened(max_unconfirmed=1, publish_timeout_s=PATIENCE)
    publisher.publish(event(1))
    connection.is_own = True
    began = time.monotonic()
    assert ended(publisher.publish(event(2))) == [PublishRefused], "its own thread would wait for itself"
    connection.is_own = False
    later: list[Future[None]] = []
    thread = threading.Thread(target=lambda: later.append(publisher.publish(event(3))))
    thread.start()
    thread.join(0.1)
    assert thread.is_alive()
    confirm(publisher, 1)
    thread.join(PATIENCE)
    assert ended(*later) == []
    assert time.monotonic() - began < PATIENCE / 2
    closing = threading.Thread(target=lambda: later.append(publisher.publish(event(4))))
    closing.start()
    publisher.close(0)
    closing.join(PATIENCE)
    assert "the publisher is closed" in str(later[1].exception(0))


def test_a_message_that_cannot_be_written_fails_alone() -> None:
    publisher, _, channel = opened(max_unconfirmed=1)
    channel.error = ValueError("an odd header")
    assert ended(publisher.publish(event(1))) == [Unsendable]
    channel.error = None
    sent = publisher.publish(event(2))
    confirm(publisher, 1)
    assert ended(sent) == [None], "it has taken no tag and no place"


def test_a_channel_that_closes_while_a_message_is_written_keeps_the_message(monkeypatch: pytest.MonkeyPatch) -> None:
    publisher, connection, channel = opened()

    def close(*_: object, **__: object) -> None:
        channel.is_open = False
        raise ConnectionError

    monkeypatch.setattr(channel, "basic_publish", close, raising=False)
    with pytest.raises(ConnectionError):
        publisher.publish(event(1))
    again = Channel()
    connection.on_open(again)
    assert [call[4].message_id for call in again.of("basic_publish")] == ["e-1"]


def expire(publisher: RabbitPublisher, connection: Any, monkeypatch: pytest.MonkeyPatch, after_s: float) -> None:
    """Let so much time pass, and look for overdue futures."""
    now = time.monotonic() + after_s
    with monkeypatch.context() as patched:
        patched.setattr("signpost.messaging.rabbitmq.publisher.time", SimpleNamespace(monotonic=lambda: now))
        connection.later.pop()[1]()


def test_overdue_messages_end_and_a_silent_connection_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    publisher, connection, channel = opened(publish_timeout_s=5)
    first = publisher.publish(event(1))
    channel.is_open = False
    unsent = publisher.publish(event(2))
    expire(publisher, connection, monkeypatch, 4)
    assert ended(first, unsent) == []
    assert [delay for delay, _ in connection.later] == [0.1], "it looks again"
    expire(publisher, connection, monkeypatch, 6)
    assert ended(first, unsent) == [PublishUnknown, PublishRefused]
    assert connection.dropped == ["the broker stopped confirming"]
    confirm(publisher, 1)


def test_a_connection_that_confirmed_others_meanwhile_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    publisher, connection, _ = opened(publish_timeout_s=5)
    late, other = publisher.publish(event(1)), publisher.publish(event(2))
    confirm(publisher, 2)
    expire(publisher, connection, monkeypatch, 6)
    assert ended(late, other) == [PublishUnknown, None]
    assert connection.dropped == []


def test_a_broker_that_blocks_may_be_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    publisher, connection, _ = opened(publish_timeout_s=5)
    late = publisher.publish(event(1))
    publisher._on_blocked(None, SimpleNamespace(method=SimpleNamespace(reason="disk")))
    expire(publisher, connection, monkeypatch, 6)
    assert ended(late) == [PublishUnknown]
    assert connection.dropped == []


# The consumer


class Letters:
    """A publisher of dead letters: each ends with the next error of a list, or is confirmed."""

    def __init__(self, *errors: Exception | None) -> None:
        self.errors, self.sent = list(errors), list[Message]()

    def publish(self, message: Message) -> Future[None]:
        self.sent.append(message)
        future: Future[None] = Future()
        error = self.errors.pop(0) if self.errors else None
        future.set_exception(error) if error else future.set_result(None)
        return future


def consuming(
    letters: Letters | None = None, *, queue: str | None = "q", pattern: str = "#", prefetch: int = 10
) -> tuple[RabbitConsumer, Any, Channel]:
    """A consumer with an open channel, and its connection."""
    made: Any = letters or Letters()
    options: dict[str, Any] = {"queue": queue, "prefetch": prefetch, "pattern": pattern}
    consumer = RabbitConsumer("amqp://h/", Bounds(publish_timeout_s=0.05), "a test", lambda: made, **options)
    channel = open_channel(consumer)
    return consumer, consumer._connection, channel


def open_channel(consumer: RabbitConsumer) -> Channel:
    channel = Channel(SimpleNamespace(method=SimpleNamespace(queue="amq.gen-1", consumer_count=3)))
    consumer._connection.on_open(channel)  # type: ignore[attr-defined]
    return channel


def deliver(consumer: RabbitConsumer, channel: Channel, *tags: int) -> None:
    for tag in tags:
        method = Basic.Deliver("c", tag, False, EVENTS, "0.acme.x")
        consumer._on_message(channel, method, BasicProperties(message_id=f"e-{tag}"), b"{}")


def settle(consumer: RabbitConsumer, outcome: Outcome, *deliveries: Delivery, reason: str = "") -> None:
    consumer.settle([Settlement(one, outcome, reason) for one in deliveries], 0)


def verbs(channel: Channel) -> list[tuple[Any, ...]]:
    return channel.of("basic_ack", "basic_reject")


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
    assert consumer.receive(1, 0) == []
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


def test_settlements_that_wait_for_the_connection_are_void_once_it_is_lost() -> None:
    consumer, connection, channel = consuming()
    deliver(consumer, channel, 1)
    [one] = consumer.receive(1, 0)
    connection.is_held = True
    settle(consumer, Outcome.DONE, one)
    connection.is_held = False
    connection.on_lost("cut")
    open_channel(consumer)
    connection.held.pop()()
    assert verbs(channel) == []
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
    assert lose(consumer, CAREFUL_AFTER - 1).of("basic_qos") == [("basic_qos", ("prefetch_count", 9))]
    assert lose(consumer, 1).of("basic_qos") == [("basic_qos", ("prefetch_count", 1))]


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
    assert broker.publisher() is broker.publisher()
    broker.consumer("q", 1)
    broker.subscribe("#")
    broker.close()
    assert [one.name for one in stopped] == ["a test consumer", "a test subscription", "a test publisher"]
    broker.close()
    assert len(stopped) == 3


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
        "time": datetime(2026, 3, 2, 10),
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
