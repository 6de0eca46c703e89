"""Keeping what was accepted: confirmed by the broker, or committed to the outbox; never less (the first promise)."""

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import wait
from itertools import groupby

from signpost.case.event import Event
from signpost.errors import TransientError
from signpost.messaging import Message, Publisher, event_message
from signpost.schemas import dump_event
from signpost.storage import Store

log = logging.getLogger(__name__)


class NotPersisted(TransientError):
    """Neither broker nor database took the events; the sender must send them again."""


class EventAcceptor:
    """Keeps events. `publisher` gives this process's publisher, which is first made after any fork."""

    def __init__(self, store: Store, publisher: Callable[[], Publisher], partitions: int, confirm: float) -> None:
        self._store, self._publisher, self._partitions, self._confirm = store, publisher, partitions, confirm

    @property
    def broker_problem(self) -> str | None:
        """Why events go to the outbox just now; None while the broker takes them."""
        try:
            return self._publisher().problem
        except TransientError as error:
            return str(error)

    def keep(self, events: Sequence[Event], now: int) -> None:
        """Return when all are kept. Raises Unkept; then some may be kept all the same, and a repeat changes nothing."""
        messages = [event_message(dump_event(event), event, self._partitions) for event in events]
        unconfirmed = self._publish(messages)
        if unconfirmed:
            self._enqueue([(events[index], messages[index]) for index in unconfirmed], now)

    def _publish(self, messages: Sequence[Message]) -> list[int]:
        """Publish all, then wait once; the places of those that were not confirmed."""
        try:
            publisher = self._publisher()
        except TransientError as error:
            log.warning("%d events go to the outbox: %s", len(messages), error)
            return list(range(len(messages)))
        futures = [publisher.publish(message) for message in messages]
        wait(futures, self._confirm)
        unconfirmed = [at for at, future in enumerate(futures) if not future.done() or future.exception()]
        if unconfirmed:
            first = futures[unconfirmed[0]]
            reason = first.exception() if first.done() else "no confirm in time"
            log.warning("%d of %d events go to the outbox: %s", len(unconfirmed), len(messages), reason)
        return unconfirmed

    def _enqueue(self, unconfirmed: list[tuple[Event, Message]], now: int) -> None:
        by_case = sorted(unconfirmed, key=_case)
        try:
            with self._store.transaction() as transaction:
                for (tenant, key), found in groupby(by_case, key=_case):
                    messages = [message for _, message in found]
                    transaction.enqueue(messages, tenant=tenant, case_key=key, now=now, leased_until=now)
        except TransientError as error:
            raise NotPersisted(f"the broker did not confirm, and the outbox cannot be written: {error}") from error


def _case(kept: tuple[Event, Message]) -> tuple[str, str]:
    return kept[0].tenant, kept[0].subject
