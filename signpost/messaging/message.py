"""What travels and what becomes of it: messages, outcomes, the protocols of a broker, errors; no driver here."""

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Protocol

from signpost.errors import CallerError, TransientError
from signpost.names import CLOUDEVENT_JSON

Headers = Mapping[str, str | int]

LONGEST_NAME = 255
"""Bytes of UTF-8 that AMQP 0.9.1 leaves for an exchange, a routing key and a message id each."""
LONGEST_REASON = 500
"""Characters of a reason that are kept in the header of a dead letter."""

REASON, QUEUE, FAILED_AT = "x-signpost-reason", "x-signpost-queue", "x-signpost-failed-at"
"""Headers of a dead letter: why, out of which queue, and when (an instant in UTC)."""


class Unsendable(CallerError):
    """The message breaks a bound of AMQP and no broker will ever take it."""


class BrokerAway(TransientError):
    """The broker cannot be reached, or did not answer within its bound."""


class PublishFailed(TransientError):
    """The message was not confirmed. A caller that must get it through publishes again with the same message id."""


class PublishRefused(PublishFailed):
    """Certainly not taken: never sent, or refused by the broker (a full queue, for instance)."""


class PublishReturned(PublishFailed):
    """Taken by no queue: the exchange has no binding for this routing key."""


class PublishUnknown(PublishFailed):
    """Sent, but no answer came within the bound, or the connection went: it may or may not have been taken."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message to publish. Raises Unsendable when a name is longer than AMQP can carry."""

    exchange: str
    routing_key: str
    body: bytes
    message_id: str
    headers: Headers = field(default_factory=dict)
    content_type: str = CLOUDEVENT_JSON

    def __post_init__(self) -> None:
        for name, text in (("exchange", self.exchange), ("routing key", self.routing_key), ("id", self.message_id)):
            if len(text) * 4 > LONGEST_NAME and len(text.encode(errors="replace")) > LONGEST_NAME:
                raise Unsendable(f"the {name} of a message may have {LONGEST_NAME} bytes, not {len(text.encode())}")


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message handed to a consumer. `attempts` counts the deliveries before this one that came to nothing."""

    body: bytes
    headers: Headers
    routing_key: str
    message_id: str
    content_type: str
    redelivered: bool
    attempts: int
    tag: Any
    """Opaque: the broker's own handle for settling this delivery."""
    exchange: str = ""


class Outcome(Enum):
    """What the consumer made of a delivery; each broker has one table from these to its verbs."""

    DONE = "done"
    RETRY = "retry"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Settlement:
    """The outcome of one delivery; `reason` is for people and travels with a dead letter, so it must name no person."""

    delivery: Delivery
    outcome: Outcome
    reason: str = ""


class Publisher(Protocol):
    """Takes messages from any thread."""

    def publish(self, message: Message) -> Future[None]:
        """A future that is done when the broker has confirmed, or failed with a PublishFailed within a fixed bound.

        Callbacks added to it run in the publisher's own thread and must be short.
        """

    def close(self, timeout: float) -> None:
        """Wait up to `timeout` seconds for what is outstanding, fail the rest, and stop."""

    @property
    def problem(self) -> str | None:
        """Why nothing can be published just now, in words; None when all is well."""


class Consumer(Protocol):
    """Hands out the messages of one queue; used by one thread at a time."""

    def receive(self, limit: int, wait: float) -> list[Delivery]:
        """Up to `limit` deliveries in order: waits up to `wait` seconds for the first, then takes what is there.

        Empty also while the broker is away; the consumer comes back by itself.
        """

    def settle(self, settlements: Sequence[Settlement], now: int) -> None:
        """Tell the broker what became of deliveries; `now` (microseconds) is the failure time of dead letters.

        A delivery whose connection or lease was lost is skipped with a warning: the broker delivers it again.
        """

    def close(self) -> None:
        """Give back what is not settled, and stop."""

    @property
    def problem(self) -> str | None:
        """Why nothing can be received just now, in words; None when all is well."""


class Broker(Protocol):
    """The queues of one deployment, on RabbitMQ or inside SQLite. Every wait is bounded; errors are BrokerAway."""

    def publisher(self) -> Publisher:
        """The one publisher of this process; made at the first call, so call it after any fork."""

    def consumer(self, queue: str, prefetch: int) -> Consumer:
        """A consumer that holds at most `prefetch` unsettled deliveries (1 to 2000)."""

    def subscribe(self, pattern: str) -> Consumer:
        """A temporary queue of one's own on the advice exchange, bound and ready; it goes with the consumer."""

    def apply_topology(self) -> None:
        """Declare exchanges, queues and bindings; changes nothing that is there. Raises TopologyDiffers."""

    def check_topology(self) -> list[str]:
        """Differences between the declaration and the broker, in words; empty when there is none."""

    def queue_depth(self, queue: str) -> int:
        """Messages ready for delivery. Raises NoSuchQueue."""

    def get(self, queue: str, limit: int) -> list[Delivery]:
        """Take up to `limit` messages off a queue for good. Raises NoSuchQueue."""

    def purge(self, queue: str) -> int:
        """Drop every ready message; how many there were. Raises NoSuchQueue."""

    def close(self) -> None:
        """Close the publisher and every consumer."""


class TopologyDiffers(CallerError):
    """An exchange or queue of this name exists with other arguments; it must be removed or renamed by hand."""


class NoSuchQueue(CallerError):
    """The broker has no queue of this name: was the topology applied?"""


def dead_headers(headers: Headers, reason: str, queue: str, failed_at: str) -> dict[str, str | int]:
    """The headers of a dead letter: its own, and why, where and when (an instant) it failed."""
    return {**headers, REASON: reason[:LONGEST_REASON], QUEUE: queue, FAILED_AT: failed_at}
