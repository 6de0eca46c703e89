"""Looks at RabbitMQ over one connection without changing anything."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any, Final

from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import ChannelClosedByBroker, ConnectionBlockedTimeout

from signpost.messaging.bounds import Bounds
from signpost.messaging.inspection import BrokerBlocked, Counts
from signpost.messaging.message import BrokerAway
from signpost.messaging.rabbitmq.admin import ACCESS_REFUSED, PRECONDITION_FAILED, AdminSession, declare, open_admin
from signpost.messaging.topology import Queue, Topology

ALARM_WAIT_S: Final = 1.0
"""How long a publish waits while the broker blocks publishers."""
NO_KEY: Final = "signpost.inspection"
"""Routing key of a message that is never sent."""


class RabbitInspection:
    """See `signpost.messaging.inspection.Inspection`."""

    product = "RabbitMQ"

    def __init__(self, admin: AdminSession, topology: Topology) -> None:
        self._admin, self._topology = admin, topology

    @property
    def version(self) -> str:
        """See Inspection."""
        return self._admin.server_version

    def differences(self) -> list[str]:
        """See Inspection."""
        return self._admin.check(self._topology, if_permitted=True)

    def counts(self, queue: str) -> Counts | None:
        """See Inspection."""
        found = self._admin.counts(queue)
        return None if found is None else Counts(*found)

    def may_configure(self, queue: str) -> bool:
        """See Inspection."""
        [declared] = [each for each in self._topology.queues if each.name == queue]
        return self._may(partial(_declare_again, declared))

    def may_write(self, exchange: str) -> bool:
        """See Inspection. The broker checks the right when it takes the message, and the transaction drops it."""
        return self._may(partial(_publish_nothing, exchange))

    def may_read(self, queue: str) -> bool:
        """See Inspection. The broker checks the right before the argument, so no message is delivered."""
        return self._may(partial(_consume_nothing, queue))

    def _may(self, operation: Callable[[BlockingChannel], None]) -> bool:
        try:
            self._admin.run(operation)
        except ChannelClosedByBroker as error:
            if error.reply_code not in (ACCESS_REFUSED, PRECONDITION_FAILED):
                raise
            return bool(error.reply_code == PRECONDITION_FAILED)
        return True


@contextmanager
def open_inspection(url: str, topology: Topology, bounds: Bounds, name: str) -> Iterator[RabbitInspection]:
    """An inspection, closed at the end of the block. Raises BrokerAway, BrokerBlocked."""
    try:
        with open_admin(url, replace(bounds, blocked_timeout_s=ALARM_WAIT_S), name) as admin:
            yield RabbitInspection(admin, topology)
    except BrokerAway as error:
        if isinstance(error.__cause__, ConnectionBlockedTimeout):
            raise BrokerBlocked("RabbitMQ blocks publishers: its memory or its disk is full") from error
        raise


def _declare_again(queue: Queue, channel: BlockingChannel) -> None:
    channel.queue_declare(queue.name, passive=True)
    declare(queue, channel)


def _publish_nothing(exchange: str, channel: BlockingChannel) -> None:
    channel.tx_select()
    channel.basic_publish(exchange, NO_KEY, b"")
    channel.tx_rollback()


def _consume_nothing(queue: str, channel: BlockingChannel) -> None:
    channel.basic_qos(prefetch_count=1)
    channel.basic_consume(queue, _ignore, arguments={"x-priority": "not a number"})


def _ignore(*_delivery: Any) -> None:
    """Never called."""
