"""Exchanges, queues and bindings as data, and the partition of an event. Must not import a driver."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Final

import orjson

from signpost.case.event import Event
from signpost.messaging.message import ACCEPTED_AT, Message
from signpost.names import ADVICE, AGENDA, DEAD, EVENTS, FEEDBACK, QUESTIONS
from signpost.traces import TRACEPARENT

CONSUMER = "signpost.consumer"
"""Prefix of consumers' queues. Their dead letters go to the queue of the same name plus ".dead"."""
UNROUTED = f"{ADVICE}.unrouted"
"""Exchange and queue of advice that matches no consumer's binding."""
ADVISOR = "signpost.advisor"
BULK = f"{ADVISOR}.bulk"
"""Queue of the events of tenants that send more than their share: they wait for each other, not for all."""
BULK_LANE = "bulk"
"""First word of the routing key of their events; other events have the number of their partition there."""
MAX_PARTITIONS = 64
NOT_NEEDED: Final = "it is empty, and nobody reads it: delete it"
"""How the description of a queue ends that can be deleted."""

DELIVERY_LIMIT = 20
"""Failed deliveries before a message becomes a dead letter; explicit, because the default differs by version."""
UNLIMITED_DELIVERIES = 1_000_000
"""A delivery limit that is never reached: RabbitMQ 3.10 treats zero and negative values as no delivery."""
MAX_WORK_MESSAGES = 1_000_000
"""Length of a work queue at which the broker refuses new messages."""
MAX_UNROUTED_MESSAGES = 10_000
"""Length of the queue of unrouted advice; the oldest are dropped first. The feed has all of them."""

CONSUMED: Final[Mapping[str, str]] = {"": ADVICE, "agenda": AGENDA, "questions": QUESTIONS}
"""Prefix of a consumer's pattern -> the exchange that it binds to."""

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
    """Messages of `exchange` whose routing key matches `pattern` (* one word, # any number of words) go to `queue`."""

    exchange: str
    queue: str
    pattern: str = "#"


@dataclass(frozen=True, slots=True)
class Topology:
    """Everything a broker must have. `retired` bindings belong to other partition settings and must not exist."""

    exchanges: tuple[Exchange, ...]
    queues: tuple[Queue, ...]
    bindings: tuple[Binding, ...]
    retired: tuple[Binding, ...] = ()

    @property
    def retired_queues(self) -> list[str]:
        """The queues of the retired bindings."""
        return list(dict.fromkeys(binding.queue for binding in self.retired))


def declaration(partitions: int = 1, delivery_limit: int = DELIVERY_LIMIT) -> Topology:
    """The topology for 1 to 64 partitions. Raises ValueError for any other number."""
    work = advisor_bindings(partitions)
    current = {binding.queue for binding in work}
    others = (*advisor_bindings(1), *advisor_bindings(MAX_PARTITIONS))
    return Topology(
        exchanges=(
            Exchange(UNROUTED, "fanout"),
            Exchange(DEAD, "fanout"),
            Exchange(EVENTS),
            Exchange(FEEDBACK, "fanout"),
            Exchange(ADVICE, arguments={"alternate-exchange": UNROUTED}),
            Exchange(AGENDA, arguments={"alternate-exchange": UNROUTED}),
            Exchange(QUESTIONS, arguments={"alternate-exchange": UNROUTED}),
        ),
        queues=(
            Queue(DEAD, {"x-queue-type": "quorum", "x-delivery-limit": UNLIMITED_DELIVERIES}),
            Queue(
                UNROUTED,
                {
                    "x-queue-type": "quorum",
                    "x-delivery-limit": UNLIMITED_DELIVERIES,
                    "x-max-length": MAX_UNROUTED_MESSAGES,
                    "x-overflow": "drop-head",
                },
            ),
            *(Queue(binding.queue, _work_arguments(binding.queue, delivery_limit)) for binding in work),
        ),
        bindings=(Binding(DEAD, DEAD), Binding(UNROUTED, UNROUTED), *work, _feedback(work[0])),
        retired=tuple(
            each for binding in others if binding.queue not in current for each in (binding, _feedback(binding))
        ),
    )


def _feedback(work: Binding) -> Binding:
    """Feedback publishers know no partitions; any advisor may handle feedback, because it locks the case."""
    return Binding(FEEDBACK, work.queue)


def consumer_queue(name: str) -> str:
    """The name of a consumer's queue."""
    return f"{CONSUMER}.{name}"


def dead_letter_queue(name: str) -> str:
    """The name of a consumer's queue of dead letters."""
    return f"{consumer_queue(name)}.dead"


def consumer_topology(name: str, patterns: Sequence[str]) -> Topology:
    """A consumer's durable queue, bound to advice by each pattern, with its own dead-letter queue.

    Without a maximum length: a slow or absent consumer must not block publishing to others.
    """
    queue, dead = consumer_queue(name), dead_letter_queue(name)
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
        queues=(
            Queue(dead, {"x-queue-type": "quorum", "x-delivery-limit": UNLIMITED_DELIVERIES}),
            Queue(queue, arguments),
        ),
        bindings=tuple(consumer_binding(queue, pattern) for pattern in patterns),
    )


