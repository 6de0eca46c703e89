"""A case row stays locked while connections to the broker end again and again: no event is lost, none a dead letter."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from sqlalchemy import create_engine, text

from signpost.messaging import Bounds, Consumer, connect
from signpost.messaging.topology import ADVISOR, DELIVERY_LIMIT
from signpost.names import DEAD
from signpost.storage.engines import parse_url
from signpost.workers.advisor import Advisor
from signpost.workers.process import Stop
from tests.support.proxy import Mode, Proxy
from tests.support.workers_kit import System, event, system, wait_for

COUNT, CUTS = 40, DELIVERY_LIMIT + 4
ASKED = "ask-response-deadline@offer/o-1"
BOUNDS = Bounds(backoff_first_s=0.05, backoff_max_s=0.1)


@pytest.fixture
def signpost(request: pytest.FixtureRequest) -> Iterator[System]:
    with system("rabbitmq", request) as made:
        yield made


def test_a_locked_case_and_many_closed_connections_cost_no_event(signpost: System) -> None:
    signpost.handle(event("offer.extended", "locked", offer="o-0"))
    names = [f"waits-{number}" for number in range(COUNT)]
    signpost.send(event("offer.extended", "locked", offer="o-1"))
    signpost.send(*(event("offer.extended", name, offer="o-1") for name in names))
    parts = urlsplit(signpost.broker_url)
    with Proxy(parts.hostname or "", parts.port or 5672) as proxy:
        broker = connect(signpost.broker_url.replace(f":{parts.port}/", f":{proxy.port}/"), bounds=BOUNDS)
        consumer = broker.consumer(ADVISOR, 200)
        outbox = replace(signpost, broker=broker).outbox()
        advisor, stop = Advisor([consumer], signpost.handler(), outbox, signpost.clock, 5), Stop()
        thread = threading.Thread(target=advisor.run, args=(stop,))
        try:
            lock_while_connections_end(signpost, proxy, consumer, thread)
            wait_for(lambda: all(ASKED in signpost.standing(name) for name in ("locked", *names)))
        finally:
            stop.set()
            thread.join(30)
            broker.close()
    # Repeats that the advisor gave back when it stopped may be in the queue
    assert signpost.broker.queue_depth(DEAD) == 0


def lock_while_connections_end(signpost: System, proxy: Proxy, consumer: Consumer, thread: threading.Thread) -> None:
    """Start the advisor's thread and cut its connections while it waits for the case."""
    database = create_engine(parse_url(signpost.database_url))
    with database.begin() as connection:
        connection.execute(text("SELECT 1 FROM cases WHERE key = 'locked' FOR UPDATE"))
        thread.start()
        wait_for(lambda: signpost.broker.queue_depth(ADVISOR) == 0)
        for _ in range(CUTS):
            wait_for(lambda: consumer.problem is None)
            time.sleep(0.1)  # for deliveries that would be counted: there is nothing to wait for
            connections = proxy.connections
            proxy.become(Mode.RESET)
            proxy.become(Mode.PASS)
            wait_for(lambda: proxy.connections > connections)  # noqa: B023
        assert signpost.standing("waits-0") == {}
    database.dispose()
