"""Maps exceptions to problem responses (RFC 9457). Raising them is up to the routes."""

import logging
from collections.abc import Iterable, Mapping
from typing import Any, Final

import orjson
from flask import Flask, Response, g, has_app_context, request
from werkzeug.exceptions import HTTPException

from signpost.errors import CallerError, SignpostError, TransientError, shortage
from signpost.ingress.cloudevents_http import UnsupportedMediaType
from signpost.ingress.signatures import InvalidSignature
from signpost.ingress.strict_json import MalformedJson, TooLarge
from signpost.names import PROBLEM_JSON
from signpost.outgoing.registry import NoEndpoint
from signpost.printable import shorten
from signpost.schemas import InvalidEvent, Problem
from signpost.schemas.problems import MAX_PROBLEMS, count_more
from signpost.services.intake.limits import Limits
from signpost.storage import StaleCursor

log = logging.getLogger(__name__)

UNSIGNED: Final = (
    "The source is unknown, or the signature does not fit. The reason is in `signpost deliveries list`, or, for a name"
    " that no source has, in `signpost status`."
)
"""The same for both, so that nobody can find out which sources exist."""


class Unauthorized(CallerError):
    """The API key is missing or belongs to no tenant."""


class NotFound(CallerError):
    """No such resource for this tenant."""


class PreconditionFailed(CallerError):
    """The resource is not in the state that the request asks for."""


class RateLimited(CallerError):
    """The tenant exceeds its rate limit; the same request fits after `retry_after_s`."""

    def __init__(self, retry_after_s: int, status: int = 429, price: int = 1) -> None:
        cost = "1 event" if price == 1 else f"{price} events"
        super().__init__(
            f"the rate limit of this tenant is exceeded: this request costs as much as {cost}; "
            f"retry after {retry_after_s} seconds"
        )
        self.retry_after_s, self.status, self.price = retry_after_s, status, price


class TooExpensive(CallerError):
    """The request takes more work than one request may cause."""


class NoSlot(CallerError):
    """Too many expensive requests run at once; 429: of this tenant, 503: of all."""

    def __init__(self, status: int, retry_after_s: int, reason: str) -> None:
        super().__init__(f"{reason}; retry after {retry_after_s} second{'' if retry_after_s == 1 else 's'}")
        self.retry_after_s, self.status = retry_after_s, status


class QuotaReached(CallerError):
    """The tenant is at a quota, and some events would begin a case. `retry_after_s`: 0 if the sender must not retry."""

    def __init__(self, excess: str, status: int = 403, retry_after_s: int = 0) -> None:
        super().__init__(f"{excess}: no event can begin a case, existing cases go on")
        self.excess, self.status, self.retry_after_s = excess, status, retry_after_s


class SourceDisabled(TransientError):
    """The webhooks of this source cannot be verified until an operator corrects the tenants file."""


class BadQuery(CallerError):
    """Query parameters are invalid. `wrong`: parameter -> what is wrong with it; `problems` lists the first of them,
    `more` counts the rest."""

    def __init__(self, wrong: Mapping[str, str]) -> None:
        found = [(shorten(name), detail) for name, detail in wrong.items()]
        listed, self.more = found[:MAX_PROBLEMS], max(0, len(found) - MAX_PROBLEMS)
        self.problems = [Problem(f"?{name}", detail) for name, detail in listed]
        rest = [count_more(self.more)] if self.more else []
        super().__init__("; ".join([*(f"{name} {detail}" for name, detail in listed), *rest]))


KINDS: tuple[tuple[type[SignpostError], int, str, str], ...] = (
    (InvalidEvent, 422, "refused", "The body is invalid"),
    (InvalidSignature, 401, "unsigned", "The signature is missing or invalid"),
    (Unauthorized, 401, "unauthorized", "The API key is missing or invalid"),
    (NotFound, 404, "unknown", "Not found"),
    (NoEndpoint, 404, "unknown", "Not found"),
    (PreconditionFailed, 412, "precondition-failed", "The precondition does not hold"),
    (TooLarge, 413, "too-large", "The request is too large"),
    (RateLimited, 429, "too-many", "Rate limit exceeded"),
    (QuotaReached, 403, "quota", "The quota of the tenant is reached"),
    (TooExpensive, 422, "too-expensive", "The request takes too much work"),
    (NoSlot, 429, "busy", "Too many expensive requests at once"),
    (UnsupportedMediaType, 415, "not-understood", "Unsupported media type"),
    (MalformedJson, 400, "malformed", "The request is malformed"),
    (StaleCursor, 410, "stale-cursor", "The feed does not have the changes after this cursor"),
    (BadQuery, 400, "bad-query", "A query parameter is invalid"),
    (CallerError, 400, "bad-request", "The request is invalid"),
    (SourceDisabled, 503, "source-disabled", "The source is disabled until an operator corrects it"),
    (TransientError, 503, "unavailable", "Temporarily unavailable"),
)
"""Error -> status, kind and title; the first match counts."""


