"""What relay and clock do in each turn of their loops, and how long they pause: on a real store, without a broker."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from signpost.advice.records import active
from signpost.case import Case
from signpost.case.instant import DAY, MINUTE, SECOND
from signpost.engine import make_engine
from signpost.errors import TransientError
from signpost.messaging import Message, PublishUnknown, QueueFull
from signpost.settings import read_settings
from signpost.storage import CaseRow, DeliveryRow, Store
from signpost.storage.rows import OutboxMessage
from signpost.tenants.quotas import Quota, QuotaFile
from signpost.tenants.rulebooks import Engines
from signpost.workers.backfill import Backfill
from signpost.workers.clock import CaseClock
from signpost.workers.counts import EvaluationCounts
from signpost.workers.metering import UsageMeter
from signpost.workers.outbox_publisher import OutboxPublisher, Outgoing
from signpost.workers.pruning import Pruner
from signpost.workers.reevaluation import POSTPONE_US, DueCaseProcessor
from signpost.workers.relay import MAX_BATCH, Relay
from signpost.workers.rulebook_versions import ANNOUNCE_INTERVAL_US, RulebookVersions
from tests.support.workers_kit import ENGINES, LEASE, START, FixedEngines, event, message

RETENTION = 7 * DAY


class Turns(threading.Event):
    """A stop signal that ends the loop after some pauses, and notes how long each would have been."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most, self.paused = most, list[float]()

    def wait(self, timeout: float | None = None) -> bool:
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
        self.published.append(message.message_id)
        future: Future[None] = Future()
        if self.refuses(message.message_id):
            future.set_exception(RuntimeError("the queue is full"))
        else:
            future.set_result(None)
        return future

    def close(self, timeout_s: float) -> None:
        """Nothing to close."""


@pytest.fixture
def broker() -> Broker:
    return Broker()


def relay(store: Store, broker: Broker, now: int = START) -> Relay:
    outbox = OutboxPublisher(broker, store, 1)
    return Relay(store, broker, outbox, lambda: now, lease=LEASE, interval_s=0.5)


def letters(count: int) -> list[Message]:
    one = message(event("offer.extended", "c-1", offer="o"))
    return [replace(one, message_id=f"m-{number:04}") for number in range(count)]


def keep(store: Store, messages: Sequence[OutboxMessage]) -> None:
    with store.transaction() as tx:
        tx.enqueue(messages, tenant="acme", case_key="c-1", now=START, leased_until=START)


class Unsendable:
    """A row of the outbox that no broker can take: its routing key is too long for AMQP."""

    exchange, body, message_id, content_type = "signpost.events", b"{}", "m-bad", "application/json"
    routing_key = "0." + "x" * 300
    headers: dict[str, str | int] = {}  # noqa: RUF012


def test_two_relays_never_send_one_row_at_the_same_time(store: Store, broker: Broker) -> None:
    keep(store, letters(3))
    broker.refuses = lambda _: True
    assert relay(store, broker).step() == (3, 0)
    assert relay(store, broker, START + LEASE - 1).step() == (0, 0), "leased to the first"
    broker.refuses = lambda _: False
    assert relay(store, broker, START + LEASE).step() == (3, 3)
    assert relay(store, broker, START + 3 * LEASE).step() == (0, 0), "confirmed rows are deleted"


def test_a_lease_that_a_clock_running_ahead_gave_does_not_count(store: Store, broker: Broker) -> None:
    keep(store, letters(2))
    broker.refuses = lambda _: True
    assert relay(store, broker, START + DAY).step() == (2, 0)
    broker.refuses = lambda _: False
    assert relay(store, broker, START).step() == (2, 2)


def test_while_the_broker_is_away_no_row_is_leased(store: Store, broker: Broker) -> None:
    keep(store, letters(1))
    broker.problem = "no connection"
    assert relay(store, broker).step() == (0, 0)
    broker.problem = None
    assert relay(store, broker).step() == (1, 1)


def test_a_row_that_cannot_be_sent_holds_up_no_other(store: Store, broker: Broker) -> None:
    first, second = letters(2)
    keep(store, [first, Unsendable(), second])
    assert relay(store, broker).step() == (3, 2)
    assert broker.published == ["m-0000", "m-0001"]
    assert store.outbox.depth(START).waiting == 1, "it stays, to be looked at"


