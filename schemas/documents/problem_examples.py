"""An example of each refusal, by its status. Types and titles are those that the intake answers with (a test)."""

from typing import Any


def _problem(status: int, kind: str, title: str, detail: str, **more: Any) -> dict[str, Any]:
    document = {"type": f"urn:signpost:problem:{kind}", "title": title, "status": status, "detail": detail}
    return {**document, **more}


_CURRENCY = {"pointer": "/data/salary/currency", "detail": 'must be a currency of ISO 4217, like "USD"'}
_LIMIT = "must be a whole number from 1 to 500"
BAD_QUERY = _problem(
    400,
    "bad-query",
    "A query parameter is invalid",
    f"limit {_LIMIT}",
    errors=[{"pointer": "?limit", "detail": _LIMIT}],
)
UNSIGNED = _problem(
    401,
    "unsigned",
    "The signature is missing or invalid",
    "The source is unknown, or the signature does not fit. The reason is in `signpost deliveries list`, or, for a name"
    " that no source has, in `signpost status`.",
)
PROBLEMS: dict[int, dict[str, Any]] = {
    400: _problem(
        400,
        "malformed",
        "The request is malformed",
        "a batch must be a JSON array of events",
        errors=[{"pointer": "", "detail": "a batch must be a JSON array of events"}],
    ),
    401: _problem(
        401,
        "unauthorized",
        "The API key is missing or invalid",
        "send the header Authorization: Bearer KEY with an API key of a tenant",
    ),
    403: _problem(
        403,
        "quota",
        "The quota of the tenant is reached",
        "this tenant has 1000000 cases of at most 1000000: no event can begin a case, existing cases go on",
    ),
    404: _problem(404, "unknown", "Not found", "no facts are known about this candidate"),
    410: _problem(
        410,
        "stale-cursor",
        "The feed does not have the changes after this cursor",
        "this cursor stands at a change that the feed does not have: the database was replaced or restored from a "
        "backup; start from the beginning (without `after`) and skip what you know by its id",
    ),
    412: _problem(
        412,
        "precondition-failed",
        "The precondition does not hold",
        "the document is not that of If-Match; read it again",
    ),
    413: _problem(413, "too-large", "The request is too large", "at most 1000000 bytes are accepted"),
    414: _problem(414, "http-414", "Request-URI Too Long", "The address is too long."),
    415: _problem(415, "not-understood", "Unsupported media type", "send the body without Content-Encoding"),
    422: _problem(422, "refused", "The body is invalid", "1 problem", errors=[_CURRENCY]),
    431: _problem(431, "http-431", "Request Header Fields Too Large", "The headers are too large."),
    429: _problem(
        429,
        "too-many",
        "Rate limit exceeded",
        "the rate limit of this tenant is exceeded: this request costs as much as 500 events; retry after 5 seconds",
    ),
    503: _problem(
        503,
        "unavailable",
        "Temporarily unavailable",
        "Retry after 5 seconds; retries are idempotent.",
    ),
}
