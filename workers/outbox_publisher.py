"""Publishes what committed transactions left in the outbox and forgets it once confirmed; the rest is the relay's."""

import logging
from collections.abc import Sequence
from concurrent.futures import Future, wait

from signpost.errors import TransientError
from signpost.messaging.message import Publisher
from signpost.storage import Store
from signpost.workers.case_rows import Outgoing

log = logging.getLogger("signpost.publishing")


class OutboxPublisher:
    """Keeps one batch in flight: the next transaction runs while the broker confirms the last one's messages."""

    def __init__(self, publisher: Publisher, store: Store, timeout: float) -> None:
        """`timeout`: seconds to wait for the confirms of a batch; the publisher's own bound is shorter."""
        self._publisher, self._store, self._timeout = publisher, store, timeout
        self._open: list[tuple[int, Future[None]]] = []

    def send(self, outgoing: Sequence[Outgoing]) -> None:
        """Begin to publish, once what was sent before is settled: a broker that lags slows its workers down."""
        self.collect()
        self._open = [(one.id, self._publisher.publish(one.message)) for one in outgoing]

    def collect(self) -> int:
        """Wait for the confirms of what was sent and delete it from the outbox; how many messages were confirmed.

        A message that was not confirmed stays in the outbox, and the relay sends it again. So does one that was
        confirmed, where the deletion fails: consumers recognise it by its id.
        """
        sent, self._open = self._open, []
        wait([future for _, future in sent], self._timeout)
        confirmed = [id for id, future in sent if future.done() and future.exception() is None]
        if len(confirmed) < len(sent):
            failed = next((future.exception() for _, future in sent if future.done() and future.exception()), None)
            log.warning("%d messages not confirmed, left to the relay: %s", len(sent) - len(confirmed), failed)
        try:
            self._store.delete_outbox(confirmed)
        except TransientError as error:
            log.warning("%d messages confirmed, but still in the outbox: %s", len(confirmed), error)
        return len(confirmed)
