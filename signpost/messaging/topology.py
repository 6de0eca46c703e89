"""The one declaration of exchanges, queues and bindings, as data, and the partition of an event; no driver here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

import orjson

from signpost.case.event import Event
from signpost.messaging.message import Message
from signpost.names import ADVICE, DEAD, EVENTS, FEEDBACK

CONSUMER = "signpost.consumer"
"""Before the name of a consumer's queue; its dead letters lie in the queue of the same name and ".dead"."""
UNROUTED = f"{ADVICE}.unrouted"
"""Exchange and queue of advice that no consumer's queue is bound for."""
ADVISOR = "signpost.advisor"
MOST_PARTITIONS = 64

DELIVERY_LIMIT = 20
"""Returns of one message until it is a dead letter; explicit, because brokers differ in their default."""
NEVER = 1_000_000
"""A delivery limit that nobody reaches: zero and less mean "at once" on RabbitMQ 3.10."""
WORK_LENGTH = 1_000_000
"""Messages in a work queue until publishing to it is refused."""
UNROUTED_LENGTH = 10_000
"""Messages of unrouted advice kept; the oldest go first. The feed has them all."""

Arguments = Mapping[str, str | int | bool]


@dataclass(frozen=True, slots=True)
class Exchange:
    """A durable exchange; `kind` is topic or fanout."""

    name: str
    kind: str = "topic"
    arguments: Arguments = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Queue:
    """A durable queue."""

    name: str
    arguments: Arguments


@dataclass(frozen=True, slots=True)
class Binding:
    """Messages of `exchange` whose routing key matches `pattern` (* one word, # any number) go to `queue`."""

    exchange: str
    queue: str
    pattern: str = "#"


@dataclass(frozen=True, slots=True)
class Topology:
    """Everything a broker must have; `retired` bindings belong to other partition settings and must be gone."""

    exchanges: tuple[Exchange, ...]
    queues: tuple[Queue, ...]
    bindings: tuple[Binding, ...]
    retired: tuple[Binding, ...] = ()

    @property
    def retired_queues(self) -> list[str]:
        """The queues that they lead to."""
        return list(dict.fromkeys(one.queue for one in self.retired))


def declaration(partitions: int = 1, delivery_limit: int = DELIVERY_LIMIT) -> Topology:
    """The topology for 1 to 64 partitions. Raises ValueError for any other number."""
    work = advisor_bindings(partitions)
    kept = {binding.queue for binding in work}
    others = (*advisor_bindings(1), *advisor_bindings(MOST_PARTITIONS))
    return Topology(
        exchanges=(
            Exchange(UNROUTED, "fanout"),
            Exchange(DEAD, "fanout"),
            Exchange(EVENTS),
            Exchange(FEEDBACK, "fanout"),
            Exchange(ADVICE, arguments={"alternate-exchange": UNROUTED}),
        ),
        queues=(
            Queue(DEAD, {"x-queue-type": "quorum", "x-delivery-limit": NEVER}),
            Queue(
                UNROUTED,
                {
                    "x-queue-type": "quorum",
                    "x-delivery-limit": NEVER,
                    "x-max-length": UNROUTED_LENGTH,
                    "x-overflow": "drop-head",
                },
            ),
            *(Queue(binding.queue, _work_arguments(partitions, delivery_limit)) for binding in work),
        ),
        bindings=(Binding(DEAD, DEAD), Binding(UNROUTED, UNROUTED), *work, _feedback(work[0])),
        retired=tuple(
            each for binding in others if binding.queue not in kept for each in (binding, _feedback(binding))
        ),
    )


def _feedback(work: Binding) -> Binding:
    """Whoever publishes feedback knows no partition; any advisor may handle it, since a case is locked while it is."""
    return Binding(FEEDBACK, work.queue)


def consumer_queue(name: str) -> str:
    """The queue of a consumer."""
    return f"{CONSUMER}.{name}"


def consumer_topology(name: str, patterns: Sequence[str]) -> Topology:
    """A consumer's durable queue, bound to advice by each pattern, with a queue of its own for what it rejects.

    Without a length: a consumer that is slow or away must hold nobody else up.
    """
    queue, dead = consumer_queue(name), f"{consumer_queue(name)}.dead"
    arguments: Arguments = {
        "x-queue-type": "quorum",
        "x-delivery-limit": DELIVERY_LIMIT,
        "x-overflow": "reject-publish",
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": dead,
        "x-dead-letter-strategy": "at-least-once",
    }
    return Topology(
        exchanges=(),
        queues=(Queue(dead, {"x-queue-type": "quorum", "x-delivery-limit": NEVER}), Queue(queue, arguments)),
        bindings=tuple(Binding(ADVICE, queue, pattern) for pattern in patterns),
    )


def _work_arguments(partitions: int, delivery_limit: int) -> Arguments:
    """At-least-once dead-lettering needs all of the four last ones; without any of them it is silently weaker."""
    ordered: Arguments = {"x-single-active-consumer": True} if partitions > 1 else {}
    return {
        **ordered,
        "x-queue-type": "quorum",
        "x-delivery-limit": delivery_limit,
        "x-max-length": WORK_LENGTH,
        "x-overflow": "reject-publish",
        "x-dead-letter-exchange": DEAD,
        "x-dead-letter-strategy": "at-least-once",
    }


def advisor_bindings(partitions: int) -> tuple[Binding, ...]:
    """One queue for each partition: "signpost.advisor", or "signpost.advisor.<n>" when there are several."""
    if not 1 <= partitions <= MOST_PARTITIONS:
        raise ValueError(f"partitions must be 1 to {MOST_PARTITIONS}, not {partitions}")
    if partitions == 1:
        return (Binding(EVENTS, ADVISOR, "0.#"),)
    return tuple(Binding(EVENTS, f"{ADVISOR}.{number}", f"{number}.#") for number in range(partitions))


def advisor_queues(partitions: int = 1) -> list[str]:
    """Names of the queues that advisors consume."""
    return [binding.queue for binding in advisor_bindings(partitions)]


def partition_of(tenant: str, key: str, partitions: int) -> int:
    """The partition of a case: the same in every process and for ever (Python's own hash is neither)."""
    if partitions == 1:
        return 0
    digest = blake2b(f"{tenant}\0{key}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) % partitions


def event_message(document: Mapping[str, Any], event: Event, partitions: int = 1) -> Message:
    """An event's message to the advisors: `document` is the CloudEvent that `schemas.dump_event` made of `event`."""
    partition = partition_of(event.tenant, event.subject, partitions)
    return Message(
        exchange=EVENTS,
        routing_key=f"{partition}.{event.tenant}.{event.type}",
        body=orjson.dumps(document),
        message_id=event.id,
        headers=cloudevent_headers(document),
    )


def cloudevent_headers(document: Mapping[str, Any]) -> dict[str, str | int]:
    """The attributes of a CloudEvent as `cloudEvents_*` headers, for consumers that filter without parsing."""
    return {
        f"cloudEvents_{name}": value
        for name, value in document.items()
        if name not in ("data", "datacontenttype") and isinstance(value, str | int)
    }
