"""An example of each refusal, by its status. Types and titles are those that the intake answers with (a test)."""

from typing import Any


def _problem(status: int, kind: str, title: str, detail: str, **more: Any) -> dict[str, Any]:
    said = {"type": f"urn:signpost:problem:{kind}", "title": title, "status": status, "detail": detail}
    return {**said, **more}


_CURRENCY = {"pointer": "/data/salary/currency", "detail": 'must be a currency of ISO 4217, like "USD"'}
_LIMIT = "must be a whole number from 1 to 500"
BAD_QUERY = _problem(
    400,
    "bad-query",
    "A query parameter cannot be read",
    f"limit {_LIMIT}",
    errors=[{"pointer": "?limit", "detail": _LIMIT}],
)
UNSIGNED = _problem(
    401, "unsigned", "The signature is missing or wrong", "no signature is that of the body by any active secret"
)
PROBLEMS: dict[int, dict[str, Any]] = {
    400: _problem(400, "malformed", "The request cannot be read", "a batch is a JSON array of events"),
    401: _problem(
        401,
        "unauthorized",
        "The API key is missing or wrong",
        "send Authorization: Bearer and an API key of a tenant",
    ),
    404: _problem(404, "unknown", "There is nothing of this name", "nothing is known of this candidate"),
    413: _problem(413, "too-large", "The request is too large", "at most 1000000 bytes are accepted"),
    415: _problem(
        415, "not-understood", "The content type is not understood", "send the body without Content-Encoding"
    ),
    422: _problem(422, "refused", "The event is not accepted", "1 problem", errors=[_CURRENCY]),
    429: _problem(
        429,
        "too-many",
        "Too many events and requests of this tenant",
        "more is sent than this tenant's rate allows; send the same again in 5 seconds",
    ),
    503: _problem(
        503,
        "unavailable",
        "Nothing can be kept or read just now",
        "Send the same again in 5 seconds; a repeat changes nothing.",
    ),
}
