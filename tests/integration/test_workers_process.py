"""The workers as processes: SIGTERM drains, several share the work, what is missing is said in words."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from signpost.messaging.topology import ADVISOR
from signpost.names import DEAD
from signpost.storage import upgrade
from signpost.workers.process import MAX_STOP_S, wall_clock
from tests.support.private_servers import wait_until
from tests.support.rulebooks import FEW_RULES
from tests.support.workers_kit import KINDS, System, addresses, message, open_system, system
from tests.support.workers_kit import recent_event as event
from tests.support.workers_processes import (
    Collector,
    WorkerProcess,
    count_seen_events,
    kill_afterwards,
    wait_until_drained,
)

NAMES = ("advisor", "clock", "relay")
ASKED = "ask-response-deadline@offer/o-1"


# `make test` starts the processes on servers only; `signpost up` starts them embedded
@pytest.fixture(params=[pytest.param("embedded", marks=pytest.mark.long), "rabbitmq"], scope="module")
def signpost(request: pytest.FixtureRequest) -> Iterator[System]:
    with system(request.param, request) as made:
        yield made


def test_sigterm_ends_the_batch_and_loses_nothing(signpost: System, tmp_path: Path) -> None:
    urls = (signpost.database_url, signpost.broker_url)
    sent = [event("offer.extended", f"drain-{number}", offer="o-1") for number in range(150)]
    with Collector(signpost.broker) as collector, count_seen_events(urls[0]) as seen:
        signpost.send(*sent)
        first = WorkerProcess("advisor", tmp_path, *urls, batch_size="5")
        with kill_afterwards(first):
            wait_until(lambda: seen() > 10, "some events to be seen", 60)
            assert first.stop() == 0, first.log.read_text()
        handled = seen()
        assert 10 < handled < 150
        assert signpost.store.outbox.depth(0).waiting == 0, "what was committed was not published before the end"
        wait_until(lambda: signpost.broker.queue_depth(ADVISOR) == 150 - handled, "the rest to be given back", 10)
        second = WorkerProcess("advisor", tmp_path, *urls)
        with kill_afterwards(second):
            wait_until(lambda: seen() == 150, "all events to be seen", 60)
            wait_until_drained(signpost.broker, ADVISOR, lambda: signpost.store.outbox.depth(0).waiting, 30)
            assert second.stop() == 0
        emitted = [one for one in collector.changes if one[1] == ASKED]
        wait_until(lambda: len([one for one in collector.changes if one[1] == ASKED]) == 150, "all advice", 10)
    assert len(emitted) <= 150
    assert set(collector.changes.values()) == {1}
    assert signpost.broker.queue_depth(DEAD) == 0


@pytest.mark.long
def test_several_advisors_share_a_queue(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """Both get events of the same cases at the same time, and of cases that are being merged."""
    sent = []
    for number in range(150):
        person = f"c-{number % 30}"
        sent.append(event("offer.extended", person, offer=f"o-{number}"))
        if number % 5 == 4:
            sent.append(event("candidate.merged", person, at=number, into=f"c-{(number + 1) % 30}"))
    with addresses("rabbitmq", request) as urls, open_system(*urls) as signpost, count_seen_events(urls[0]) as seen:
        advisors = [WorkerProcess("advisor", tmp_path, *urls, batch_size="7", prefetch="10") for _ in range(2)]
        relay = WorkerProcess("relay", tmp_path, *urls, outbox_lease="1")
        with Collector(signpost.broker) as collector, kill_afterwards(*advisors, relay):
            wait_until(lambda: advisors[0].log.read_text().count("advisor runs") == 2, "both to run", 60)
            signpost.send(*sent)
            wait_until(lambda: seen() == len(sent), "all events to be seen", 90)
            wait_until_drained(signpost.broker, ADVISOR, lambda: signpost.store.outbox.depth(0).waiting, 60)
            assert [advisor.stop() for advisor in advisors] == [0, 0]
            feed, _ = signpost.store.feed("acme", limit=10_000)
            wait_until(lambda: len(collector.changes) == len(feed), "all advice to be collected", 30)
        signpost.now = wall_clock()
        for number in range(30):
            assert signpost.standing(f"c-{number}") == signpost.expected(f"c-{number}")
        assert signpost.broker.queue_depth(DEAD) == 0


@pytest.mark.parametrize("name", NAMES)
def test_an_idle_worker_ends_at_once(signpost: System, tmp_path: Path, name: str) -> None:
    urls = (signpost.database_url, signpost.broker_url)
    worker = WorkerProcess(name, tmp_path, *urls, rules=str(FEW_RULES))
    with kill_afterwards(worker):
        wait_until(lambda: f"{name} runs" in worker.log.read_text(), f"{name} to run", 60)
        assert worker.stop(MAX_STOP_S) == 0
    assert f"{name} stopped" in worker.log.read_text()


def test_the_clock_and_the_relay_work_as_processes(signpost: System, tmp_path: Path) -> None:
    urls = (signpost.database_url, signpost.broker_url)
    signpost.now = wall_clock()
    due = event("offer.extended", "due", offer="o-1", employer={"name": "Acme"})
    signpost.handle(due)
    standing = signpost.standing("due")
    with signpost.store.transaction() as tx:
        [row] = tx.lock_cases([("acme", "due")]).values()
        row.next_change, row.advice = 1, b""
        tx.save_cases([row])
        tx.enqueue([message(due)], tenant="acme", case_key="due", now=1, leased_until=1)
    clock, relay = (WorkerProcess(name, tmp_path, *urls, clock_interval="0.1") for name in ("clock", "relay"))
    with kill_afterwards(clock, relay):
        wait_until(lambda: signpost.standing("due") == standing, "the case to be woken", 60)
        wait_until(lambda: signpost.store.outbox.depth(0).waiting == 0, "the outbox to be sent", 60)
        assert (clock.stop(), relay.stop()) == (0, 0)
    signpost.work(1)


@pytest.mark.parametrize("kind", KINDS)
def test_a_missing_topology_is_said_in_words(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    with addresses(kind, request) as (database_url, broker_url):
        upgrade(database_url)
        worker = WorkerProcess("advisor", tmp_path, database_url, broker_url, rules=str(FEW_RULES))
        with kill_afterwards(worker):
            wait_until(lambda: not worker.runs, "the advisor to end", 60)
            assert worker.stop() == 2
        assert "is missing; run `signpost topology apply` first" in worker.log.read_text()
