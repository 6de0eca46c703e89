"""Responses to requests that the worker refuses before the application sees them, as problem documents."""

from functools import lru_cache
from http import HTTPStatus
from typing import Final

from signpost.metrics.table import HTTP_REQUESTS
from signpost.services.intake.problems import problem

RETRY_AFTER_S: Final = 5
DETAILS: Final = {
    HTTPStatus.REQUEST_TIMEOUT: "The request did not arrive within the time limit.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The body is too large, or has too many chunks.",
    HTTPStatus.REQUEST_URI_TOO_LONG: "The address is too long.",
    HTTPStatus.EXPECTATION_FAILED: "Of the expectations, only 100-continue is supported.",
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: "The headers are too large.",
    HTTPStatus.SERVICE_UNAVAILABLE: f"Too many requests at once. Retry after {RETRY_AFTER_S} seconds.",
}


def refusal(status: HTTPStatus, detail: str = "") -> bytes:
    """The whole response, after which the connection closes. `detail`: instead of that of the status."""
    HTTP_REQUESTS.inc("none", "none", f"{status.value // 100}xx")
    return _response(status, detail)


@lru_cache(maxsize=64)
def _response(status: HTTPStatus, detail: str) -> bytes:
    usual = "The log has the details." if status.value == 500 else "The request is no valid HTTP."
    detail = detail or DETAILS.get(status, usual)
    response = problem(status, f"http-{status.value}", status.phrase, detail)
    response.headers.extend(
        {"Connection": "close", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
        | ({"Retry-After": str(RETRY_AFTER_S)} if status == HTTPStatus.SERVICE_UNAVAILABLE else {})
    )
    lines = [f"HTTP/1.1 {status.value} {status.phrase}", *(f"{name}: {value}" for name, value in response.headers)]
    return "\r\n".join([*lines, "", ""]).encode() + response.get_data()
