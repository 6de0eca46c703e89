"""Short errands to RabbitMQ on a connection of their own: apply and check the topology, depth, get, purge."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TypeVar

from pika import BlockingConnection
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import AMQPError, ChannelClosedByBroker

from signpost.messaging.bounds import Bounds
from signpost.messaging.message import BrokerAway, Delivery, NoSuchQueue, TopologyDiffers
from signpost.messaging.rabbitmq.frames import delivery_of
from signpost.messaging.rabbitmq.link import parameters
from signpost.messaging.topology import Binding, Exchange, Queue, Topology
from signpost.names import ADVICE

T = TypeVar("T")

NOT_FOUND, PRECONDITION_FAILED = 404, 406


class Errand:
    """One BlockingConnection; what may be refused gets a throw-away channel, because a refusal closes it."""

    def __init__(self, connection: BlockingConnection) -> None:
        self._connection = connection

    def attempt(self, act: Callable[[BlockingChannel], T]) -> T:
        """Run `act` on a channel of its own."""
        channel = self._connection.channel()
        try:
            return act(channel)
        finally:
            if channel.is_open:
                channel.close()

    def apply(self, topology: Topology) -> None:
        """Declare everything; unbind what other partition settings left, so that no event goes to two queues."""
        try:
            for exchange in topology.exchanges:
                self.attempt(partial(_declare, exchange))
            for queue in topology.queues:
                self.attempt(partial(_declare, queue))
        except ChannelClosedByBroker as error:
            if error.reply_code == PRECONDITION_FAILED:
                raise TopologyDiffers(error.reply_text) from error
            raise
        for one in topology.bindings:
            self.attempt(partial(_bind, one))
        for one in topology.retired:
            if self.depth(one.queue) is not None:
                self.attempt(partial(_unbind, one))

    def check(self, topology: Topology) -> list[str]:
        """Differences in words. AMQP cannot list bindings: `apply` makes them anew each time."""
        found = [
            *(self._difference(f"exchange {each.name}", each) for each in topology.exchanges),
            *(self._difference(f"queue {each.name}", each) for each in topology.queues),
        ]
        for queue in topology.retired_queues:
            depth = self.depth(queue)
            if depth is not None:
                found.append(
                    f"queue {queue}: belongs to another number of partitions;"
                    f" {depth} messages wait in it: consume them, then delete it"
                )
        return [difference for difference in found if difference]

    def _difference(self, what: str, declared: Exchange | Queue) -> str:
        """Looks first whether it is there (passive), because declaring what is missing would make it."""
        try:
            self.attempt(partial(_look, declared))
            self.attempt(partial(_declare, declared))
        except ChannelClosedByBroker as error:
            if error.reply_code == NOT_FOUND:
                return f"{what}: is missing"
            if error.reply_code == PRECONDITION_FAILED:
                return (
                    f"{what}: is there with other properties: {error.reply_text.removeprefix('PRECONDITION_FAILED - ')}"
                )
            raise
        return ""

    def depth(self, queue: str) -> int | None:
        """Ready messages; None when there is no such queue."""
        found = self.standing(queue)
        return None if found is None else found[0]

    def standing(self, queue: str) -> tuple[int, int] | None:
        """(ready messages, consumers); None when there is no such queue."""
        try:
            found = self.attempt(lambda channel: channel.queue_declare(queue, passive=True)).method
        except ChannelClosedByBroker as error:
            if error.reply_code == NOT_FOUND:
                return None
            raise
        return found.message_count or 0, found.consumer_count or 0

    def unbind(self, queue: str, pattern: str) -> None:
        """Let a queue no longer have the advice that matches a pattern."""
        self.attempt(partial(_unbind, Binding(ADVICE, queue, pattern)))

    def delete(self, queue: str) -> None:
        """Delete a queue with what is in it; one that is not there is no trouble."""
        self.attempt(lambda channel: channel.queue_delete(queue))

    def get(self, queue: str, limit: int) -> list[Delivery]:
        """Take messages off for good."""
        return self.attempt(lambda channel: list(_take(channel, queue, limit)))

    def purge(self, queue: str) -> int:
        """Drop the ready messages."""
        return self.attempt(lambda channel: channel.queue_purge(queue)).method.message_count or 0


class _NotInThisThread(logging.Filter):
    """Drops what pika warns of here: asking for a queue that is not there is no trouble."""

    def __init__(self) -> None:
        super().__init__()
        self._thread = threading.get_ident()

    def filter(self, record: logging.LogRecord) -> bool:
        return record.thread != self._thread


@contextmanager
def _quietly() -> Iterator[None]:
    pikas, quiet = logging.getLogger("pika.channel"), _NotInThisThread()
    pikas.addFilter(quiet)
    try:
        yield
    finally:
        pikas.removeFilter(quiet)


@contextmanager
def errand(url: str, bounds: Bounds, name: str) -> Iterator[Errand]:
    """A connection for one errand, closed at the end. Raises BrokerAway, NoSuchQueue."""
    try:
        connection = BlockingConnection(parameters(url, bounds, name))
        try:
            with _quietly():
                yield Errand(connection)
        finally:
            if connection.is_open:
                connection.close()
    except ChannelClosedByBroker as error:
        if error.reply_code == NOT_FOUND:
            raise NoSuchQueue(error.reply_text) from error
        raise BrokerAway(f"the broker refused: {error}") from error
    except (AMQPError, OSError) as error:
        raise BrokerAway(f"the broker cannot be reached: {error!r}") from error


def _look(declared: Exchange | Queue, channel: BlockingChannel) -> None:
    if isinstance(declared, Exchange):
        channel.exchange_declare(declared.name, passive=True)
    else:
        channel.queue_declare(declared.name, passive=True)


def _declare(declared: Exchange | Queue, channel: BlockingChannel) -> None:
    if isinstance(declared, Exchange):
        channel.exchange_declare(declared.name, declared.kind, durable=True, arguments=dict(declared.arguments))
    else:
        channel.queue_declare(declared.name, durable=True, arguments=dict(declared.arguments))


def _bind(one: Binding, channel: BlockingChannel) -> None:
    channel.queue_bind(one.queue, one.exchange, one.pattern)


def _unbind(one: Binding, channel: BlockingChannel) -> None:
    channel.queue_unbind(one.queue, one.exchange, one.pattern)


def _take(channel: BlockingChannel, queue: str, limit: int) -> Iterator[Delivery]:
    for _ in range(limit):
        method, properties, body = channel.basic_get(queue, auto_ack=True)
        if method is None or properties is None or body is None:
            return
        yield delivery_of(method, properties, body, 0)
