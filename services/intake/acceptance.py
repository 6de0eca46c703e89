"""Stores accepted events durably: confirmed by the broker, or committed to the outbox. Nothing of HTTP."""

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import wait
from itertools import groupby

from signpost import traces
from signpost.case.event import Event
from signpost.crash_points import reach
from signpost.errors import TransientError
from signpost.messaging import Message, Publisher, event_message
from signpost.metrics.table import EVENTS_ACCEPTED
from signpost.schemas import dump_event, dump_offsets
from signpost.services.intake.fair_share import FairShare
from signpost.storage import Store

log = logging.getLogger(__name__)


class NotPersisted(TransientError):
    """Neither the broker nor the database stored the events; the sender must retry."""


class EventAcceptor:
    """Stores events durably. `publisher` returns the publisher of this process; it is created after any fork."""

    def __init__(
        self, store: Store, publisher: Callable[[], Publisher], partitions: int, confirm_timeout_s: float
    ) -> None:
        self._store, self._publisher, self._partitions = store, publisher, partitions
        self._confirm_timeout_s = confirm_timeout_s
        self._share = FairShare()

    def accept(self, events: Sequence[Event], now: int) -> None:
        """Return when all events are stored. Raises NotPersisted; then some may be stored; retries are idempotent."""
        with traces.span("publish", "producer", messaging__batch__message_count=len(events)) as span:
            self._accept(events, now, span.traceparent)

    def _accept(self, events: Sequence[Event], now: int, traceparent: str) -> None:
        bulk = {tenant: self._share.is_bulk(tenant, count, now) for tenant, count in _count_tenants(events).items()}
        messages = [
            event_message(
                dump_event(event) | dump_offsets(event),
                event,
                self._partitions,
                bulk=bulk[event.tenant],
                accepted_at=now,
                traceparent=traceparent,
            )
            for event in events
        ]
        unconfirmed = self._publish(messages)
        if unconfirmed:
            self._enqueue([(events[index], messages[index]) for index in unconfirmed], now)
        EVENTS_ACCEPTED.inc("broker", by=len(messages) - len(unconfirmed))
        EVENTS_ACCEPTED.inc("outbox", by=len(unconfirmed))
        reach("events accepted")

    def _publish(self, messages: Sequence[Message]) -> list[int]:
        """Publish all, then wait once. Returns the indexes of the events that were not confirmed."""
        try:
            publisher = self._publisher()
        except TransientError as error:
            log.warning("no broker connection, %d events go to the outbox: %s", len(messages), error)
            return list(range(len(messages)))
        reach("events valid")
        futures = [publisher.publish(message) for message in messages]
        reach("events published")
        wait(futures, self._confirm_timeout_s)
        unconfirmed = [index for index, future in enumerate(futures) if not future.done() or future.exception()]
        if unconfirmed:
            first = futures[unconfirmed[0]]
            reason = first.exception() if first.done() else f"no confirm within {self._confirm_timeout_s:g} s"
            log.warning(
                "%d of %d events are unconfirmed and go to the outbox: %s", len(unconfirmed), len(messages), reason
            )
        return unconfirmed

    def _enqueue(self, unconfirmed: list[tuple[Event, Message]], now: int) -> None:
        by_case = sorted(unconfirmed, key=_case_of)
        try:
            with self._store.transaction() as transaction:
                for (tenant, key), group in groupby(by_case, key=_case_of):
                    messages = [message for _, message in group]
                    transaction.enqueue(messages, tenant=tenant, case_key=key, now=now, leased_until=now)
                reach("events in the outbox")
        except TransientError as error:
            raise NotPersisted(
                f"events not stored: the broker did not confirm them and the outbox is unavailable: {error}"
            ) from error


def _count_tenants(events: Sequence[Event]) -> Counter[str]:
    return Counter(event.tenant for event in events)


def _case_of(pair: tuple[Event, Message]) -> tuple[str, str]:
    event, _ = pair
    return event.tenant, event.subject
