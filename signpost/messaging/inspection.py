"""What a look at a broker shows, without changing anything: version, rights, topology, and what waits in queues."""

from typing import NamedTuple, Protocol

from signpost.messaging.message import BrokerAway


class Counts(NamedTuple):
    """The ready messages and the consumers of a queue."""

    waiting: int
    consumers: int


class BrokerBlocked(BrokerAway):
    """The broker accepts no message, because its memory or its disk is full."""


class Inspection(Protocol):
    """One connection to a broker, on RabbitMQ or in SQLite. Changes nothing; failures raise BrokerAway."""

    @property
    def product(self) -> str:
        """ "RabbitMQ" or "SQLite"."""

    @property
    def version(self) -> str:
        """The version of the product, "3.10.8"; "" if the broker does not say."""

    def differences(self) -> list[str]:
        """See `Broker.check_topology`."""

    def counts(self, queue: str) -> Counts | None:
        """What waits in a queue, and who consumes it; None if there is no such queue."""

    def may_configure(self, queue: str) -> bool:
        """Whether this user may declare a queue that exists as declared."""

    def may_write(self, exchange: str) -> bool:
        """Whether this user may publish to an exchange. Raises BrokerBlocked while nobody may."""

    def may_read(self, queue: str) -> bool:
        """Whether this user may consume a queue."""
