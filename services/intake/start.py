"""Checks before the intake starts: finds once what an operator has to correct. Serves no request."""

import logging
from collections.abc import Mapping

from signpost import traces
from signpost.errors import CallerError, MisconfiguredError, TransientError
from signpost.ingress.sources import OwnMappings, source_problem
from signpost.ingress.vendors import VENDORS
from signpost.messaging import connect, require_topology
from signpost.settings import Settings
from signpost.storage import open_store, require_tables
from signpost.tenants.live import LiveTenants, kept_tenants
from signpost.tenants.loading import load_tenants

log = logging.getLogger(__name__)


def check_start(settings: Settings, environ: Mapping[str, str]) -> None:
    """Raises CallerError for a faulty tenants file or declared field of which no valid version is kept, and for traces
    without OpenTelemetry; MisconfiguredError if database or broker reject the settings, or lack tables or queues.

    A server that is only unavailable does not stop the start: the intake stores events in the other one.
    """
    traces.require(settings.traces)
    VENDORS.read_own(settings.vendors)
    try:
        load_tenants(settings.tenants, environ, source_problem, settings.rules)
    except CallerError:
        kept = kept_tenants(settings.state_dir, settings.tenants, settings.rules)
        LiveTenants(settings.tenants, environ, source_problem, settings.rules, kept, OwnMappings(settings.vendors))
    for check in (_check_database, _check_broker):
        try:
            check(settings)
        except MisconfiguredError:
            raise
        except TransientError as error:
            log.warning("the intake starts without a server: %s", error)


def _check_database(settings: Settings) -> None:
    with open_store(settings.database_url) as store:
        store.ping()
        if newer := require_tables(store):
            log.warning(
                "the tables are at revision %s, of a newer version of Signpost; update this process soon", newer
            )


def _check_broker(settings: Settings) -> None:
    broker = connect(settings.broker_url, partitions=settings.partitions, name="signpost intake start")
    try:
        for difference in require_topology(broker):
            log.warning("topology differs from its declaration: %s; compare with `signpost topology check`", difference)
    finally:
        broker.close()
