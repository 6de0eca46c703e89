"""Events per second of the advisor on RabbitMQ and PostgreSQL, next to bare pika loops over the same queues.

Everything is durable: quorum queues, persistent messages, confirms, committed transactions. The bare loops receive an
event, publish it to another quorum queue with `mandatory`, wait for the confirm and acknowledge: one message at a time,
as in the documentation of pika, and pipelined. All run in turn in a separate virtual host and database; the median of
several rounds counts.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pika
from pika.adapters.blocking_connection import BlockingChannel
from pika.channel import Channel

from signpost.advice import Engine
from signpost.case.event import Event
from signpost.case.instant import DAY, format_instant
from signpost.engine import choose_engine, make_engine
from signpost.messaging import Broker, connect, event_message
from signpost.messaging.topology import ADVISOR, declaration
from signpost.metrics.process import metrics_of
from signpost.names import ADVICE
from signpost.schemas import dump_event, load_own_event
from signpost.storage import Store, open_store, upgrade
from signpost.tenants.rulebooks import Engines, load_rulebooks
from signpost.workers.advisor import Advisor
from signpost.workers.batch import BatchHandler
from signpost.workers.outbox_publisher import OutboxPublisher
from signpost.workers.process import Stop, wall_clock
from signpost.workers.rulebook_versions import RulebookVersions
from tests.support import servers
from tests.support.workers_kit import FixedEngines

RULES = Path(__file__).parents[1] / "rules"
START = wall_clock() - 3 * DAY
"""Advice on old facts has ended, and nothing would be published."""
HOUR_US = 3_600_000_000
PUBLISHED = "benchmark.published"
LEASE_US = 30_000_000
BATCH, PREFETCH = 200, 400
"""The defaults of the settings batch_size and prefetch."""
BARE_PREFETCH = 100


@dataclass(frozen=True, slots=True)
class Measurement:
    """One way of handling the events: the median of its rounds."""

    name: str
    per_second: float
    published: float
    """Messages published for each event."""
    ratio: float
    """Relative to the bare loop with one message in flight."""


def events(count: int, seed: str) -> list[Event]:
    """`count` events, five for each candidate, in an order that mixes many candidates in each batch."""
    steps: list[tuple[str, dict[str, Any]]] = [
        ("application.submitted", {"application": "a", "employer": {"id": "e", "name": "Acme"}}),
        ("offer.extended", {"offer": "o", "employer": {"id": "e", "name": "Acme"}, "title": "Engineer"}),
        ("contact.logged", {"offer": "o", "by": "candidate", "channel": "phone", "purpose": "deadline"}),
        ("offer.updated", {"offer": "o", "respond_by": format_instant(START + 20 * DAY)}),
        ("offer.accepted", {"offer": "o", "by": "verbal"}),
    ]
    candidates = max(1, count // len(steps))
    return [_event(f"{seed}-{number}", at, *step) for at, step in enumerate(steps) for number in range(candidates)]


def _event(candidate: str, at: int, type: str, data: dict[str, Any]) -> Event:
    return load_own_event(
        {
            "specversion": "1.0",
            "id": f"{candidate}.{type}",
            "source": "/benchmark",
            "type": f"signpost.{type}.v1",
            "time": format_instant(START + at * HOUR_US),
            "subject": candidate,
            "tenant": "benchmark",
            "data": data,
        }
    )


class Stage:
    """The servers of one run, and a durable queue that receives all published messages."""

    def __init__(self, broker: Broker, store: Store, url: str, engine: str) -> None:
        self.broker, self.store, self.url = broker, store, url
        self.engines: Engines[Engine] = Engines(partial(make_engine, engine), load_rulebooks(RULES))

    def fill(self, sent: Sequence[Event]) -> None:
        """Put events into the advisors' queue."""
        publisher = self.broker.publisher()
        messages = [event_message(dump_event(each), each, accepted_at=wall_clock()) for each in sent]
        for start in range(0, len(messages), 500):
            for future in [publisher.publish(each) for each in messages[start : start + 500]]:
                future.result(30)

    def purge_published(self) -> int:
        """Delete the published messages. Returns their number."""
        return self.broker.purge(PUBLISHED)


@contextmanager
def open_stage(engine: str) -> Iterator[Stage]:
    """Creates a virtual host and a database, and drops them afterwards."""
    with (
        servers.rabbitmq() as rabbit,
        servers.postgresql() as postgres,
        servers.vhost(rabbit) as url,
        servers.database(postgres) as database_url,
    ):
        upgrade(database_url)
        broker = connect(url)
        broker.apply_topology()
        _declare_published(url)
        with open_store(database_url) as store:
            yield Stage(broker, store, url, engine)
        broker.close()


def _declare_published(url: str) -> None:
    """Declare the queue of published messages with the arguments of the advisors' queue."""
    [work] = [queue for queue in declaration().queues if queue.name == ADVISOR]
    with pika.BlockingConnection(pika.URLParameters(url)) as connection:
        channel = connection.channel()
        channel.queue_declare(PUBLISHED, durable=True, arguments=dict(work.arguments))
        channel.queue_bind(PUBLISHED, ADVICE, "#")


