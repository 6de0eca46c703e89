"""What every broker does with queues: the topology is checked and never bent, and sweeps keep the order."""

import contextlib
from collections.abc import Sequence

import pytest

from signpost.messaging import (
    Broker,
    Delivery,
    Message,
    NoSuchQueue,
    TopologyDiffers,
    advisor_queues,
    connect,
    require_topology,
)
from signpost.messaging.message import SWEEP_PAGE_BYTES
from signpost.messaging.topology import ADVISOR, NOT_NEEDED
from signpost.names import DEAD, EVENTS
from tests.support import servers
from tests.support.broker_contract import LIMIT, await_depth, event, numbers, publish
from tests.support.private_servers import wait_until


def test_the_topology_matches_after_applying_and_applying_again_changes_nothing(broker: Broker) -> None:
    publish(broker, event(1))
    broker.apply_topology()
    assert broker.check_topology() == []
    assert broker.queue_depth(ADVISOR) == 1


def test_the_check_names_what_differs_and_apply_refuses_to_bend_it(url: str) -> None:
    other = connect(url, delivery_limit=LIMIT + 1)
    differences = other.check_topology()
    assert [f"queue {queue}" in line for queue, line in zip(advisor_queues(), differences, strict=True)] == [True] * 2
    assert all("x-delivery-limit" in difference for difference in differences)
    with pytest.raises(TopologyDiffers, match=ADVISOR):
        other.apply_topology()
    other.close()


def test_more_partitions_are_reported_missing_and_the_old_queue_gets_no_more_events(sqlite_url: str) -> None:
    check_partitions(sqlite_url)


def test_partitions_on_rabbitmq(rabbitmq_server: servers.SharedRabbitMQ) -> None:
    with servers.vhost(rabbitmq_server) as url:
        check_partitions(url)


def check_partitions(url: str) -> None:
    """From one partition to three and back: each event goes to exactly one queue at any time."""
    one, three = connect(url, partitions=1), connect(url, partitions=3)
    missing = one.check_topology()
    assert any("signpost.events: is missing" in line for line in missing)
    assert any("queue signpost.dead: is missing" in line for line in missing)
    with pytest.raises(NoSuchQueue):
        one.queue_depth(ADVISOR)
    one.apply_topology()
    publish(one, event(1))
    assert any("signpost.advisor.2: is missing" in line for line in three.check_topology())
    three.apply_topology()
    (difference,) = three.check_topology()
    assert difference == (
        "queue signpost.advisor: belongs to another number of partitions; 1 messages wait in it: "
        "let an advisor with that number handle them, then delete it"
    )
    assert require_topology(three) == [difference]
    consumer = one.consumer(ADVISOR, 10)
    assert numbers(consumer.receive(10, 60)) == [1]
    (difference,) = three.check_topology()
    assert difference.endswith("0 messages wait in it, and advisors read it: check again once they have ended")
    consumer.close()
    wait_until(lambda: one.queue_depth(ADVISOR) == 1, "the message to be given back")
    wait_until(lambda: "advisors read it" not in three.check_topology()[0], "the consumer to be gone")
    assert numbers(one.get(ADVISOR, 10)) == [1]
    (difference,) = three.check_topology()
    assert difference.endswith(f"partitions; {NOT_NEEDED}")
    publish(three, event(2, "0.acme.x"), event(3, "2.acme.x"))
    assert [three.queue_depth(f"{ADVISOR}.{n}") for n in range(3)] == [1, 0, 1]
    assert three.queue_depth(ADVISOR) == 0
    one.apply_topology()
    publish(one, event(4))
    assert (one.queue_depth(ADVISOR), one.queue_depth(f"{ADVISOR}.0")) == (1, 1)
    differences = one.check_topology()
    assert len(differences) == 3
    assert require_topology(one) == differences[:2], "a process that starts asks for the nearest only"
    one.close()
    three.close()


def test_a_sweep_deletes_what_is_chosen_and_keeps_the_order_of_the_rest(broker: Broker) -> None:
    publish(broker, *map(event, range(5)))
    seen: list[int] = []

    def choose(page: Sequence[Delivery]) -> list[bool]:
        seen.extend(numbers(list(page)))
        return [number % 2 == 1 for number in numbers(list(page))]

    await_depth(broker, ADVISOR, 5)
    assert broker.sweep(ADVISOR, choose) == 2
    await_depth(broker, ADVISOR, 3)
    assert seen == [0, 1, 2, 3, 4]
    assert broker.sweep(ADVISOR, choose) == 0
    await_depth(broker, ADVISOR, 3)
    assert numbers(broker.get(ADVISOR, 9)) == [0, 2, 4]
    with pytest.raises(NoSuchQueue):
        broker.sweep("signpost.none", choose)


def test_sweeps_of_a_long_queue_keep_its_order_also_if_they_end_early(broker: Broker) -> None:
    count = 1200
    publish(broker, *(Message(DEAD, "k", b'{"number": %d}' % number, "") for number in range(count)))
    await_depth(broker, DEAD, count)

    def sweep(stop_after: int, dropped: int = -1) -> list[int]:
        seen: list[int] = []

        def choose(page: Sequence[Delivery]) -> list[bool]:
            if len(seen) >= stop_after:
                raise LookupError
            seen.extend(numbers(list(page)))
            return [number == dropped for number in numbers(list(page))]

        with contextlib.suppress(LookupError):
            broker.sweep(DEAD, choose)
        return seen

    for stop_after in (count, 1, 600, 1, count):
        seen = sweep(stop_after)
        assert seen == list(range(len(seen)))
        await_depth(broker, DEAD, count)
    assert sweep(1, dropped=7)[:9] == list(range(9))
    await_depth(broker, DEAD, count - 1)
    assert numbers(broker.get(DEAD, count)) == [number for number in range(count) if number != 7]


def test_a_page_of_a_sweep_is_no_larger_than_its_bound(broker: Broker) -> None:
    body = b" " * 1_000_000
    publish(broker, *(Message(EVENTS, "0.acme.x", body, f"e-{number}") for number in range(20)))
    await_depth(broker, ADVISOR, 20)
    pages: list[int] = []

    def choose(page: Sequence[Delivery]) -> list[bool]:
        pages.append(len(page))
        return [True] * len(page)

    assert broker.sweep(ADVISOR, choose) == sum(pages) == 20
    assert max(pages) <= SWEEP_PAGE_BYTES // len(body)
    await_depth(broker, ADVISOR, 0)
