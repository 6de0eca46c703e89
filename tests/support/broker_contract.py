"""What the tests of both brokers share: an empty broker, and messages that are sent, received and settled."""

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from signpost.messaging import Bounds, Broker, Consumer, Delivery, Message, Outcome, Settlement, connect
from signpost.messaging.topology import ADVISOR, UNROUTED
from signpost.names import ADVICE, DEAD, EVENTS
from tests.support.vhosts import PATIENT

LIMIT = 2
"""How often a message may come back."""
NOW = 1_780_000_000_000_000
"""When deliveries are settled."""
PATIENCE = 60.0
"""How long, in seconds, a test waits for a broker."""
BOUNDS = Bounds(backoff_max_s=0.5)
ROOT = Path(__file__).parents[2]


def prepare(url: str) -> str:
    """Apply the topology, and empty its queues; returns the URL."""
    setup = connect(url, delivery_limit=LIMIT, bounds=PATIENT)
    setup.apply_topology()
    for queue in (ADVISOR, DEAD, UNROUTED):
        setup.purge(queue)
    setup.close()
    return url


@contextlib.contextmanager
def connected(url: str) -> Iterator[Broker]:
    """Provide one process's view of a prepared broker."""
    found = connect(url, delivery_limit=LIMIT, bounds=BOUNDS)
    yield found
    found.close()


def event(number: int, key: str = "0.acme.offer.extended") -> Message:
    """An event message to the advisors."""
    return Message(EVENTS, key, b'{"number": %d}' % number, f"e-{number}", {"cloudEvents_type": "t", "count": number})


def advice(key: str, number: int = 0) -> Message:
    """A recommendation message."""
    return Message(ADVICE, key, b"{}", f"{key}.{number}")


def publish(broker: Broker, *messages: Message) -> None:
    """Publish and see every one confirmed."""
    for future in [broker.publisher().publish(message) for message in messages]:
        future.result(PATIENCE)


def receive(consumer: Consumer, count: int) -> list[Delivery]:
    """Exactly `count` deliveries, or a failure that says how many came."""
    found: list[Delivery] = []
    end = time.monotonic() + PATIENCE
    while len(found) < count and time.monotonic() < end:
        found += consumer.receive(count - len(found), 0.5)
    assert len(found) == count
    return found


def settle(consumer: Consumer, outcome: Outcome, *deliveries: Delivery, reason: str = "") -> None:
    """The same outcome for several deliveries."""
    consumer.settle([Settlement(delivery, outcome, reason) for delivery in deliveries], NOW)


def await_depth(broker: Broker, queue: str, depth: int) -> None:
    """Wait until so many messages are ready."""
    end = time.monotonic() + PATIENCE
    while (found := broker.queue_depth(queue)) != depth and time.monotonic() < end:
        time.sleep(0.02)
    assert found == depth


def numbers(deliveries: list[Delivery]) -> list[int]:
    """The numbers that `event` wrote."""
    return [json.loads(delivery.body)["number"] for delivery in deliveries]


@contextlib.contextmanager
def running(program: str, url: str, ready: str) -> Iterator["subprocess.Popen[str]"]:
    """A process that has printed `ready`; it is gone afterwards, whatever a test found."""
    command = [sys.executable, "-c", program, url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == f"{ready}\n"
            yield process
        finally:
            process.kill()
