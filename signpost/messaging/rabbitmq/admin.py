"""Administrative operations on RabbitMQ over a short-lived connection: topology, depth, get, purge."""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TypeVar

from pika import BlockingConnection
from pika.adapters.blocking_connection import BlockingChannel
from pika.adapters.utils.connection_workflow import AMQPConnectorException
from pika.exceptions import AMQPError, ChannelClosedByBroker

from signpost.messaging.bounds import Bounds
from signpost.messaging.message import (
    BrokerAway,
    BrokerMisconfigured,
    Choose,
    Delivery,
    NoSuchQueue,
    TopologyDiffers,
)
from signpost.messaging.rabbitmq.connection import connection_parameters
from signpost.messaging.rabbitmq.failures import SETTING, to_error
from signpost.messaging.rabbitmq.frames import delivery_of
from signpost.messaging.rabbitmq.sweep import sweep
from signpost.messaging.topology import Binding, Exchange, Queue, Topology, consumer_binding, describe_retired

T = TypeVar("T")

ACCESS_REFUSED, NOT_FOUND, PRECONDITION_FAILED = 403, 404, 406


class AdminSession:
    """One BlockingConnection. Each operation gets its own channel, because a refusal closes the channel."""

    def __init__(self, connection: BlockingConnection) -> None:
        self._connection = connection

    @property
    def server_version(self) -> str:
        """The version that the broker states, "3.10.8"; "" if it states none."""
        # pika's blocking connection has no public way to the properties of the server
        return str((self._connection._impl.server_properties or {}).get("version", ""))

    def run(self, operation: Callable[[BlockingChannel], T]) -> T:
        """Run `operation` on a new channel."""
        channel = self._connection.channel()
        try:
            return operation(channel)
        finally:
            if channel.is_open:
                channel.close()

    def apply(self, topology: Topology) -> None:
        """Declare everything; unbind the queues of other partition settings, so that no event goes to two queues."""
        try:
            for exchange in topology.exchanges:
                self.run(partial(declare, exchange))
            for queue in topology.queues:
                self.run(partial(declare, queue))
        except ChannelClosedByBroker as error:
            if error.reply_code == PRECONDITION_FAILED:
                raise TopologyDiffers(error.reply_text) from error
            raise
        for binding in topology.bindings:
            self.run(partial(_bind, binding))
        self.run(partial(_unbind, topology.retired))

    def check(self, topology: Topology, *, if_permitted: bool = False, max_retired: int | None = None) -> list[str]:
        """Descriptions of the differences. AMQP cannot list bindings, so `apply` declares them every time.

        `if_permitted`: a user without the right to configure learns only what is missing; otherwise it is refused.
        `max_retired`: of how many retired queues, the nearest first, it asks whether they exist; for each that does
        not, the broker closes a channel and logs an error.
        """
        declared: list[Exchange | Queue] = [*topology.exchanges, *topology.queues]
        differences = [
            self._difference(f"{type(each).__name__.lower()} {each.name}", each, if_permitted) for each in declared
        ]
        for queue in topology.retired_queues[:max_retired]:
            counts = self.counts(queue)
            if counts is not None:
                differences.append(describe_retired(queue, *counts))
        return [difference for difference in differences if difference]

    def _difference(self, name: str, declared: Exchange | Queue, if_permitted: bool) -> str:
        """Declares passively first, because a declaration would create a missing exchange or queue."""
        try:
            self.run(partial(_declare_passively, declared))
            self.run(partial(declare, declared))
        except ChannelClosedByBroker as error:
            if error.reply_code == NOT_FOUND:
                return f"{name}: is missing"
            if error.reply_code == PRECONDITION_FAILED:
                return (
                    f"{name}: exists with other properties: {error.reply_text.removeprefix('PRECONDITION_FAILED - ')}"
                )
            if error.reply_code != ACCESS_REFUSED or not if_permitted:
                raise
        return ""

    def depth(self, queue: str) -> int | None:
        """Number of ready messages; None if there is no such queue."""
        counts = self.counts(queue)
        return None if counts is None else counts[0]

    def counts(self, queue: str) -> tuple[int, int] | None:
        """(number of ready messages, number of consumers); None if there is no such queue."""
        try:
            reply = self.run(lambda channel: channel.queue_declare(queue, passive=True)).method
        except ChannelClosedByBroker as error:
            if error.reply_code == NOT_FOUND:
                return None
            raise
        return reply.message_count or 0, reply.consumer_count or 0

    def unbind(self, queue: str, pattern: str) -> None:
        """Remove the binding of a consumer's queue with a pattern."""
        self.run(partial(_unbind, [consumer_binding(queue, pattern)]))

    def delete(self, queue: str) -> None:
        """Delete a queue and its messages; does nothing if it does not exist."""
        self.run(lambda channel: channel.queue_delete(queue))

    def get(self, queue: str, limit: int) -> list[Delivery]:
        """Remove up to `limit` messages from a queue and return them."""
        return self.run(lambda channel: list(_take(channel, queue, limit)))

    def sweep(self, queue: str, choose: Choose) -> int:
        """Delete the messages that `choose` selects. Raises NoSuchQueue."""
        return self.run(lambda channel: sweep(channel, self._connection.process_data_events, queue, choose))

    def purge(self, queue: str) -> int:
        """Delete the ready messages; returns how many."""
        return self.run(lambda channel: channel.queue_purge(queue)).method.message_count or 0


