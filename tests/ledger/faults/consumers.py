"""Faults of consumers: one that never acknowledges what it takes."""

from collections.abc import Iterator

from signpost.messaging import Consumer
from signpost.messaging.topology import consumer_queue
from tests.ledger.deployment import ServerDeployment
from tests.ledger.faults.base import Fault, expect
from tests.ledger.recorders import EVERYTHING


class NeverAcknowledges(Fault):
    """A second consumer of a queue takes messages, acknowledges none, and ends."""

    consumer: Consumer | None = None
    taken = 0

    def inject(self) -> None:
        self.consumer = self.deployment.broker.consumer(consumer_queue(EVERYTHING), 50)

    def prove(self) -> str:
        expect(self._takes, "messages taken")
        return f"{self.taken} messages taken and not acknowledged"

    def _takes(self) -> bool:
        if self.consumer is not None:
            self.taken += len(self.consumer.receive(50, 0.2))
        return self.taken > 0

    def heal(self) -> None:
        if self.consumer is not None:
            self.consumer.close()


def consumer_faults(deployment: ServerDeployment) -> Iterator[Fault]:
    """The faults of consumers."""
    yield NeverAcknowledges(deployment, "consumer never acknowledges", frozenset({"consumer"}))
