"""Sweeps of a queue of RabbitMQ without a server: which messages are held by which consumer, and which go."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from pika import BasicProperties
from pika.spec import Basic

from signpost.messaging import Delivery
from signpost.messaging.rabbitmq import sweep as sweeping


def test_a_consumer_of_a_sweep_takes_as_many_as_amqp_can_say() -> None:
    assert sweeping.MAX_PREFETCH == 2**16 - 1


class Queue:
    """A queue that gives each consumer as many messages as it takes, when the connection is looked at."""

    def __init__(self, count: int, size: int = 1) -> None:
        self.ready = [Basic.Deliver("c", tag, False, "x", "k") for tag in range(1, count + 1)]
        self.body = b"x" * size
        self.room = 0
        self.prefetches: list[int] = []
        self.tags: list[str] = []
        self.acked: list[int] = []
        self.waits: list[float] = []
        self.is_open = True

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
        while self.ready and self.room:
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
    assert [tag for page in seen_by(queue) for tag in page] == list(range(1, 31))
    assert queue.prefetches == [2, 2, 2, 4, 8, 16]
    assert queue.tags == sorted(queue.tags)
    monkeypatch.setattr(sweeping, "MAX_PREFETCH", 5)
    queue = Queue(30)
    seen_by(queue)
    assert queue.prefetches == [2, 2, 2, 4, 5, 5, 5, 5]


def test_what_is_deleted_makes_room_for_more_in_the_same_consumer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeping, "SWEEP_PAGE", 4)
    queue = Queue(7)
    assert seen_by(queue, chosen=[2, 3, 4]) == [[1, 2, 3, 4], [5, 6, 7]]
    assert (queue.acked, queue.prefetches) == ([2, 3, 4], [4])


def test_a_page_ends_at_its_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeping, "SWEEP_PAGE_BYTES", 10)
    assert list(map(len, seen_by(Queue(5, size=5)))) == [2, 2, 1]


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
