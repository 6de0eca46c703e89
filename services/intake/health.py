"""Probes. /livez: the process runs; checks no dependency. /readyz: it can serve; degraded without the broker."""

import logging

from flask import Blueprint, Response

from signpost.errors import TransientError
from signpost.repeats import Repeats
from signpost.services.intake.context import IntakeContext, reply

log = logging.getLogger(__name__)

DATABASE_UNAVAILABLE = "unavailable; the log has the reason"
BROKER_UNAVAILABLE = "unavailable; events are stored in the outbox until it is back"
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
        degraded = context.acceptor.broker_problem is not None
        return reply({"status": "degraded", "broker": BROKER_UNAVAILABLE} if degraded else {"status": "ok"})

    return routes