def advisor(stage: Stage, count: int) -> float:
    """Seconds until an advisor has handled all events and its outbox is empty."""
    consumer = stage.broker.consumer(ADVISOR, PREFETCH)
    outbox = OutboxPublisher(stage.broker.publisher(), stage.store, 10)
    handler = BatchHandler(stage.store, RulebookVersions(stage.store, FixedEngines(lambda: stage.engines)), LEASE_US)
    worker = Advisor([consumer], handler, outbox, wall_clock, BATCH)
    stop, done, started = Stop(), 0, time.perf_counter()
    while done < count:
        done += worker.step(stop, 1.0)
    outbox.collect()
    elapsed_s = time.perf_counter() - started
    consumer.close()
    assert stage.store.outbox_depth(wall_clock()).waiting == 0, "the outbox is not empty"
    return elapsed_s


def counting_advisor(stage: Stage, count: int) -> float:
    """The same while the metrics are counted, as in every process; elsewhere in this benchmark they are not."""
    with metrics_of("advisor", None):
        return advisor(stage, count)


def bare(stage: Stage, count: int) -> float:
    """Seconds of the bare loop: consume, publish, wait for the confirm, acknowledge."""
    with pika.BlockingConnection(pika.URLParameters(stage.url)) as connection:
        channel, out = connection.channel(), connection.channel()
        out.confirm_delivery()
        channel.basic_qos(prefetch_count=BARE_PREFETCH)
        started = time.perf_counter()
        for done, (method, properties, body) in enumerate(channel.consume(ADVISOR), 1):
            _publish(out, method.routing_key, properties, body)
            channel.basic_ack(method.delivery_tag)
            if done == count:
                break
        connection.process_data_events(0)
        elapsed_s = time.perf_counter() - started
        channel.cancel()
    return elapsed_s


def _publish(channel: BlockingChannel | Channel, key: str, properties: pika.BasicProperties, body: bytes) -> None:
    channel.basic_publish(ADVICE, key, body, properties, mandatory=True)


class Pipelined:
    """The same loop without waiting: up to PREFETCH messages in flight, and a confirm may cover many messages."""

    def __init__(self, url: str, count: int) -> None:
        self._left, self._published = count, 0
        self._waiting: dict[int, int] = {}
        self._connection = pika.SelectConnection(pika.URLParameters(url), on_open_callback=self._on_open)

    def run(self) -> float:
        """Seconds until the last acknowledgement."""
        self._connection.ioloop.start()
        return time.perf_counter() - self._started

    def _on_open(self, connection: Any) -> None:
        connection.channel(on_open_callback=self._on_channel)

    def _on_channel(self, channel: Channel) -> None:
        self._channel = channel
        channel.confirm_delivery(self._on_confirm)
        channel.basic_qos(prefetch_count=PREFETCH)
        self._started = time.perf_counter()
        channel.basic_consume(ADVISOR, self._on_message)

    def _on_message(self, channel: Channel, method: Any, properties: pika.BasicProperties, body: bytes) -> None:
        self._published += 1
        self._waiting[self._published] = method.delivery_tag
        _publish(channel, method.routing_key, properties, body)

    def _on_confirm(self, frame: Any) -> None:
        last = frame.method.delivery_tag
        tags = [tag for tag in self._waiting if tag <= last] if frame.method.multiple else [last]
        for tag in tags:
            self._channel.basic_ack(self._waiting.pop(tag))
        self._left -= len(tags)
        if self._left == 0:
            self._connection.add_on_close_callback(lambda *_: self._connection.ioloop.stop())
            self._connection.close()


def pipelined(stage: Stage, count: int) -> float:
    """Seconds of the pipelined loop."""
    return Pipelined(stage.url, count).run()


WAYS: dict[str, Callable[[Stage, int], float]] = {
    "bare pika loop, one in flight": bare,
    "bare pika loop, pipelined": pipelined,
    "signpost advisor, no metrics": advisor,
    "signpost advisor": counting_advisor,
}


def measure(count: int, rounds: int, engine: str) -> list[Measurement]:
    """Run all ways in turn, `rounds` times."""
    rates: dict[str, list[float]] = {name: [] for name in WAYS}
    published: dict[str, float] = {}
    with open_stage(engine) as made:
        for number in range(rounds):
            for name, way in WAYS.items():
                sent = events(count, f"{number}.{list(WAYS).index(name)}")
                made.fill(sent)
                rates[name].append(len(sent) / way(made, len(sent)))
                published[name] = made.purge_published() / len(sent)
    medians = {name: statistics.median(found) for name, found in rates.items()}
    baseline = next(iter(medians.values()))
    return [Measurement(name, rate, published[name], rate / baseline) for name, rate in medians.items()]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print the results."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.throughput", description=__doc__)
    parser.add_argument("--events", type=int, default=5_000, help="events of one round (5000)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds; the median counts (3)")
    parser.add_argument("--engine", default="auto", help="auto, durable_rules or compiled")
    parser.add_argument("--json", action="store_true", help="print JSON")
    chosen = parser.parse_args(arguments)
    found = measure(chosen.events, chosen.rounds, chosen.engine)
    if chosen.json:
        print(json.dumps([asdict(one) for one in found]))
        return 0
    engine = choose_engine(chosen.engine)
    print(f"engine {engine.name}: {engine.reason}")
    print(f"{'':32}{'events/s':>12}{'published/event':>18}{'ratio':>8}")
    for one in found:
        print(f"{one.name:32}{one.per_second:12.0f}{one.published:18.2f}{one.ratio:8.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
