"""What the clock does in each turn of its loop, and how long it pauses: on a real store, without a broker."""

from dataclasses import replace
from typing import Any

import pytest

from signpost.advice.records import active
from signpost.case.instant import DAY, MINUTE, SECOND
from signpost.names import ADVICE
from signpost.storage import DeliveryRow, Store
from signpost.workers.backfill import Backfill
from signpost.workers.counts import EvaluationCounts
from signpost.workers.reevaluation import POSTPONE_US
from tests.support.worker_loops import Broker, Clock, Noted, Sampler, Turns, case, due_case, note_reports, outgoing
from tests.support.workers_kit import ENGINES, LEASE, START

RETENTION = 7 * DAY


@pytest.fixture
def broker() -> Broker:
    return Broker()


@pytest.fixture
def reports(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    return note_reports(monkeypatch)


# What is old


def delivery(number: int, received_at: int) -> DeliveryRow:
    return DeliveryRow(
        f"dlv_{number}", "acme", "s", received_at, "accepted", b"[]", b"[]", 1, b"{}", b"{}", b"raw", True
    )


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


# Due cases


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


def test_the_limit_holds_for_cases_of_several_older_rules_together(store: Store, broker: Broker) -> None:
    due_case(store, "oldest", None, rulebook="oldest", rulebook_since=START - DAY)
    for number in range(4):
        due_case(store, f"c-{number}", None, rulebook="of-before", rulebook_since=START - 1)
    clock = Clock(store, broker)
    assert clock.processor.reevaluate(lambda: START, 2)[0] == 2
    assert clock.processor.count_outdated(START) == 3


# What operators see


def test_each_turn_of_the_clock_counts_samples_measures_and_reports(
    store: Store, broker: Broker, reports: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    woken, sampler, measured = Noted(), Sampler(), Sampler()
    monkeypatch.setattr("signpost.metrics.table.CASES_WOKEN", woken)
    for key in ("due", "due-too"):
        due_case(store, key, START)
    clock = Clock(store, broker)
    clock.worker._sampler, clock.worker._meter = sampler, measured  # type: ignore[assignment]
    clock.turn()
    assert (woken.by, sampler.at, measured.at) == ([2], [START] * 2, [START] * 2), "no pause while cases are due"
    assert reports == ["turn", {"database": True, "broker": True}] * 2
    broker.problem = "no connection"
    clock.turn()
    assert reports[-1] == {"database": True, "broker": False}


def test_a_clock_collects_what_it_has_sent_before_it_pauses_and_when_it_stops(store: Store, broker: Broker) -> None:
    waiting: list[int] = []

    class Pause(Turns):
        def wait(self, timeout: float | None = None) -> bool:
            waiting.append(store.outbox.depth(START + DAY).waiting)
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
    assert store.outbox.depth(START + DAY).waiting == 0


def test_the_clock_looks_for_the_next_batch_of_a_new_rulebook_as_soon_as_its_rate_allows(
    store: Store, broker: Broker
) -> None:
    for number in range(3):
        due_case(store, f"c-{number}", None, rulebook="of-before")
    clock = Clock(store, broker)
    clock.backfill = clock.worker._backfill = Backfill(clock.processor, clock.outbox, 10)
    [pause] = clock.turn()
    assert 0 < pause < 0.25


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
    clock.processor.wake(lambda: START + MINUTE)
    assert counted[-1].published, "agendas, once they have settled"


def test_a_clock_that_does_not_ask_publishes_no_questions(store: Store, broker: Broker) -> None:
    due_case(store, "due", START)
    _, sent = Clock(store, broker).processor.wake(lambda: START)
    assert {item.message.exchange for item in sent} == {ADVICE}
