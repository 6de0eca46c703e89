"""The RabbitMQ publisher without a server: what it sends on a channel, and how each message ends."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any

import pytest
from pika import BasicProperties
from pika.spec import Basic

from signpost.messaging import Bounds, Message, PublishRefused, PublishReturned, PublishUnknown, QueueFull, Unsendable
from signpost.messaging.rabbitmq.publisher import RabbitPublisher
from signpost.names import ADVICE, EVENTS
from tests.support.rabbitmq_parts import PATIENCE, Channel, drive_connections


@pytest.fixture(autouse=True)
def _without_a_server(monkeypatch: pytest.MonkeyPatch) -> None:
    drive_connections(monkeypatch)


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
