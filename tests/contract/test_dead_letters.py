"""Dead letters on both brokers: listing takes nothing, a requeue loses nothing, and queues stay within their size."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pika
import pytest

from signpost.case.instant import DAY, HOUR, MINUTE
from signpost.dead_letters import Choice, DeadLetterQueue
from signpost.errors import TransientError
from signpost.messaging import Bounds, Broker, BrokerAway, Delivery, Message, NoSuchQueue, Outcome, Settlement
from signpost.messaging.message import REASON, REQUEUES, ROUTING_KEY, Choose
from signpost.messaging.rabbitmq.admin import open_admin
from signpost.messaging.topology import ADVISOR, UNROUTED, consumer_queue, consumer_topology, dead_letter_queue
from signpost.names import ADVICE, DEAD, EVENTS
from signpost.workers.sweeping import Sweeper
from tests.support.workers_kit import KINDS, System, event, system, wait_for

POISON = b'{"tenant": "acme", "id": "p", "type": "signpost.offer.extended.v1"}'


@pytest.fixture(params=KINDS)
def signpost(request: pytest.FixtureRequest) -> Iterator[System]:
    with system(request.param, request) as made:
        yield made


@pytest.fixture
def rabbit(request: pytest.FixtureRequest) -> Iterator[System]:
    with system("rabbitmq", request) as made:
        yield made


def poison(number: int) -> Message:
    """A message that no advisor can process."""
    return Message(EVENTS, "0.acme.offer.extended", POISON, f"p-{number}")


def park(signpost: System, count: int) -> None:
    """So many dead letters, made by an advisor, oldest first."""
    for number in range(count):
        signpost.send(poison(number))
        signpost.work(1)
        signpost.now += MINUTE
    wait_for(lambda: signpost.broker.queue_depth(DEAD) == count)


def names(queue: DeadLetterQueue) -> list[str]:
    return [letter.message_id for letter in queue.browse(Choice()).letters]


def now() -> int:
    return time.time_ns() // 1000


def test_a_listing_removes_and_reorders_nothing(signpost: System) -> None:
    park(signpost, 4)
    queue = DeadLetterQueue(signpost.broker, DEAD)
    for _ in range(3):
        listing = queue.browse(Choice())
        assert [letter.message_id for letter in listing.letters] == ["p-0", "p-1", "p-2", "p-3"]
        assert (listing.total, listing.examined, listing.is_complete) == (4, 4, True)
        wait_for(lambda: signpost.broker.queue_depth(DEAD) == 4)
    assert [each.message_id for each in signpost.broker.get(DEAD, 9)] == ["p-0", "p-1", "p-2", "p-3"]


def test_a_listing_says_what_it_has_not_read(signpost: System) -> None:
    park(signpost, 3)
    listing = DeadLetterQueue(signpost.broker, DEAD, examine=2).browse(Choice())
    assert (len(listing.letters), listing.examined, listing.total, listing.is_complete) == (2, 2, 3, False)
    wait_for(lambda: signpost.broker.queue_depth(DEAD) == 3)
    exact = DeadLetterQueue(signpost.broker, DEAD, examine=3).browse(Choice())
    assert (exact.examined, exact.is_complete) == (3, True)


def test_an_empty_queue_and_a_missing_one(signpost: System) -> None:
    listing = DeadLetterQueue(signpost.broker, DEAD).browse(Choice())
    assert (listing.letters, listing.total, listing.is_complete) == ([], 0, True)
    with pytest.raises(NoSuchQueue):
        DeadLetterQueue(signpost.broker, "signpost.consumer.none.dead").browse(Choice())


def test_what_can_be_processed_now_is_processed(signpost: System) -> None:
    fine = event("offer.extended", "c-1", offer="o-1")
    consumer = signpost.broker.consumer(ADVISOR, 10)
    signpost.send(fine)
    consumer.settle([Settlement(each, Outcome.DEAD, "quota: x") for each in consumer.receive(1, 30)], signpost.now)
    consumer.close()
    wait_for(lambda: signpost.broker.queue_depth(DEAD) == 1)
    result = DeadLetterQueue(signpost.broker, DEAD).requeue(Choice(reason="quota"), 10, now())
    assert ([letter.message_id for letter in result.done], result.failed) == ([fine.id], [])
    signpost.work(1)
    assert "ask-response-deadline@offer/o-1" in signpost.standing("c-1")
    assert signpost.broker.queue_depth(DEAD) == 0


def test_what_fails_again_comes_back_and_counts(signpost: System) -> None:
    park(signpost, 1)
    queue = DeadLetterQueue(signpost.broker, DEAD)
    for requeues in (1, 2):
        assert len(queue.requeue(Choice(), 10, now()).done) == 1
        signpost.work(1)
        wait_for(lambda: signpost.broker.queue_depth(DEAD) == 1)
        (letter,) = queue.browse(Choice()).letters
        assert (letter.requeues, letter.kind, letter.group) == (requeues, "sender", "not an event")


def test_only_the_chosen_go_and_no_more_than_the_limit(signpost: System) -> None:
    park(signpost, 5)
    queue = DeadLetterQueue(signpost.broker, DEAD)
    first = queue.browse(Choice()).letters[3]
    assert len(queue.drop(Choice(ids=frozenset((first.id,))), 10).done) == 1
    wait_for(lambda: signpost.broker.queue_depth(DEAD) == 4)
    result = queue.drop(Choice(kind="sender"), 2)
    assert ([letter.message_id for letter in result.done], result.is_limited) == (["p-0", "p-1"], True)
    wait_for(lambda: signpost.broker.queue_depth(DEAD) == 2)
    assert names(queue) == ["p-2", "p-4"]
    assert queue.drop(Choice(kind="ours"), 2).settled == 0
    result = queue.drop(Choice(), 2)
    assert (len(result.done), result.is_limited) == (2, False)


def test_unrouted_advice_that_still_has_no_consumer_comes_back_once(signpost: System) -> None:
    advice = [
        Message(ADVICE, f"acme.candidate.t.high.{number}", b'{"tenant": "acme"}', f"a-{number}") for number in range(3)
    ]
    signpost.send(*advice)
    wait_for(lambda: signpost.broker.queue_depth(UNROUTED) == 3)
    queue = DeadLetterQueue(signpost.broker, UNROUTED)
    assert len(queue.requeue(Choice(), 100, now()).done) == 3
    wait_for(lambda: signpost.broker.queue_depth(UNROUTED) == 3)
    assert [(letter.message_id, letter.requeues, letter.tenant) for letter in queue.browse(Choice()).letters] == [
        ("a-0", 1, "acme"), ("a-1", 1, "acme"), ("a-2", 1, "acme"),
    ]  # fmt: skip


@dataclass
class Severed:
    """A broker whose connection is lost after the choice of a sweep, before anything is deleted."""

    broker: Broker

    def sweep(self, queue: str, choose: Choose) -> int:
        def choose_and_fail(page: Sequence[Delivery]) -> list[bool]:
            choose(page)
            raise BrokerAway("lost")

        return self.broker.sweep(queue, choose_and_fail)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.broker, name)


def test_a_requeue_that_ends_half_way_loses_nothing(signpost: System) -> None:
    park(signpost, 2)
    severed: Any = Severed(signpost.broker)
    with pytest.raises(TransientError):
        DeadLetterQueue(severed, DEAD).requeue(Choice(), 10, now())
    wait_for(lambda: signpost.broker.queue_depth(DEAD) == 2)
    wait_for(lambda: signpost.broker.queue_depth(ADVISOR) == 2)


def test_what_no_queue_takes_stays_and_says_why(signpost: System) -> None:
    signpost.send(Message(EVENTS, "0.acme.offer.extended", b"no json", "fits"))
    signpost.work(1)
    lost = Message(DEAD, "nowhere.acme.x", b"no json", "lost", {REASON: "not an event: x"})
    signpost.send(lost)
    wait_for(lambda: signpost.broker.queue_depth(DEAD) == 2)
    result = DeadLetterQueue(signpost.broker, DEAD).requeue(Choice(), 10, now())
    assert [letter.message_id for letter in result.done] == ["fits"]
    ((letter, problem),) = result.failed
    assert letter.message_id == "lost"
    assert "routing key nowhere.acme.x" in problem
    wait_for(lambda: signpost.broker.queue_depth(DEAD) == 1)


def test_the_latest_letters_stay_within_the_size(signpost: System) -> None:
    park(signpost, 5)
    sweeper = Sweeper(signpost.store, signpost.broker, 30 * DAY, max_messages=3)
    assert sweeper.sweep(signpost.now)[DEAD] == 2
    wait_for(lambda: signpost.broker.queue_depth(DEAD) == 3)
    assert sweeper.sweep(signpost.now)[DEAD] == 0
    wait_for(lambda: signpost.broker.queue_depth(DEAD) == 3)
    assert names(DeadLetterQueue(signpost.broker, DEAD)) == ["p-2", "p-3", "p-4"]


def reject(broker: Broker, queue: str, count: int, url: str) -> None:
    """What a consumer does with messages that it cannot process."""
    with pika.BlockingConnection(pika.URLParameters(url)) as connection:
        channel = connection.channel()
        left = count
        for method, _, _ in channel.consume(queue, inactivity_timeout=30):
            assert method is not None
            channel.basic_reject(method.delivery_tag, requeue=False)
            left -= 1
            if not left:
                break
    wait_for(lambda: broker.queue_depth(f"{queue}.dead") == count)


def add_consumer(rabbit: System, name: str, pattern: str) -> str:
    with open_admin(rabbit.broker_url, Bounds(), "test") as admin:
        admin.apply(consumer_topology(name, [pattern]))
    rabbit.store.consumers.put(name, [pattern], 1)
    return consumer_queue(name)


def advice_at(rabbit: System, count: int) -> list[Message]:
    body = b'{"tenant": "acme", "time": "2026-03-02T14:00:00Z", "type": "signpost.recommendation.changed.v1"}'
    return [Message(ADVICE, f"acme.candidate.t.high.{number}", body, f"a-{number}") for number in range(count)]


def test_a_consumers_letter_returns_to_it_and_to_no_other(rabbit: System) -> None:
    mine, other = add_consumer(rabbit, "mine", "acme.#"), add_consumer(rabbit, "other", "acme.#")
    rabbit.send(*advice_at(rabbit, 1))
    wait_for(lambda: rabbit.broker.queue_depth(other) == 1)
    queue = DeadLetterQueue(rabbit.broker, dead_letter_queue("mine"))
    for requeues in (0, 1):
        reject(rabbit.broker, mine, 1, rabbit.broker_url)
        (letter,) = queue.browse(Choice(tenant="acme")).letters
        assert (letter.kind, letter.reason, letter.origin, letter.requeues) == ("consumer", "rejected", mine, requeues)
        assert len(queue.requeue(Choice(), 5, now()).done) == 1
        wait_for(lambda: rabbit.broker.queue_depth(mine) == 1)
    assert rabbit.broker.queue_depth(other) == 1
    (again,) = rabbit.broker.get(mine, 5)
    assert (again.headers[REQUEUES], again.headers[ROUTING_KEY]) == (2, "acme.candidate.t.high.0")
    assert REASON not in again.headers


def test_the_letters_of_consumers_have_an_age_and_a_size(rabbit: System) -> None:
    mine = add_consumer(rabbit, "mine", "acme.#")
    rabbit.send(*advice_at(rabbit, 4))
    reject(rabbit.broker, mine, 4, rabbit.broker_url)
    dead = dead_letter_queue("mine")
    assert Sweeper(rabbit.store, rabbit.broker, 0, max_messages=3).sweep(now())[dead] == 1
    wait_for(lambda: rabbit.broker.queue_depth(dead) == 3)
    young = Sweeper(rabbit.store, rabbit.broker, HOUR)
    assert dead not in young.sweep(now())
    wait_for(lambda: rabbit.broker.queue_depth(dead) == 3)
    assert dead not in young.sweep(now() + 30 * MINUTE), "swept again within the hour"
    assert young.sweep(now() + 2 * HOUR)[dead] == 3


def test_a_relay_without_the_right_to_read_them_goes_on(rabbit: System, caplog: pytest.LogCaptureFixture) -> None:
    park(rabbit, 1)
    add_consumer(rabbit, "mine", "acme.#")

    class Refusing(Severed):
        def sweep(self, queue: str, choose: Choose) -> int:
            if queue == dead_letter_queue("mine"):
                raise BrokerAway("refused")
            return self.broker.sweep(queue, choose)

    broker: Any = Refusing(rabbit.broker)
    assert Sweeper(rabbit.store, broker, 0, max_messages=9).sweep(rabbit.now)[DEAD] == 0
    assert "not swept: refused" in caplog.text
