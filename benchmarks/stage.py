"""The servers of a benchmark: events to send, an advisor, and loops of bare pika over the same queues.

Everything is durable: quorum queues, persistent messages, confirms, committed transactions.
"""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pika
from pika.channel import Channel

from signpost.advice import Engine
from signpost.case.event import Event
from signpost.case.instant import DAY, format_instant
from signpost.engine import make_engine
from signpost.messaging import Broker, Delivery, connect, event_message
from signpost.messaging.topology import ADVISOR, declaration
from signpost.metrics.process import metrics_of
from signpost.names import ADVICE
from signpost.schemas import dump_event, load_own_event
from signpost.storage import Store, open_store, upgrade
from signpost.tenants.rulebooks import Engines, load_rulebooks
from signpost.workers.advisor import Advisor
from signpost.workers.batch import BatchHandler
from signpost.workers.outbox_publisher import OutboxPublisher
from signpost.workers.process import Clock, Stop, wall_clock
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
WINDOW = 500
"""Messages in flight while a queue is filled."""


@dataclass(frozen=True, slots=True)
class Output:
    """What an advisor published for some events: for each event, the sizes of its messages."""

    events: int
    sizes: list[int]

    def of(self, number: int) -> list[int]:
        """The sizes for one of the events, evenly spread."""
        return self.sizes[number * len(self.sizes) // self.events : (number + 1) * len(self.sizes) // self.events]


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
    return [make_event(f"{seed}-{number}", at, *step) for at, step in enumerate(steps) for number in range(candidates)]


def make_event(candidate: str, at: int, type: str, data: dict[str, Any], tenant: str = "benchmark") -> Event:
    """One event, `at` hours after START."""
    return load_own_event(
        {
            "specversion": "1.0",
            "id": f"{candidate}.{type}.{at}",
            "source": "/benchmark",
            "type": f"signpost.{type}.v1",
            "time": format_instant(START + at * HOUR_US),
            "subject": candidate,
            "tenant": tenant,
            "data": data,
        }
    )


class Stage:
    """The servers of one run, and a durable queue that receives all published messages."""

    def __init__(self, broker: Broker, store: Store, url: str, database_url: str) -> None:
        self.broker, self.store, self.url, self.database_url = broker, store, url, database_url
        rulebooks = load_rulebooks(RULES)
        self.engines: dict[str, Engines[Engine]] = {
            name: Engines(partial(make_engine, name), rulebooks) for name in ("compiled", "auto")
        }

    def fill(self, sent: Sequence[Event]) -> None:
        """Put events into the advisors' queue."""
        publisher = self.broker.publisher()
        messages = [event_message(dump_event(each), each, accepted_at=wall_clock()) for each in sent]
        for start in range(0, len(messages), WINDOW):
            for future in [publisher.publish(each) for each in messages[start : start + WINDOW]]:
                future.result(30)

    def purge_published(self) -> int:
        """Delete the published messages. Returns their number."""
        return self.broker.purge(PUBLISHED)

    def handler(self, engine: str) -> BatchHandler:
        """What handles batches, without a queue."""
        versions = RulebookVersions(self.store, FixedEngines(lambda: self.engines[engine]))
        return BatchHandler(self.store, versions, LEASE_US)


@contextmanager
def open_stage() -> Iterator[Stage]:
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
            yield Stage(broker, store, url, database_url)
        broker.close()


def _declare_published(url: str) -> None:
    """Declare the queue of published messages with the arguments of the advisors' queue."""
    [work] = [queue for queue in declaration().queues if queue.name == ADVISOR]
    with pika.BlockingConnection(pika.URLParameters(url)) as connection:
        channel = connection.channel()
        channel.queue_declare(PUBLISHED, durable=True, arguments=dict(work.arguments))
        channel.queue_bind(PUBLISHED, ADVICE, "#")


def advise(stage: Stage, count: int, engine: str) -> float:
    """Seconds until an advisor has handled all events and its outbox is empty."""
    with metrics_of("advisor", None):
        consumer = stage.broker.consumer(ADVISOR, PREFETCH)
        outbox = OutboxPublisher(stage.broker.publisher(), stage.store, 10)
        worker = Advisor([consumer], stage.handler(engine), outbox, wall_clock, BATCH)
        stop, done, started = Stop(), 0, time.perf_counter()
        while done < count:
            done += worker.step(stop, 1.0)
        outbox.collect()
        elapsed_s = time.perf_counter() - started
        consumer.close()
    assert stage.store.outbox.depth(wall_clock()).waiting == 0, "the outbox is not empty"
    return elapsed_s


def handle(
    handler: BatchHandler, store: Store, sent: Sequence[Event], size: int = 200, clock: Clock = wall_clock
) -> float:
    """Handle events in batches, without a broker. Returns the seconds.

    Raises RuntimeError if one becomes a dead letter, which costs less than what is to be measured.
    """
    started, todo = time.perf_counter(), [delivery(one) for one in sent]
    while todo:
        result = handler.handle(todo[:size], clock)
        if result.dead:
            raise RuntimeError(f"{result.dead} events became dead letters; the log says why")
        store.outbox.delete([each.id for each in result.outgoing])
        todo = [*result.deferred, *todo[size:]]
    return time.perf_counter() - started


def delivery(event: Event) -> Delivery:
    """The event as an advisor receives it."""
    sent = event_message(dump_event(event), event, accepted_at=wall_clock())
    return Delivery(sent.body, sent.headers, sent.routing_key, sent.message_id, sent.content_type, False, 0, None)


class LimitLoop:
    """Receives events, and for each publishes messages of the sizes that an advisor publishes; acknowledges once all
    are confirmed. Up to PREFETCH events in flight, and a confirm may cover many messages."""

    def __init__(self, url: str, output: Output) -> None:
        self._output, self._left, self._published, self._received = output, output.events, 0, 0
        self._waiting: dict[int, int] = {}
        self._unconfirmed: Counter[int] = Counter()
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
        sizes = self._output.of(self._received)
        self._received += 1
        self._unconfirmed[method.delivery_tag] = len(sizes)
        for size in sizes:
            self._published += 1
            self._waiting[self._published] = method.delivery_tag
            channel.basic_publish(ADVICE, method.routing_key, bytes(size), properties, mandatory=True)
        if not sizes:
            self._end(method.delivery_tag)

    def _on_confirm(self, frame: Any) -> None:
        last = frame.method.delivery_tag
        tags = [tag for tag in self._waiting if tag <= last] if frame.method.multiple else [last]
        for tag in tags:
            event = self._waiting.pop(tag)
            self._unconfirmed[event] -= 1
            if not self._unconfirmed[event]:
                self._end(event)

    def _end(self, event: int) -> None:
        self._channel.basic_ack(event)
        self._left -= 1
        if self._left == 0:
            self._connection.add_on_close_callback(lambda *_: self._connection.ioloop.stop())
            self._connection.close()