def problem(
    status: int,
    kind: str,
    title: str,
    detail: str,
    errors: Iterable[Mapping[str, Any]] = (),
    headers: Iterable[tuple[str, str]] = (),
    *,
    more: int = 0,
) -> Response:
    """A problem document. `kind` becomes its `type`, a URN that programs can compare; `more` counts the errors beyond
    those listed. The problem of a recorded webhook has the id of its delivery."""
    if has_app_context():
        g.problem = kind
    document: dict[str, Any] = {
        "type": f"urn:signpost:problem:{kind}",
        "title": title,
        "status": status,
        "detail": detail,
    }
    if items := list(errors):
        document["errors"] = items
    if more:
        document["more"] = more
    if has_app_context() and "delivery" in g:
        document["delivery"] = g.delivery
    response = Response(orjson.dumps(document), status, mimetype=PROBLEM_JSON)
    response.headers.extend(headers)
    return response


def to_errors(problems: Iterable[Problem], more: int = 0) -> list[dict[str, str]]:
    """Problems in the form of the field `errors`; `more`: a last line counts those that are not listed."""
    rest = [{"pointer": "", "detail": count_more(more)}] if more else []
    return [{"pointer": found.pointer, "detail": found.message} for found in problems] + rest


def install(app: Flask, limits: Limits) -> None:
    """Respond to every exception with a problem document."""

    app.after_request(_forbid_caching)
    app.register_error_handler(HTTPException, http_to_problem)
    app.register_error_handler(Exception, lambda error: to_problem(error, limits))


def to_problem(error: Exception, limits: Limits) -> Response:
    """The response to an error of Signpost or of the operating system; to any other, that of a bug."""
    known = shortage(error) if isinstance(error, OSError) else error
    for family, status, kind, title in KINDS:
        if isinstance(known, family):
            return _to_problem(known, status, kind, title, limits)
    return _bug_to_problem(error)


def _forbid_caching(response: Response) -> Response:
    """Only a response that says so may be stored, and none may be taken for another type."""
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _to_problem(error: SignpostError, status: int, kind: str, title: str, limits: Limits) -> Response:
    if isinstance(error, InvalidEvent):
        return problem(status, kind, title, _count(error), to_errors(error.problems), more=error.more)
    headers: list[tuple[str, str]] = []
    detail = str(error)
    if isinstance(error, BadQuery):
        return problem(status, kind, title, detail, to_errors(error.problems), more=error.more)
    if isinstance(error, MalformedJson):
        return problem(status, kind, title, detail, to_errors([Problem("", detail)]))
    if isinstance(error, RateLimited | NoSlot) or (isinstance(error, QuotaReached) and error.retry_after_s):
        return problem(error.status, kind, title, detail, headers=[("Retry-After", str(error.retry_after_s))])
    if isinstance(error, InvalidSignature):
        detail = UNSIGNED
    if status == 401:
        headers.append(("WWW-Authenticate", "Bearer" if kind == "unauthorized" else "Signature"))
    if status == 503:
        log.warning("responded 503: %s", error)
        headers.append(("Retry-After", str(limits.retry_after_s)))
        detail = f"Retry after {limits.retry_after_s} seconds; retries are idempotent."
    return problem(status, kind, title, detail, headers=headers)


def _count(error: InvalidEvent) -> str:
    listed = len(error.problems)
    if error.more:
        return f"{listed + error.more} problems; the first {listed} are listed"
    return "1 problem" if listed == 1 else f"{listed} problems"


def http_to_problem(error: HTTPException) -> Response:
    """Errors of Flask: unknown paths and methods, bodies beyond the limit."""
    status = error.code or 500
    headers = [
        (name, value) for name, value in error.get_headers() if name.lower() in ("allow", "location", "retry-after")
    ]
    is_path = status == 404 and request.url_rule is None
    detail = "there is no such path; /docs lists all operations" if is_path else error.description or error.name
    return problem(status, f"http-{status}", error.name, detail, headers=headers)


def _bug_to_problem(error: Exception) -> Response:
    """The response to an exception that nobody expected."""
    log.error("responded 500: a bug of Signpost", exc_info=error)
    return problem(500, "bug", "Internal error", "The log has the details.")
