"""Counts requests, their durations and problems for the metrics, and serves /metrics where the settings allow it."""

import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import Final

from flask import Blueprint, Flask, Response, g, request

from signpost.ingress.vendors import VENDORS
from signpost.metrics import table
from signpost.metrics.reading import CONTENT_TYPE
from signpost.services.intake.holding import HOLD
from signpost.services.intake.problems import NotFound

QUEUED_AT: Final[ContextVar[float]] = ContextVar("queued_at")
"""When the request was complete, by the monotonic clock; the worker sets it in the thread of the request."""
METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
NONE: Final = "none"
"""The route of a path that has none."""
SENDING: Final = ("/v1/events", "/v1/webhooks/", "/v1/recommendations/<name>/feedback")
"""Beginnings of the routes that take events."""
OWN: Final = "own"


def blueprint(scrape: Callable[[], bytes] | None) -> Blueprint:
    """The route. `scrape`: the metrics as text; None if they are served elsewhere."""
    routes = Blueprint("metrics", __name__)

    @routes.get("/metrics")
    def metrics() -> Response:
        if scrape is None:
            raise NotFound("metrics are served only at the address of SIGNPOST_METRICS_BIND")
        return Response(scrape(), content_type=CONTENT_TYPE)

    return routes


def install(app: Flask) -> None:
    """Count every request of the application."""

    def start() -> None:
        g.started = QUEUED_AT.get(time.monotonic())

    app.before_request(start)
    app.after_request(_count)


def _count(response: Response) -> Response:
    if is_held():
        return response
    route = request.url_rule.rule if request.url_rule is not None else NONE
    method = request.method if request.method in METHODS else "other"
    table.HTTP_REQUESTS.inc(route, method, f"{response.status_code // 100}xx")
    if "started" in g:
        table.HTTP_SECONDS.observe(time.monotonic() - g.started, route)
    if kind := g.get("problem"):
        _count_problem(kind, is_sending=method == "POST" and route.startswith(SENDING))
    return response


def is_held() -> bool:
    """Whether this run of a request that waits is not counted and logged: a poll is by its answer, a stream when it
    begins."""
    hold = HOLD.get()
    return hold is not None and hold.watch is not None and (hold.is_repeated or not hold.is_stream)


def _count_problem(kind: str, *, is_sending: bool) -> None:
    table.HTTP_PROBLEMS.inc(kind)
    if kind == "too-many":
        table.RATE_LIMITED.inc()
    if is_sending:
        table.EVENTS_REFUSED.inc(kind)


def count_delivery(vendor: str, outcome: str) -> None:
    """Count a verified webhook: translated, ignored, unknown or refused."""
    table.DELIVERIES.inc(OWN if vendor in VENDORS.own else vendor, outcome)
