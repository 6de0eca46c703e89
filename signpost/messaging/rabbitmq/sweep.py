"""Reads a queue of RabbitMQ to its end, deletes what is chosen, and gives the rest back in its order."""

import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from pika import BasicProperties
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import AMQPError
from pika.spec import Basic

from signpost.messaging.message import SWEEP_PAGE, SWEEP_PAGE_BYTES, Choose, Delivery
from signpost.messaging.rabbitmq.frames import delivery_of

SILENCE_S: Final = 1.0
"""After this time without a message, others have taken what was ready."""
EQUAL_CONSUMERS: Final = 16
"""Consumers that hold a page each; each later one holds twice as much as the one before."""
MAX_PREFETCH: Final = 65_535
MAX_REST_S: Final = 5.0
"""How long a sweep that wants no more reads on; beyond it, the order is lost."""

Pump = Callable[[float], None]


def sweep(channel: BlockingChannel, pump: Pump, queue: str, choose: Choose) -> int:
    """Delete the messages that `choose` selects; returns how many. `pump`: takes messages from the connection, for so
    many seconds at most.

    Holds every message once, because a returned one takes its place at the head again; the end of the channel returns
    all that are not deleted. A quorum queue returns the messages of one consumer in their order, and those of up to 32
    consumers in the order of these; of what `basic.get` took it keeps no order. It puts them behind others that were
    returned before. So only who reads to the end keeps the order, also if `choose` wants no more.
    """
    reader = _Reader(channel, pump, queue)
    deleted = 0
    try:
        while page := reader.next_page():
            chosen = choose([delivery for _, delivery in page])
            tags = [tag for (tag, _), is_chosen in zip(page, chosen, strict=True) if is_chosen]
            for tag in tags:
                channel.basic_ack(tag)
            reader.add_room(len(tags))
            deleted += len(tags)
        return deleted
    except Exception:
        with suppress(AMQPError):
            reader.read_rest()
        raise


class _Reader:
    """Consumers of one channel that hold what they receive, one after the other."""

    def __init__(self, channel: BlockingChannel, pump: Pump, queue: str) -> None:
        self._channel, self._pump, self._queue = channel, pump, queue
        self._arrived: deque[tuple[int, Delivery]] = deque()
        self._consumers, self._room = 0, 0
        """How many there were, and how many messages the last one still takes."""

    def next_page(self) -> list[tuple[int, Delivery]]:
        """The next messages with their delivery tags; empty at the end of the queue."""
        if not self._arrived:
            ready = self._synchronize()
            if ready and not self._arrived:
                if self._room <= 0:
                    self._consume()
                self._receive(min(ready, self._room, SWEEP_PAGE))
        page: list[tuple[int, Delivery]] = []
        size = 0
        while self._arrived and len(page) < SWEEP_PAGE and size < SWEEP_PAGE_BYTES:
            page.append(self._arrived.popleft())
            size += len(page[-1][1].body)
        return page

    def add_room(self, deleted: int) -> None:
        """The last consumer takes as many more as were deleted of its messages."""
        self._room += deleted

    def read_rest(self) -> None:
        """Hold what is left of the queue too. The last step takes what is on its way: pika would give it back one by
        one, which loses the order."""
        end = time.monotonic() + MAX_REST_S
        while self._channel.is_open and time.monotonic() < end:
            self._arrived.clear()
            if not self.next_page():
                return
        if self._channel.is_open:
            self._synchronize()

    def _synchronize(self) -> int:
        """Receive what was on its way; returns how many messages are ready. The first answer can overtake messages, the
        second follows them."""
        self._count()
        ready = self._count()
        self._pump(0)
        return ready

    def _count(self) -> int:
        return int(self._channel.queue_declare(self._queue, passive=True).method.message_count or 0)

    def _consume(self) -> None:
        doubled = max(0, self._consumers - EQUAL_CONSUMERS + 1)
        self._room = min(MAX_PREFETCH, SWEEP_PAGE << min(doubled, 16))
        self._channel.basic_qos(prefetch_count=self._room)
        self._channel.basic_consume(self._queue, self._note, consumer_tag=f"sweep-{self._consumers:06}")
        self._consumers += 1

    def _receive(self, count: int) -> None:
        """Wait for so many messages, or for a page of bytes."""
        while len(self._arrived) < count and sum(len(one.body) for _, one in self._arrived) < SWEEP_PAGE_BYTES:
            before = len(self._arrived)
            self._pump(SILENCE_S)
            if len(self._arrived) == before:
                return

    def _note(self, channel: Any, method: Basic.Deliver, properties: BasicProperties, body: bytes) -> None:
        self._arrived.append((method.delivery_tag, delivery_of(method, properties, body, 0)))
        self._room -= 1
