"""/livez: restart me when this fails; no dependency. /readyz: send me requests; degraded while the outbox stands in."""

import logging

from flask import Blueprint, Response

from signpost.errors import TransientError
from signpost.repeats import Repeats
from signpost.services.intake.context import IntakeContext, reply

log = logging.getLogger(__name__)

DATABASE_AWAY = "cannot be reached"
BROKER_AWAY = "takes no messages; events are kept in the database until it does"
"""Short words for a probe, which anybody may ask: the reason is in the log."""


def blueprint(context: IntakeContext) -> Blueprint:
    """The routes, on this door."""
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
                log.warning("not ready: the database cannot be reached: %s", error)
            return reply({"status": "unavailable", "database": DATABASE_AWAY}, 503)
        # The connection's own thread logs the reason
        degraded = context.acceptor.broker_problem is not None
        return reply({"status": "degraded", "broker": BROKER_AWAY} if degraded else {"status": "ok"})

    return routes
