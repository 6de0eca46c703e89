"""The publisher of the outbox: what is confirmed leaves it, and everything else is left to the relay."""

import threading
from concurrent.futures import Future

import pytest

from signpost.errors import TransientError
from signpost.messaging import Message, PublishUnknown, QueueFull
from signpost.storage import Store
from signpost.workers.outbox_publisher import OutboxPublisher
from tests.support.worker_loops import Broker, Noted, outgoing, waiting


@pytest.fixture
def broker() -> Broker:
    return Broker()


def test_only_confirmed_messages_leave_the_outbox(
    store: Store, broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    broker.refuses = lambda name: name == "m-0001"
    publisher = OutboxPublisher(broker, store, 1)
    publisher.send(outgoing(store, 3))
    assert publisher.collect() == 2
    assert waiting(store) == ["m-0001"]
    assert "1 messages not confirmed, the relay will publish them again: the queue is full" in caplog.text
    assert publisher.collect() == 0, "each batch is collected once"


def test_a_batch_is_collected_before_the_next_is_sent(store: Store, broker: Broker) -> None:
    publisher = OutboxPublisher(broker, store, 1)
    first = outgoing(store, 2)
    publisher.send(first)
    assert len(waiting(store)) == 2
    publisher.send([])
    assert waiting(store) == []


def test_a_confirm_that_does_not_come_is_waited_for_within_a_bound(
    store: Store, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broker, "publish", lambda _: Future())
    publisher = OutboxPublisher(broker, store, 0.02)
    publisher.send(outgoing(store, 1))
    assert publisher.collect() == 0
    assert waiting(store) == ["m-0000"]


def test_a_confirm_that_comes_within_the_bound_counts(
    store: Store, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    future: Future[None] = Future()
    monkeypatch.setattr(broker, "publish", lambda _: future)
    publisher = OutboxPublisher(broker, store, 10)
    publisher.send(outgoing(store, 1))
    threading.Timer(0.02, future.set_result, [None]).start()
    assert publisher.collect() == 1
    assert waiting(store) == []


def test_confirmed_messages_that_cannot_be_deleted_are_left_to_the_relay(
    store: Store, broker: Broker, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def away(_ids: object) -> None:
        raise TransientError("the database is away")

    publisher = OutboxPublisher(broker, store, 1)
    publisher.send(outgoing(store, 1))
    with monkeypatch.context() as patched:
        patched.setattr(store.outbox, "delete", away)
        assert publisher.collect() == 1
    assert "1 confirmed messages not deleted" in caplog.text
    assert waiting(store) == ["m-0000"]


def test_the_publisher_counts_what_is_confirmed_and_names_what_the_broker_refuses(
    store: Store, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    confirmed, unconfirmed = Noted(), Noted()
    monkeypatch.setattr("signpost.workers.outbox_publisher.OUTBOX_PUBLISHED", confirmed)
    monkeypatch.setattr("signpost.workers.outbox_publisher.OUTBOX_UNCONFIRMED", unconfirmed)
    errors = {"m-0001": QueueFull("full"), "m-0002": PublishUnknown("cut")}

    def publish(message: Message) -> Future[None]:
        future: Future[None] = Future()
        error = errors.get(message.message_id)
        future.set_exception(error) if error else future.set_result(None)
        return future

    monkeypatch.setattr(broker, "publish", publish)
    publisher = OutboxPublisher(broker, store, 1)
    assert (publisher.refused, publisher.problem) == (set(), None)
    sent = outgoing(store, 4)
    publisher.send(sent)
    assert publisher.collect() == 2
    assert (confirmed.by, unconfirmed.by) == ([0, 2], [0, 2])
    assert publisher.refused == {sent[1].id}, "a broker that is away refuses nothing"
