"""The ledger of endpoints in virtual time: receivers that fail, hang, lie and go away, and deliverers that die.

Each seed is a run of four days: random changes of advice, receivers with moods, two deliverers of which one may lose
all that it holds. Then all receivers work, and the accounts must agree.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from signpost.case.instant import DAY, HOUR, MINUTE, SECOND
from signpost.storage import Claimed, open_store
from signpost.workers.delivering import Result
from tests.support.databases import migrate
from tests.support.long_suite import some
from tests.support.receivers import (
    AWAY,
    ENDED,
    FAULTY,
    HANGS,
    NOW,
    OK,
    REFUSED,
    Receiver,
    World,
    change_of,
    record,
)

MOODS = (OK, OK, OK, AWAY, REFUSED, FAULTY, HANGS)
LASTS_US = (MINUTE, 10 * MINUTE, HOUR, 6 * HOUR)
SEEDS = some(range(4), 4)


@dataclass
class Ledger(Receiver):
    """A receiver that notes whether what it got was the present state, and that lies: what it refuses with 500 it may
    have processed, and after a mood of HANGS it has."""

    latest: dict[str, tuple[int, str]] = field(default_factory=dict)
    """Item -> sequence and change, as they are."""
    ended_as_new: list[str] = field(default_factory=list)

    def receive(self, message: Claimed, now: int):  # type: ignore[no-untyped-def]
        reply = super().receive(message, now)
        item, sequence = message.message.item, message.message.sequence
        if self.latest[item][1] in ENDED and sequence < self.latest[item][0]:
            self.ended_as_new.append(f"{item}.{sequence}")
        return reply


@dataclass
class Advice:
    """What stands, as the workers record it."""

    random: random.Random
    items: dict[str, tuple[int, str]] = field(default_factory=dict)

    def change(self) -> tuple[str, int, str, str]:
        """Raise, update or end something: item, sequence, change and candidate."""
        active = [item for item, (_, change) in self.items.items() if change not in ENDED]
        if not active or self.random.random() < 0.3:
            item, sequence, change = f"r-{len(self.items)}", 1, "raised"
        else:
            item = self.random.choice(active)
            sequence = self.items[item][0] + 1
            change = self.random.choice(("updated", "updated", "resolved", "expired"))
        self.items[item] = (sequence, change)
        return item, sequence, change, f"c-{int(item[2:]) % 7}"


def moods(chosen: random.Random, back_at: int) -> Iterator[tuple[int, object]]:
    """(until when, reply) of a receiver."""
    now = NOW
    while now < back_at:
        now += chosen.choice(LASTS_US)
        yield now, chosen.choice(MOODS)


def receiver(chosen: random.Random, back_at: int, latest: dict[str, tuple[int, str]], *, away: bool) -> Ledger:
    """A receiver with moods, or one that is away for two days; it works from `back_at` on."""
    plan = [(NOW + 2 * DAY, AWAY)] if away else list(moods(chosen, back_at))

    def behave(now: int):  # type: ignore[no-untyped-def]
        return OK if now >= back_at else next((reply for until, reply in plan if now < until), OK)

    return Ledger(behave, takes_us=chosen.choice((SECOND // 20, SECOND, 9 * SECOND)), latest=latest)


@pytest.fixture(params=["postgresql", "sqlite"])
def url(request: pytest.FixtureRequest) -> str:
    """An upgraded database of each kind."""
    url: str = request.getfixturevalue("postgres_url" if request.param == "postgresql" else "sqlite_url")
    migrate(url)
    return url


@pytest.mark.parametrize("seed", SEEDS)
def test_the_final_state_is_reached_in_order_and_nothing_ended_is_new(url: str, seed: int) -> None:
    chosen = random.Random(seed)
    with open_store(url) as store:
        world, advice, back_at = World(store, seed=seed), Advice(chosen), NOW + 3 * DAY
        ledgers = {
            f"ep_{number}": world.add(
                receiver(chosen, back_at, advice.items, away=number == 0),
                f"ep_{number}",
                every_change=number == 3,
            )
            for number in range(4)
        }
        _live(world, advice, chosen, back_at)
        for name in ledgers:
            store.endpoints.enable("acme", name, world.now)
        world.deliverer().run(world, DAY)
        assert not store.endpoints.counts(world.now)
    for name, ledger in ledgers.items():
        assert isinstance(ledger, Ledger)
        _check(name, ledger, advice)


def _live(world: World, advice: Advice, chosen: random.Random, until: int) -> None:
    """Changes, and two deliverers of which one dies now and then with all that it holds."""
    deliverers = [world.deliverer(), world.deliverer()]
    while world.now < until:
        for _ in range(chosen.randint(0, 4)):
            item, sequence, change, key = advice.change()
            record(world.store, change_of(item, sequence, change, key), now=world.now)
        for _ in range(chosen.randint(1, 12)):
            chosen.choice(deliverers).step()
            world.now += chosen.choice((SECOND // 20, SECOND, 7 * SECOND))
        if chosen.random() < 0.2:
            deliverers[chosen.randrange(2)] = world.deliverer()
        world.now += chosen.choice((MINUTE, HOUR, 2 * HOUR, 3 * HOUR))


def _check(name: str, ledger: Ledger, advice: Advice) -> None:
    known: dict[str, tuple[int, str]] = {}
    sequences: dict[str, list[int]] = defaultdict(list)
    for _, item, sequence, change in ledger.got:
        known[item] = (sequence, change)
        sequences[item].append(sequence)
    assert [item for item, found in sequences.items() if found != sorted(found)] == [], name
    if name != "ep_3":
        assert ledger.ended_as_new == [], name
    for item, (sequence, change) in advice.items.items():
        # Of what has ended before it could arrive, nothing is known
        assert known.get(item) == (sequence, change) or (change in ENDED and item not in known), (name, item)
    if name == "ep_3":
        assert {item: set(found) for item, found in sequences.items()} == {
            item: set(range(1, sequence + 1)) for item, (sequence, _) in advice.items.items()
        }


def test_the_ledger_notices_what_it_must() -> None:
    advice, ledger = Advice(random.Random(1)), Ledger()
    advice.items["r-1"] = (2, "resolved")
    for got in ([(NOW, "r-1", 1, "raised")], [(NOW, "r-1", 2, "resolved"), (NOW, "r-1", 1, "raised")]):
        ledger.got = got
        with pytest.raises(AssertionError):
            _check("ep_1", ledger, advice)


def test_two_days_away_end_in_the_state_of_today(url: str) -> None:
    """100 changes of 10 recommendations, of which half end: 5 messages arrive."""
    with open_store(url) as store:
        world = World(store)
        back = world.add(Receiver(lambda now: OK if now >= NOW + 2 * DAY else AWAY))
        for number in range(100):
            item, sequence = f"r-{number % 10}", number // 10 + 1
            ends = sequence == 10 and number % 2
            change = "resolved" if ends else "raised" if sequence == 1 else "updated"
            record(store, change_of(item, sequence, change, f"c-{number % 5}"), now=world.now)
            world.deliverer().run(world, 20 * MINUTE)
        world.deliverer().run(world, 2 * DAY)
        assert Counter(sequence for _, _, sequence, _ in back.got) == Counter({10: 5})
        assert set(back.states) == {f"r-{number}" for number in range(0, 10, 2)}


def test_results_that_come_after_the_lease_are_harmless(url: str) -> None:
    """A deliverer that was frozen says late what it sent; another one has sent it again, and more."""
    with open_store(url) as store:
        world = World(store)
        ledger = world.add(Receiver())
        record(store, change_of("r-1", 1, "raised"))
        frozen = world.deliverer()
        frozen.step()
        assert isinstance(frozen.dispatcher.in_hand[0][1], Result)
        world.now += 10 * MINUTE
        record(store, change_of("r-1", 2, "updated"), now=world.now)
        world.deliverer().run(world, MINUTE)
        frozen.run(world, MINUTE)
        assert [sequence for _, _, sequence, _ in ledger.got] == [1, 2]
        assert not store.endpoints.counts(world.now)
