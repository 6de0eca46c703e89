"""The building blocks of OpenAPI operations: bodies, responses, problems, parameters."""

from typing import Any

from signpost.names import AUDIENCES, JSON, PROBLEM_JSON
from signpost.schemas.documents.answers import ref
from signpost.schemas.documents.problem_examples import BAD_QUERY, PROBLEMS
from signpost.schemas.fields import JsonSchema

REASONS = {
    400: "The body is not strict JSON, or a header or parameter is malformed",
    401: "The credential or the signature is missing or invalid",
    403: "The tenant is at a quota, and the event would begin a case; existing cases go on",
    404: "This tenant has no such resource",
    410: "The feed does not have the changes after this cursor: start from the beginning",
    412: "The document is not the one that `If-Match` names",
    413: "The body is too large, or the batch has too many events",
    414: "The address is too long",
    415: "The content type is not supported",
    422: "The body is invalid; `errors` names every invalid field",
    431: "The headers are too large",
    429: "The tenant exceeds its rate limit; retry after `Retry-After` seconds",
    503: "The database or broker is unavailable; retry after `Retry-After` seconds",
}


def media(schema: JsonSchema, example: Any, media_type: str = JSON) -> JsonSchema:
    """Return the content of a body with one media type."""
    return {media_type: {"schema": schema, "example": example}}


def answering(code: int, description: str, content: JsonSchema, *refusals: int) -> JsonSchema:
    """Return the responses of an operation: success and problems. Authenticated operations are rate limited too."""
    refused = sorted({*refusals, 429}) if 401 in refusals else refusals
    return {
        str(code): {"description": description, "content": content},
        **{str(status): refusal(status) for status in refused},
    }


def refusal(status: int) -> JsonSchema:
    """Return the response of a problem, with its problem document."""
    refused = {"description": REASONS[status], "content": media(ref("Problem"), PROBLEMS[status], PROBLEM_JSON)}
    return {**refused, "headers": HEADERS[status]} if status in HEADERS else refused


def refused_unread(operation: JsonSchema) -> JsonSchema:
    """Return the responses to addresses and headers that are too long, where an operation has parameters there."""
    places = {parameter["in"] for parameter in operation.get("parameters", ())}
    statuses = ([414] if places & {"path", "query"} else []) + ([431] if "header" in places else [])
    return {str(status): refusal(status) for status in statuses}


_RETRY_AFTER = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds to wait", "example": 5}}
HEADERS: dict[int, JsonSchema] = {
    401: {
        "WWW-Authenticate": {"schema": {"type": "string"}, "description": "Bearer or Signature", "example": "Bearer"}
    },
    415: {
        "Accept-Post": {
            "schema": {"type": "string"},
            "description": "The content types that are supported; also in the response to OPTIONS",
            "example": JSON,
        }
    },
    429: _RETRY_AFTER,
    503: _RETRY_AFTER,
}


def with_example(status: int, example: JsonSchema, answers: JsonSchema) -> JsonSchema:
    """Return the responses with another example of one problem."""
    return answers | {str(status): {**answers[str(status)], "content": media(ref("Problem"), example, PROBLEM_JSON)}}


def path_parameter(name: str, description: str, example: str) -> JsonSchema:
    """Return a path parameter."""
    parameter = {"name": name, "in": "path", "required": True, "description": description, "example": example}
    return {**parameter, "schema": {"type": "string", "minLength": 1}}


def query_parameter(name: str, description: str, schema: JsonSchema, example: Any = None) -> JsonSchema:
    """Return an optional query parameter. `example`: None where none is accepted at any time and by any intake."""
    parameter = {"name": name, "in": "query", "description": description, "schema": schema}
    return parameter if example is None else {**parameter, "example": example}


def cursor_parameter(default: str = "from the beginning") -> JsonSchema:
    """Return the parameter that asks for the next page. No example: only an intake knows its cursors."""
    description = f"The `next` of an earlier response to the same request, unchanged; default: {default}"
    return query_parameter("after", description, {"type": "string"})


def reading(operation: str, summary: str, parameters: list[JsonSchema], answers: JsonSchema) -> JsonSchema:
    """Return a read operation; it also responds 503 while the database is unavailable."""
    answers = (with_example(400, BAD_QUERY, answers) if "400" in answers else answers) | {"503": refusal(503)}
    return {"operationId": operation, "summary": summary, "parameters": parameters, "responses": answers}


INSTANT: JsonSchema = {
    "type": "string",
    "format": "date-time",
    "pattern": "^(19[7-9][0-9]|[2-9][0-9]{3})-",
    "description": "An instant with its offset, in the years 1970 to 9999",
}
CANDIDATE = path_parameter("candidate", "A candidate's id, or `application:ID`, percent-encoded", "c-1")
AUDIENCE = query_parameter(
    "audience", "Return only this audience", {"type": "string", "enum": list(AUDIENCES)}, "candidate"
)
LIMIT = query_parameter(
    "limit", "The maximum number of items", {"type": "integer", "minimum": 1, "maximum": 500, "default": 100}, 50
)
