"""The deliverer: posts recommendations and agendas to endpoints as signed webhooks. Needs the database, no broker."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

from signpost.outgoing.addresses import parse_networks
from signpost.outgoing.sender import Sender
from signpost.settings import Settings
from signpost.storage import Store
from signpost.workers.delivering import Deliverer, limits_of
from signpost.workers.dispatching import dispatching
from signpost.workers.process import Worker, run_without_broker, wall_clock


def main(settings: Settings) -> int:
    """Run a deliverer until SIGTERM; returns the exit code."""
    limits = limits_of(
        settings.endpoints_at_once,
        settings.endpoint_timeout,
        settings.endpoint_disable_days,
        settings.endpoint_attempt_days,
        settings.feed_days,
    )

    def make_sender() -> Sender:
        return Sender(parse_networks(settings.endpoint_networks), settings.endpoint_timeout)

    @contextmanager
    def make(store: Store) -> Iterator[Worker]:
        with dispatching(make_sender, wall_clock) as dispatcher:
            yield Deliverer(store, dispatcher, wall_clock, limits, random.random)

    return run_without_broker("deliverer", settings, make)
