"""/livez: restart me when this fails; no dependency. /readyz: send me requests; degraded while the outbox stands in."""

from flask import Blueprint, Response

from signpost.errors import TransientError
from signpost.services.intake.context import IntakeContext, reply


def blueprint(context: IntakeContext) -> Blueprint:
    """The routes, on this door."""
    routes = Blueprint("health", __name__)

    @routes.get("/livez")
    def livez() -> Response:
        return reply({"status": "ok"})

    @routes.get("/readyz")
    def readyz() -> Response:
        try:
            context.store.ping()
        except TransientError as error:
            return reply({"status": "unavailable", "database": str(error)}, 503)
        problem = context.acceptor.broker_problem
        return reply({"status": "degraded", "broker": problem} if problem else {"status": "ok"})

    return routes
