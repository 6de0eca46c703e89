"""Sweeps of a queue of RabbitMQ without a server: which messages are held by which consumer, and which go."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from pika import BasicProperties
from pika.spec import Basic

from signpost.messaging import Bounds, Delivery
from signpost.messaging.rabbitmq import sweep as sweeping
from signpost.messaging.rabbitmq.broker import RabbitBroker
from signpost.messaging.topology import declaration


def test_a_consumer_of_a_sweep_takes_as_many_as_amqp_can_say() -> None:
    assert sweeping.MAX_PREFETCH == 2**16 - 1


class Queue:
    """A queue that gives each consumer as many messages as it takes, when the connection is looked at.

    A slow one has nothing for a look that does not wait. `at_once`: so many messages come with a look at most.
    """

    def __init__(self, count: int, size: int = 1, *, is_slow: bool = False, at_once: int = 99) -> None:
        self.is_slow, self.at_once = is_slow, at_once
        self.ready = [Basic.Deliver("c", tag, False, "x", "k") for tag in range(1, count + 1)]
        self.body = b"x" * size
        self.room = 0
        self.prefetches: list[int] = []
        self.tags: list[str] = []
        self.acked: list[int] = []
        self.waits: list[float] = []
        self.is_open = True

    def close(self) -> None:
        self.is_open = False

    def queue_declare(self, queue: str, passive: bool) -> Any:
        assert passive
        return SimpleNamespace(method=SimpleNamespace(message_count=len(self.ready)))

    def basic_qos(self, prefetch_count: int) -> None:
        self.prefetches.append(prefetch_count)

    def basic_consume(self, queue: str, note: Any, consumer_tag: str) -> None:
        self.room, self.note = self.prefetches[-1], note
        self.tags.append(consumer_tag)

    def basic_ack(self, tag: int) -> None:
        self.acked.append(tag)
        self.room += 1

    def pump(self, wait_s: float) -> None:
        self.waits.append(wait_s)
        for _ in range(min(len(self.ready), self.room, 0 if self.is_slow and not wait_s else self.at_once)):
            self.room -= 1
            self.note(self, self.ready.pop(0), BasicProperties(), self.body)


def seen_by(queue: Any, chosen: Sequence[int] = (), stop_after: int = 99) -> list[list[int]]:
    """Sweep, and return the tags of each page."""
    pages: list[list[int]] = []

    def choose(page: Sequence[Delivery]) -> list[bool]:
        if len(pages) == stop_after:
            raise LookupError
        pages.append([one.tag[1] for one in page])
        return [one.tag[1] in chosen for one in page]

    assert sweeping.sweep(queue, queue.pump, "q", choose) == len(chosen)
    return pages


def test_a_long_queue_is_held_by_few_consumers_each_in_its_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeping, "SWEEP_PAGE", 2)
    monkeypatch.setattr(sweeping, "EQUAL_CONSUMERS", 3)
    queue = Queue(30)
    pages = seen_by(queue)
    assert [tag for page in pages for tag in page] == list(range(1, 31))
    assert max(map(len, pages)) == 2
    assert queue.prefetches == [2, 2, 2, 4, 8, 16]
    assert queue.tags == sorted(queue.tags)
    monkeypatch.setattr(sweeping, "MAX_PREFETCH", 5)
    queue = Queue(30)
    seen_by(queue)
    assert queue.prefetches == [2, 2, 2, 4, 5, 5, 5, 5]


@pytest.mark.parametrize("is_slow", [False, True])
def test_what_is_deleted_makes_room_for_more_in_the_same_consumer(
    monkeypatch: pytest.MonkeyPatch, is_slow: bool
) -> None:
    monkeypatch.setattr(sweeping, "SWEEP_PAGE", 4)
    for chosen in ([2, 3, 4], [2]):
        queue = Queue(4 + len(chosen), is_slow=is_slow)
        assert seen_by(queue, chosen) == [[1, 2, 3, 4], [5, 6, 7][: len(chosen)]]
        assert (queue.acked, queue.prefetches) == (chosen, [4])


def test_messages_that_the_count_of_the_ready_ones_overtakes_are_no_end(monkeypatch: pytest.MonkeyPatch) -> None:
    class Overtaking(Queue):
        """After a deletion, one message is on its way: it has arrived when the queue has been asked twice."""

        asked = 0

        def basic_ack(self, tag: int) -> None:
            super().basic_ack(tag)
            self.asked = 0
            self.on_its_way = self.ready.pop()

        def queue_declare(self, queue: str, passive: bool) -> Any:
            self.asked += 1
            return super().queue_declare(queue, passive)

        def pump(self, wait_s: float) -> None:
            if self.acked and self.asked == 2:
                self.note(self, self.on_its_way, BasicProperties(), self.body)
            super().pump(wait_s)

    monkeypatch.setattr(sweeping, "SWEEP_PAGE", 2)
    assert seen_by(Overtaking(3), chosen=[1]) == [[1, 2], [3]]


def test_a_broker_sweeps_over_a_connection_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    queue = Queue(3)
    connection = SimpleNamespace(channel=lambda: queue, process_data_events=queue.pump, is_open=False)
    monkeypatch.setattr("signpost.messaging.rabbitmq.admin.BlockingConnection", lambda _: connection)
    broker = RabbitBroker("amqp://host/", declaration(1), Bounds(), "a test")
    assert broker.sweep("q", lambda page: [one.tag[1] > 1 for one in page]) == 2
    assert (queue.acked, queue.is_open) == ([2, 3], False)


def test_a_choice_that_leaves_out_a_message_deletes_none() -> None:
    queue = Queue(2)
    with pytest.raises(ValueError, match="shorter"):
        sweeping.sweep(queue, queue.pump, "q", lambda _: [True])
    assert queue.acked == []


@pytest.mark.parametrize(("full", "pages"), [(10, [2, 2, 1]), (11, [3, 2])])
def test_a_page_is_full_from_its_bytes_on(monkeypatch: pytest.MonkeyPatch, full: int, pages: list[int]) -> None:
    monkeypatch.setattr(sweeping, "SWEEP_PAGE_BYTES", full)
    assert list(map(len, seen_by(Queue(5, size=5)))) == pages


def test_a_sweep_waits_for_a_page_and_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    wait = sweeping.SILENCE_S
    queue = Queue(5, size=5, at_once=2)
    assert list(map(len, seen_by(queue))) == [5]
    assert queue.waits == [0, wait, wait, wait, 0]
    monkeypatch.setattr(sweeping, "SWEEP_PAGE_BYTES", 10)
    queue = Queue(5, size=5, at_once=2, is_slow=True)
    assert list(map(len, seen_by(queue))) == [2, 2, 1]
    assert queue.waits == [0, wait, 0, wait, 0, wait, 0]


def test_a_sweep_that_ends_early_holds_the_rest_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeping, "SWEEP_PAGE", 2)
    queue = Queue(9)
    with pytest.raises(LookupError):
        seen_by(queue, stop_after=1)
    assert queue.ready == [], "else its messages would come back behind those that were held"
    queue = Queue(9)
    queue.is_open = False
    with pytest.raises(LookupError):
        seen_by(queue, stop_after=0)
    assert len(queue.ready) == 7, "a channel that is closed holds nothing"


def test_a_sweep_waits_for_messages_that_others_have_taken_once(monkeypatch: pytest.MonkeyPatch) -> None:
    queue = Queue(3)
    monkeypatch.setattr(queue, "pump", queue.waits.append)
    assert seen_by(queue) == []
    assert queue.waits == [0, sweeping.SILENCE_S]


def test_a_sweep_that_has_no_time_for_the_rest_holds_what_is_on_its_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeping, "MAX_REST_S", -1)
    queue = Queue(1)
    late = Queue(2).ready[1:]

    def choose(page: Sequence[Delivery]) -> list[bool]:
        queue.ready += late
        raise LookupError

    with pytest.raises(LookupError):
        sweeping.sweep(queue, queue.pump, "q", choose)
    assert (queue.ready, queue.waits[-1]) == ([], 0), "at once"
    queue = Queue(9)
    monkeypatch.setattr(sweeping, "SWEEP_PAGE", 2)
    with pytest.raises(LookupError):
        seen_by(queue, stop_after=0)
    assert len(queue.ready) == 7, "and begins with no further page"
