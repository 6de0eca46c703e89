"""The RabbitMQ consumer: own thread and connection, an in-process queue of deliveries, batched settlements."""

import logging
import threading
from collections import deque
from collections.abc import Callable, Collection, Sequence
from typing import Any

from pika import BasicProperties
from pika.channel import Channel
from pika.spec import Basic

from signpost.crash_points import reach
from signpost.messaging.bounds import Bounds
from signpost.messaging.message import Delivery, Outcome, Publisher, PublishFailed, Settlement, Unsendable
from signpost.messaging.parking import to_bare_dead_letter, to_dead_letter
from signpost.messaging.rabbitmq.connection import ConnectionThread
from signpost.messaging.rabbitmq.frames import delivery_of
from signpost.messaging.topology import consumer_binding

log = logging.getLogger(__name__)

VERBS: dict[Outcome, tuple[bool, str]] = {
    Outcome.DONE: (False, "ack"),
    Outcome.RETRY: (False, "reject"),
    Outcome.DEAD: (True, "ack"),
}
"""Outcome -> (publish a copy to the dead letters and wait for its confirm first, then this verb).
Never nack: since RabbitMQ 4.3 a nack does not count against the delivery limit."""

CAREFUL_AFTER = 3
"""Connections lost with unsettled deliveries, without HEALTHY_AFTER settlements between, after which a consumer holds
one message at a time: what ends the connections is then alone in what the broker counts."""
HEALTHY_AFTER = 20
"""Settlements after which the consumer holds as many messages as before."""


