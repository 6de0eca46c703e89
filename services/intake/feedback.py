"""POST /v1/recommendations/{id}/feedback: what was done with a recommendation, kept as every event is."""

from flask import Blueprint, Response

from schemas.feedback import load_feedback
from services.intake.door import Door, reply
from services.intake.problems import Unknown
from signpost.case.event import Event
from signpost.ingress.strict_json import loads

SOURCE = "signpost/feedback"


def blueprint(door: Door) -> Blueprint:
    """The route, on this door."""
    routes = Blueprint("feedback", __name__)

    @routes.post("/v1/recommendations/<anything:name>/feedback")
    def feedback(name: str) -> Response:
        tenant, now = door.tenant(), door.clock()
        said = load_feedback(loads(door.body(), max_depth=door.limits.depth))
        found = door.store.recommendation(tenant, name) if "\0" not in name else None
        if found is None:
            raise Unknown("no recommendation of this id")
        data = {"recommendation": found.id, **({"until": said.until} if said.until else {})}
        identity = f"{found.id}.{said.id}" if said.id else f"{found.id}.{said.answer}.{now}"
        event = Event(tenant, SOURCE, identity, f"advice.{said.answer}", now, found.case_key, data)
        door.keeper.keep([event], now)
        return reply({"id": identity, "status": 202}, 202)

    return routes
