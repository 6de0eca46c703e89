"""Messages, outcomes, broker protocols and messaging errors. Must not import a driver."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Protocol, TypeAlias

from signpost.errors import CallerError, MisconfiguredError, TransientError
from signpost.names import CLOUDEVENT_JSON

Headers = Mapping[str, str | int]

MAX_NAME_BYTES = 255
"""Maximum UTF-8 length of an exchange name, a routing key and a message id in AMQP 0.9.1."""
MAX_REASON_CHARS = 500
"""A longer reason is truncated in the header of a dead letter."""

REASON, QUEUE, FAILED_AT = "x-signpost-reason", "x-signpost-queue", "x-signpost-failed-at"
"""Headers of a dead letter: the reason, the queue it came from, and when it failed (RFC 3339, UTC)."""

EXCHANGE, ROUTING_KEY, USER = "x-signpost-exchange", "x-signpost-routing-key", "x-signpost-user"
"""Further headers of a dead letter: the exchange of the message, its routing key where the letter has another, and the
broker user that published it."""
REQUEUES, REQUEUED_AT = "x-signpost-requeues", "x-signpost-requeued-at"
"""Headers of a message that an operator requeued from the dead letters: how often, and when last."""

ACCEPTED_AT = "x-signpost-accepted-at"
"""Header of an event: when the intake accepted it, in microseconds since the epoch."""

FIRST_EXCHANGE = "x-first-death-exchange"
"""Header of a dead letter that the broker made: the exchange of the message."""
DELIVERY_LIMIT_REASON = "delivery limit"
"""The reason of a dead letter that the broker made because of its number of deliveries."""
ROUNDS = "x-signpost-rounds"
"""Header of a message that was published again after it had become such a dead letter: how often it was."""


class Unsendable(CallerError):
    """The message exceeds an AMQP limit or has text that UTF-8 does not have, so no broker accepts it."""


class BrokerAway(TransientError):
    """The broker is unreachable, or did not answer within its timeout."""


class BrokerMisconfigured(BrokerAway, MisconfiguredError):
    """The broker refuses us until an operator acts: a wrong password or virtual host, a file out of reach."""


class PublishFailed(TransientError):
    """The message was not confirmed. To deliver it, publish it again with the same message id."""


class PublishRefused(PublishFailed):
    """Certainly not accepted: not sent, or refused by the broker (for example, a full queue)."""


class QueueFull(PublishRefused):
    """Refused by a full queue. Other queues with a binding for the routing key may have accepted the message."""


class PublishReturned(PublishFailed):
    """Returned as unroutable: the exchange has no binding for this routing key."""


class PublishUnknown(PublishFailed):
    """Sent, but not confirmed in time, or the connection was lost: the broker may or may not have accepted it."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message to publish. Raises Unsendable if a name is longer than AMQP allows."""

    exchange: str
    routing_key: str
    body: bytes
    message_id: str
    headers: Headers = field(default_factory=dict)
    content_type: str = CLOUDEVENT_JSON

    def __post_init__(self) -> None:
        for name, text in (("exchange", self.exchange), ("routing key", self.routing_key), ("id", self.message_id)):
            if not text.isascii() or len(text) > MAX_NAME_BYTES:
                _check_name(name, text)


def _check_name(name: str, text: str) -> None:
    try:
        size = len(text.encode())
    except UnicodeEncodeError as error:
        raise Unsendable(f"the {name} of a message has characters that UTF-8 does not have") from error
    if size > MAX_NAME_BYTES:
        raise Unsendable(f"the {name} of a message is {size} bytes long; AMQP allows {MAX_NAME_BYTES}")


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message delivered to a consumer. `attempts` counts the earlier, failed deliveries."""

    body: bytes
    headers: Headers
    routing_key: str
    message_id: str
    content_type: str
    redelivered: bool
    attempts: int
    tag: Any
    """Opaque: the broker's handle for settling this delivery."""
    exchange: str = ""
    user_id: str = ""
    """The publisher's user, which RabbitMQ has validated; "" if the message names none, and in the embedded queue."""


Choose: TypeAlias = Callable[[Sequence[Delivery]], Sequence[bool]]
"""Whether to delete each of some messages."""
SWEEP_PAGE = 500
"""Messages that are chosen from at once; fewer, if they are large."""
SWEEP_PAGE_BYTES = 8_000_000
"""Bytes of bodies from which on a page is full."""


