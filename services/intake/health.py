"""/livez: restart me when this fails; no dependency. /readyz: send me requests; degraded while the outbox stands in."""

from flask import Blueprint, Response

from services.intake.door import Door, reply
from signpost.errors import TransientError


def blueprint(door: Door) -> Blueprint:
    """The routes, on this door."""
    routes = Blueprint("health", __name__)

    @routes.get("/livez")
    def livez() -> Response:
        return reply({"status": "ok"})

    @routes.get("/readyz")
    def readyz() -> Response:
        try:
            door.store.ping()
        except TransientError as error:
            return reply({"status": "unavailable", "database": str(error)}, 503)
        problem = door.keeper.broker_problem
        return reply({"status": "degraded", "broker": problem} if problem else {"status": "ok"})

    return routes
