"""What the operations of the OpenAPI document are made of: bodies, answers, refusals, parameters."""

from typing import Any

from signpost.names import JSON, PROBLEM_JSON
from signpost.schemas.documents.answers import ref
from signpost.schemas.documents.problem_examples import BAD_QUERY, PROBLEMS
from signpost.schemas.fields import JsonSchema

REASONS = {
    400: "The request cannot be read: not JSON as it is accepted here, or a malformed header",
    401: "The credential or the signature is missing or wrong",
    404: "There is nothing of this name for this tenant",
    413: "The body is too long, or the batch has too many events",
    415: "The content type is not understood",
    422: "The event is understood and not accepted; `errors` names every bad field",
    429: "This tenant sends more than its rate; send the same again after `Retry-After` seconds",
    503: "Nothing could be kept now; send the same again after `Retry-After` seconds",
}


def media(schema: JsonSchema, example: Any, media_type: str = JSON) -> JsonSchema:
    """The content of a body of one media type."""
    return {media_type: {"schema": schema, "example": example}}


def answering(code: int, words: str, content: JsonSchema, *refusals: int) -> JsonSchema:
    """The answers of an operation: success and refusals. Whoever is asked who they are is held to a rate, too."""
    refused = sorted({*refusals, 429}) if 401 in refusals else refusals
    return {str(code): {"description": words, "content": content}, **{str(it): refusal(it) for it in refused}}


def refusal(status: int) -> JsonSchema:
    """The answer of a refusal, with its problem document."""
    refused = {"description": REASONS[status], "content": media(ref("Problem"), PROBLEMS[status], PROBLEM_JSON)}
    return {**refused, "headers": HEADERS[status]} if status in HEADERS else refused


_RETRY_AFTER = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds", "example": 5}}
HEADERS: dict[int, JsonSchema] = {
    401: {
        "WWW-Authenticate": {"schema": {"type": "string"}, "description": "Bearer, or Signature", "example": "Bearer"}
    },
    429: _RETRY_AFTER,
    503: _RETRY_AFTER,
}


def with_example(status: int, example: JsonSchema, answers: JsonSchema) -> JsonSchema:
    """The answers, with another example of a refusal."""
    return answers | {str(status): {**answers[str(status)], "content": media(ref("Problem"), example, PROBLEM_JSON)}}


def path_parameter(name: str, words: str, example: str) -> JsonSchema:
    """A parameter of the path."""
    said = {"name": name, "in": "path", "required": True, "description": words, "example": example}
    return {**said, "schema": {"type": "string", "minLength": 1}}


def query_parameter(name: str, words: str, schema: JsonSchema, example: Any) -> JsonSchema:
    """An optional parameter of the query."""
    return {"name": name, "in": "query", "description": words, "schema": schema, "example": example}


def reading(operation: str, summary: str, parameters: list[JsonSchema], answers: JsonSchema) -> JsonSchema:
    """An operation that reads: it answers 503 as well while the database is away."""
    answers = (with_example(400, BAD_QUERY, answers) if "400" in answers else answers) | {"503": refusal(503)}
    return {"operationId": operation, "summary": summary, "parameters": parameters, "responses": answers}
