"""Planted defects: the simulation must find each of them. They exist only here."""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final
from unittest.mock import patch

from sqlalchemy import delete

from signpost.messaging import Consumer, Delivery, Outcome, Settlement
from signpost.storage import Change, SeenEvent, Transaction
from signpost.storage.tables import outbox
from signpost.workers.advisor import Advisor
from signpost.workers.process import Stop


@contextmanager
def ack_before_commit() -> Iterator[None]:
    """The advisor acknowledges a batch before its transaction."""
    handle = Advisor._handle

    def early(self: Advisor, consumer: Consumer, batch: Sequence[Delivery], stop: Stop) -> Any:
        consumer.settle([Settlement(each, Outcome.DONE) for each in batch], self._clock())
        return handle(self, consumer, batch, stop)

    with patch.object(Advisor, "_handle", early):
        yield


@contextmanager
def outbox_skipped() -> Iterator[None]:
    """Changes are published after the commit, without a row in the outbox."""
    record = Transaction.record

    def unsafe(self: Transaction, changes: Sequence[Change], **times: int) -> list[int]:
        ids = record(self, changes, **times)
        self._connection.execute(delete(outbox).where(outbox.c.id.in_(ids)))
        return ids

    with patch.object(Transaction, "record", unsafe):
        yield


@contextmanager
def dedupe_off() -> Iterator[None]:
    """Every event counts as new."""
    mark_seen = Transaction.mark_seen

    def forgetful(self: Transaction, events: Sequence[SeenEvent]) -> Collection[tuple[str, str, str]]:
        mark_seen(self, events)
        return {(event.tenant, event.source, event.id) for event in events}

    with patch.object(Transaction, "mark_seen", forgetful):
        yield


DEFECTS: Final[dict[str, Callable[[], AbstractContextManager[None]]]] = {
    "ack-before-commit": ack_before_commit,
    "outbox-skipped": outbox_skipped,
    "dedupe-off": dedupe_off,
}
