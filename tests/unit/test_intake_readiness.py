"""What the probe says of each state, and when requests must not use the database."""

import signal
import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

import pytest

from signpost.errors import TransientError
from signpost.messaging import Message, Publisher
from signpost.services.intake import draining, readiness
from signpost.services.intake.readiness import (
    BROKER_UNAVAILABLE,
    DATABASE_UNAVAILABLE,
    NOT_CHECKED,
    STARTING,
    UNAVAILABLE,
    ReadinessCheck,
    ReadinessWatch,
    Report,
)
from signpost.storage import StorageUnavailable, Store, open_store
from signpost.tenants.model import Tenants
from tests.support.databases import migrate

NOW = 1_772_460_000_000_000
NOBODY = Tenants({}, {})


@dataclass
class Connected:
    """A publisher with or without a problem."""

    problem: str | None = None

    def publish(self, message: Message) -> Future[None]:
        raise AssertionError("a check publishes nothing")

    def close(self, timeout_s: float) -> None:
        """Has nothing to close."""


def away() -> Publisher:
    raise TransientError("the broker refuses connections")


@pytest.fixture
def store(sqlite_url: str) -> Iterator[Store]:
    migrate(sqlite_url)
    with open_store(sqlite_url, busy_timeout_s=0.1) as store:
        yield store


@pytest.fixture
def nowhere(tmp_path: Path) -> Store:
    return open_store(f"sqlite:///{tmp_path / 'missing' / 'signpost.db'}")


def test_a_broker_with_a_problem_leaves_the_outbox(store: Store) -> None:
    broker = Connected()
    check = ReadinessCheck(store, lambda: broker, NOBODY)
    assert check.report(NOW) == Report(True, {})
    broker.problem = "disk alarm"
    degraded = Report(True, {"broker": BROKER_UNAVAILABLE})
    assert check.report(NOW) == ReadinessCheck(store, away, NOBODY).report(NOW) == degraded
    assert degraded.status == "degraded"


def test_without_the_database_the_broker_takes_events_and_requests_leave_the_database_alone(nowhere: Store) -> None:
    report = ReadinessCheck(nowhere, Connected, NOBODY).report(NOW)
    assert (report.is_ready, report.parts) == (True, {"database": DATABASE_UNAVAILABLE})
    assert report.database_problem is not None


def test_without_both_nothing_can_be_accepted(nowhere: Store) -> None:
    report = ReadinessCheck(nowhere, away, NOBODY).report(NOW)
    assert (report.status, report.parts) == ("unavailable", {"database": UNAVAILABLE, "broker": UNAVAILABLE})


def test_while_another_writes_for_long_requests_may_still_read(store: Store, sqlite_url: str) -> None:
    watch = ReadinessWatch(ReadinessCheck(store, Connected, NOBODY), store)
    lock = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    watch.check(NOW)
    assert watch.report(NOW).parts == {"database": DATABASE_UNAVAILABLE}
    store.ping()
    lock.execute("ROLLBACK")
    lock.close()
    watch.check(NOW)
    assert watch.report(NOW) == Report(True, {})


def test_a_failed_check_suspends_the_store_until_one_succeeds(store: Store, nowhere: Store) -> None:
    ReadinessWatch(ReadinessCheck(nowhere, Connected, NOBODY), store).check(NOW)
    with pytest.raises(StorageUnavailable):
        store.ping()
    ReadinessWatch(ReadinessCheck(open_store(str(store._engine.url)), Connected, NOBODY), store).check(NOW)
    store.ping()


def test_before_the_first_check_nothing_is_promised(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    watch = ReadinessWatch(ReadinessCheck(store, Connected, NOBODY), store)
    assert watch.report(NOW) == Report(False, {"database": STARTING})
    monkeypatch.setattr(readiness, "STALE_S", -1.0)
    assert watch.report(NOW) == Report(False, {"database": NOT_CHECKED})


def test_a_check_that_does_not_end_is_reported(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    watch = ReadinessWatch(ReadinessCheck(store, Connected, NOBODY), store)
    watch.check(NOW)
    monkeypatch.setattr(readiness, "STALE_S", -1.0)
    assert watch.report(NOW) == Report(True, {"database": NOT_CHECKED})


# Draining


class Ready:
    """A readiness without problems."""

    def report(self, now: int) -> Report:
        return Report(True, {})


@pytest.fixture
def flag(monkeypatch: pytest.MonkeyPatch) -> bytearray:
    """The flag that the processes of an intake share."""
    made = bytearray(1)
    monkeypatch.setattr(draining, "_flag", made)
    return made


def test_an_intake_that_stops_is_not_ready_and_serves_on_for_the_time_that_it_was_given(flag: bytearray) -> None:
    ready = draining.DrainingReadiness(Ready())
    stopped: list[tuple[float, int]] = []
    assert ready.report(0).is_ready
    began = time.monotonic()
    draining.drain_before(lambda: stopped.append((time.monotonic() - began, flag[0])), 0.2, SimpleQueue())()
    [(seconds, was_draining)] = stopped
    assert seconds >= 0.2
    assert was_draining
    assert ready.report(0) == draining.STOPPING


@pytest.mark.usefixtures("flag")
def test_a_second_request_to_stop_ends_the_wait() -> None:
    signals: SimpleQueue[int] = SimpleQueue()
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGCHLD):
        signals.put(number)
    stopped: list[bool] = []
    draining.drain_before(lambda: stopped.append(True), 600, signals)()
    assert stopped == [True]
    assert signals.get_nowait() == signal.SIGCHLD
