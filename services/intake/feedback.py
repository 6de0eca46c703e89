"""POST /v1/recommendations/{id}/feedback: a consumer's answer to a recommendation, stored as an event."""

from flask import Blueprint, Response

from signpost.case.event import Event
from signpost.ingress.strict_json import loads
from signpost.names import FEEDBACK_SOURCE
from signpost.schemas.feedback import load_feedback
from signpost.services.intake import prices
from signpost.services.intake.context import IntakeContext, reply
from signpost.services.intake.problems import NotFound


def blueprint(context: IntakeContext) -> Blueprint:
    """The route."""
    routes = Blueprint("feedback", __name__)

    @routes.post("/v1/recommendations/<name>/feedback")
    def feedback(name: str) -> Response:
        tenant, now = context.tenant(), context.clock()
        raw = context.body()
        context.charge(tenant, prices.of_body(len(raw)))
        answer = load_feedback(loads(raw, max_depth=context.limits.max_depth), now)
        found = context.store.recommendation(tenant, name) if "\0" not in name else None
        if found is None:
            raise NotFound("no recommendation has this id")
        data = {"recommendation": found.id, **({"until": answer.until} if answer.until else {})}
        identity = f"{found.id}.{answer.id}" if answer.id else f"{found.id}.{answer.answer}.{now}"
        event = Event(tenant, FEEDBACK_SOURCE, identity, f"advice.{answer.answer}", now, found.case_key, data)
        context.accept([event], now)
        return reply({"id": identity, "status": 202}, 202)

    return routes
