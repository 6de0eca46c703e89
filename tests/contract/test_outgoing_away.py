"""A deliverer whose database is away for a while: what became of webhooks is kept, and nothing is sent twice."""

from itertools import groupby
from typing import Any, cast

import pytest

from signpost.case.instant import HOUR, MINUTE, SECOND
from signpost.metrics import health
from signpost.outgoing.sender import Reply
from signpost.storage import StorageUnavailable, Store
from signpost.workers.delivering import LEASE_MARGIN_US
from tests.support.deliverer_runs import run_for
from tests.support.receivers import LIMITS, NOW, OK, REFUSED, Receiver, World, change_of, record

LEASE_US = LIMITS.timeout_us + LEASE_MARGIN_US


class Away:
    """The store, but for a time in which the database is away. `times` counts the calls in it."""

    def __init__(self, world: World, since: int, until: int) -> None:
        self._world, self._since, self._until = world, since, until
        self.times = 0

    @property
    def outgoing(self) -> Any:
        if self._since <= self._world.now < self._until:
            self.times += 1
            raise StorageUnavailable("the database is away")
        return self._world.store.outgoing


def play(world: World, away_us: int, run_us: int = 5 * MINUTE) -> Away:
    """Run a deliverer whose database goes away while the first webhook is on its way. Raises TransientError."""
    store = Away(world, NOW + SECOND // 100, NOW + away_us)
    run_for(world, run_us, store=cast(Store, store))
    return store


@pytest.mark.parametrize("away_us", [2 * SECOND, LEASE_US - SECOND])
def test_what_is_in_hand_is_settled_once_the_database_is_back(world: World, away_us: int) -> None:
    receiver = world.add(Receiver())
    record(world.store, change_of("r-1", 1, "raised"), change_of("r-2", 1, "raised", key="c-2"))
    store = play(world, away_us)
    # Asks a few times a second, and not as fast as it can
    assert 1 < store.times <= 3 * away_us // SECOND
    assert [(item, sequence) for _, item, sequence, _ in receiver.got] == [("r-1", 1), ("r-2", 1)]
    assert [one.outcome for one in world.store.endpoints.attempts("acme", "ep_1")] == ["delivered"] * 2
    assert not world.store.endpoints.counts(world.now)


def test_a_refusal_counts_once(world: World) -> None:
    receiver = world.add(Receiver(lambda now: REFUSED if now < NOW + SECOND else OK))
    record(world.store, change_of("r-1", 1, "raised"))
    play(world, 10 * SECOND)
    attempts = world.store.endpoints.attempts("acme", "ep_1")
    assert [(one.number, one.outcome) for one in attempts] == [(2, "delivered"), (1, "refused")]
    assert receiver.asked == {"refused": 1, "delivered": 1}


def test_later_another_deliverer_may_have_sent_it(world: World) -> None:
    world.add(Receiver())
    record(world.store, change_of("r-1", 1, "raised"))
    with pytest.raises(StorageUnavailable):
        play(world, 5 * MINUTE)
    assert LEASE_US - SECOND <= world.now - NOW <= LEASE_US + SECOND


def test_the_lease_that_ends_first_decides(world: World) -> None:
    """The ninth webhook of an endpoint is claimed once the first one has ended, so that its lease ends later."""

    def behave(now: int) -> Reply:
        receiver.takes_us = SECOND // 5 if receiver.asked.total() == 0 else HOUR
        return OK

    receiver = world.add(Receiver(behave))
    record(world.store, *(change_of(f"r-{number}", 1, "raised", key=f"c-{number}") for number in range(9)))
    with pytest.raises(StorageUnavailable):
        # Away on the beat of its pauses
        run_for(world, 5 * MINUTE, store=cast(Store, Away(world, NOW + SECOND // 2, NOW + 5 * MINUTE)))
    assert receiver.asked == {"delivered": 9}
    assert world.now == NOW + LEASE_US


def test_it_says_that_the_database_is_away(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    reports: list[bool] = []
    monkeypatch.setattr(health, "report", lambda parts: reports.append(parts["database"]))
    world.add(Receiver())
    record(world.store, change_of("r-1", 1, "raised"))
    play(world, 2 * SECOND, 3 * SECOND)
    assert [key for key, _ in groupby(reports)] == [True, False, True]


def test_a_deliverer_with_nothing_in_hand_starts_anew_at_once(world: World) -> None:
    with pytest.raises(StorageUnavailable):
        play(world, MINUTE)
    assert world.now - NOW <= SECOND
