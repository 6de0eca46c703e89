"""kill -9 of the advisor in the middle of many events: no advice lost, none invented (promise 4)."""

import random
from pathlib import Path

import pytest

from signpost.case.event import Event
from signpost.case.instant import DAY, format_instant
from signpost.messaging.topology import ADVISOR
from signpost.names import DEAD
from signpost.workers.process import wall_clock
from tests.support.private_servers import wait_until
from tests.support.workers_kit import KINDS, System, addresses, open_system
from tests.support.workers_kit import recent_event as event
from tests.support.workers_processes import (
    CollectedChange,
    Collector,
    WorkerProcess,
    count_seen_events,
    kill_afterwards,
    wait_until_drained,
)

pytestmark = pytest.mark.faults

FEW, MANY = 400, 5_000
"""Events in `make test`, and in `make faults`."""
RESPOND_BY = format_instant(wall_clock() + 10 * DAY)
SETTINGS = {"batch_size": "20", "prefetch": "40"}


@pytest.fixture
def size(request: pytest.FixtureRequest) -> int:
    """How many events."""
    return MANY if "faults" in (request.config.option.markexpr or "") else FEW


def events(count: int) -> list[Event]:
    """So many messages about a fifth as many candidates: in no order, some twice, some known by an application only."""
    luck = random.Random(count)
    made: list[Event] = []
    for number in range(count // 5):
        person, offer = f"c-{number}", f"o-{number}"
        owner = f"application:a-{number}" if number % 3 == 0 else person
        mine = [
            event("offer.extended", owner, offer=offer, employer={"id": "e", "name": f"Employer {number}"}),
            event("offer.updated", owner, at=1, offer=offer, respond_by=RESPOND_BY),
            event("application.submitted", person, at=2, application=f"a-{number}", employer={"name": "Later Known"}),
            event("offer.accepted" if number % 2 else "offer.updated", person, at=3, offer=offer),
        ]
        if number % 50 == 1:
            mine.append(event("candidate.merged", person, at=4, into=f"c-{number - 1}"))
        made += [*mine, luck.choice(mine)][:5]
    window = 25
    for start in range(0, len(made), window):
        part = made[start : start + window]
        luck.shuffle(part)
        made[start : start + window] = part
    return made


class Run:
    """One run over the events, with a relay beside the advisor; the advisor is killed `kills` times."""

    def __init__(self, system: System, folder: Path, sent: list[Event]) -> None:
        self.system, self.folder, self.sent = system, folder, sent
        self.distinct = len({each.id for each in sent})
        self.seen_at_kills: list[int] = []

    def emitted(self, kills: int) -> dict[CollectedChange, int]:
        """What was published, and how often."""
        urls = (self.system.database_url, self.system.broker_url)
        # A lease that ends while a slow machine still publishes means a repeat, of which an undisturbed run has none
        settings = {**SETTINGS, "outbox_lease": "1" if kills else "60"}
        relay = WorkerProcess("relay", self.folder, *urls, **settings)
        with Collector(self.system.broker) as collector, count_seen_events(urls[0]) as seen, kill_afterwards(relay):
            self.system.send(*self.sent)
            for number in range(kills):
                advisor = WorkerProcess("advisor", self.folder, *urls, **settings)
                with kill_afterwards(advisor):
                    advisor.wait_for_events(seen, self.distinct * (number + 1) // (kills + 4), 120)
                self.seen_at_kills.append(seen())
            advisor = WorkerProcess("advisor", self.folder, *urls, **settings)
            with kill_afterwards(advisor):
                advisor.wait_for_events(seen, self.distinct, 240)
                wait_until_drained(self.system.broker, ADVISOR, lambda: self.system.store.outbox_depth(0).waiting, 60)
                wait_until(lambda: len(collector.changes) >= self.recorded(), "all advice to be collected", 30)
                assert advisor.stop() == 0, advisor.log.read_text()
            assert relay.stop() == 0, relay.log.read_text()
        return collector.changes

    def recorded(self) -> int:
        """How many changes the feed holds."""
        return len(self.system.store.feed("acme", limit=1_000_000)[0])


@pytest.mark.parametrize("kind", KINDS)
def test_a_killed_advisor_loses_and_invents_nothing(
    kind: str, size: int, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    sent = events(size)
    with addresses(kind, request) as urls, open_system(*urls) as system:
        undisturbed = Run(system, tmp_path, sent).emitted(kills=0)
    with addresses(kind, request) as urls, open_system(*urls) as system:
        run = Run(system, tmp_path, sent)
        disturbed = run.emitted(kills=3)
        assert all(0 < seen < run.distinct for seen in run.seen_at_kills), "the kills came too early or too late"
        assert len(set(run.seen_at_kills)) == 3
        assert system.broker.queue_depth(DEAD) == 0
        system.now = wall_clock()
        for key in {each.subject for each in sent}:
            assert system.standing(key) == system.expected(key), key
    assert len(undisturbed) > size / 2
    assert set(disturbed) == set(undisturbed)
    assert set(undisturbed.values()) == {1}
