"""Probes. /livez: the process runs; checks no dependency. /readyz: what it can do. Checks nothing here."""

from flask import Blueprint, Response

from signpost.services.intake.context import IntakeContext, reply


def blueprint(context: IntakeContext) -> Blueprint:
    """The routes."""
    routes = Blueprint("health", __name__)

    @routes.get("/livez")
    def livez() -> Response:
        return reply({"status": "ok"})

    @routes.get("/readyz")
    def readyz() -> Response:
        report = context.readiness.report(context.clock())
        return reply({"status": report.status, **report.parts}, 200 if report.is_ready else 503)

    return routes
