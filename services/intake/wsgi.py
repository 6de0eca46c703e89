"""The WSGI entry of the intake, a process edge: its parts made from the environment's settings."""

import os
from contextlib import suppress

from services.intake.app import create_app
from services.intake.limits import Limits
from services.intake.rulebooks import TenantEngines
from signpost.errors import TransientError
from signpost.logs import set_up_logging
from signpost.messaging import Bounds, connect
from signpost.settings import read_settings
from signpost.storage import open_store
from signpost.tenants import load_tenants

DRAIN = 5.0
"""Seconds that what is not yet confirmed has when the process stops."""

settings = read_settings(os.environ)
set_up_logging("intake", settings.log_level, settings.log_format)
store = open_store(settings.database_url, pool_size=settings.http_threads)
broker = connect(
    settings.broker_url, partitions=settings.partitions, bounds=Bounds(publish_timeout=settings.publish_timeout)
)
# Neither store nor broker holds a connection yet: each worker process makes its own after the fork.
app = create_app(
    store,
    broker.publisher,
    load_tenants(settings.tenants, os.environ),
    TenantEngines(settings.rules, settings.tenants, settings.reload_interval),
    partitions=settings.partitions,
    limits=Limits(body=settings.max_body_bytes, confirm=settings.publish_timeout + 1),
)


def start() -> None:
    """In the worker process: make the publisher, so that the first request need not wait for its connection."""
    with suppress(TransientError):
        broker.publisher()


def stop() -> None:
    """In the worker process: wait for what is not yet confirmed, then close."""
    with suppress(TransientError):
        broker.publisher().close(DRAIN)
    broker.close()
    store.close()
