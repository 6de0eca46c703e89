"""The Broker protocol on RabbitMQ: makes the publisher and consumers, and runs admin operations."""

import threading
from collections.abc import Sequence

from signpost.messaging.bounds import SUBSCRIPTION_PREFETCH, Bounds
from signpost.messaging.message import BrokerAway, Choose, Consumer, Delivery, NoSuchQueue, Publisher, QueueCounts
from signpost.messaging.rabbitmq.admin import open_admin
from signpost.messaging.rabbitmq.consumer import RabbitConsumer
from signpost.messaging.rabbitmq.publisher import RabbitPublisher
from signpost.messaging.topology import Topology


class RabbitBroker:
    """RabbitMQ at `url` (amqp:// or amqps://); `name` is the connection name shown by the broker."""

    def __init__(self, url: str, topology: Topology, bounds: Bounds, name: str) -> None:
        self._url, self._topology, self._bounds, self._name = url, topology, bounds, name
        self._lock = threading.Lock()
        self._publisher: RabbitPublisher | None = None
        self._consumers: list[RabbitConsumer] = []

    def publisher(self) -> Publisher:
        """See Broker.publisher."""
        with self._lock:
            if self._publisher is None:
                self._publisher = RabbitPublisher(self._url, self._bounds, f"{self._name} publisher")
            return self._publisher

    def consumer(self, queue: str, prefetch: int) -> Consumer:
        """See Broker.consumer. Returns at once; connects in the background and waits there for the queue to exist."""
        return self._register(
            RabbitConsumer(
                self._url, self._bounds, f"{self._name} consumer", self.publisher, queue=queue, prefetch=prefetch
            )
        )

    def subscribe(self, pattern: str) -> Consumer:
        """See Broker.subscribe. Raises BrokerAway if the queue is not ready in time."""
        consumer = RabbitConsumer(
            self._url,
            self._bounds,
            f"{self._name} subscription",
            self.publisher,
            queue=None,
            prefetch=SUBSCRIPTION_PREFETCH,
            pattern=pattern,
        )
        if not consumer.wait_connected(self._bounds.connect_timeout_s * 2):
            problem = consumer.problem
            consumer.close()
            raise BrokerAway(f"cannot subscribe to advice with pattern {pattern}: {problem}")
        return self._register(consumer)

    def _register(self, consumer: RabbitConsumer) -> RabbitConsumer:
        with self._lock:
            self._consumers.append(consumer)
        return consumer

    def apply_topology(self) -> None:
        """See Broker.apply_topology."""
        with open_admin(self._url, self._bounds, self._name) as admin:
            admin.apply(self._topology)

    def check_topology(self, *, if_permitted: bool = False, max_retired: int | None = None) -> list[str]:
        """See Broker.check_topology."""
        with open_admin(self._url, self._bounds, self._name) as admin:
            return admin.check(self._topology, if_permitted=if_permitted, max_retired=max_retired)

    def ping(self) -> None:
        """See Broker.ping."""
        with open_admin(self._url, self._bounds, self._name):
            pass

    def queue_depth(self, queue: str) -> int:
        """See Broker.queue_depth."""
        with open_admin(self._url, self._bounds, self._name) as admin:
            depth = admin.depth(queue)
        if depth is None:
            raise NoSuchQueue(f"the broker has no queue {queue}; run `signpost topology apply`")
        return depth

    def queue_counts(self, queues: Sequence[str]) -> dict[str, QueueCounts]:
        """See Broker.queue_counts."""
        with open_admin(self._url, self._bounds, self._name) as admin:
            found = {queue: admin.counts(queue) for queue in queues}
        return {queue: QueueCounts(*counts) for queue, counts in found.items() if counts is not None}

    def get(self, queue: str, limit: int) -> list[Delivery]:
        """See Broker.get."""
        with open_admin(self._url, self._bounds, self._name) as admin:
            return admin.get(queue, limit)

    def sweep(self, queue: str, choose: Choose) -> int:
        """See Broker.sweep."""
        with open_admin(self._url, self._bounds, self._name) as admin:
            return admin.sweep(queue, choose)

    def purge(self, queue: str) -> int:
        """See Broker.purge."""
        with open_admin(self._url, self._bounds, self._name) as admin:
            return admin.purge(queue)

    def close(self) -> None:
        """See Broker.close. Consumers first: their settlements may still publish dead letters."""
        with self._lock:
            consumers, self._consumers = self._consumers, []
            publisher, self._publisher = self._publisher, None
        for consumer in consumers:
            consumer.close()
        if publisher is not None:
            publisher.close(self._bounds.publish_timeout_s)