class _SkipThisThread(logging.Filter):
    """Drops pika's warnings of this thread: asking for a missing queue is expected here."""

    def __init__(self) -> None:
        super().__init__()
        self._thread = threading.get_ident()

    def filter(self, record: logging.LogRecord) -> bool:
        return record.thread != self._thread


@contextmanager
def _quiet_pika() -> Iterator[None]:
    logger, skip = logging.getLogger("pika.channel"), _SkipThisThread()
    logger.addFilter(skip)
    try:
        yield
    finally:
        logger.removeFilter(skip)


@contextmanager
def open_admin(url: str, bounds: Bounds, name: str) -> Iterator[AdminSession]:
    """A session that is closed at the end of the block. Raises BrokerAway, NoSuchQueue."""
    try:
        with _quiet_pika():
            connection = BlockingConnection(connection_parameters(url, bounds, name))
            try:
                yield AdminSession(connection)
            finally:
                if connection.is_open:
                    connection.close()
    except ChannelClosedByBroker as error:
        if error.reply_code == NOT_FOUND:
            raise NoSuchQueue(error.reply_text) from error
        if error.reply_code == ACCESS_REFUSED:
            raise BrokerMisconfigured(
                f"RabbitMQ refuses: {error.reply_text}; grant this to the user in {SETTING}, or name another"
            ) from error
        raise BrokerAway(f"RabbitMQ refuses: {error.reply_text}") from error
    except (AMQPError, AMQPConnectorException, OSError) as error:
        raise to_error(error) from error


def _declare_passively(declared: Exchange | Queue, channel: BlockingChannel) -> None:
    if isinstance(declared, Exchange):
        channel.exchange_declare(declared.name, passive=True)
    else:
        channel.queue_declare(declared.name, passive=True)


def declare(declared: Exchange | Queue, channel: BlockingChannel) -> None:
    """Declare an exchange or queue; closes the channel if it exists with other properties."""
    if isinstance(declared, Exchange):
        channel.exchange_declare(declared.name, declared.kind, durable=True, arguments=dict(declared.arguments))
    else:
        channel.queue_declare(declared.name, durable=True, arguments=dict(declared.arguments))


def _bind(binding: Binding, channel: BlockingChannel) -> None:
    channel.queue_bind(binding.queue, binding.exchange, binding.pattern)


def _unbind(bindings: Sequence[Binding], channel: BlockingChannel) -> None:
    """A binding or a queue that does not exist is no error."""
    for binding in bindings:
        channel.queue_unbind(binding.queue, binding.exchange, binding.pattern)


def _take(channel: BlockingChannel, queue: str, limit: int) -> Iterator[Delivery]:
    for _ in range(limit):
        method, properties, body = channel.basic_get(queue, auto_ack=True)
        if method is None or properties is None or body is None:
            return
        yield delivery_of(method, properties, body, 0)
