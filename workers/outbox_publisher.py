"""Publishes outbox rows of committed transactions and deletes them once confirmed; the relay publishes the rest."""

import logging
from collections.abc import Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass

from signpost import traces
from signpost.crash_points import reach
from signpost.errors import CallerError, TransientError
from signpost.messaging.message import Message, Publisher, PublishReturned, QueueFull
from signpost.metrics.table import OUTBOX_PUBLISHED, OUTBOX_UNCONFIRMED
from signpost.storage import Store

REFUSALS = (QueueFull, PublishReturned, CallerError)
"""Outcomes that have nothing to do with the connection: an attempt a little later ends in the same way."""

log = logging.getLogger("signpost.publishing")


@dataclass(frozen=True, slots=True)
class Outgoing:
    """The message of outbox row `id`, to be published after the commit."""

    id: int
    message: Message


class OutboxPublisher:
    """Keeps one batch in flight: the next transaction runs while the broker confirms the previous batch."""

    def __init__(self, publisher: Publisher, store: Store, timeout_s: float) -> None:
        """`timeout_s`: how long to wait for the confirms of a batch; the publisher's own timeout is shorter."""
        self._publisher, self._store, self._timeout_s = publisher, store, timeout_s
        self._in_flight: list[tuple[int, Future[None]]] = []
        self.refused: set[int] = set()
        """Ids of the last batch whose message the broker refuses, and will refuse until an operator acts."""

    @property
    def problem(self) -> str | None:
        """Why publishing is not possible at the moment; None if it is."""
        return self._publisher.problem

    def send(self, outgoing: Sequence[Outgoing]) -> None:
        """Start publishing after the previous batch is confirmed: a slow broker slows its workers down."""
        self.collect()
        if not traces.is_on() or not outgoing:
            self._in_flight = [(item.id, self._publisher.publish(item.message)) for item in outgoing]
            return
        links = [str(item.message.headers.get(traces.TRACEPARENT, "")) for item in outgoing]
        with traces.span("outbox publish", "producer", links=links, messaging__batch__message_count=len(outgoing)):
            self._in_flight = [(item.id, self._publisher.publish(item.message)) for item in outgoing]

    def collect(self) -> int:
        """Wait for the confirms and delete confirmed messages from the outbox; returns how many were confirmed.

        Unconfirmed messages stay in the outbox, and the relay publishes them again. So do confirmed ones if the
        deletion fails; consumers deduplicate them by id.
        """
        sent, self._in_flight = self._in_flight, []
        wait([future for _, future in sent], self._timeout_s)
        self.refused = {id for id, future in sent if future.done() and isinstance(future.exception(), REFUSALS)}
        confirmed = [id for id, future in sent if future.done() and future.exception() is None]
        OUTBOX_PUBLISHED.inc(by=len(confirmed))
        OUTBOX_UNCONFIRMED.inc(by=len(sent) - len(confirmed))
        if len(confirmed) < len(sent):
            failed = next((future.exception() for _, future in sent if future.done() and future.exception()), None)
            log.warning(
                "%d messages not confirmed, the relay will publish them again: %s", len(sent) - len(confirmed), failed
            )
        if confirmed:
            reach("messages confirmed")
        try:
            self._store.outbox.delete(confirmed)
        except TransientError as error:
            log.warning(
                "%d confirmed messages not deleted from the outbox, the relay will publish them again: %s",
                len(confirmed),
                error,
            )
        if confirmed:
            reach("messages deleted")
        return len(confirmed)
