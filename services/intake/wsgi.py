"""The WSGI entry point of the intake, a process edge: creates its parts from the settings of the environment."""

import os
import threading
from contextlib import suppress
from secrets import token_hex

from signpost import traces
from signpost.errors import TransientError
from signpost.ingress.sources import OwnMappings, source_problem
from signpost.logs import set_up_logging
from signpost.messaging import Bounds, connect
from signpost.metrics.folder import inherited_folder
from signpost.metrics.reading import Scrape
from signpost.outgoing.addresses import parse_networks
from signpost.schemas.codes import time_zones
from signpost.services.intake.analysis_processes import ChildSettings, ProcessAnalyst
from signpost.services.intake.app import create_app, microseconds
from signpost.services.intake.delivery_log import Deliveries
from signpost.services.intake.delivery_writer import WRITERS
from signpost.services.intake.draining import DrainingReadiness
from signpost.services.intake.limits import Limits
from signpost.services.intake.page import PageFiles
from signpost.services.intake.page.installation import Installation
from signpost.services.intake.readiness import CHECK_TIMEOUT_S, ReadinessCheck, ReadinessWatch
from signpost.settings import read_settings
from signpost.storage import Rate, Store, open_store
from signpost.tenants.live import LiveTenants, kept_tenants
from signpost.tenants.live_rulebooks import kept_rules
from signpost.tenants.quotas import Quotas

stopping = threading.Event()
DRAIN_TIMEOUT_S = 5.0
"""How long unconfirmed messages may take when the process stops."""
DATABASE_TIMEOUT_S = 3.0
"""How long a statement of a request may take, and how long it waits for a lock of SQLite."""
CONNECT_TIMEOUT_S = 2
"""How long connecting to the database may take."""
POOL_TIMEOUT_S = 0.5
"""How long a request waits for one of the connections to the database."""
RESERVED_THREADS = 2
"""Threads of each process for which there is no connection: they go on when all others wait for the database."""
OLD_OUTBOX_S = 90.0
"""A message that waits longer in the outbox, after the lease of its writer, is reported by /readyz."""

settings = read_settings(os.environ)
set_up_logging("intake", settings.log_level, settings.log_format)
# Now, while there are descriptors: without them an incomplete list would stay, and refuse good events
time_zones()


def _open(connections: int, timeout_s: float, *, ping_first: bool = True) -> Store:
    """A store whose waits are all short."""
    return open_store(
        settings.database_url,
        pool_size=connections,
        connect_timeout_s=CONNECT_TIMEOUT_S,
        statement_timeout_s=timeout_s,
        busy_timeout_s=timeout_s,
        pool_timeout_s=POOL_TIMEOUT_S,
        ping_first=ping_first,
        name="signpost intake",
    )


# The requests share one, with a connection more for the leases of the rate limit, which have a thread of their own
store = _open(max(1, settings.http_threads - RESERVED_THREADS) + 1, DATABASE_TIMEOUT_S)
# These have connections of their own, so that they never wait for requests, nor requests for them
delivery_store, probe = _open(WRITERS, DATABASE_TIMEOUT_S), _open(1, CHECK_TIMEOUT_S, ping_first=False)
broker = connect(
    settings.broker_url, partitions=settings.partitions, bounds=Bounds(publish_timeout_s=settings.publish_timeout)
)
tenants = LiveTenants(
    settings.tenants,
    os.environ,
    source_problem,
    settings.rules,
    kept_tenants(settings.state_dir, settings.tenants, settings.rules),
    OwnMappings(settings.vendors),
)
rulebook_files = kept_rules(settings.state_dir, settings.rules, settings.tenants)
quotas = Quotas(store)
analyst = ProcessAnalyst(
    ChildSettings(settings.rules, settings.tenants, settings.reload_interval, state_dir=settings.state_dir),
    settings.http_analyses,
)
deliveries = Deliveries(delivery_store, lambda: f"dlv_{token_hex(12)}", bodies=settings.delivery_days > 0)
readiness = ReadinessWatch(
    ReadinessCheck(probe, broker.publisher, tenants, OLD_OUTBOX_S + settings.outbox_lease, rulebook_files), store
)
metrics = inherited_folder(os.environ) if settings.metrics_bind is None else None
# Neither store nor broker holds a connection yet: each worker process opens its own after the fork.
app = create_app(
    store,
    broker.publisher,
    tenants,
    analyst,
    partitions=settings.partitions,
    analyses=settings.http_analyses,
    quotas=quotas,
    limits=Limits(
        max_body_bytes=settings.max_body_bytes,
        confirm_timeout_s=settings.publish_timeout + 1,
    ),
    deliveries=deliveries,
    readiness=DrainingReadiness(readiness),
    broker=broker,
    scrape=None if metrics is None else Scrape(metrics[0]),
    files=PageFiles(settings.rules, settings.tenants),
    operator=Installation(settings),
    networks=parse_networks(settings.endpoint_networks),
    rate=Rate(settings.rate_per_second, settings.rate_burst) if settings.rate_per_second else None,
)


def start() -> None:
    """In the worker process: watch tenants and quotas, and connect the publisher before the first request."""
    traces.start("intake", settings.traces)
    threading.Thread(target=tenants.watch, args=(stopping, settings.reload_interval), daemon=True).start()
    threading.Thread(target=readiness.watch, args=(stopping, microseconds), daemon=True).start()
    threading.Thread(target=quotas.watch, args=(stopping, microseconds), daemon=True).start()
    with suppress(TransientError):
        broker.publisher()


def stop() -> None:
    """In the worker process: wait for unconfirmed messages, then close."""
    stopping.set()
    analyst.close()
    deliveries.close()
    with suppress(TransientError):
        broker.publisher().close(DRAIN_TIMEOUT_S)
    broker.close()
    for each in (store, delivery_store, probe):
        each.close()
    traces.stop()
