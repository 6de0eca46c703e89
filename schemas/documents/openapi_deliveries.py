"""The OpenAPI paths of received webhooks and their results. Data only."""

from signpost.schemas.documents.answers import DELIVERY_STATUSES, ref
from signpost.schemas.documents.examples import DELIVERY
from signpost.schemas.documents.openapi_parts import (
    LIMIT,
    answering,
    cursor_parameter,
    media,
    path_parameter,
    query_parameter,
    reading,
)
from signpost.schemas.fields import JsonSchema

_DELIVERY = path_parameter("delivery", "The delivery id from the response to the webhook", DELIVERY["id"])


def delivery_paths() -> JsonSchema:
    """Return path -> operations."""
    return {
        "/v1/deliveries": {"get": _list()},
        "/v1/deliveries/{delivery}": {"get": _show()},
        "/v1/deliveries/{delivery}/replay": {"post": _replay()},
    }


def _list() -> JsonSchema:
    parameters = [
        query_parameter("source", "Return only this source", {"type": "string"}, "acme-greenhouse"),
        query_parameter(
            "status", "Return only this status", {"type": "string", "enum": list(DELIVERY_STATUSES)}, "refused"
        ),
        cursor_parameter("from the latest"),
        LIMIT,
    ]
    listed = {name: value for name, value in DELIVERY.items() if name != "body"}
    answers = answering(
        200, "Deliveries, latest first", media(ref("Deliveries"), {"items": [listed], "next": None}), 400, 401, 503
    )
    return reading("deliveries", "List received webhooks and their results", parameters, answers)


def _show() -> JsonSchema:
    answers = answering(200, "The delivery with its redacted body", media(ref("Delivery"), DELIVERY), 401, 404, 503)
    return reading("delivery", "Return one webhook and its result", [_DELIVERY], answers)


def _replay() -> JsonSchema:
    answers = answering(200, "The result of the replay", media(ref("Delivery"), DELIVERY), 400, 401, 403, 404, 503)
    return reading("replay", "Replay a webhook with the current mapping", [_DELIVERY], answers)
