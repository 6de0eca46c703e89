"""Probes. /livez: the process runs; checks no dependency. /readyz: it can serve.

Degraded without the broker, or while a change of the tenants file is refused."""

import logging

from flask import Blueprint, Response

from signpost.errors import TransientError
from signpost.repeats import Repeats
from signpost.services.intake.context import IntakeContext, reply
from signpost.tenants.live import LiveTenants

log = logging.getLogger(__name__)

DATABASE_UNAVAILABLE = "unavailable; the log has the reason"
BROKER_UNAVAILABLE = "unavailable; events are stored in the outbox until it is back"
CHANGE_REFUSED = "a change is refused and the previous version in force; see the log"
"""Without the reason, because probes need no API key: the reason is in the log."""


def blueprint(context: IntakeContext) -> Blueprint:
    """The routes."""
    routes, lines = Blueprint("health", __name__), Repeats()

    @routes.get("/livez")
    def livez() -> Response:
        return reply({"status": "ok"})

    @routes.get("/readyz")
    def readyz() -> Response:
        try:
            context.store.ping()
            lines.reset()
        except TransientError as error:
            if lines.is_due(str(error)):
                log.warning("not ready: database unavailable: %s", error)
            return reply({"status": "unavailable", "database": DATABASE_UNAVAILABLE}, 503)
        # The connection thread logs the reason
        parts = _degraded_parts(context)
        return reply({"status": "degraded", **parts} if parts else {"status": "ok"})

    return routes


def _degraded_parts(context: IntakeContext) -> dict[str, str]:
    """Each part that does not work as it should although the process can serve, in words."""
    parts = {"broker": BROKER_UNAVAILABLE} if context.acceptor.broker_problem is not None else {}
    if isinstance(context.tenants, LiveTenants) and context.tenants.is_degraded:
        parts["tenants"] = CHANGE_REFUSED
    return parts
