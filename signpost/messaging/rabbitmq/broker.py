"""The Broker protocol on RabbitMQ: hands out the publisher and consumers, runs errands."""

import threading

from signpost.messaging.bounds import SUBSCRIPTION_PREFETCH, Bounds
from signpost.messaging.message import BrokerAway, Consumer, Delivery, NoSuchQueue, Publisher
from signpost.messaging.rabbitmq.admin import errand
from signpost.messaging.rabbitmq.consumer import RabbitConsumer
from signpost.messaging.rabbitmq.publisher import RabbitPublisher
from signpost.messaging.topology import Topology


class RabbitBroker:
    """RabbitMQ at `url` (amqp:// or amqps://); `name` is what the broker shows of our connections."""

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
        """See Broker.consumer. Returns at once; connects, and waits for the queue to exist, in the background."""
        return self._kept(
            RabbitConsumer(
                self._url, self._bounds, f"{self._name} consumer", self.publisher, queue=queue, prefetch=prefetch
            )
        )

    def subscribe(self, pattern: str) -> Consumer:
        """See Broker.subscribe. Raises BrokerAway when the queue is not ready in time."""
        consumer = RabbitConsumer(
            self._url,
            self._bounds,
            f"{self._name} subscription",
            self.publisher,
            queue=None,
            prefetch=SUBSCRIPTION_PREFETCH,
            pattern=pattern,
        )
        if not consumer.wait_connected(self._bounds.connect_timeout * 2):
            problem = consumer.problem
            consumer.close()
            raise BrokerAway(f"cannot subscribe to {pattern}: {problem}")
        return self._kept(consumer)

    def _kept(self, consumer: RabbitConsumer) -> RabbitConsumer:
        with self._lock:
            self._consumers.append(consumer)
        return consumer

    def apply_topology(self) -> None:
        """See Broker.apply_topology."""
        with errand(self._url, self._bounds, self._name) as run:
            run.apply(self._topology)

    def check_topology(self) -> list[str]:
        """See Broker.check_topology."""
        with errand(self._url, self._bounds, self._name) as run:
            return run.check(self._topology)

    def queue_depth(self, queue: str) -> int:
        """See Broker.queue_depth."""
        with errand(self._url, self._bounds, self._name) as run:
            depth = run.depth(queue)
        if depth is None:
            raise NoSuchQueue(f"no queue {queue}")
        return depth

    def get(self, queue: str, limit: int) -> list[Delivery]:
        """See Broker.get."""
        with errand(self._url, self._bounds, self._name) as run:
            return run.get(queue, limit)

    def purge(self, queue: str) -> int:
        """See Broker.purge."""
        with errand(self._url, self._bounds, self._name) as run:
            return run.purge(queue)

    def close(self) -> None:
        """See Broker.close. Consumers first: settling may still have to publish dead letters."""
        with self._lock:
            consumers, self._consumers = self._consumers, []
            publisher, self._publisher = self._publisher, None
        for consumer in consumers:
            consumer.close()
        if publisher is not None:
            publisher.close(self._bounds.publish_timeout)
