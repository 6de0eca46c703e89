"""One log line and one span for each request: route, status, time, delivery, ids of events. No content, no path."""

import logging
import time
from collections.abc import Callable, Iterable
from typing import Any, Final

from flask import Flask, Response, g, request

from signpost import traces
from signpost.services.intake.measuring import METHODS, NONE, is_held

MAX_LOGGED: Final = 10
"""Ids of events in the line of a request."""
PROBES: Final = ("/livez", "/readyz", "/metrics")
"""Paths without a span, whose successes are logged at the level debug: they come every few seconds."""
_SPAN: Final = "signpost.span"

log = logging.getLogger("signpost.intake")


def install(app: Flask) -> None:
    """Log every request of the application, and record its span."""
    app.wsgi_app = _in_span(app.wsgi_app)  # type: ignore[method-assign]
    app.after_request(_log)


def _in_span(inner: Callable[..., Any]) -> Callable[..., Any]:
    def call(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        parent = environ.get("HTTP_TRACEPARENT", "")
        with traces.Span() if path in PROBES else traces.span("request", "server", parent=parent) as span:
            environ[_SPAN] = span
            return inner(environ, start_response)  # type: ignore[no-any-return]

    return call


def _log(response: Response) -> Response:
    if is_held():
        return response
    route = request.url_rule.rule if request.url_rule is not None else NONE
    method = request.method if request.method in METHODS else "other"
    is_probe = request.path in PROBES and response.status_code < 400
    _note_span(method, route, response.status_code)
    level = logging.DEBUG if is_probe else logging.INFO
    if log.isEnabledFor(level):
        log.log(level, "%s %s", method, route, extra=_fields(response))
    return response


def _fields(response: Response) -> dict[str, Any]:
    events = g.get("events", ())
    return {
        "status": response.status_code,
        "duration_ms": round((time.monotonic() - g.started) * 1000, 1) if "started" in g else None,
        "bytes": request.content_length or 0,
        **({"delivery": g.delivery} if "delivery" in g else {}),
        **({"events": len(events), "ids": list(events[:MAX_LOGGED])} if events else {}),
        **({"problem": g.problem} if "problem" in g else {}),
        **traces.ids_of(request.environ[_SPAN].traceparent),
    }


def _note_span(method: str, route: str, status: int) -> None:
    if traces.is_on():
        events = list(g.get("events", ())[:MAX_LOGGED])
        names = {"http__request__method": method, "http__route": route, "http__response__status_code": status}
        ids = {"signpost__delivery": g.delivery} if "delivery" in g else {}
        request.environ[_SPAN].note(f"{method} {route}", **names, **ids, signpost__events=events)
