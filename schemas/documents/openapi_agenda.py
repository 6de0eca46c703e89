"""The paths of the OpenAPI document that read and answer agendas."""

from typing import Any, Final

from signpost.names import AUDIENCES
from signpost.schemas.documents.agenda_examples import AGENDA_ANSWER, AGENDA_CARD, EMPLOYER_AGENDA
from signpost.schemas.documents.answers import ref
from signpost.schemas.documents.examples import FEEDBACK
from signpost.schemas.documents.openapi_parts import (
    answering,
    cursor_parameter,
    media,
    path_parameter,
    query_parameter,
    reading,
)
from signpost.schemas.fields import JsonSchema

_CANDIDATE: Final = path_parameter("candidate", "A candidate's id, or `application:ID`, percent-encoded", "c-1")
_READER: Final = [
    query_parameter("audience", "Whose agenda", {"type": "string", "enum": list(AUDIENCES)}, "employer"),
    query_parameter(
        "employer", "With `audience=employer`, and only then: the id of the employer", {"type": "string"}, "acme"
    ),
]
_QUESTIONS: Final = query_parameter(
    "questions", "The maximum number of questions", {"type": "integer", "minimum": 0, "maximum": 2, "default": 2}, 2
)


def agenda_paths() -> dict[str, Any]:
    """Return the paths."""
    return {
        "/v1/candidates/{candidate}/agenda": {"get": _agenda()},
        "/v1/candidates/{candidate}/agenda/cards/{card}/feedback": {"post": _feedback()},
        "/v1/employers/{employer}/agenda": {"get": _employer()},
    }


def _agenda() -> JsonSchema:
    description = "The cards, the first to do first, what is held back, and at most two questions"
    answers = answering(200, description, media(ref("Agenda"), AGENDA_ANSWER), 400, 401, 404)
    parameters = [_CANDIDATE, *_READER, _QUESTIONS]
    return reading("agenda", "Return the agenda of a candidate, or of an employer about it", parameters, answers)


def _employer() -> JsonSchema:
    limit = {"type": "integer", "minimum": 1, "maximum": 50, "default": 20}
    parameters = [
        path_parameter("employer", "The id of an employer, percent-encoded", "acme"),
        query_parameter("limit", "The maximum number of candidates", limit, 20),
        cursor_parameter(),
    ]
    description = "The agendas of the candidates with something to do for the employer, the most pressing first"
    answers = answering(200, description, media(ref("EmployerAgenda"), EMPLOYER_AGENDA), 400, 401)
    return reading("employerAgenda", "List the agendas of an employer over its candidates", parameters, answers)


def _feedback() -> JsonSchema:
    example = {"ids": ["r-5f1c.done.1772460000000000"], "status": 202}
    description, refusals = "Accepted: the feedback is stored durably", (400, 401, 404, 413, 415, 422, 503)
    answers = answering(202, description, media(ref("AcceptedAll"), example), *refusals)
    return {
        "operationId": "sendCardFeedback",
        "summary": "Answer every recommendation on a card: done, dismissed, or snoozed until an instant",
        "parameters": [_CANDIDATE, path_parameter("card", "The id of a card", AGENDA_CARD["id"]), *_READER],
        "requestBody": {"required": True, "content": media(ref("Feedback"), FEEDBACK)},
        "responses": answers,
    }
