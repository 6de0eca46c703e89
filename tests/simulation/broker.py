"""A simulated broker behind the product's own interfaces, with the product's topology and the faults of a plan."""

import itertools
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import Any

from signpost.messaging import (
    BrokerAway,
    Delivery,
    Message,
    NoSuchQueue,
    Outcome,
    PublishReturned,
    PublishUnknown,
    QueueFull,
    Settlement,
)
from signpost.messaging.embedded.routing import matches
from signpost.messaging.message import DELIVERY_LIMIT_REASON, FIRST_EXCHANGE, SWEEP_PAGE, Choose, QueueCounts
from signpost.messaging.parking import to_dead_letter
from signpost.messaging.topology import CONSUMED, declaration
from tests.simulation.world import Crash, Kind, World

CONSUMER = "signpost.consumer.all"
"""The queue of a consumer that receives everything, and keeps it."""
LOSSES = (Kind.CRASH, Kind.CRASH_AFTER, Kind.FAILURE, Kind.LOST_ANSWER)


@dataclass(frozen=True, slots=True)
class Queued:
    """A message in a queue. `number`: its place."""

    number: int
    message: Message
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message that reached the consumer, and which connection published it."""

    connection: int
    message: Message


@dataclass
class Server:
    """What survives every process. `limit`: of deliveries."""

    world: World
    limit: int
    queues: dict[str, list[Queued]] = field(default_factory=dict)
    attempted: dict[str, int] = field(default_factory=dict)
    """Message id -> the connection that tried first to publish it."""
    arrivals: list[Arrival] = field(default_factory=list)
    full: set[str] = field(default_factory=set)
    """The tenants whose consumers' queue is full."""
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        """Declare the topology."""
        self._topology = declaration(1, self.limit)
        self.queues = {name: [] for name in (*(queue.name for queue in self._topology.queues), CONSUMER)}

    def accept(self, connection: int, message: Message) -> bool:
        """Route a message; False if no queue takes it."""
        targets = self._targets(message.exchange, message.routing_key)
        for name in targets:
            self.queues[name].append(Queued(next(self._numbers), message))
        if CONSUMER in targets:
            self.arrivals.append(Arrival(connection, message))
        return bool(targets)

    def is_full(self, message: Message) -> bool:
        """Whether a full queue refuses a message."""
        return message.exchange in CONSUMED.values() and message.routing_key.partition(".")[0] in self.full

    def give_back(self, name: str, held: Sequence[Queued]) -> None:
        """Return messages to their places, or move them to the dead letters beyond the delivery limit."""
        for one in held:
            if one.attempts < self.limit:
                self.queues[name].append(replace(one, attempts=one.attempts + 1))
                continue
            letter = to_dead_letter(delivery_of(one, None), DELIVERY_LIMIT_REASON, name, self.world.now)
            headers = {**letter.headers, FIRST_EXCHANGE: one.message.exchange}
            self.accept(-1, replace(letter, headers=headers))
        self.queues[name].sort(key=lambda one: one.number)

    def _targets(self, exchange: str, key: str) -> list[str]:
        if exchange in CONSUMED.values():
            return [CONSUMER]
        fanout = any(each.name == exchange and each.kind == "fanout" for each in self._topology.exchanges)
        bound = [each for each in self._topology.bindings if each.exchange == exchange]
        return sorted({each.queue for each in bound if fanout or matches(each.pattern, key)})


def delivery_of(one: Queued, tag: Any) -> Delivery:
    """The delivery of a message."""
    sent = one.message
    return Delivery(
        sent.body,
        sent.headers,
        sent.routing_key,
        sent.message_id,
        sent.content_type,
        one.attempts > 0,
        one.attempts,
        tag,
        sent.exchange,
    )


class SimulatedBroker:
    """The connections of one process. `number` tells them from those of its other lives."""

    def __init__(self, server: Server, number: int) -> None:
        self.server, self.number = server, number
        self._publisher = SimulatedPublisher(server, number)
        self.consumers: list[SimulatedConsumer] = []

    def publisher(self) -> "SimulatedPublisher":
        return self._publisher

    def consumer(self, queue: str, prefetch: int) -> "SimulatedConsumer":
        self.consumers.append(SimulatedConsumer(self.server, queue, prefetch))
        return self.consumers[-1]

    def subscribe(self, pattern: str) -> "SimulatedConsumer":
        raise NotImplementedError

    def apply_topology(self) -> None:
        """The server has it."""

    def check_topology(self, *, if_permitted: bool = False, max_retired: int | None = None) -> list[str]:
        return []

    def ping(self) -> None:
        self._ask("ping")

    def queue_depth(self, queue: str) -> int:
        self._ask("queue depth")
        return len(self._queue(queue))

    def queue_counts(self, queues: Sequence[str]) -> dict[str, QueueCounts]:
        self._ask("queue counts")
        return {queue: QueueCounts(len(self._queue(queue)), 0) for queue in queues}

    def get(self, queue: str, limit: int) -> list[Delivery]:
        taken, self.server.queues[queue] = self._queue(queue)[:limit], self._queue(queue)[limit:]
        return [delivery_of(one, None) for one in taken]

    def sweep(self, queue: str, choose: Choose) -> int:
        self._ask("sweep")
        page = self._queue(queue)[:SWEEP_PAGE]
        if not page:
            return 0
        gone = choose([delivery_of(one, None) for one in page])
        self._ask("sweep chosen")
        numbers = {one.number for one, chosen in zip(page, gone, strict=True) if chosen}
        self.server.queues[queue] = [one for one in self._queue(queue) if one.number not in numbers]
        return len(numbers)

    def purge(self, queue: str) -> int:
        return len(self.get(queue, len(self._queue(queue))))

    def close(self) -> None:
        """Close all connections: of what was sent, everything may arrive still."""
        self._publisher.close(0)
        for consumer in self.consumers:
            consumer.lose()

    def _queue(self, name: str) -> list[Queued]:
        if name not in self.server.queues:
            raise NoSuchQueue(name)
        return self.server.queues[name]

    def _ask(self, request: str) -> None:
        kind = self.server.world.take(request, *LOSSES)
        if kind is Kind.CRASH_AFTER:
            raise Crash(request)
        if kind is not None:
            raise BrokerAway(f"simulated: {request}")


