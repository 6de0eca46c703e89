"""Takes turns between tenants among received deliveries; keeps the order of each tenant. Uses no broker."""

from collections import OrderedDict, deque
from collections.abc import Iterable, Sequence

from signpost.messaging import Delivery
from signpost.names import FEEDBACK


class Turns:
    """Deliveries that wait for a batch. One sender's flood delays no other tenant by more than a batch."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[str, deque[Delivery]] = OrderedDict()

    def __bool__(self) -> bool:
        """Whether any delivery waits."""
        return bool(self._waiting)

    def add(self, deliveries: Iterable[Delivery]) -> None:
        """Append deliveries, each after the earlier ones of its tenant."""
        for delivery in deliveries:
            self._waiting.setdefault(_lane(delivery), deque()).append(delivery)

    def take(self, limit: int) -> list[Delivery]:
        """Remove up to `limit` deliveries: one of each tenant in turn, and so on."""
        taken: list[Delivery] = []
        while self._waiting and len(taken) < limit:
            lane, queue = self._waiting.popitem(last=False)
            taken.append(queue.popleft())
            if queue:
                self._waiting[lane] = queue
        return taken

    def put_back(self, deliveries: Sequence[Delivery]) -> None:
        """Return deliveries that `take` gave and no batch had room for; they are next, in the same order."""
        for delivery in reversed(deliveries):
            lane = _lane(delivery)
            self._waiting.setdefault(lane, deque()).appendleft(delivery)
            self._waiting.move_to_end(lane, last=False)


def _lane(delivery: Delivery) -> str:
    """The tenant of an event, from its routing key PARTITION.TENANT.TYPE; the user of feedback, whose key is free."""
    if delivery.exchange == FEEDBACK:
        return f"{FEEDBACK} {delivery.user_id}"
    return delivery.routing_key.split(".", 2)[1] if "." in delivery.routing_key else ""