class RabbitConsumer:
    """Consumes `queue`, or, if it is None, a temporary queue bound by `pattern` (see `consumer_binding`)."""

    def __init__(
        self,
        url: str,
        bounds: Bounds,
        name: str,
        publisher: Callable[[], Publisher],
        *,
        queue: str | None,
        prefetch: int,
        pattern: str = "#",
    ) -> None:
        self._queue = queue or ""
        self._pattern = pattern if queue is None else None
        self._prefetch, self._bounds, self._publisher = prefetch, bounds, publisher
        self._ready: deque[Delivery] = deque()
        self._arrived = threading.Condition()
        self._generation = 0
        self._unsettled: dict[int, None] = {}
        self._channel: Channel | None = None
        self._tag = ""
        self._paused = False
        self._losses, self._settled = 0, 0
        self._competitors = 1
        self._closed = False
        self._connection = ConnectionThread(url, bounds, name, self._on_channel_open, self._on_connection_lost)
        self._connection.start()

    @property
    def problem(self) -> str | None:
        """See Consumer.problem."""
        return self._connection.problem

    def wait_connected(self, timeout_s: float) -> bool:
        """Wait until the queue is consumed or the first attempt has failed; True if it is consumed."""
        return self._connection.wait_first_attempt(timeout_s)

    def receive(self, limit: int, wait_s: float) -> list[Delivery]:
        """See Consumer.receive."""
        if self._paused:
            self._connection.call(self._resume)
        with self._arrived:
            self._arrived.wait_for(lambda: self._ready or self._closed, wait_s)
            return [self._ready.popleft() for _ in range(min(limit, len(self._ready)))]

    def settle(self, settlements: Sequence[Settlement], now: int) -> None:
        """See Consumer.settle. Waits at most about `bounds.publish_timeout_s`, for the confirms of dead letters."""
        generation = self._generation
        fresh = [settlement for settlement in settlements if self._is_fresh(settlement.delivery, generation)]
        dead = [settlement for settlement in fresh if VERBS[settlement.outcome][0]]
        failed = self._publish_dead_letters(dead, now)
        if dead:
            reach("dead letters published")
        tags: dict[str, set[int]] = {"ack": set(), "reject": set()}
        for settlement in fresh:
            tag = settlement.delivery.tag[1]
            tags["reject" if tag in failed else VERBS[settlement.outcome][1]].add(tag)
        if fresh:
            self._connection.call(lambda: self._send_settlements(generation, tags["ack"], tags["reject"]))

    def competitors(self) -> int:
        """See Consumer.competitors."""
        self._connection.call(self._count_competitors)
        return self._competitors

    def yield_turn(self) -> None:
        """See Consumer.yield_turn. The deliveries that it holds stay its own."""
        self._connection.call(self._yield)

    def close(self) -> None:
        """Send the settlements, then close the channel: the broker requeues the rest in order."""
        with self._arrived:
            self._closed = True
            self._ready.clear()
            self._arrived.notify_all()
        self._connection.stop(2.0)

    def _is_fresh(self, delivery: Delivery, generation: int) -> bool:
        if delivery.tag[0] == generation:
            return True
        log.warning(
            "message %s not settled: its connection was lost, the broker will deliver it again", delivery.message_id
        )
        return False

    def _publish_dead_letters(self, dead: Sequence[Settlement], now: int) -> Collection[int]:
        """Publish the dead letters; returns the tags of those that failed, to be retried."""
        if not dead:
            return ()
        publisher = self._publisher()
        parts = {one.delivery.tag[1]: (one.delivery, one.reason, self._queue, now) for one in dead}
        sent = {tag: publisher.publish(to_dead_letter(*each)) for tag, each in parts.items()}
        failed = set()
        for tag, future in sent.items():
            name = parts[tag][0].message_id
            try:
                try:
                    future.result(self._bounds.publish_timeout_s + 1.0)
                except Unsendable as error:
                    log.error("message %s: its dead letter keeps only the body: %s", name, error)
                    publisher.publish(to_bare_dead_letter(*parts[tag])).result(self._bounds.publish_timeout_s + 1.0)
            except (PublishFailed, TimeoutError) as error:
                log.error("message %s: publishing its dead letter failed, it will be redelivered: %s", name, error)
                failed.add(tag)
        return failed

    # Everything below runs in the connection's thread

    def _on_channel_open(self, channel: Channel) -> None:
        channel.add_on_cancel_callback(lambda _: self._connection.drop("the queue was deleted"))
        self._is_careful = self._losses >= CAREFUL_AFTER
        if self._is_careful:
            log.warning(
                "%s: %d connections lost with unsettled deliveries; holds one message at a time until %d are settled",
                self._connection.name,
                self._losses,
                HEALTHY_AFTER,
            )
        prefetch = 1 if self._is_careful else self._prefetch
        channel.basic_qos(prefetch_count=prefetch, callback=lambda _: self._prepare(channel))

    def _prepare(self, channel: Channel) -> None:
        if self._paused:
            self._channel = channel
            self._connection.mark_ready()
        elif self._pattern is None:
            self._consume(channel)
        else:
            channel.queue_declare(
                "", exclusive=True, auto_delete=True, callback=lambda frame: self._bind(channel, frame)
            )

    def _bind(self, channel: Channel, frame: Any) -> None:
        self._queue = frame.method.queue
        bound = consumer_binding(self._queue, self._pattern or "#")
        channel.queue_bind(self._queue, bound.exchange, bound.pattern, callback=lambda _: self._consume(channel))

    def _consume(self, channel: Channel) -> None:
        self._channel = channel
        self._tag = channel.basic_consume(
            self._queue, self._on_message, callback=lambda _: self._connection.mark_ready()
        )

    def _resume(self) -> None:
        """Consume again, because the worker asks for messages: until then another loss has nothing to count."""
        if self._paused:
            self._paused = False
            if self._channel is not None and self._channel.is_open:
                self._consume(self._channel)

    def _count_competitors(self) -> None:
        if self._channel is not None and self._channel.is_open and self._tag:
            self._channel.queue_declare(self._queue, passive=True, callback=self._on_counted)

    def _on_counted(self, frame: Any) -> None:
        self._competitors = max(1, frame.method.consumer_count)

    def _yield(self) -> None:
        channel = self._channel
        if channel is not None and channel.is_open and self._tag and not self._paused:
            channel.basic_cancel(self._tag, callback=lambda _: self._consume(channel))

    def _count_settled(self, channel: Channel, count: int) -> None:
        self._settled += count
        if self._losses and self._settled >= HEALTHY_AFTER:
            self._losses = 0
            if self._is_careful:
                # The prefetch of a consumer is that of the channel when it starts
                channel.basic_cancel(self._tag, callback=lambda _: self._consume_as_before(channel))

    def _consume_as_before(self, channel: Channel) -> None:
        channel.basic_qos(prefetch_count=self._prefetch, callback=lambda _: self._consume(channel))

    def _on_message(self, channel: Channel, method: Basic.Deliver, properties: BasicProperties, body: bytes) -> None:
        delivery = delivery_of(method, properties, body, self._generation)
        self._unsettled[delivery.tag[1]] = None
        with self._arrived:
            if not self._closed:
                self._ready.append(delivery)
                self._arrived.notify()

    def _on_connection_lost(self, reason: str) -> None:
        with self._arrived:
            self._generation += 1
            self._ready.clear()
        if self._unsettled:
            log.log(
                logging.INFO if self._closed else logging.WARNING,
                "%s: connection %s with %d unsettled deliveries, the broker will deliver them again",
                self._connection.name,
                "closed" if self._closed else "lost",
                len(self._unsettled),
            )
            self._losses += 1
            self._paused = self._pattern is None
        self._unsettled = {}
        self._settled = 0
        self._channel = None

    def _send_settlements(self, generation: int, acks: set[int], rejects: set[int]) -> None:
        channel = self._channel
        if generation != self._generation or channel is None or not channel.is_open:
            log.warning(
                "%s: connection lost before %d settlements were sent, the broker will deliver them again",
                self._connection.name,
                len(acks) + len(rejects),
            )
            return
        known = [tag for tag in self._unsettled if tag in acks or tag in rejects]
        if len(known) < len(acks) + len(rejects):
            log.warning(
                "%s: %d deliveries were already settled, ignored",
                self._connection.name,
                len(acks) + len(rejects) - len(known),
            )
        upto = self._last_contiguous(acks)
        if upto:
            channel.basic_ack(upto, multiple=True)
        for tag in known:
            if tag in rejects:
                channel.basic_reject(tag, requeue=True)
            elif tag > upto:
                channel.basic_ack(tag)
            del self._unsettled[tag]
        self._count_settled(channel, len(known))

    def _last_contiguous(self, acks: set[int]) -> int:
        """The last tag up to which all unsettled deliveries are acknowledged, for one ack frame; 0: none."""
        upto = 0
        for tag in self._unsettled:
            if tag not in acks:
                break
            upto = tag
        return upto