def test_the_relay_pauses_longer_and_longer_while_the_broker_is_away(store: Store, broker: Broker) -> None:
    broker.problem = "no connection"
    stop = Turns(4)
    relay(store, broker).run(stop)
    assert len(stop.paused) == 4
    assert 0 < stop.paused[0] < stop.paused[3]


def test_an_idle_relay_pauses_for_its_interval(store: Store, broker: Broker) -> None:
    stop = Turns(2)
    relay(store, broker).run(stop)
    assert stop.paused == [0.5, 0.5]


def test_a_relay_with_much_to_send_does_not_pause_before_all_is_sent(store: Store, broker: Broker) -> None:
    keep(store, letters(MAX_BATCH + 1))
    stop = Turns(1)
    relay(store, broker).run(stop)
    assert len(broker.published) == MAX_BATCH + 1
    assert stop.paused == [0.5]


def test_a_full_queue_does_not_keep_the_relay_busy(store: Store, broker: Broker) -> None:
    keep(store, letters(MAX_BATCH + 1))
    broker.refuses = lambda name: name == "m-0000"
    stop = Turns(1)
    relay(store, broker).run(stop)
    assert stop.paused == [0.5]
    assert len(broker.published) == MAX_BATCH


def test_the_relay_sweeps_only_while_the_broker_answers(store: Store, broker: Broker) -> None:
    swept: list[int] = []

    class Sweeper:
        def step(self, now: int, is_stopping: object = None) -> None:
            swept.append(now)

    outbox = OutboxPublisher(broker, store, 1)
    parts = {"lease": LEASE, "interval_s": 0.5, "sweeper": Sweeper()}
    worker = Relay(store, broker, outbox, lambda: START, **parts)  # type: ignore[arg-type]
    broker.problem = "no connection"
    worker.run(Turns(2))
    assert swept == []
    broker.problem = None
    worker.run(Turns(2))
    assert swept == [START, START]


# The clock


def delivery(number: int, received_at: int) -> DeliveryRow:
    return DeliveryRow(
        f"dlv_{number}", "acme", "s", received_at, "accepted", b"[]", b"[]", 1, b"{}", b"{}", b"raw", True
    )


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
        stop = Turns(1)
        self.worker.run(stop)
        return stop.paused


def stored(store: Store) -> list[str]:
    return sorted(row.id for row in store.deliveries.page("acme"))


def test_the_clock_deletes_deliveries_at_their_age_and_no_others(store: Store, broker: Broker) -> None:
    clock = Clock(store, broker)
    for number, age in enumerate([RETENTION + 1, RETENTION, RETENTION - 1, 0]):
        store.deliveries.add(delivery(number, START - age), [])
    assert clock.turn() == [0.25]
    assert stored(store) == ["dlv_1", "dlv_2", "dlv_3"]
    clock.now += MINUTE - 1
    clock.turn()
    assert stored(store) == ["dlv_1", "dlv_2", "dlv_3"], "it looks once a minute"
    clock.now += 1
    clock.turn()
    assert stored(store) == ["dlv_3"]


