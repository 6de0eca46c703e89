"""The OpenAPI paths of dead letters. Data only."""

from signpost.schemas.documents.answers import DEAD_LETTER_KINDS, ref
from signpost.schemas.documents.examples import DEAD_LETTER, DEAD_LETTER_GROUP
from signpost.schemas.documents.openapi_parts import (
    INSTANT,
    LIMIT,
    answering,
    media,
    path_parameter,
    query_parameter,
    reading,
)
from signpost.schemas.fields import JsonSchema

_LETTER = path_parameter("letter", "The id of a dead letter", DEAD_LETTER["id"])
_QUEUE = query_parameter(
    "queue",
    "`dead`: events and feedback that no advisor could process; `unrouted`: advice that matched no consumer; "
    "`consumer.NAME`: what this consumer rejected",
    {"type": "string", "default": "dead", "pattern": "^(dead|unrouted|consumer\\.[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?)$"},
    "dead",
)


def dead_letter_paths() -> JsonSchema:
    """Return path -> operations."""
    return {
        "/v1/dead-letters": {"get": _list()},
        "/v1/dead-letters/{letter}": {"get": _show(), "delete": _drop()},
        "/v1/dead-letters/{letter}/requeue": {"post": _requeue()},
    }


def _list() -> JsonSchema:
    kinds = {"type": "string", "enum": list(DEAD_LETTER_KINDS)}
    parameters = [
        _QUEUE,
        query_parameter("kind", "Return only this kind of fault", kinds, "sender"),
        query_parameter("reason", "Return only reasons that begin like this", {"type": "string"}, "quota"),
        query_parameter("type", "Return only this type", {"type": "string"}, "offer.extended"),
        query_parameter("failed_after", "Return only what failed since", INSTANT, "2026-03-01T00:00:00Z"),
        query_parameter("failed_before", "Return only what failed before", INSTANT, "2026-03-03T00:00:00Z"),
        LIMIT,
    ]
    listed = {name: value for name, value in DEAD_LETTER.items() if name != "body"}
    example = {"items": [listed], "groups": [DEAD_LETTER_GROUP], "matching": 1, "complete": True}
    answers = answering(
        200, "Dead letters of the tenant, latest first", media(ref("DeadLetters"), example), 400, 401, 404
    )
    return reading("deadLetters", "List messages that could not be processed", parameters, answers)


def _show() -> JsonSchema:
    answers = answering(200, "The dead letter with its body", media(ref("DeadLetter"), DEAD_LETTER), 400, 401, 404)
    return reading("deadLetter", "Return one dead letter", [_LETTER, _QUEUE], answers)


def _requeue() -> JsonSchema:
    content = media(ref("RequeuedLetter"), {"id": DEAD_LETTER["id"], "status": "requeued"})
    answers = answering(200, "Published again, and removed", content, 400, 401, 404)
    return reading("requeueDeadLetter", "Publish the event of a dead letter again", [_LETTER, _QUEUE], answers)


def _drop() -> JsonSchema:
    answers = answering(204, "Deleted", {}, 400, 401, 404)
    del answers["204"]["content"]
    return reading("dropDeadLetter", "Delete a dead letter for good", [_LETTER, _QUEUE], answers)
