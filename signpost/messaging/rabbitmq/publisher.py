"""The publisher: one thread and one connection per process, pipelined confirms, a future for each message."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from pika import BasicProperties
from pika.channel import Channel
from pika.spec import Basic

from signpost.messaging.bounds import Bounds
from signpost.messaging.message import Message, PublishFailed, PublishRefused, PublishReturned, PublishUnknown
from signpost.messaging.rabbitmq.frames import properties_of
from signpost.messaging.rabbitmq.link import ConnectionThread

log = logging.getLogger(__name__)

SWEEP = 0.1
"""Seconds between two looks for futures whose time is up."""


@dataclass(slots=True, eq=False)
class Pending:
    """A message whose future is open."""

    message: Message
    future: Future[None]
    deadline: float
    sent_at: float = 0.0
    returned: str | None = None


class RabbitPublisher:
    """Publishes persistent, mandatory messages with confirms; every future ends within `bounds.publish_timeout`."""

    def __init__(self, url: str, bounds: Bounds, name: str) -> None:
        self._bounds = bounds
        self._waiting: deque[Pending] = deque()
        self._waking = False
        self._outstanding: dict[int, Pending] = {}
        self._channel: Channel | None = None
        self._tag = 0
        self._heard_at = 0.0
        self._blocked: str | None = None
        self._closed = False
        self._open = 0
        self._room = threading.Condition()
        self._link = ConnectionThread(url, bounds, name, self._opened, self._lost)
        self._link.call(self._sweep)
        self._link.start()

    @property
    def problem(self) -> str | None:
        """Why nothing can be published just now, in words."""
        return self._blocked or self._link.problem

    def publish(self, message: Message) -> Future[None]:
        """See Publisher.publish. Waits for room in the window, at most `bounds.publish_timeout` seconds."""
        future: Future[None] = Future()
        future.set_running_or_notify_cancel()
        deadline = time.monotonic() + self._bounds.publish_timeout
        refusal = self._enter(deadline)
        if refusal is not None:
            future.set_exception(PublishRefused(refusal))
            return future
        self._waiting.append(Pending(message, future, deadline))
        if not self._waking:
            self._waking = True
            self._link.call(self._send_waiting)
        return future

    def close(self, timeout: float) -> None:
        """Flush for up to `timeout` seconds, then fail what is left and end the thread."""
        with self._room:
            self._closed = True
            self._room.notify_all()
            self._room.wait_for(lambda: self._open == 0, timeout)
        self._link.stop(1.0)

    def _enter(self, deadline: float) -> str | None:
        """Take a place in the window; or the reason why there is none."""
        with self._room:
            while not (refusal := self._refusal()) and self._open >= self._bounds.window:
                left = deadline - time.monotonic()
                # The link's own thread makes the room: waiting there would be for ever
                if left <= 0 or self._link.inside() or not self._room.wait(left):
                    return f"{self._bounds.window} messages are unconfirmed already"
            if refusal is None:
                self._open += 1
            return refusal

    def _refusal(self) -> str | None:
        if self._closed:
            return "the publisher is closed"
        if self._blocked is not None:
            return self._blocked
        return f"the broker is away: {self._link.problem}" if self._link.failed else None

    def _finish(self, ended: Iterable[Pending], outcome: Callable[[Pending], PublishFailed | None]) -> None:
        """Give the places back first, so that a callback of a future may publish."""
        done = list(ended)
        if not done:
            return
        with self._room:
            self._open -= len(done)
            self._room.notify_all()
        for pending in done:
            error = outcome(pending)
            if error is None:
                pending.future.set_result(None)
            else:
                pending.future.set_exception(error)

    # From here on everything runs in the link's thread

    def _opened(self, channel: Channel) -> None:
        channel.add_on_return_callback(self._returned)
        channel.connection.add_on_connection_blocked_callback(self._was_blocked)
        channel.connection.add_on_connection_unblocked_callback(self._was_unblocked)
        channel.confirm_delivery(self._confirmed, callback=lambda _: self._ready(channel))

    def _ready(self, channel: Channel) -> None:
        self._channel, self._tag, self._heard_at = channel, 0, time.monotonic()
        self._link.ready()
        self._send_waiting()

    def _was_blocked(self, connection: object, frame: Any) -> None:
        self._blocked = f"the broker blocks publishers: {frame.method.reason}"
        log.warning("%s: %s", self._link.name, self._blocked)
        self._refuse_waiting(self._blocked)

    def _was_unblocked(self, connection: object, frame: Any) -> None:
        self._blocked = None
        log.info("%s: the broker takes messages again", self._link.name)

    def _lost(self, reason: str) -> None:
        self._channel, self._blocked = None, None
        sent, self._outstanding = self._outstanding, {}
        if sent:
            log.warning("%s: connection lost with %d messages unconfirmed", self._link.name, len(sent))
        self._finish(sent.values(), lambda _: PublishUnknown(f"the connection was lost before the confirm: {reason}"))
        if self._link.failed or self._closed:
            self._refuse_waiting(f"the broker is away: {reason}")

    def _refuse_waiting(self, reason: str) -> None:
        waiting = [self._waiting.popleft() for _ in range(len(self._waiting))]
        self._finish(waiting, lambda _: PublishRefused(reason))

    def _send_waiting(self) -> None:
        self._waking = False
        refusal = self._blocked or (f"the broker is away: {self._link.problem}" if self._link.failed else None)
        if refusal is not None:
            self._refuse_waiting(refusal)
        while self._waiting and self._channel is not None and self._channel.is_open:
            self._send(self._channel, self._waiting.popleft())

    def _send(self, channel: Channel, pending: Pending) -> None:
        message = pending.message
        pending.sent_at = time.monotonic()
        self._tag += 1
        self._outstanding[self._tag] = pending
        channel.basic_publish(
            message.exchange, message.routing_key, message.body, properties_of(message), mandatory=True
        )

    def _returned(self, channel: Channel, method: Basic.Return, properties: BasicProperties, body: bytes) -> None:
        """A return precedes its ack and carries no tag; those of one id, exchange and key come in the order sent."""
        address = (properties.message_id, method.exchange, method.routing_key)
        for pending in self._outstanding.values():
            message = pending.message
            if pending.returned is None and (message.message_id, message.exchange, message.routing_key) == address:
                pending.returned = (
                    f"{method.reply_text}: exchange {message.exchange}, routing key {message.routing_key}"
                )
                return
        log.warning("%s: a return for message %s, which nobody waits for", self._link.name, properties.message_id)

    def _confirmed(self, frame: Any) -> None:
        self._heard_at = time.monotonic()
        tag, multiple = frame.method.delivery_tag, frame.method.multiple
        refused = isinstance(frame.method, Basic.Nack)
        self._finish(self._take(tag, multiple), _nacked if refused else _acked)

    def _take(self, tag: int, multiple: bool) -> list[Pending]:
        """The open messages that a confirm speaks of; those whose time was up are gone already."""
        if not multiple:
            found = self._outstanding.pop(tag, None)
            return [found] if found is not None else []
        tags = []
        for sent in self._outstanding:
            if sent > tag:
                break
            tags.append(sent)
        return [self._outstanding.pop(sent) for sent in tags]

    def _sweep(self) -> None:
        """End the futures whose time is up; a connection that confirmed nothing meanwhile may be dead and is left."""
        self._link.later(SWEEP, self._sweep)
        now = time.monotonic()
        unsent = []
        while self._waiting and self._waiting[0].deadline <= now:
            unsent.append(self._waiting.popleft())
        self._finish(unsent, lambda _: PublishRefused(f"not sent in time: {self.problem}"))
        late = []
        for tag, pending in self._outstanding.items():
            if pending.deadline > now:
                break
            late.append(tag)
        expired = [self._outstanding.pop(tag) for tag in late]
        self._finish(expired, lambda _: PublishUnknown(f"no confirm within {self._bounds.publish_timeout:g} s"))
        if expired and self._blocked is None and self._heard_at < expired[0].sent_at:
            self._link.drop("the broker stopped confirming")


def _acked(pending: Pending) -> PublishFailed | None:
    return PublishReturned(pending.returned) if pending.returned is not None else None


def _nacked(pending: Pending) -> PublishFailed | None:
    return PublishRefused(f"the broker refused the message for {pending.message.exchange} (a queue is full)")