def test_more_old_deliveries_than_one_transaction_takes_are_deleted_without_a_minute_between(
    store: Store, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("signpost.workers.pruning.MAX_PRUNED", 2)
    clock = Clock(store, broker)
    for number in range(3):
        store.deliveries.add(delivery(number, START - RETENTION - 10), [])
    clock.turn()
    clock.turn()
    assert stored(store) == []


def test_the_clock_gives_old_cases_the_present_rules_in_its_loop(store: Store, broker: Broker) -> None:
    with store.transaction() as tx:
        (row,) = tx.lock_cases([("acme", "c-1")]).values()
        tx.save_cases([replace(row, rulebook="of-before", rulebook_since=START - DAY)])
    clock = Clock(store, broker)
    clock.turn()
    clock.now += SECOND
    clock.turn()
    case = store.case("acme", "c-1")
    assert case is not None
    assert case.rulebook == ENGINES.rulebooks.of("acme").version


# Which rulebook is later


def versions_of(store: Store, engines: Engines[object]) -> RulebookVersions:
    return RulebookVersions(store, FixedEngines(lambda: engines))  # type: ignore[arg-type, return-value]


def test_a_process_that_starts_with_old_rules_does_not_make_them_the_latest(store: Store) -> None:
    """Else one restarted worker with old files would take every case back."""
    own = ENGINES.rulebooks.of("acme").version
    store.announce_rulebooks([own], START, as_newest=False)
    store.announce_rulebooks(["newer"], START, as_newest=False)
    versions = versions_of(store, ENGINES)
    versions.engines(START + 1)
    known = store.rulebooks()
    assert known[own].number < known["newer"].number


def test_rules_that_a_running_process_loads_become_the_latest(store: Store) -> None:
    own = ENGINES.rulebooks.of("acme").version
    store.announce_rulebooks([own], START, as_newest=False)
    store.announce_rulebooks(["newer"], START, as_newest=False)
    current = [ENGINES]
    versions = RulebookVersions(store, FixedEngines(lambda: current[0]))
    versions.engines(START + 1)
    current[0] = Engines(partial(make_engine, "compiled"), ENGINES.rulebooks, turn=1)
    versions.engines(START + 2)
    known = store.rulebooks()
    assert known[own].number > known["newer"].number


def test_an_announcement_is_renewed_at_its_interval_and_not_with_each_batch(store: Store) -> None:
    own = ENGINES.rulebooks.of("acme").version
    versions = versions_of(store, ENGINES)
    for at in (START, START + 1, START + ANNOUNCE_INTERVAL_US - 1):
        versions.engines(at)
    assert store.rulebooks()[own].seen_at == START
    versions.engines(START + ANNOUNCE_INTERVAL_US)
    assert store.rulebooks()[own].seen_at == START + ANNOUNCE_INTERVAL_US


# The outbox publisher


def outgoing(store: Store, count: int) -> list[Outgoing]:
    keep(store, letters(count))
    rows = store.outbox.claim(START, START, 100)
    return [Outgoing(row.id, one) for row, one in zip(rows, letters(count), strict=True)]


def waiting(store: Store) -> list[str]:
    return [row.message_id for row in store.outbox.claim(START + DAY, START + DAY, 100)]


def test_only_confirmed_messages_leave_the_outbox(
    store: Store, broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    broker.refuses = lambda name: name == "m-0001"
    publisher = OutboxPublisher(broker, store, 1)
    publisher.send(outgoing(store, 3))
    assert publisher.collect() == 2
    assert waiting(store) == ["m-0001"]
    assert "1 messages not confirmed, the relay will publish them again: the queue is full" in caplog.text
    assert publisher.collect() == 0, "each batch is collected once"


def test_a_batch_is_collected_before_the_next_is_sent(store: Store, broker: Broker) -> None:
    publisher = OutboxPublisher(broker, store, 1)
    first = outgoing(store, 2)
    publisher.send(first)
    assert len(waiting(store)) == 2
    publisher.send([])
    assert waiting(store) == []


def test_a_confirm_that_does_not_come_is_waited_for_within_a_bound(
    store: Store, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broker, "publish", lambda _: Future())
    publisher = OutboxPublisher(broker, store, 0.02)
    publisher.send(outgoing(store, 1))
    assert publisher.collect() == 0
    assert waiting(store) == ["m-0000"]


def test_a_confirm_that_comes_within_the_bound_counts(
    store: Store, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    future: Future[None] = Future()
    monkeypatch.setattr(broker, "publish", lambda _: future)
    publisher = OutboxPublisher(broker, store, 10)
    publisher.send(outgoing(store, 1))
    threading.Timer(0.02, future.set_result, [None]).start()
    assert publisher.collect() == 1
    assert waiting(store) == []


def test_confirmed_messages_that_cannot_be_deleted_are_left_to_the_relay(
    store: Store, broker: Broker, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def away(_ids: object) -> None:
        raise TransientError("the database is away")

    publisher = OutboxPublisher(broker, store, 1)
    publisher.send(outgoing(store, 1))
    with monkeypatch.context() as patched:
        patched.setattr(store.outbox, "delete", away)
        assert publisher.collect() == 1
    assert "1 confirmed messages not deleted" in caplog.text
    assert waiting(store) == ["m-0000"]


# Due cases


def due_case(store: Store, key: str, at: int | None, **more: Any) -> None:
    case = Case().fold(event("offer.extended", key, offer="o"))
    with store.transaction() as tx:
        tx.lock_cases([("acme", key)])
        version = ENGINES.rulebooks.of("acme").version
        row = CaseRow("acme", key, case.to_json(), next_change=at, rulebook=version, rulebook_since=START - DAY)
        tx.save_cases([replace(row, **more)])


def case(store: Store, key: str) -> CaseRow:
    found = store.case("acme", key)
    assert found is not None
    return found


def test_a_clock_that_was_set_back_goes_on_announcing_and_pruning(store: Store, broker: Broker) -> None:
    clock = Clock(store, broker)
    version = ENGINES.rulebooks.of("acme").version
    for now in (START + DAY, START):
        clock.now = now
        clock.turn()
        assert store.rulebooks()[version].seen_at == now
    store.deliveries.add(delivery(1, START - RETENTION - 1), [])
    clock.now = START + MINUTE
    clock.turn()
    assert stored(store) == []


def test_only_cases_that_are_due_are_woken_and_their_advice_is_leased(store: Store, broker: Broker) -> None:
    due_case(store, "due", START)
    due_case(store, "later", START + 1)
    clock = Clock(store, broker)
    count, sent = clock.processor.wake(lambda: START)
    assert (count, bool(sent)) == (1, True)
    assert active(case(store, "due").advice)
    assert case(store, "later").advice == b""
    assert store.outbox.claim(START + LEASE - 1, START + LEASE, 99) == []
    assert len(store.outbox.claim(START + LEASE, START + LEASE, 99)) == len(sent)
    assert case(store, "due").rulebook_since == START - DAY, "the rulebook has not changed"


def test_a_case_that_fails_is_postponed_and_holds_up_no_other(
    store: Store, broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    due_case(store, "broken", START - 5, state=b'{"events": 7}', rulebook="of-before")
    due_case(store, "sound", START)
    clock = Clock(store, broker)
    assert clock.processor.wake(lambda: START)[0] == 2
    assert active(case(store, "sound").advice)
    broken = case(store, "broken")
    assert (broken.next_change, broken.state) == (START + POSTPONE_US, b'{"events": 7}')
    assert (broken.rulebook, broken.rulebook_since) == (ENGINES.rulebooks.of("acme").version, START)
    assert "case broken of tenant acme not evaluated, retry in 600 s" in caplog.text
    assert clock.processor.wake(lambda: START + POSTPONE_US - 1)[0] == 1, "only the sound one, whose agenda has settled"
    assert clock.processor.wake(lambda: START + POSTPONE_US)[0] == 1


def test_cases_of_older_rules_are_counted_and_re_evaluated_within_the_limit(store: Store, broker: Broker) -> None:
    for number in range(3):
        due_case(store, f"c-{number}", None, rulebook="of-before", rulebook_since=START - number)
    due_case(store, "current", None)
    clock = Clock(store, broker)
    assert clock.processor.count_outdated(START) == 3
    count, sent = clock.processor.reevaluate(lambda: START, 2)
    assert (count, bool(sent)) == (2, True)
    assert clock.processor.count_outdated(START) == 1
    assert clock.processor.reevaluate(lambda: START, 2)[0] == 1
    assert clock.processor.reevaluate(lambda: START, 2) == (0, [])
    assert case(store, "current").advice == b""
    assert case(store, "c-0").rulebook_since == START


# What operators see


class Noted:
    """A counter that notes what is added."""

    def __init__(self) -> None:
        self.by: list[int] = []

    def inc(self, *_: str, by: int = 1) -> None:
        self.by.append(by)


class Sampler:
    """Notes when it is asked for a sample."""

    def __init__(self) -> None:
        self.at: list[int] = []

    def step(self, now: int) -> None:
        self.at.append(now)


@pytest.fixture
def reports(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the loop reports of its health, and "turn" for each turn."""
    found: list[Any] = []
    monkeypatch.setattr("signpost.metrics.health.report", found.append)
    monkeypatch.setattr("signpost.metrics.health.turn", lambda: found.append("turn"))
    return found


def test_each_turn_of_the_clock_counts_samples_measures_and_reports(
    store: Store, broker: Broker, reports: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    woken, sampler, measured = Noted(), Sampler(), Sampler()
    monkeypatch.setattr("signpost.metrics.table.CASES_WOKEN", woken)
    due_case(store, "due", START)
    clock = Clock(store, broker)
    clock.worker._sampler, clock.worker._meter = sampler, measured  # type: ignore[assignment]
    clock.turn()
    assert (woken.by, sampler.at, measured.at) == ([1], [START] * 2, [START] * 2), "no pause while cases are due"
    assert reports == ["turn", {"database": True, "broker": True}] * 2
    broker.problem = "no connection"
    clock.turn()
    assert reports[-1] == {"database": True, "broker": False}


def test_a_clock_collects_what_it_has_sent_before_it_pauses_and_when_it_stops(store: Store, broker: Broker) -> None:
    waiting: list[int] = []

    class Pause(Turns):
        def wait(self, timeout: float | None = None) -> bool:
            waiting.append(store.outbox.depth(START).waiting)
            return super().wait(timeout)

    due_case(store, "due", START)
    clock = Clock(store, broker)
    clock.worker.run(Pause(1))
    assert broker.published
    assert waiting == [0]
    due_case(store, "late", START)
    stop = Turns(1)
    stop.set()
    clock.outbox.send(outgoing(store, 1))
    clock.worker.run(stop)
    assert store.outbox.depth(START).waiting == 0


def test_the_clock_looks_for_the_next_batch_of_a_new_rulebook_as_soon_as_its_rate_allows(
    store: Store, broker: Broker
) -> None:
    for number in range(3):
        due_case(store, f"c-{number}", None, rulebook="of-before")
    clock = Clock(store, broker)
    clock.backfill = clock.worker._backfill = Backfill(clock.processor, clock.outbox, 10)
    [pause] = clock.turn()
    assert 0 < pause < 0.25


def test_each_turn_of_the_relay_counts_samples_and_reports(
    store: Store, broker: Broker, reports: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    retried, sampler = Noted(), Sampler()
    monkeypatch.setattr("signpost.metrics.table.OUTBOX_RETRIED", retried)
    keep(store, letters(3))
    outbox = OutboxPublisher(broker, store, 1)
    worker = Relay(store, broker, outbox, lambda: START, lease=LEASE, interval_s=0.5, sampler=sampler)  # type: ignore[arg-type]
    worker.run(Turns(1))
    assert (sum(retried.by), sampler.at) == (3, [START])
    broker.problem = "no connection"
    worker.run(Turns(1))
    assert reports == ["turn", {"database": True, "broker": True}, "turn", {"database": True, "broker": False}]


def test_a_batch_says_how_many_messages_it_sent(store: Store, broker: Broker, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", logger="signpost.relay")
    keep(store, letters(2))
    assert relay(store, broker).step() == (2, 2)
    assert relay(store, broker).step() == (0, 0)
    [line] = [record for record in caplog.records if record.getMessage() == "outbox published"]
    assert (line.messages, line.confirmed) == (2, 2)  # type: ignore[attr-defined]


def test_evaluations_without_an_event_are_counted_once_they_are_committed(
    store: Store, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[EvaluationCounts] = []
    monkeypatch.setattr(EvaluationCounts, "count", lambda self: counted.append(self))
    due_case(store, "due", START)
    due_case(store, "older", None, rulebook="of-before")
    clock = Clock(store, broker)
    clock.processor.wake(lambda: START)
    clock.processor.reevaluate(lambda: START, 9)
    assert [sum(one.evaluations.values()) for one in counted] == [1, 1]
    assert all(one.changes for one in counted)


def test_the_publisher_counts_what_is_confirmed_and_names_what_the_broker_refuses(
    store: Store, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    confirmed, unconfirmed = Noted(), Noted()
    monkeypatch.setattr("signpost.workers.outbox_publisher.OUTBOX_PUBLISHED", confirmed)
    monkeypatch.setattr("signpost.workers.outbox_publisher.OUTBOX_UNCONFIRMED", unconfirmed)
    errors = {"m-0001": QueueFull("full"), "m-0002": PublishUnknown("cut")}

    def publish(message: Message) -> Future[None]:
        future: Future[None] = Future()
        error = errors.get(message.message_id)
        future.set_exception(error) if error else future.set_result(None)
        return future

    monkeypatch.setattr(broker, "publish", publish)
    publisher = OutboxPublisher(broker, store, 1)
    assert (publisher.refused, publisher.problem) == (set(), None)
    sent = outgoing(store, 4)
    publisher.send(sent)
    assert publisher.collect() == 2
    assert (confirmed.by, unconfirmed.by) == ([0, 2], [0, 2])
    assert publisher.refused == {sent[1].id}, "a broker that is away refuses nothing"