class SimulatedPublisher:
    """Answers at once; a message whose connection stalls is answered never, and arrives later."""

    def __init__(self, server: Server, number: int) -> None:
        self._server, self._number = server, number
        self._stalled: list[Message] | None = None
        self.problem: str | None = None

    def publish(self, message: Message) -> Future[None]:
        self._server.attempted.setdefault(message.message_id, self._number)
        answer: Future[None] = Future()
        kind = self._server.world.take("publish", *LOSSES, Kind.REFUSAL, Kind.STALL)
        if kind is Kind.STALL:
            self._stalled = self._stalled or []
        if self._stalled is not None:
            self._stalled.append(message)
            return answer
        if kind is Kind.REFUSAL or self._server.is_full(message):
            answer.set_exception(QueueFull("simulated"))
            return answer
        if kind is Kind.FAILURE:
            answer.set_exception(PublishUnknown("simulated"))
            return answer
        taken = self._server.accept(self._number, message)
        if kind is Kind.CRASH_AFTER:
            raise Crash("publish")
        if kind is Kind.LOST_ANSWER or not taken:
            answer.set_exception(PublishUnknown("simulated") if taken else PublishReturned("simulated"))
        else:
            answer.set_result(None)
        return answer

    def flow_again(self, *, lossy: bool = False) -> None:
        """End a stall: what was sent arrives, or of a lost connection the first half of it."""
        stalled, self._stalled = self._stalled or [], None
        for message in stalled[: len(stalled) // 2 if lossy else None]:
            self._server.accept(self._number, message)

    def close(self, timeout_s: float) -> None:
        self.flow_again(lossy=True)


class SimulatedConsumer:
    """Holds deliveries until it settles them or its connection is lost."""

    problem: str | None = None

    def __init__(self, server: Server, queue: str, prefetch: int) -> None:
        self._server, self._queue, self._prefetch = server, queue, prefetch
        self._held: dict[int, Queued] = {}
        self._connection = 0

    @property
    def held(self) -> int:
        """How many deliveries are not settled."""
        return len(self._held)

    def receive(self, limit: int, wait_s: float) -> list[Delivery]:
        kind = self._server.world.take("receive", *LOSSES, Kind.STALL)
        if kind in (Kind.FAILURE, Kind.REFUSAL):
            self.lose()
            return []
        ready = self._server.queues[self._queue]
        count = min(limit, self._prefetch - len(self._held), len(ready))
        if kind is Kind.STALL:  # part of the queue comes later, in another order
            ready.reverse()
            count = (count + 1) // 2
        taken = ready[:count]
        del ready[:count]
        ready.sort(key=lambda one: one.number)
        self._held |= {one.number: one for one in taken}
        if kind is Kind.CRASH_AFTER:
            raise Crash("receive")
        found = [delivery_of(one, (self._connection, one.number)) for one in taken]
        if kind is Kind.LOST_ANSWER:
            self.lose()
        return found

    def competitors(self) -> int:
        return 1

    def yield_turn(self) -> None:
        raise AssertionError("nobody waits behind")

    def settle(self, settlements: Sequence[Settlement], now: int) -> None:
        kind = self._server.world.take("settle", *LOSSES)
        if kind is Kind.FAILURE:
            self.lose()
            return
        half = len(settlements) // 2 if kind is Kind.LOST_ANSWER else len(settlements)
        for settlement in settlements[:half]:
            self._settle(settlement, now)
        if kind is Kind.CRASH_AFTER:
            raise Crash("settle")
        if kind is Kind.LOST_ANSWER:
            self.lose()

    def _settle(self, settlement: Settlement, now: int) -> None:
        connection, number = settlement.delivery.tag
        one = self._held.pop(number, None) if connection == self._connection else None
        if one is None:
            return
        if settlement.outcome is Outcome.RETRY:
            self._server.give_back(self._queue, [one])
        elif settlement.outcome is Outcome.DEAD:
            self._server.accept(-1, to_dead_letter(settlement.delivery, settlement.reason, self._queue, now))

    def lose(self) -> None:
        """Lose the connection: what it holds is delivered again."""
        held, self._held = list(self._held.values()), {}
        self._connection += 1
        self._server.give_back(self._queue, held)

    def close(self) -> None:
        self.lose()
