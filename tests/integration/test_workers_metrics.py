"""What workers count: events, batches, advice, dead letters, outbox, queues and the lag of the clock."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from signpost.case.instant import SECOND
from signpost.engine import FAULTS
from signpost.messaging import BrokerAway, Message, event_message
from signpost.messaging.topology import ADVISOR
from signpost.metrics import table
from signpost.names import DEAD, EVENTS
from signpost.schemas import dump_event
from signpost.workers.sampling import INTERVAL_US, DueSampler, Pace, QueueSampler
from tests.support.metrics import counting
from tests.support.workers_kit import HOUR, KINDS, START, System, event, system


@pytest.fixture(params=KINDS)
def signpost(request: pytest.FixtureRequest) -> Iterator[System]:
    with system(request.param, request) as made:
        yield made


@pytest.fixture(autouse=True)
def quick_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sample that takes long on a busy machine would put off the next one."""
    monkeypatch.setattr("signpost.workers.sampling.perf_counter", lambda: 0.0)


def test_the_advisor_counts_what_became_of_events(signpost: System, tmp_path: Path) -> None:
    signpost.now = START + 2 * HOUR
    offer = event("offer.extended", offer="o", employer={"id": "e", "name": "Acme"}, title="Engineer")
    broken = Message(EVENTS, "0.acme.broken", b"[]", "broken")
    with counting("advisor", tmp_path) as value:
        signpost.handle(offer)
        signpost.send(offer, broken)
        signpost.work(2)
        assert value("signpost_events_folded_total") == 1
        assert value("signpost_events_duplicate_total") == 1
        assert value("signpost_dead_letters_total", reason="not an event") == 1
        assert value("signpost_dead_letters_total") == 1
        assert value("signpost_batch_events_sum") == 3
        assert value("signpost_batch_duration_seconds_count") == value("signpost_batch_events_count")
        raised = value("signpost_advice_changes_total", change="raised", role="advisor")
        assert raised
        assert value("signpost_outbox_published_total") == len(signpost.published())
        assert value("signpost_evaluations_total", engine="compiled") == 1
        assert value("signpost_evaluation_seconds_total")
        assert value("signpost_rulebook_info", version=signpost.engines.rulebooks.default.version) == 1


def test_the_age_of_an_event_counts_from_its_acceptance(signpost: System, tmp_path: Path) -> None:
    offer = event("offer.extended", offer="o", employer={"id": "e", "name": "Acme"}, title="Engineer")
    accepted_at = signpost.now - 42_000_000
    with counting("advisor", tmp_path) as value:
        signpost.send(event_message(dump_event(offer), offer, accepted_at=accepted_at))
        signpost.work(1)
        signpost.handle(event("offer.withdrawn", offer="o", at=1))
        assert (value("signpost_event_age_seconds_count"), value("signpost_event_age_seconds_sum")) == (1, 42)


def test_faults_of_the_engine_are_counted_by_rule(signpost: System, tmp_path: Path) -> None:
    with counting("advisor", tmp_path) as value:
        FAULTS.count_difference("metrics-test", "offer/o", 0, holds=True)
        signpost.handle(event("offer.extended", offer="o", employer={"id": "e", "name": "Acme"}))
        assert value("signpost_engine_faults_total", fault="difference", rule="metrics-test") == 1


def test_the_relay_samples_outbox_and_queues_in_turns(signpost: System, tmp_path: Path) -> None:
    signpost.store.consumers.put("without-queue", ["acme.#"], signpost.now)
    sampler = QueueSampler(signpost.store, signpost.broker, 1)
    with counting("relay", tmp_path) as value:
        sampler.step(signpost.now)
        assert value("signpost_queue_messages_ready", queue=ADVISOR) == 0
        signpost.send(event("offer.extended", offer="o"))
        with signpost.store.transaction() as tx:
            message = Message(EVENTS, "0.acme.x", b"{}", "waits")
            tx.enqueue([message], tenant="acme", case_key="c", now=signpost.now - 90_000_000, leased_until=signpost.now)
        sampler.step(signpost.now + INTERVAL_US // 2)
        assert value("signpost_outbox_messages") == 0
        sampler.step(signpost.now + INTERVAL_US)
        assert (value("signpost_outbox_messages"), value("signpost_outbox_oldest_age_seconds")) == (1, 95)
        assert value("signpost_queue_messages_ready", queue=ADVISOR) == 1
        assert value("signpost_queue_consumers", queue=ADVISOR) == 0
        assert value("signpost_queue_messages_ready", queue=DEAD) == 0


def test_a_sample_that_takes_long_is_taken_more_rarely(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter((0.0, 1.0, 5.0, 5.0))
    monkeypatch.setattr("signpost.workers.sampling.perf_counter", lambda: next(clock))
    pace, taken = Pace(), list[int]()
    for at_s in (100, 149, 150, 154):
        pace.step(at_s * SECOND, lambda at_s=at_s: taken.append(at_s))  # type: ignore[misc]
    assert taken == [100, 150], "after a second of work 49 of rest, then as often as before"


def test_the_clock_samples_its_lag(signpost: System, tmp_path: Path) -> None:
    sampler = DueSampler(signpost.store)
    signpost.now = START + HOUR
    with counting("clock", tmp_path) as value:
        for number, tenant in ((1, "acme"), (2, "acme"), (3, "other")):
            signpost.handle(event("offer.extended", f"c-{number}", offer="o", tenant=tenant, respond_by="2026-03-20"))
        changes = [signpost.case(f"c-{number}", tenant).next_change for number, tenant in ((1, "acme"), (3, "other"))]
        earliest = min(change for change in changes if change is not None)
        sampler.step(earliest - 1)
        assert (value("signpost_cases_due"), value("signpost_clock_lag_seconds")) == (0, 0)
        sampler.step(earliest + 60_000_000)
        assert (value("signpost_cases_due"), value("signpost_clock_lag_seconds")) == (3, 60)
        signpost.now = earliest + 60_000_000
        assert signpost.case_clock().step() == 3
        assert value("signpost_cases_woken_total") == 3
        sampler.step(signpost.now + 2 * INTERVAL_US)
        assert value("signpost_cases_due") == 0


def test_without_a_broker_its_gauges_are_unknown(tmp_path: Path, signpost: System) -> None:
    class Away:
        def queue_counts(self, queues: object) -> dict[str, object]:
            raise BrokerAway("away")

    with counting("relay", tmp_path) as value:
        table.QUEUE_READY.set(5, ADVISOR)
        QueueSampler(signpost.store, Away(), 1).step(signpost.now)  # type: ignore[arg-type]
        known = value("signpost_queue_messages_ready", queue=ADVISOR)
        assert known is not None
        assert known != known