def consumer_binding(queue: str, pattern: str) -> Binding:
    """The binding of a consumer's pattern: for advice, or, after `agenda:` or `questions:`, for these."""
    prefix, _, rest = pattern.rpartition(":")
    return Binding(CONSUMED[prefix], queue, rest)


def consumer_rights(consumers: Mapping[str, Sequence[str]]) -> list[tuple[str, ...]]:
    """The broker rights of one user with these consumers (name -> patterns), as arguments of rabbitmqctl: configure
    nothing, write feedback, read the own queues; and, should it ever get the right to bind, only keys of its tenants.
    """
    queues = "|".join(re.escape(consumer_queue(name)) for name in sorted(consumers))
    bound = [consumer_binding("", pattern) for patterns in consumers.values() for pattern in patterns]
    tenants = sorted({binding.pattern.partition(".")[0] for binding in bound})
    needed = {ADVICE, *(binding.exchange for binding in bound)}
    exchanges = [exchange for exchange in CONSUMED.values() if exchange in needed]
    keys = ".*" if {"*", "#"} & set(tenants) else f"^({'|'.join(map(re.escape, tenants))})\\."
    return [
        ("set_permissions", "^$", f"^{re.escape(FEEDBACK)}$", f"^({queues})(\\.dead)?$"),
        *(("set_topic_permissions", exchange, "^$", keys) for exchange in exchanges),
    ]


def _work_arguments(queue: str, delivery_limit: int) -> Arguments:
    """At-least-once dead-lettering requires the last four; if one is missing, the broker silently weakens it."""
    ordered: Arguments = {} if queue in (ADVISOR, BULK) else {"x-single-active-consumer": True}
    return {
        **ordered,
        "x-queue-type": "quorum",
        "x-delivery-limit": delivery_limit,
        "x-max-length": MAX_WORK_MESSAGES,
        "x-overflow": "reject-publish",
        "x-dead-letter-exchange": DEAD,
        "x-dead-letter-strategy": "at-least-once",
    }


def advisor_bindings(partitions: int) -> tuple[Binding, ...]:
    """One queue per partition, "signpost.advisor" or "signpost.advisor.<n>" if there are several, and one for bulk."""
    if not 1 <= partitions <= MAX_PARTITIONS:
        raise ValueError(f"partitions must be 1 to {MAX_PARTITIONS}, not {partitions}")
    bulk = Binding(EVENTS, BULK, f"{BULK_LANE}.#")
    if partitions == 1:
        return (Binding(EVENTS, ADVISOR, "0.#"), bulk)
    return (*(Binding(EVENTS, f"{ADVISOR}.{number}", f"{number}.#") for number in range(partitions)), bulk)


def advisor_queues(partitions: int = 1) -> list[str]:
    """Names of the queues that advisors consume."""
    return [binding.queue for binding in advisor_bindings(partitions)]


def describe_retired(queue: str, waiting: int, consumers: int) -> str:
    """The difference that a queue of another number of partitions is. Only one without consumers shows all that is in
    it: what an advisor holds goes back when it ends."""
    it = f"queue {queue}: belongs to another number of partitions;"
    if consumers:
        return f"{it} {waiting} messages wait in it, and advisors read it: check again once they have ended"
    if waiting:
        return f"{it} {waiting} messages wait in it: let an advisor with that number handle them, then delete it"
    return f"{it} {NOT_NEEDED}"


def partition_of(tenant: str, key: str, partitions: int) -> int:
    """The partition of a case: stable across processes and versions (unlike Python's hash)."""
    if partitions == 1:
        return 0
    digest = blake2b(f"{tenant}\0{key}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) % partitions


def event_routing_key(stored: str, tenant: str, key: str, partitions: int) -> str:
    """The routing key of an event today; it was stored with the key `stored`, perhaps for other partitions.

    `key`: of the case.
    """
    lane, _, rest = stored.partition(".")
    return stored if lane == BULK_LANE else f"{partition_of(tenant, key, partitions)}.{rest}"


def event_message(
    document: Mapping[str, Any],
    event: Event,
    partitions: int = 1,
    *,
    bulk: bool = False,
    accepted_at: int | None = None,
    traceparent: str = "",
) -> Message:
    """The message of an event for the advisors. `document`: the CloudEvent from `schemas.dump_event(event)`.

    `bulk`: whether it goes to the queue of bulk; events may overtake each other, because their order does not matter.
    `accepted_at`: when the intake accepted it, in microseconds; `traceparent`: of the span that publishes it, if any.
    """
    lane = BULK_LANE if bulk else partition_of(event.tenant, event.subject, partitions)
    ours: dict[str, str | int] = {} if accepted_at is None else {ACCEPTED_AT: accepted_at}
    ours |= {TRACEPARENT: traceparent} if traceparent else {}
    return Message(
        exchange=EVENTS,
        routing_key=f"{lane}.{event.tenant}.{event.type}",
        body=orjson.dumps(document),
        message_id=event.id,
        headers=cloudevent_headers(document) | ours,
    )


def cloudevent_headers(document: Mapping[str, Any]) -> dict[str, str | int]:
    """The attributes of a CloudEvent as `cloudEvents_*` headers, for consumers that filter without parsing."""
    return {
        f"cloudEvents_{name}": value
        for name, value in document.items()
        if name not in ("data", "datacontenttype") and isinstance(value, str | int)
    }
