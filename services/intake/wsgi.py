"""The WSGI entry of the intake, a process edge: its parts made from the environment's settings."""

import os
import threading
from contextlib import suppress
from secrets import token_hex

from signpost.errors import TransientError
from signpost.ingress.sources import source_problem
from signpost.logs import set_up_logging
from signpost.messaging import Bounds, connect
from signpost.services.intake.app import create_app
from signpost.services.intake.delivery_log import Deliveries
from signpost.services.intake.engines import TenantEngines
from signpost.services.intake.limits import Limits
from signpost.settings import read_settings
from signpost.storage import Rate, open_store
from signpost.tenants.live import LiveTenants

stopping = threading.Event()
DRAIN = 5.0
"""Seconds that what is not yet confirmed has when the process stops."""

settings = read_settings(os.environ)
set_up_logging("intake", settings.log_level, settings.log_format)
store = open_store(settings.database_url, pool_size=settings.http_threads)
broker = connect(
    settings.broker_url, partitions=settings.partitions, bounds=Bounds(publish_timeout_s=settings.publish_timeout)
)
tenants = LiveTenants(settings.tenants, os.environ, source_problem, settings.rules)
# Neither store nor broker holds a connection yet: each worker process makes its own after the fork.
app = create_app(
    store,
    broker.publisher,
    tenants,
    TenantEngines(settings.rules, settings.tenants, settings.reload_interval),
    partitions=settings.partitions,
    limits=Limits(body=settings.max_body_bytes, confirm=settings.publish_timeout + 1),
    deliveries=Deliveries(store, lambda: f"dlv_{token_hex(12)}", bodies=settings.delivery_days > 0),
    rate=Rate(settings.rate_per_second, settings.rate_burst) if settings.rate_per_second else None,
)


def start() -> None:
    """In the worker process: watch the tenants file, and make the publisher, so that the first request need not wait
    for its connection."""
    threading.Thread(target=tenants.watch, args=(stopping, settings.reload_interval), daemon=True).start()
    with suppress(TransientError):
        broker.publisher()


def stop() -> None:
    """In the worker process: wait for what is not yet confirmed, then close."""
    stopping.set()
    with suppress(TransientError):
        broker.publisher().close(DRAIN)
    broker.close()
    store.close()
