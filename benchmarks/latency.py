"""From the acceptance of an event to the receipt of its first recommendation by a consumer, at several loads.

An advisor process works on its queue. The yardstick is one round trip through the broker: a message published to a
quorum queue until it is received, while nothing else happens.
"""

import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from benchmarks.http_load import quantile
from benchmarks.plots import write_plot
from benchmarks.rows import AT_MOST, Goal, Row, progress
from benchmarks.stage import PUBLISHED, Stage, make_event, open_stage
from signpost.case.event import Event
from signpost.messaging import Broker, Message, Outcome, Settlement, event_message
from signpost.names import ADVICE
from signpost.schemas import dump_event
from signpost.workers.process import wall_clock
from tests.support.private_servers import wait_until
from tests.support.workers_processes import WorkerProcess, kill_afterwards

if TYPE_CHECKING:
    from benchmarks.__main__ import Options

CAPACITY_EVENTS, SECONDS, ROUND_TRIPS = 1_000, 10.0, 300
LOADS = (0.1, 0.25, 0.5, 0.75)
HALF = 0.5
WAIT_S = 120.0


class Receiver:
    """Receives all advice in a thread; `arrivals`: candidate -> monotonic time of its first recommendation."""

    def __init__(self, broker: Broker, pattern: str) -> None:
        self.arrivals: dict[str, float] = {}
        self._consumer, self._stop = broker.subscribe(pattern), threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._stop.is_set():
            deliveries = self._consumer.receive(500, 0.05)
            now = time.monotonic()
            for delivery in deliveries:
                self.arrivals.setdefault(orjson.loads(delivery.body)["subject"], now)
            self._consumer.settle([Settlement(each, Outcome.DONE) for each in deliveries], 0)

    def close(self) -> None:
        """End the thread."""
        self._stop.set()
        self._thread.join()


def measure(options: "Options") -> list[Row]:
    """p50, p99 and p99.9 in milliseconds."""
    with open_stage() as stage, ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        worker = WorkerProcess("advisor", folder, stage.database_url, stage.url)
        stack.enter_context(kill_afterwards(worker))
        wait_until(lambda: "advisor runs" in worker.log.read_text(), "the advisor runs")
        receiver = Receiver(stage.broker, "#")
        stack.callback(receiver.close)
        trip_s = _round_trip_s(stage)
        capacity = _capacity(stage, receiver)
        progress(f"capacity {capacity:.0f} events/s, round trip {trip_s * 1000:.1f} ms")
        found = {load: _waits(stage, receiver, load, capacity) for load in LOADS}
    if options.plots:
        _plot(options.plots, found, capacity)
    half = found[HALF]
    trip = "broker round trip"
    return [
        Row("latency at half load, p99 / round trip", _ms(half, 0.99), "ms", trip, trip_s * 1000, Goal(AT_MOST, 5)),
        Row("latency at half load, p99", _ms(half, 0.99), "ms", goal=Goal(AT_MOST, 50, of_value=True)),
        Row("latency at half load, p50", _ms(half, 0.5), "ms"),
        Row("latency at half load, p99.9", _ms(half, 0.999), "ms"),
        Row("latency line, capacity", capacity, "events/s"),
    ]


def _ms(waits: list[float], share: float) -> float:
    return quantile(waits, share) * 1000


def _offers(seed: str, count: int) -> list[Event]:
    """Events that give so many candidates an offer each; each raises advice."""
    data = {"offer": "o", "employer": {"id": "e", "name": "Acme"}, "title": "Engineer"}
    return [make_event(f"{seed}-{number}", 1, "offer.extended", data) for number in range(count)]


def _capacity(stage: Stage, receiver: Receiver) -> float:
    """Events per second while the queue is full, without the first fifth."""
    sent = _offers("capacity", CAPACITY_EVENTS)
    stage.fill(sent)
    names = {one.subject for one in sent}
    wait_until(lambda: names <= receiver.arrivals.keys(), "all advice has come", WAIT_S)
    times = sorted(receiver.arrivals[name] for name in names)[CAPACITY_EVENTS // 5 :]
    return len(times) / (times[-1] - times[0])


def _waits(stage: Stage, receiver: Receiver, load: float, capacity: float) -> list[float]:
    """Send events evenly at a share of the capacity; the seconds until the first advice of each has come."""
    pause = 1 / (load * capacity)
    made = _offers(f"load{load}", int(SECONDS / pause))
    publisher, sent_at, begun = stage.broker.publisher(), dict[str, float](), time.monotonic()
    for number, one in enumerate(made):
        time.sleep(max(0.0, begun + number * pause - time.monotonic()))
        sent_at[one.subject] = begun + number * pause
        publisher.publish(event_message(dump_event(one), one, accepted_at=wall_clock()))
    wait_until(lambda: sent_at.keys() <= receiver.arrivals.keys(), "all advice has come", WAIT_S)
    waits = [receiver.arrivals[name] - at for name, at in sent_at.items()]
    progress(f"at {load:.0%} of the capacity: p50 {_ms(waits, 0.5):.1f} ms, p99 {_ms(waits, 0.99):.1f} ms")
    return waits


def _round_trip_s(stage: Stage) -> float:
    """The median time from a publish to the receipt of the message from a quorum queue."""
    consumer, publisher, found = stage.broker.consumer(PUBLISHED, 10), stage.broker.publisher(), []
    for number in range(ROUND_TRIPS):
        started = time.perf_counter()
        publisher.publish(Message(ADVICE, "round.trip", b'{"subject": "round-trip"}', f"trip-{number}"))
        while not (deliveries := consumer.receive(1, 1.0)):
            pass
        found.append(time.perf_counter() - started)
        consumer.settle([Settlement(each, Outcome.DONE) for each in deliveries], 0)
    consumer.close()
    return quantile(found, 0.5)


def _plot(folder: Path, found: dict[float, list[float]], capacity: float) -> None:
    names = {"p50": 0.5, "p99": 0.99, "p99.9": 0.999}
    series = {
        name: [(load * capacity, _ms(waits, share)) for load, waits in found.items()] for name, share in names.items()
    }
    write_plot(folder / "latency.svg", "Accepted to received", "events per second", "milliseconds", series)
