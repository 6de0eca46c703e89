"""What every broker does with subscriptions: each gets what its pattern matches, and vanishes with its process."""

import os
import signal
import time

import pytest

from signpost.messaging import Broker
from signpost.messaging.topology import ADVISOR, UNROUTED
from tests.support.broker_contract import PATIENCE, advice, await_depth, publish, receive, running


@pytest.mark.parametrize(
    ("pattern", "wanted"),
    [
        ("acme.candidate.#", ["acme.candidate.offers.high.raised", "acme.candidate.pay.urgent.raised"]),
        ("*.*.*.urgent.raised", ["acme.candidate.pay.urgent.raised", "other.employer.pay.urgent.raised"]),
        ("#.resolved", ["acme.employer.offers.low.resolved"]),
        ("acme.*", []),
        (
            "#",
            [
                "acme.candidate.offers.high.raised",
                "acme.candidate.pay.urgent.raised",
                "acme.employer.offers.low.resolved",
                "other.employer.pay.urgent.raised",
            ],
        ),
    ],
)
def test_a_subscription_gets_what_its_pattern_matches(broker: Broker, pattern: str, wanted: list[str]) -> None:
    keys = [
        "acme.candidate.offers.high.raised",
        "acme.candidate.pay.urgent.raised",
        "acme.employer.offers.low.resolved",
        "other.employer.pay.urgent.raised",
    ]
    subscription, marker = broker.subscribe(pattern), broker.subscribe("end.of.test")
    publish(broker, *map(advice, keys), advice("end.of.test"))
    receive(marker, 1)
    found = [each.routing_key for each in (receive(subscription, len(wanted)) if wanted else [])]
    rest = [each.routing_key for each in subscription.receive(10, 0.1)]
    assert [key for key in found + rest if key != "end.of.test"] == wanted


def test_subscriptions_each_get_a_copy_and_vanish_when_closed(broker: Broker) -> None:
    first, second = broker.subscribe("#"), broker.subscribe("#")
    publish(broker, advice("acme.candidate.offers.high.raised"))
    receive(first, 1)
    receive(second, 1)
    first.close()
    second.close()
    assert broker.queue_depth(UNROUTED) == 0
    publish(broker, advice("acme.candidate.offers.high.updated"))
    await_depth(broker, UNROUTED, 1)


def test_a_subscription_of_a_killed_process_vanishes(url: str, broker: Broker) -> None:
    program = """
import sys, time
from signpost.messaging import connect
subscription = connect(sys.argv[1]).subscribe("#")
print("listening", flush=True)
time.sleep(600)
"""
    with running(program, url, "listening") as victim:
        publish(broker, advice("a.b.c.d.one"))
        assert broker.queue_depth(UNROUTED) == 0
        os.kill(victim.pid, signal.SIGKILL)
        victim.wait(PATIENCE)
    elsewhere = broker.consumer(ADVISOR, 1)
    end = time.monotonic() + PATIENCE
    while not broker.queue_depth(UNROUTED) and time.monotonic() < end:
        elsewhere.receive(1, 0.1)
        publish(broker, advice("a.b.c.d.two"))
    assert broker.queue_depth(UNROUTED) > 0
