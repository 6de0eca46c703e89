"""A whole system without processes for tests of the workers, and the events that they send."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import delete

from signpost.advice import Engine
from signpost.advice.advise import advise
from signpost.advice.records import active
from signpost.case.case import Case
from signpost.case.event import Event
from signpost.case.instant import format_instant, parse_instant
from signpost.engine import make_engine
from signpost.messaging import Broker, Consumer, Delivery, Message, connect, event_message
from signpost.messaging.topology import ADVISOR, UNROUTED
from signpost.schemas import dump_event, full_type, load_own_event
from signpost.settings import read_settings
from signpost.storage import CaseRow, Store, open_store
from signpost.storage.options import OptionStore
from signpost.storage.tables import options
from signpost.tenants.quotas import Quota, QuotaFile
from signpost.tenants.rulebooks import Engines, load_rulebooks
from signpost.workers.advisor import Advisor
from signpost.workers.backfill import Backfill
from signpost.workers.batch import BatchHandler
from signpost.workers.clock import CaseClock
from signpost.workers.metering import UsageMeter
from signpost.workers.outbox_publisher import OutboxPublisher
from signpost.workers.process import Stop
from signpost.workers.pruning import Pruner
from signpost.workers.reevaluation import DueCaseProcessor
from signpost.workers.relay import Relay
from signpost.workers.rulebook_versions import RulebookVersions
from tests.support import servers
from tests.support.databases import migrate
from tests.support.rulebooks import FEW_RULES, RULES
from tests.support.vhosts import PATIENT

START = parse_instant("2026-03-02T09:00:00Z")
HOUR = 3_600_000_000
LEASE = 30_000_000
RECENT_HOURS = (time.time_ns() // 1000 - START) // HOUR - 24
"""From START to yesterday."""
KINDS = ("embedded", "rabbitmq")
PREFETCH = 200
STRAGGLER_S = 2.0
"""How long to wait for the next of several messages, all of which the broker has."""

ENGINES: Engines[Engine] = Engines(partial(make_engine, "compiled"), load_rulebooks(RULES))


@cache
def few_engines() -> Engines[Engine]:
    """Engines of few rules, for tests that ask only whether something is advised."""
    return Engines(partial(make_engine, "compiled"), load_rulebooks(FEW_RULES))


def event(type: str, subject: str = "c-1", *, at: float = 0, id: str = "", tenant: str = "acme", **data: Any) -> Event:
    """Return an event `at` hours after START; its default id is built from its content."""
    event_id = id or f"{type}.{subject}.{at:g}.{data.get('offer', '')}"
    return load_own_event(
        {
            "specversion": "1.0",
            "id": event_id,
            "source": "/boards/test",
            "type": full_type(type),
            "time": format_instant(START + round(at * HOUR)),
            "subject": subject,
            "tenant": tenant,
            "data": data,
        }
    )


def recent_event(type: str, subject: str = "c-1", *, at: float = 0, **more: Any) -> Event:
    """Return an event of yesterday, `at` hours later, for workers that run as processes: advice on old facts ends."""
    return event(type, subject, at=RECENT_HOURS + at, **more)


def message(event: Event, partitions: int = 1) -> Message:
    """Return the message that the intake publishes for an event."""
    return event_message(dump_event(event), event, partitions)


@dataclass
class FixedEngines:
    """Engines that change only when a test replaces them."""

    now: Callable[[], Engines[Engine]]

    def reload_now(self) -> None:
        """Do nothing: there are no files."""


def in_whole_batches(consumer: Consumer, count: int) -> Consumer:
    """Let a consumer hand out the next `count` deliveries at once, so that how a batch is cut does not depend on how
    quick the broker is. Raises nothing if there are fewer."""
    receive, left = consumer.receive, count

    def receive_all(limit: int, wait_s: float) -> list[Delivery]:
        nonlocal left
        found = more = receive(limit, wait_s)
        while more and len(found) < min(limit, left, PREFETCH):
            found += (more := receive(limit - len(found), STRAGGLER_S))
        left -= len(found)
        return found

    consumer.receive = receive_all  # type: ignore[method-assign]
    return consumer


@dataclass
class System:
    """Store and broker of one kind, and workers that run step by step; `now` is their clock."""

    store: Store
    broker: Broker
    database_url: str
    broker_url: str
    now: int = START + 1000 * HOUR
    batch: int = 100
    engines: Engines[Engine] = field(default_factory=lambda: ENGINES)
    ask: bool = False
    """Whether the workers publish the questions to candidates."""

    def clock(self) -> int:
        """Return the time of the workers' clock."""
        return self.now

    def outbox(self) -> OutboxPublisher:
        """Return an outbox publisher for this broker."""
        return OutboxPublisher(self.broker.publisher(), self.store, 10)

    def handler(self) -> BatchHandler:
        """Return the handler that commits batches."""
        return BatchHandler(self.store, self.versions(), LEASE, ask=self.ask)

    def versions(self) -> RulebookVersions:
        """Return the rulebook versions of one process."""
        return RulebookVersions(self.store, FixedEngines(lambda: self.engines))

    def send(self, *events: Event | Message) -> None:
        """Publish events as the intake does, and wait for the confirms."""
        messages = [message(each) if isinstance(each, Event) else each for each in events]
        for future in [self.broker.publisher().publish(each) for each in messages]:
            future.result(60)

    def work(self, count: int) -> None:
        """Let an advisor handle `count` deliveries."""
        consumer = in_whole_batches(self.broker.consumer(ADVISOR, PREFETCH), count)
        advisor = Advisor([consumer], self.handler(), self.outbox(), self.clock, self.batch)
        deadline = time.monotonic() + 90
        while count > 0 and time.monotonic() < deadline:
            count -= advisor.step(Stop(), 0.2)
        advisor.step(Stop(), 0)
        consumer.close()
        assert count == 0, f"{count} deliveries did not arrive within 90 s"

    def handle(self, *events: Event) -> None:
        """Send events and let an advisor handle them."""
        self.send(*events)
        self.work(len(events))

    def case_clock(self) -> CaseClock:
        """Return a clock worker."""
        processor, outbox = self.processor(), self.outbox()
        backfill = Backfill(processor, outbox, 1000)
        return CaseClock(
            processor, backfill, outbox, self.clock, 0.1, Pruner(self.store, read_settings({})), self.meter()
        )

    def meter(self, quota: Quota | None = None, file: Path = Path("none.yaml")) -> UsageMeter:
        """Return the meter of a clock, with the quota of all tenants that the file does not name."""
        return UsageMeter(self.store, QuotaFile(file, quota or Quota()))

    def processor(self) -> DueCaseProcessor:
        """Return the processor of due cases."""
        return DueCaseProcessor(self.store, self.versions(), LEASE, ask=self.ask)

    def relay(self, partitions: int = 1) -> Relay:
        """Return a relay worker."""
        publisher, outbox = self.broker.publisher(), self.outbox()
        return Relay(self.store, publisher, outbox, self.clock, lease=LEASE, interval_s=0.1, partitions=partitions)

    def changes(self) -> list[dict[str, Any]]:
        """Take all published changes of recommendations from the broker, in order."""
        return [orjson.loads(each.body)["data"] for each in self.published()]

    def published(self) -> list[Delivery]:
        """Take all published messages from the broker."""
        return self.broker.get(UNROUTED, 10_000)

    def feed(self, key: str, count: int, tenant: str = "acme") -> list[bytes]:
        """Wait for `count` changes of one case in the feed."""
        deadline = time.monotonic() + 90
        while True:
            rows, _ = self.store.feed(tenant, limit=100_000)
            mine = [row.body for row in rows if row.case_key == key]
            if len(mine) >= count or time.monotonic() > deadline:
                return mine
            time.sleep(0.05)

    def case(self, key: str, tenant: str = "acme") -> CaseRow:
        """Return a stored case."""
        row = self.store.case(tenant, key)
        assert row is not None, f"no case {key}"
        return row

    def standing(self, key: str, tenant: str = "acme") -> dict[str, tuple[str, int | None]]:
        """Return the active advice of a case, if it is stored: `RULE@KIND/ID` -> priority and due."""
        row = self.store.case(tenant, key)
        records = active(row.advice) if row else {}
        return {name: (record.priority, record.due) for name, record in records.items()}

    def expected(self, key: str, tenant: str = "acme") -> dict[str, tuple[str, int | None]]:
        """Evaluate a stored case again. Return the active advice that it should have."""
        row = self.case(key, tenant)
        advised = advise(
            self.engines.of(tenant), Case.from_json(row.state), b"", tenant=tenant, key=row.key, now=self.now
        )
        return {name: (record.priority, record.due) for name, record in active(advised.advice_state).items()}


