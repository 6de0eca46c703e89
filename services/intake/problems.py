"""Every error as a problem document (RFC 9457), whoever raised it."""

import logging
from collections.abc import Iterable, Mapping
from typing import Any

import orjson
from flask import Flask, Response
from werkzeug.exceptions import HTTPException

from signpost.errors import CallerError, SignpostError, TransientError
from signpost.ingress.cloudevents_http import UnsupportedMediaType
from signpost.ingress.signatures import InvalidSignature
from signpost.ingress.strict_json import MalformedJson, TooLarge
from signpost.names import PROBLEM_JSON
from signpost.schemas import InvalidEvent, Problem
from signpost.services.intake.limits import Limits

log = logging.getLogger(__name__)


class Unauthorized(CallerError):
    """No API key, or one that names no tenant."""


class NotFound(CallerError):
    """There is nothing of this name for this tenant."""


class RateLimited(CallerError):
    """The tenant sends more than its rate; `seconds`: when there will be room for the same again."""

    def __init__(self, seconds: int, status: int = 429) -> None:
        super().__init__(f"more is sent than this tenant's rate allows; send the same again in {seconds} seconds")
        self.seconds, self.status = seconds, status


class SourceDisabled(TransientError):
    """The webhooks of this source cannot be verified until an operator corrects the tenants file."""


class BadQuery(CallerError):
    """A query parameter that cannot be read."""

    def __init__(self, name: str, detail: str) -> None:
        super().__init__(f"{name} {detail}")
        self.problems = [Problem(f"?{name}", detail)]


KINDS: tuple[tuple[type[SignpostError], int, str, str], ...] = (
    (InvalidEvent, 422, "refused", "The event is not accepted"),
    (InvalidSignature, 401, "unsigned", "The signature is missing or wrong"),
    (Unauthorized, 401, "unauthorized", "The API key is missing or wrong"),
    (NotFound, 404, "unknown", "There is nothing of this name"),
    (TooLarge, 413, "too-large", "The request is too large"),
    (RateLimited, 429, "too-many", "Too many events and requests of this tenant"),
    (UnsupportedMediaType, 415, "not-understood", "The content type is not understood"),
    (MalformedJson, 400, "malformed", "The request cannot be read"),
    (BadQuery, 400, "bad-query", "A query parameter cannot be read"),
    (CallerError, 400, "bad-request", "The request is not accepted"),
    (SourceDisabled, 503, "source-disabled", "The source is disabled until its operator corrects it"),
    (TransientError, 503, "unavailable", "Nothing can be kept or read just now"),
)
"""Error -> status, kind and title; the first that fits."""


def problem(
    status: int,
    kind: str,
    title: str,
    detail: str,
    errors: Iterable[Mapping[str, Any]] = (),
    headers: Iterable[tuple[str, str]] = (),
) -> Response:
    """A problem document. `kind` becomes its type, a URN that programs may compare."""
    document: dict[str, Any] = {
        "type": f"urn:signpost:problem:{kind}",
        "title": title,
        "status": status,
        "detail": detail,
    }
    if listed := list(errors):
        document["errors"] = listed
    response = Response(orjson.dumps(document), status, mimetype=PROBLEM_JSON)
    response.headers.extend(headers)
    return response


def listed(problems: Iterable[Problem]) -> list[dict[str, str]]:
    """Problems as they stand in `errors`."""
    return [{"pointer": found.pointer, "detail": found.message} for found in problems]


def install(app: Flask, limits: Limits) -> None:
    """Answer every exception with a problem document."""

    def on_own(error: SignpostError) -> Response:
        for family, status, kind, title in KINDS:
            if isinstance(error, family):
                return _own(error, status, kind, title, limits)
        return _bug(error)

    app.register_error_handler(SignpostError, on_own)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _bug)


def _own(error: SignpostError, status: int, kind: str, title: str, limits: Limits) -> Response:
    if isinstance(error, InvalidEvent):
        count = len(error.problems)
        detail = "1 problem" if count == 1 else f"{count} problems"
        return problem(status, kind, title, detail, listed(error.problems))
    headers: list[tuple[str, str]] = []
    detail = str(error)
    if isinstance(error, BadQuery):
        return problem(status, kind, title, detail, listed(error.problems))
    if isinstance(error, RateLimited):
        return problem(error.status, kind, title, detail, headers=[("Retry-After", str(error.seconds))])
    if status == 401:
        headers.append(("WWW-Authenticate", "Bearer" if kind == "unauthorized" else "Signature"))
    if status == 503:
        log.warning("answered 503: %s", error)
        headers.append(("Retry-After", str(limits.retry_after)))
        detail = f"Send the same again in {limits.retry_after} seconds; a repeat changes nothing."
    return problem(status, kind, title, detail, headers=headers)


def _http(error: HTTPException) -> Response:
    """Flask's own: unknown paths, methods, bodies beyond the limit."""
    status = error.code or 500
    kept = [
        (name, value) for name, value in error.get_headers() if name.lower() in ("allow", "location", "retry-after")
    ]
    return problem(status, f"http-{status}", error.name, error.description or error.name, headers=kept)


def _bug(error: Exception) -> Response:
    log.error("answered 500", exc_info=error)
    return problem(500, "bug", "Something is wrong on our side", "It has been logged.")
