"""The OpenAPI paths of the list of candidates. Data only."""

from signpost.schemas.documents.answers import ref
from signpost.schemas.documents.examples import CANDIDATES_ANSWER
from signpost.schemas.documents.openapi_parts import answering, cursor_parameter, media, query_parameter, reading
from signpost.schemas.fields import JsonSchema


def candidate_paths() -> JsonSchema:
    """Return path -> operations."""
    return {"/v1/candidates": {"get": _candidates()}}


def _candidates() -> JsonSchema:
    parameters = [
        query_parameter(
            "q",
            "Return only candidates with this text: at the beginning of their id, of an id of an application, offer or "
            "interview, or anywhere in their name",
            {"type": "string", "maxLength": 200, "pattern": "^[^\\u0000]*$"},
            "maria",
        ),
        cursor_parameter(),
        query_parameter(
            "limit",
            "The maximum number of items; a page can have fewer, and none, while `next` is not null",
            {"type": "integer", "minimum": 1, "maximum": 500, "default": 100},
            50,
        ),
    ]
    answers = answering(
        200, "Candidates by id; with `q` first those found by id", media(ref("Candidates"), CANDIDATES_ANSWER), 400, 401
    )
    return reading("candidates", "List and search candidates", parameters, answers)