@contextmanager
def system(kind: str, request: pytest.FixtureRequest) -> Iterator[System]:
    """Provide a fresh system: SQLite with its embedded queue, or a new PostgreSQL database and RabbitMQ vhost."""
    with addresses(kind, request) as (database_url, broker_url), open_system(database_url, broker_url) as made:
        yield made


@contextmanager
def addresses(kind: str, request: pytest.FixtureRequest) -> Iterator[tuple[str, str]]:
    """Provide the URLs of a database and a broker of one kind, both empty; the tables may be there already."""
    if kind == "embedded":
        folder: Path = request.getfixturevalue("tmp_path_factory").mktemp("embedded")
        yield (f"sqlite:///{folder / 'signpost.db'}",) * 2
        return
    with (
        servers.vhost(request.getfixturevalue("rabbitmq_server")) as broker_url,
        request.getfixturevalue("postgres_databases").take() as database_url,
    ):
        yield database_url, broker_url


@contextmanager
def open_system(database_url: str, broker_url: str) -> Iterator[System]:
    """Open a system on these servers and create tables and topology."""
    migrate(database_url)
    with open_store(database_url) as store:
        broker = connect(broker_url, bounds=PATIENT)
        try:
            broker.apply_topology()
            yield System(store, broker, database_url, broker_url)
        finally:
            broker.close()


def store_plainly(made: System) -> None:
    """Let this database hold nothing compressed from now on, like one that an earlier version has made."""
    with made.store.transaction() as transaction:
        transaction._connection.execute(delete(options))
    made.store.options = OptionStore(made.store._write_connection)


def format_changes(changes: Sequence[dict[str, Any]]) -> list[str]:
    """Return `CHANGE RULE@KIND/ID` of each change of a recommendation."""
    return [f"{it['change']} {it['rule']}@{it['subject']['kind']}/{it['subject']['id']}" for it in changes]


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait until a condition is true."""
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "the condition did not become true within 30 s"
        time.sleep(0.02)
