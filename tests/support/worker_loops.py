"""A broker, pauses and counters that note what the loops of relay and clock do, and what these find in the store."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from signpost.case import Case
from signpost.case.instant import DAY
from signpost.messaging import Message
from signpost.settings import read_settings
from signpost.storage import CaseRow, Store
from signpost.storage.rows import OutboxMessage
from signpost.tenants.quotas import Quota, QuotaFile
from signpost.workers.backfill import Backfill
from signpost.workers.clock import CaseClock
from signpost.workers.metering import UsageMeter
from signpost.workers.outbox_publisher import OutboxPublisher, Outgoing
from signpost.workers.pruning import Pruner
from signpost.workers.reevaluation import DueCaseProcessor
from signpost.workers.rulebook_versions import RulebookVersions
from tests.support.workers_kit import ENGINES, LEASE, START, FixedEngines, event, message


class Turns(threading.Event):
    """A stop signal that ends the loop after some pauses, and notes how long each would have been."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most, self.paused = most, list[float]()

    def wait(self, timeout: float | None = None) -> bool:
        """Note the pause, and end after the last."""
        self.paused.append(timeout or 0)
        if len(self.paused) >= self.most:
            self.set()
        return self.is_set()


class Broker:
    """A publisher that confirms, or refuses what a test names."""

    def __init__(self) -> None:
        self.problem: str | None = None
        self.published: list[str] = []
        self.refuses: Callable[[str], bool] = lambda _: False

    def publish(self, message: Message) -> Future[None]:
        """Note the message; its future has ended."""
        self.published.append(message.message_id)
        future: Future[None] = Future()
        if self.refuses(message.message_id):
            future.set_exception(RuntimeError("the queue is full"))
        else:
            future.set_result(None)
        return future

    def close(self, timeout_s: float) -> None:
        """Nothing to close."""


def letters(count: int) -> list[Message]:
    """Return so many messages with ids of their own."""
    one = message(event("offer.extended", "c-1", offer="o"))
    return [replace(one, message_id=f"m-{number:04}") for number in range(count)]


def keep(store: Store, messages: Sequence[OutboxMessage]) -> None:
    """Add messages to the outbox, leased to nobody."""
    with store.transaction() as tx:
        tx.enqueue(messages, tenant="acme", case_key="c-1", now=START, leased_until=START)


class Clock:
    """A clock worker whose time a test sets."""

    def __init__(self, store: Store, broker: Broker) -> None:
        self.now = START
        versions = RulebookVersions(store, FixedEngines(lambda: ENGINES))
        processor = self.processor = DueCaseProcessor(store, versions, LEASE)
        self.outbox = OutboxPublisher(broker, store, 1)
        self.backfill = Backfill(processor, self.outbox, 1000)
        meter, pruner = UsageMeter(store, QuotaFile(Path("none.yaml"), Quota())), Pruner(store, read_settings({}))
        self.worker = CaseClock(processor, self.backfill, self.outbox, lambda: self.now, 0.25, pruner, meter)

    def turn(self) -> list[float]:
        """Run to the first pause; returns how long it would be."""
        stop = Turns(1)
        self.worker.run(stop)
        return stop.paused


def outgoing(store: Store, count: int) -> list[Outgoing]:
    """Keep so many messages, and return them as claimed."""
    keep(store, letters(count))
    rows = store.outbox.claim(START, START, 100)
    return [Outgoing(row.id, one) for row, one in zip(rows, letters(count), strict=True)]


def waiting(store: Store) -> list[str]:
    """Return the ids of what is left in the outbox."""
    return [row.message_id for row in store.outbox.claim(START + DAY, START + DAY, 100)]


def due_case(store: Store, key: str, at: int | None, **more: Any) -> None:
    """Store a case with an offer, whose advice changes at this time."""
    case = Case().fold(event("offer.extended", key, offer="o"))
    with store.transaction() as tx:
        tx.lock_cases([("acme", key)])
        version = ENGINES.rulebooks.of("acme").version
        row = CaseRow("acme", key, case.to_json(), next_change=at, rulebook=version, rulebook_since=START - DAY)
        tx.save_cases([replace(row, **more)])


def case(store: Store, key: str) -> CaseRow:
    """Return a stored case."""
    found = store.case("acme", key)
    assert found is not None
    return found


def note_reports(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Return a list that gets what loops report of their health, and "turn" for each turn."""
    found: list[Any] = []
    monkeypatch.setattr("signpost.metrics.health.report", found.append)
    monkeypatch.setattr("signpost.metrics.health.turn", lambda: found.append("turn"))
    return found


class Noted:
    """A counter that notes what is added."""

    def __init__(self) -> None:
        self.by: list[int] = []

    def inc(self, *_: str, by: int = 1) -> None:
        """Note the number."""
        self.by.append(by)


class Sampler:
    """Notes when it is asked for a sample."""

    def __init__(self) -> None:
        self.at: list[int] = []

    def step(self, now: int) -> None:
        """Note the time."""
        self.at.append(now)
