"""The RabbitMQ publisher: one thread and connection per process, pipelined confirms, one future per message."""

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
from signpost.messaging.message import (
    Message,
    PublishFailed,
    PublishRefused,
    PublishReturned,
    PublishUnknown,
    QueueFull,
    Unsendable,
)
from signpost.messaging.rabbitmq.connection import ConnectionThread
from signpost.messaging.rabbitmq.frames import properties_of

log = logging.getLogger(__name__)

SWEEP_S = 0.1
"""Time between two checks for overdue futures."""


@dataclass(slots=True, eq=False)
class Pending:
    """A message whose future has not ended."""

    message: Message
    future: Future[None]
    deadline: float
    sent_at: float = 0.0
    returned: str | None = None


class RabbitPublisher:
    """Publishes persistent, mandatory messages with confirms; every future ends within `bounds.publish_timeout_s`."""

    def __init__(self, url: str, bounds: Bounds, name: str) -> None:
        self._bounds = bounds
        self._waiting: deque[Pending] = deque()
        self._waking = False
        self._outstanding: dict[int, Pending] = {}
        self._channel: Channel | None = None
        self._tag = 0
        self._last_confirm_at = 0.0
        self._blocked: str | None = None
        self._closed = False
        self._open = 0
        self._room = threading.Condition()
        self._connection = ConnectionThread(url, bounds, name, self._on_channel_open, self._on_connection_lost)
        self._connection.call(self._expire_overdue)
        self._connection.start()

    @property
    def problem(self) -> str | None:
        """See Publisher.problem."""
        return self._blocked or self._connection.problem

    def publish(self, message: Message) -> Future[None]:
        """See Publisher.publish. Waits at most `bounds.publish_timeout_s` while too many messages are unconfirmed."""
        future: Future[None] = Future()
        future.set_running_or_notify_cancel()
        deadline = time.monotonic() + self._bounds.publish_timeout_s
        refusal = self._reserve_place(deadline)
        if refusal is not None:
            future.set_exception(PublishRefused(refusal))
            return future
        self._waiting.append(Pending(message, future, deadline))
        if not self._waking:
            self._waking = True
            self._connection.call(self._send_waiting)
        return future

    def close(self, timeout_s: float) -> None:
        """Flush for up to `timeout_s`, then fail the rest and end the thread."""
        with self._room:
            self._closed = True
            self._room.notify_all()
            self._room.wait_for(lambda: self._open == 0, timeout_s)
        self._connection.stop(1.0)

    def _reserve_place(self, deadline: float) -> str | None:
        """Reserve a place among the unconfirmed messages; the reason if there is none."""
        with self._room:
            while not (refusal := self._refusal()) and self._open >= self._bounds.max_unconfirmed:
                left = deadline - time.monotonic()
                # The connection's own thread frees places: waiting in it would never end
                if self._connection.in_own_thread() or not self._room.wait(left):
                    return f"{self._bounds.max_unconfirmed} messages are unconfirmed; publish again later"
            if refusal is None:
                self._open += 1
            return refusal

    def _refusal(self) -> str | None:
        if self._closed:
            return "the publisher is closed"
        if self._blocked is not None:
            return self._blocked
        return f"the broker is unreachable: {self._connection.problem}" if self._connection.failed else None

    def _finish(
        self, ended: Iterable[Pending], outcome: Callable[[Pending], PublishFailed | Unsendable | None]
    ) -> None:
        """End futures; frees their places first, so that a callback of a future may publish."""
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

    # Everything below runs in the connection's thread

    def _on_channel_open(self, channel: Channel) -> None:
        channel.add_on_return_callback(self._on_return)
        channel.connection.add_on_connection_blocked_callback(self._on_blocked)
        channel.connection.add_on_connection_unblocked_callback(self._on_unblocked)
        channel.confirm_delivery(self._on_confirm, callback=lambda _: self._ready(channel))

    def _ready(self, channel: Channel) -> None:
        self._channel, self._tag, self._last_confirm_at = channel, 0, time.monotonic()
        self._connection.mark_ready()
        self._send_waiting()

    def _on_blocked(self, connection: object, frame: Any) -> None:
        self._blocked = f"the broker blocks publishers: {frame.method.reason}"
        log.warning("%s: %s", self._connection.name, self._blocked)
        self._refuse_waiting(self._blocked)

    def _on_unblocked(self, connection: object, frame: Any) -> None:
        self._blocked = None
        log.info("%s: the broker no longer blocks publishers", self._connection.name)

    def _on_connection_lost(self, reason: str) -> None:
        self._channel, self._blocked = None, None
        sent, self._outstanding = self._outstanding, {}
        if sent:
            log.warning(
                "%s: connection lost with %d unconfirmed messages, their publishers must retry",
                self._connection.name,
                len(sent),
            )
        self._finish(sent.values(), lambda _: PublishUnknown(f"the connection was lost before the confirm: {reason}"))
        if self._connection.failed or self._closed:
            self._refuse_waiting(f"the broker is unreachable: {reason}")

    def _refuse_waiting(self, reason: str) -> None:
        waiting = [self._waiting.popleft() for _ in range(len(self._waiting))]
        self._finish(waiting, lambda _: PublishRefused(reason))

    def _send_waiting(self) -> None:
        self._waking = False
        refusal = self._blocked or (
            f"the broker is unreachable: {self._connection.problem}" if self._connection.failed else None
        )
        if refusal is not None:
            self._refuse_waiting(refusal)
        while self._waiting and self._channel is not None and self._channel.is_open:
            self._send(self._channel, self._waiting.popleft())

    def _send(self, channel: Channel, pending: Pending) -> None:
        message = pending.message
        pending.sent_at = time.monotonic()
        try:
            channel.basic_publish(
                message.exchange, message.routing_key, message.body, properties_of(message), mandatory=True
            )
        except Exception as error:
            if not channel.is_open:
                self._waiting.appendleft(pending)
                raise
            # pika writes all frames of a message or none: what it cannot encode must not end the connection
            unsendable = Unsendable(f"the message cannot be written as AMQP: {type(error).__name__}")
            self._finish([pending], lambda _: unsendable)
            return
        self._tag += 1
        self._outstanding[self._tag] = pending

    def _on_return(self, channel: Channel, method: Basic.Return, properties: BasicProperties, body: bytes) -> None:
        """A return precedes its ack and has no tag; returns of the same id, exchange and key arrive in send order."""
        address = (properties.message_id, method.exchange, method.routing_key)
        for pending in self._outstanding.values():
            message = pending.message
            if pending.returned is None and (message.message_id, message.exchange, message.routing_key) == address:
                pending.returned = (
                    f"{method.reply_text}: exchange {message.exchange}, routing key {message.routing_key}"
                )
                return
        log.warning(
            "%s: message %s was returned after its future had ended, ignored",
            self._connection.name,
            properties.message_id,
        )

    def _on_confirm(self, frame: Any) -> None:
        self._last_confirm_at = time.monotonic()
        tag, multiple = frame.method.delivery_tag, frame.method.multiple
        refused = isinstance(frame.method, Basic.Nack)
        self._finish(self._take(tag, multiple), _nack_error if refused else _ack_error)

    def _take(self, tag: int, multiple: bool) -> list[Pending]:
        """Remove and return the messages that a confirm covers; overdue ones are already removed."""
        if not multiple:
            pending = self._outstanding.pop(tag, None)
            return [pending] if pending is not None else []
        tags = []
        for outstanding in self._outstanding:
            if outstanding > tag:
                break
            tags.append(outstanding)
        return [self._outstanding.pop(covered) for covered in tags]

    def _expire_overdue(self) -> None:
        """Fail overdue futures; drop a connection that confirmed nothing meanwhile, because it may be dead."""
        self._connection.call_later(SWEEP_S, self._expire_overdue)
        now = time.monotonic()
        unsent = []
        while self._waiting and self._waiting[0].deadline <= now:
            unsent.append(self._waiting.popleft())
        self._finish(
            unsent, lambda _: PublishRefused(f"not sent within {self._bounds.publish_timeout_s:g} s: {self.problem}")
        )
        late = []
        for tag, pending in self._outstanding.items():
            if pending.deadline > now:
                break
            late.append(tag)
        expired = [self._outstanding.pop(tag) for tag in late]
        self._finish(expired, lambda _: PublishUnknown(f"no confirm within {self._bounds.publish_timeout_s:g} s"))
        if expired and self._blocked is None and self._last_confirm_at < expired[0].sent_at:
            self._connection.drop("the broker stopped confirming")


def _ack_error(pending: Pending) -> PublishFailed | None:
    return PublishReturned(pending.returned) if pending.returned is not None else None


def _nack_error(pending: Pending) -> PublishFailed | None:
    message = pending.message
    address = f"exchange {message.exchange}, routing key {message.routing_key}"
    return QueueFull(f"the broker refused the message: a queue is full; {address}")
