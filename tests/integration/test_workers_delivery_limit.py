"""The broker's count of deliveries is no verdict: events that reach it are delivered again, and poison still ends."""

from collections.abc import Iterator

import pytest

from signpost.case.instant import MINUTE
from signpost.messaging import Outcome, Settlement
from signpost.messaging.message import REASON, ROUNDS
from signpost.messaging.topology import ADVISOR, DELIVERY_LIMIT
from signpost.names import DEAD
from signpost.workers.redelivery import MAX_ROUNDS
from signpost.workers.sweeping import Sweeper
from tests.support.workers_kit import KINDS, System, event, system, wait_for

ASKED = "ask-response-deadline@offer/o-1"


@pytest.fixture(params=KINDS)
def signpost(request: pytest.FixtureRequest) -> Iterator[System]:
    with system(request.param, request) as made:
        yield made


def fail_until_dead(signpost: System, count: int) -> None:
    """Return every delivery until the broker has moved the messages to the dead letters."""
    consumer = signpost.broker.consumer(ADVISOR, 100)
    left = count * (DELIVERY_LIMIT + 1)
    while left:
        deliveries = consumer.receive(100, 30)
        assert deliveries
        consumer.settle([Settlement(each, Outcome.RETRY) for each in deliveries], signpost.now)
        left -= len(deliveries)
    wait_for(lambda: signpost.broker.queue_depth(DEAD) == count)
    consumer.close()


def sweeper(signpost: System) -> Sweeper:
    """Return a sweeper that has swept already."""
    made = Sweeper(signpost.store, signpost.broker, 0)
    made.step(signpost.now)
    return made


def test_events_beyond_the_delivery_limit_are_counted(signpost: System) -> None:
    sweeps = sweeper(signpost)
    names = [f"counted-{number}" for number in range(5)]
    signpost.send(*(event("offer.extended", name, offer="o-1") for name in names))
    fail_until_dead(signpost, len(names))
    signpost.now += MINUTE
    sweeps.step(signpost.now)
    signpost.work(len(names))
    assert [name for name in names if ASKED not in signpost.standing(name)] == []
    assert signpost.broker.queue_depth(DEAD) == 0


def test_an_event_that_fails_again_and_again_stays_a_dead_letter(signpost: System) -> None:
    sweeps = sweeper(signpost)
    signpost.send(event("offer.extended", "poison", offer="o-1"))
    for rounds in range(MAX_ROUNDS + 1):
        fail_until_dead(signpost, 1)
        signpost.now += MINUTE
        sweeps.step(signpost.now)
        wait_for(lambda: signpost.broker.queue_depth(ADVISOR if rounds < MAX_ROUNDS else DEAD) == 1)  # noqa: B023
    sweeps.sweep(signpost.now)
    wait_for(lambda: signpost.broker.queue_depth(DEAD) == 1)
    (dead,) = signpost.broker.get(DEAD, 10)
    assert (dead.headers[REASON], dead.headers[ROUNDS]) == ("delivery limit", MAX_ROUNDS)


def test_an_erased_event_is_not_delivered_again(signpost: System) -> None:
    sweeps = sweeper(signpost)
    signpost.send(event("offer.extended", "erased", offer="o-1"))
    fail_until_dead(signpost, 1)
    signpost.handle(event("candidate.erased", "erased", at=1))
    signpost.now += MINUTE
    sweeps.step(signpost.now)
    assert signpost.broker.queue_depth(DEAD) == signpost.broker.queue_depth(ADVISOR) == 0


def test_an_event_that_an_advisor_parked_is_not_delivered_again(signpost: System) -> None:
    consumer = signpost.broker.consumer(ADVISOR, 10)
    signpost.send(event("offer.extended", "parked", offer="o-1"))
    consumer.settle([Settlement(each, Outcome.DEAD, "bad") for each in consumer.receive(1, 30)], signpost.now)
    consumer.close()
    wait_for(lambda: signpost.broker.queue_depth(DEAD) == 1)
    sweeps = sweeper(signpost)
    sweeps.sweep(signpost.now)
    wait_for(lambda: signpost.broker.queue_depth(DEAD) == 1)
    assert signpost.broker.queue_depth(ADVISOR) == 0
