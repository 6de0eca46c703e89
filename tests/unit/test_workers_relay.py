"""What the relay does in each turn of its loop, and how long it pauses: on a real store, without a broker."""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

import pytest

from signpost.case.instant import DAY
from signpost.messaging import Message
from signpost.names import ADVICE, EVENTS
from signpost.storage import Store
from signpost.workers.correction import MAX_SKEW_US
from signpost.workers.outbox_publisher import OutboxPublisher
from signpost.workers.refused_keys import MAX_PAUSE_US
from signpost.workers.relay import MAX_BATCH, Relay
from tests.support.worker_loops import Broker, Noted, Sampler, Turns, keep, letters, note_reports
from tests.support.workers_kit import LEASE, START


@pytest.fixture
def broker() -> Broker:
    return Broker()


@pytest.fixture
def reports(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    return note_reports(monkeypatch)


def relay(store: Store, broker: Broker, now: int = START) -> Relay:
    outbox = OutboxPublisher(broker, store, 1)
    return Relay(store, broker, outbox, lambda: now, lease=LEASE, interval_s=0.5)


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


@pytest.mark.parametrize(("beyond", "claimed"), [(0, (0, 0)), (1, (1, 1))])
def test_the_longest_lease_of_a_clock_within_the_allowed_skew_counts(
    store: Store, broker: Broker, beyond: int, claimed: tuple[int, int]
) -> None:
    until = START + max(LEASE, MAX_PAUSE_US) + MAX_SKEW_US + beyond
    with store.transaction() as tx:
        tx.enqueue(letters(1), tenant="acme", case_key="c-1", now=START, leased_until=until)
    assert relay(store, broker).step() == claimed


def test_advice_keeps_its_topic_and_an_event_goes_to_its_partition(
    store: Store, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[Message] = []
    publish = broker.publish

    def note(one: Message) -> Future[None]:
        sent.append(one)
        return publish(one)

    monkeypatch.setattr(broker, "publish", note)
    [one] = letters(1)
    keep(store, [one, replace(one, exchange=ADVICE, routing_key="acme.candidate.pay.high.raised", message_id="m-2")])
    assert relay(store, broker).step() == (2, 2)
    assert [(each.exchange, each.routing_key) for each in sent] == [
        (EVENTS, one.routing_key),
        (ADVICE, "acme.candidate.pay.high.raised"),
    ]


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


def test_a_long_sweep_shows_that_the_relay_lives_and_ends_when_the_relay_does(
    store: Store, broker: Broker, reports: list[Any]
) -> None:
    stop, is_ending = Turns(9), list[bool]()

    class Sweeper:
        def step(self, _now: int, is_stopping: Callable[[], bool]) -> None:
            reports.clear()
            is_ending.append(is_stopping())
            stop.set()
            is_ending.append(is_stopping())

    outbox = OutboxPublisher(broker, store, 1)
    parts = {"lease": LEASE, "interval_s": 0.5, "sweeper": Sweeper()}
    Relay(store, broker, outbox, lambda: START, **parts).run(stop)  # type: ignore[arg-type]
    assert is_ending == [False, True]
    assert reports == ["turn", "turn"]


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
