"""The consumer: own thread and connection, an in-process queue of deliveries, settlements in batches."""

import logging
import threading
from collections import deque
from collections.abc import Callable, Collection, Sequence
from typing import Any

from pika import BasicProperties
from pika.channel import Channel
from pika.spec import Basic

from signpost.case.instant import format_instant
from signpost.messaging.bounds import Bounds
from signpost.messaging.message import Delivery, Message, Outcome, Publisher, PublishFailed, Settlement, dead_headers
from signpost.messaging.rabbitmq.frames import delivery_of
from signpost.messaging.rabbitmq.link import ConnectionThread
from signpost.names import ADVICE, DEAD

log = logging.getLogger(__name__)

VERBS: dict[Outcome, tuple[bool, str]] = {
    Outcome.DONE: (False, "ack"),
    Outcome.RETRY: (False, "reject"),
    Outcome.DEAD: (True, "ack"),
}
"""Outcome -> (first publish a copy to the dead letters and see it confirmed, then this verb).
Never nack: from RabbitMQ 4.3 on a nack does not count against the delivery limit."""


class RabbitConsumer:
    """Consumes `queue`, or, when it is None, a temporary queue bound to the advice exchange with `pattern`."""

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
        self._some = threading.Condition()
        self._generation = 0
        self._unsettled: dict[int, None] = {}
        self._channel: Channel | None = None
        self._closed = False
        self._link = ConnectionThread(url, bounds, name, self._opened, self._lost)
        self._link.start()

    @property
    def problem(self) -> str | None:
        """Why nothing can be received just now, in words."""
        return self._link.problem

    def wait_connected(self, timeout: float) -> bool:
        """Wait until the queue is being consumed, or the first attempt failed."""
        return self._link.wait_settled(timeout)

    def receive(self, limit: int, wait: float) -> list[Delivery]:
        """See Consumer.receive."""
        with self._some:
            self._some.wait_for(lambda: self._ready or self._closed, wait)
            return [self._ready.popleft() for _ in range(min(limit, len(self._ready)))]

    def settle(self, settlements: Sequence[Settlement], now: int) -> None:
        """See Consumer.settle. Waits only for the confirms of dead letters, about `bounds.publish_timeout` at most."""
        generation = self._generation
        fresh = [settlement for settlement in settlements if self._is_fresh(settlement.delivery, generation)]
        unparked = self._park([settlement for settlement in fresh if VERBS[settlement.outcome][0]], now)
        tags: dict[str, set[int]] = {"ack": set(), "reject": set()}
        for settlement in fresh:
            tag = settlement.delivery.tag[1]
            tags["reject" if tag in unparked else VERBS[settlement.outcome][1]].add(tag)
        if fresh:
            self._link.call(lambda: self._say(generation, tags["ack"], tags["reject"]))

    def close(self) -> None:
        """Send what was settled, then close the channel: the broker takes the rest back in order."""
        with self._some:
            self._closed = True
            self._ready.clear()
            self._some.notify_all()
        self._link.stop(2.0)

    def _is_fresh(self, delivery: Delivery, generation: int) -> bool:
        if delivery.tag[0] == generation:
            return True
        log.warning("message %s: its connection is gone, the broker will deliver it again", delivery.message_id)
        return False

    def _park(self, dead: Sequence[Settlement], now: int) -> Collection[int]:
        """Publish the dead letters; the tags of those that did not get through and have to be tried again."""
        if not dead:
            return ()
        publisher = self._publisher()
        sent = [(each.delivery, publisher.publish(self._dead_letter(each, now))) for each in dead]
        unparked = set()
        for delivery, future in sent:
            try:
                future.result(self._bounds.publish_timeout + 1.0)
            except (PublishFailed, TimeoutError) as error:
                log.error("message %s: could not be parked, will be tried again: %s", delivery.message_id, error)
                unparked.add(delivery.tag[1])
        return unparked

    def _dead_letter(self, settlement: Settlement, now: int) -> Message:
        delivery = settlement.delivery
        headers = dead_headers(delivery.headers, settlement.reason, self._queue, format_instant(now))
        return Message(DEAD, delivery.routing_key, delivery.body, delivery.message_id, headers, delivery.content_type)

    # From here on everything runs in the link's thread

    def _opened(self, channel: Channel) -> None:
        channel.add_on_cancel_callback(lambda _: self._link.drop("the queue was deleted"))
        channel.basic_qos(prefetch_count=self._prefetch, callback=lambda _: self._prepare(channel))

    def _prepare(self, channel: Channel) -> None:
        if self._pattern is None:
            self._consume(channel)
        else:
            channel.queue_declare(
                "", exclusive=True, auto_delete=True, callback=lambda frame: self._bind(channel, frame)
            )

    def _bind(self, channel: Channel, frame: Any) -> None:
        self._queue = frame.method.queue
        channel.queue_bind(self._queue, ADVICE, self._pattern, callback=lambda _: self._consume(channel))

    def _consume(self, channel: Channel) -> None:
        self._channel = channel
        channel.basic_consume(self._queue, self._received, callback=lambda _: self._link.ready())

    def _received(self, channel: Channel, method: Basic.Deliver, properties: BasicProperties, body: bytes) -> None:
        delivery = delivery_of(method, properties, body, self._generation)
        self._unsettled[delivery.tag[1]] = None
        with self._some:
            if not self._closed:
                self._ready.append(delivery)
                self._some.notify()

    def _lost(self, reason: str) -> None:
        with self._some:
            self._generation += 1
            self._ready.clear()
        if self._unsettled:
            log.log(
                logging.INFO if self._closed else logging.WARNING,
                "%s: connection %s with %d deliveries unsettled, the broker takes them back",
                self._link.name,
                "closed" if self._closed else "lost",
                len(self._unsettled),
            )
        self._unsettled = {}
        self._channel = None

    def _say(self, generation: int, acks: set[int], rejects: set[int]) -> None:
        channel = self._channel
        if generation != self._generation or channel is None or not channel.is_open:
            log.warning("%s: connection lost before %d settlements", self._link.name, len(acks) + len(rejects))
            return
        known = [tag for tag in self._unsettled if tag in acks or tag in rejects]
        if len(known) < len(acks) + len(rejects):
            log.warning("%s: %d deliveries settled twice", self._link.name, len(acks) + len(rejects) - len(known))
        upto = self._contiguous(acks)
        if upto:
            channel.basic_ack(upto, multiple=True)
        for tag in known:
            if tag in rejects:
                channel.basic_reject(tag, requeue=True)
            elif tag > upto:
                channel.basic_ack(tag)
            del self._unsettled[tag]

    def _contiguous(self, acks: set[int]) -> int:
        """The last tag up to which everything unsettled is to be acknowledged, so that one frame says it; 0: none."""
        upto = 0
        for tag in self._unsettled:
            if tag not in acks:
                break
            upto = tag
        return upto
