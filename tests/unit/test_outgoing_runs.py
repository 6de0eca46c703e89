"""The loop of a deliverer: what it spreads, counts, logs, deletes and finishes. In virtual time, without a network."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from signpost.case.instant import DAY, HOUR, MINUTE, SECOND
from signpost.metrics import health, table
from signpost.outgoing.schedule import LONGEST_US, Patience
from signpost.outgoing.sender import Reply
from signpost.storage import open_store
from signpost.workers import delivering
from signpost.workers.delivering import DeliveryLimits, limits_of
from tests.support.databases import migrate
from tests.support.deliverer_runs import run_for
from tests.support.receivers import AWAY, GONE, HANGS, LIMITS, NOW, OK, REFUSED, Receiver, World, change_of, record


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A world on an empty database, whose time is also that of pauses."""
    url = f"sqlite:///{tmp_path / 'signpost.db'}"
    migrate(url)
    with open_store(url) as store:
        yield World(store)


class Noted:
    """A metric that keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    def inc(self, *values: str) -> None:
        self.told.append(values)

    def observe(self, value: float) -> None:
        self.told.append(value)

    set = observe


@pytest.fixture
def metrics(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[Any]]:
    """Name of a metric -> what it was told."""
    names = (
        "WEBHOOKS_SENT", "WEBHOOK_SECONDS", "WEBHOOK_AGE", "WEBHOOKS_WAITING", "WEBHOOKS_OLDEST", "WEBHOOKS_SET_ASIDE",
        "ENDPOINTS_FAILING", "ENDPOINTS_DISABLED",
    )  # fmt: skip
    made = {name: Noted() for name in names}
    for name, one in made.items():
        monkeypatch.setattr(table, name, one)
    return {name: one.told for name, one in made.items()}


def fill(world: World, number: int) -> None:
    """Record a change for each of so many candidates."""
    record(world.store, *(change_of(f"r-{one}", 1, "raised", key=f"c-{one}") for one in range(number)))


def test_the_limits_are_those_of_the_settings() -> None:
    limits = DeliveryLimits(64, 1_500_000, 7 * DAY, 90 * DAY, Patience(3 * DAY))
    assert limits_of(64, 1.5, 3, 7, 90) == limits


def test_all_announcements_are_spread_at_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivering, "SPREAD_BATCH", 2)
    world.add(Receiver())
    fill(world, 5)
    # Five are spread, and as many as an endpoint may have at once are claimed
    assert world.deliverer().step() == 10
    assert not world.store.outgoing.announced()


@pytest.mark.parametrize("at_once", [1, 3])
def test_no_more_are_in_hand_than_the_process_may_send(world: World, at_once: int) -> None:
    world.add(Receiver())
    fill(world, 7)
    deliverer = world.deliverer(replace(LIMITS, at_once=at_once))
    assert deliverer.step() == 7 + at_once
    for _ in range(2):
        assert deliverer.step() == 0
        assert len(deliverer.dispatcher.in_hand) == at_once
    world.now += SECOND
    assert deliverer.step() == 2 * at_once, "so many are settled, and as many are claimed"


def test_all_endpoints_have_their_turn(world: World) -> None:
    receivers = [world.add(Receiver(), f"ep_{number}") for number in range(4)]
    fill(world, 4)
    deliverer = world.deliverer(replace(LIMITS, at_once=1))
    for _ in range(5):
        deliverer.step()
        world.now += SECOND
    assert [len(one.got) for one in receivers] == [1, 2, 1, 1]


def test_what_was_not_sent_in_time_is_claimed_again(world: World) -> None:
    receiver = world.add(Receiver())
    fill(world, 1)
    deliverer = world.deliverer()
    deliverer.step()
    assert deliverer.dispatcher.within == [15], "long before its lease ends"
    [(at, result)] = deliverer.dispatcher.in_hand
    deliverer.dispatcher.in_hand = [(at, replace(result, reply=None))]
    deliverer.run(world, 2 * SECOND)
    assert (len(receiver.got), len(world.store.endpoints.attempts("acme", "ep_1"))) == (2, 1)


def test_what_was_not_sent_leaves_its_place_to_others(world: World) -> None:
    world.add(Receiver())
    other = world.add(Receiver(), "ep_2")
    fill(world, 1)
    world.store.endpoints.disable("acme", "ep_2", "by hand", NOW)
    deliverer = world.deliverer(replace(LIMITS, at_once=1))
    deliverer.step()
    [(_, result)] = deliverer.dispatcher.in_hand
    deliverer.dispatcher.in_hand = [(NOW, replace(result, reply=None))]
    world.store.endpoints.disable("acme", "ep_1", "by hand", NOW)
    world.store.endpoints.enable("acme", "ep_2", NOW)
    deliverer.step()
    assert other.states == {"r-0": "raised"}


def test_a_receiver_that_asks_for_a_pause_gets_it(world: World) -> None:
    asked: list[int] = []

    def behave(now: int) -> Reply:
        asked.append(now)
        return replace(REFUSED, retry_after=10 * MINUTE)

    world.add(Receiver(behave))
    fill(world, 1)
    world.deliverer().run(world, 12 * MINUTE)
    assert [at - asked[0] >= 10 * MINUTE for at in asked] == [False, True]


def test_the_longest_pause_is_kept(world: World) -> None:
    world._random = SimpleNamespace(random=lambda: 1.0)  # type: ignore[assignment]
    asked: list[int] = []

    def behave(now: int) -> Reply:
        asked.append(now)
        return AWAY

    world.add(Receiver(behave))
    fill(world, 1)
    world.deliverer().run(world, 2 * DAY)
    assert asked[-1] - asked[-2] >= LONGEST_US
    world.now, tried = asked[-1] + 2 * SECOND, len(asked)
    world.deliverer().step()
    world.deliverer().step()
    assert len(asked) == tried


def test_an_idle_deliverer_looks_twice_a_second(world: World) -> None:
    assert run_for(world, 10 * SECOND).waits == [0.5] * 20


def test_a_busy_one_makes_no_pause(world: World) -> None:
    world.add(Receiver(takes_us=9 * SECOND))
    fill(world, 1)
    assert run_for(world, 9 * SECOND).waits == []


def test_webhooks_are_counted_and_measured(world: World, metrics: dict[str, list[Any]]) -> None:
    world.add(Receiver(takes_us=2 * SECOND))
    world.add(Receiver(lambda _now: AWAY, takes_us=SECOND), "ep_2")
    fill(world, 1)
    world.now += 3 * SECOND
    run_for(world, 4 * SECOND)
    assert sorted(metrics["WEBHOOKS_SENT"]) == [("delivered",), ("failed",)]
    assert sorted(metrics["WEBHOOK_SECONDS"]) == [1, 2]
    assert metrics["WEBHOOK_AGE"] == [5]


def test_no_webhook_is_younger_than_nothing(world: World, metrics: dict[str, list[Any]]) -> None:
    world.add(Receiver(takes_us=0))
    record(world.store, change_of("r-1", 1, "raised"), now=NOW)
    deliverer = world.deliverer()
    deliverer.step()
    [(at, result)] = deliverer.dispatcher.in_hand
    deliverer.dispatcher.in_hand = [(at, replace(result, began=NOW - HOUR))]
    deliverer.step()
    assert metrics["WEBHOOK_AGE"] == [0]


def test_what_waits_is_sampled_four_times_a_minute(world: World, metrics: dict[str, list[Any]]) -> None:
    world.add(Receiver(lambda now: GONE if now > NOW + 2 * SECOND else AWAY))
    fill(world, 2)
    world.now += 7 * SECOND
    run_for(world, 46 * SECOND)
    assert metrics["WEBHOOKS_WAITING"] == [2] * 4
    assert metrics["WEBHOOKS_OLDEST"][0] == 7
    assert metrics["WEBHOOKS_SET_ASIDE"] == [0] * 4
    assert (metrics["ENDPOINTS_FAILING"][0], metrics["ENDPOINTS_DISABLED"][-1]) == (0, 1)


@pytest.mark.parametrize(("batch", "turns"), [(1, 3), (1_000, 1)])
def test_old_attempts_are_deleted_batch_after_batch(
    world: World, monkeypatch: pytest.MonkeyPatch, batch: int, turns: int
) -> None:
    monkeypatch.setattr(delivering, "PRUNE_BATCH", batch)
    world.add(Receiver())
    fill(world, 3)
    run_for(world, MINUTE)
    assert len(world.store.endpoints.attempts("acme", "ep_1")) == 3
    world.now = NOW + LIMITS.attempt_age_us - SECOND
    run_for(world, SECOND // 2)
    assert len(world.store.endpoints.attempts("acme", "ep_1")) == 3
    world.now += MINUTE
    run_for(world, turns * SECOND)
    assert world.store.endpoints.attempts("acme", "ep_1") == []


@pytest.mark.parametrize(("age_us", "is_left"), [(0, True), (90 * DAY, False)])
def test_old_messages_are_deleted_unless_all_are_kept(world: World, age_us: int, is_left: bool) -> None:
    world.add(Receiver())
    fill(world, 1)
    run_for(world, SECOND)
    world.store.endpoints.disable("acme", "ep_1", "by hand", NOW)
    record(world.store, change_of("r-0", 2, "resolved", key="c-0"))
    run_for(world, SECOND)
    world.now += 91 * DAY
    run_for(world, SECOND, replace(LIMITS, message_age_us=age_us))
    assert bool(world.store.endpoints.counts(world.now)) == is_left


def test_what_is_on_its_way_at_the_end_is_settled(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivering, "time", SimpleNamespace(monotonic=lambda: world.now / SECOND))
    world.add(Receiver(takes_us=10 * SECOND))
    fill(world, 1)
    run_for(world, SECOND)
    assert [one.outcome for one in world.store.endpoints.attempts("acme", "ep_1")] == ["delivered"]
    assert 10 * SECOND <= world.now - NOW <= 11 * SECOND, "it ends with the last one"


def test_the_end_waits_fifteen_seconds(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivering, "time", SimpleNamespace(monotonic=lambda: world.now / SECOND))
    world.add(Receiver(takes_us=HOUR))
    fill(world, 1)
    run_for(world, SECOND)
    assert 16 * SECOND <= world.now - NOW <= 16.5 * SECOND
    assert world.store.endpoints.attempts("acme", "ep_1") == []


def test_a_failure_is_logged_once_and_the_end_of_an_endpoint_with_the_command(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.add(Receiver(lambda now: GONE if now >= NOW + 10 * MINUTE else AWAY))
    fill(world, 4)
    with caplog.at_level(logging.WARNING, "signpost.deliverer"):
        world.deliverer().run(world, HOUR)
    lines = [one.getMessage() for one in caplog.records if one.name == "signpost.deliverer"]
    said = "the receiver answered 410 Gone; `signpost endpoints enable ep_1` enables it"
    assert lines == [
        "endpoint ep_1 of tenant acme: ConnectError: refused",
        "endpoint ep_1 of tenant acme is disabled: " + said,
    ]


def test_its_health_is_that_of_its_database(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    reports: list[object] = []
    monkeypatch.setattr(health, "turn", lambda: reports.append("turn"))
    monkeypatch.setattr(health, "report", reports.append)
    run_for(world, SECOND)
    assert reports == ["turn", {"database": True}] * 2


def test_a_body_is_kept_for_a_replay_of_a_state_only(world: World) -> None:
    receiver = world.add(Receiver(lambda now: HANGS if now == NOW else OK))
    fill(world, 1)
    run_for(world, MINUTE)
    assert receiver.states == {"r-0": "raised"}
    row = world.store.endpoints.get("acme", "ep_1")
    assert row is not None
    assert world.store.outgoing.known(row, world.now) == []
