"""POST /v1/recommendations/{id}/feedback: what was done with a recommendation, kept as every event is."""

from flask import Blueprint, Response

from signpost.case.event import Event
from signpost.ingress.strict_json import loads
from signpost.schemas.feedback import load_feedback
from signpost.services.intake.context import IntakeContext, reply
from signpost.services.intake.problems import NotFound

SOURCE = "signpost/feedback"


def blueprint(context: IntakeContext) -> Blueprint:
    """The route, on this door."""
    routes = Blueprint("feedback", __name__)

    @routes.post("/v1/recommendations/<anything:name>/feedback")
    def feedback(name: str) -> Response:
        tenant, now = context.tenant(), context.clock()
        said = load_feedback(loads(context.body(), max_depth=context.limits.depth))
        found = context.store.recommendation(tenant, name) if "\0" not in name else None
        if found is None:
            raise NotFound("no recommendation of this id")
        data = {"recommendation": found.id, **({"until": said.until} if said.until else {})}
        identity = f"{found.id}.{said.id}" if said.id else f"{found.id}.{said.answer}.{now}"
        event = Event(tenant, SOURCE, identity, f"advice.{said.answer}", now, found.case_key, data)
        context.acceptor.keep([event], now)
        return reply({"id": identity, "status": 202}, 202)

    return routes