class Outcome(Enum):
    """How a consumer settles a delivery; each broker has one table from outcomes to its verbs."""

    DONE = "done"
    RETRY = "retry"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Settlement:
    """The outcome of one delivery. `reason` becomes a header of a dead letter, so it must not name a person."""

    delivery: Delivery
    outcome: Outcome
    reason: str = ""


class Publisher(Protocol):
    """Publishes messages; safe to call from any thread."""

    def publish(self, message: Message) -> Future[None]:
        """Publish; the future ends with the broker's confirm, or with PublishFailed within a fixed time; or at once
        with Unsendable, if the message cannot be written as AMQP.

        Its callbacks run in the publisher's thread and must be short.
        """

    def close(self, timeout_s: float) -> None:
        """Wait up to `timeout_s` for outstanding confirms, fail the rest, and stop."""

    @property
    def problem(self) -> str | None:
        """Why publishing is not possible at the moment; None if it is."""


class Consumer(Protocol):
    """Receives the messages of one queue; used by one thread at a time."""

    def receive(self, limit: int, wait_s: float) -> list[Delivery]:
        """Up to `limit` deliveries in order: waits up to `wait_s` for the first, then takes what is ready.

        Empty also while the broker is unreachable; the consumer reconnects automatically.
        """

    def settle(self, settlements: Sequence[Settlement], now: int) -> None:
        """Acknowledge, requeue or dead-letter deliveries; `now` (microseconds) is the failure time of dead letters.

        Skips, with a warning, a delivery whose connection or lease was lost: the broker delivers it again.
        """

    def competitors(self) -> int:
        """Consumers to which this queue delivers, this one included, when they were last counted; at least 1. Counts
        again for the next call."""

    def yield_turn(self) -> None:
        """Of consumers of which one is active at a time, let the next one become active, and wait behind the others."""

    def close(self) -> None:
        """Return unsettled deliveries to the queue, and stop."""

    @property
    def problem(self) -> str | None:
        """Why receiving is not possible at the moment; None if it is."""


@dataclass(frozen=True, slots=True)
class QueueCounts:
    """Messages ready for delivery, and consumers."""

    ready: int
    consumers: int


class Broker(Protocol):
    """The queues of one deployment, on RabbitMQ or in SQLite. Every wait is bounded; failures raise BrokerAway."""

    def publisher(self) -> Publisher:
        """The publisher of this process, made on the first call; call it after any fork."""

    def consumer(self, queue: str, prefetch: int) -> Consumer:
        """A consumer that holds at most `prefetch` unsettled deliveries (1 to 2000)."""

    def subscribe(self, pattern: str) -> Consumer:
        """A consumer of a new temporary queue on the advice exchange; the queue is deleted with the consumer."""

    def apply_topology(self) -> None:
        """Declare exchanges, queues and bindings; never changes an existing one. Raises TopologyDiffers."""

    def check_topology(self, *, if_permitted: bool = False, max_retired: int | None = None) -> list[str]:
        """Descriptions of the differences between the declaration and the broker; empty if there are none.

        `if_permitted`: compare only what the user may see, instead of raising BrokerMisconfigured. `max_retired`: how
        many queues of other numbers of partitions to look for, the nearest first."""

    def ping(self) -> None:
        """Open a connection and close it again."""

    def queue_depth(self, queue: str) -> int:
        """Messages ready for delivery. Raises NoSuchQueue."""

    def queue_counts(self, queues: Sequence[str]) -> dict[str, QueueCounts]:
        """The counts of these queues, less those that do not exist."""

    def get(self, queue: str, limit: int) -> list[Delivery]:
        """Remove up to `limit` messages from a queue and return them. Raises NoSuchQueue."""

    def sweep(self, queue: str, choose: "Choose") -> int:
        """Delete the ready messages that `choose` selects; returns how many. The others keep their order. Raises
        NoSuchQueue."""

    def purge(self, queue: str) -> int:
        """Delete every ready message; returns how many. Raises NoSuchQueue."""

    def close(self) -> None:
        """Close the publisher and every consumer."""


class TopologyDiffers(CallerError):
    """An exchange or queue of this name exists with other arguments; delete it or rename it by hand."""


class TopologyMissing(CallerError):
    """An exchange or queue is missing; run `signpost topology apply`."""


class NoSuchQueue(CallerError):
    """The broker has no queue of this name; run `signpost topology apply`."""
