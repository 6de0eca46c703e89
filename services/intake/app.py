"""Composes the Flask application of the intake from its parts. Reads nothing from the environment."""

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from flask import Flask, Response, request
from werkzeug.routing import BaseConverter

from signpost.ingress.cloudevents_http import grant
from signpost.messaging import Broker, Publisher
from signpost.names import CLOUDEVENT_JSON, CLOUDEVENTS_BATCH_JSON, JSON
from signpost.outgoing.addresses import Network
from signpost.services.intake import (
    agendas,
    calendars,
    candidates,
    dead_letters,
    documents,
    endpoints,
    events,
    explaining,
    feed,
    feedback,
    forecasting,
    health,
    measuring,
    page,
    problems,
    reading,
    request_log,
    webhooks,
)
from signpost.services.intake.acceptance import EventAcceptor
from signpost.services.intake.analysis import Analyst
from signpost.services.intake.context import IntakeContext
from signpost.services.intake.deliveries import add_delivery_header, blueprint
from signpost.services.intake.delivery_log import Deliveries
from signpost.services.intake.limits import Limits
from signpost.services.intake.queue_turns import QueueTurns
from signpost.services.intake.quota import QuotaCheck
from signpost.services.intake.rate import RateLimit
from signpost.services.intake.readiness import Readiness, ReadinessCheck
from signpost.services.intake.slots import Slots
from signpost.storage import Rate, Store
from signpost.tenants.live import LiveTenants
from signpost.tenants.model import Tenants
from signpost.tenants.quotas import Quotas

EVENTS, WEBHOOKS = "/v1/events", "/v1/webhooks/<anything:name>"
BODIES: Final = {
    EVENTS: (CLOUDEVENT_JSON, CLOUDEVENTS_BATCH_JSON, JSON),
    WEBHOOKS: (JSON,),
    "/v1/recommendations/<name>/feedback": (JSON,),
    "/v1/candidates/<anything:key>/agenda/cards/<card>/feedback": (JSON,),
    "/v1/candidates/<anything:key>/calendar-links": (JSON,),
    "/v1/simulate": (JSON,),
    "/v1/endpoints": (JSON,),
    "/v1/endpoints/<name>/replay": (JSON,),
    "/v1/endpoints/<name>/rotate": (JSON,),
}
"""Route -> the media types of the bodies that it takes, for the header Accept-Post (Linked Data Platform 1.0)."""


class Anything(BaseConverter):
    """An id of any characters, including slashes: WSGI decodes percent-encoded slashes."""

    regex = ".+?"
    part_isolating = False


def microseconds() -> int:
    """The current time in microseconds since the epoch."""
    return time.time_ns() // 1000


def _without_slash(inner: Callable[..., Any]) -> Callable[..., Any]:
    """Take a trailing slash under /v1, where no route ends with an id that may end with one. `strict_slashes` of
    Werkzeug leaves out routes with an `Anything`."""

    def call(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path.startswith("/v1/") and not path.endswith("//"):
            environ["PATH_INFO"] = path.removesuffix("/")
        return inner(environ, start_response)  # type: ignore[no-any-return]

    return call


def _answer_options(response: Response) -> Response:
    """Say which bodies a route takes, and let CloudEvents senders know that they may deliver here."""
    route = request.url_rule.rule.rstrip("/") if request.url_rule else ""
    taken = BODIES.get(route)
    if taken is not None and (request.method == "OPTIONS" or response.status_code == 415):
        response.headers["Accept-Post"] = ", ".join(taken)
    origin = request.headers.get("WebHook-Request-Origin")
    if request.method == "OPTIONS" and origin is not None and route in (EVENTS, WEBHOOKS):
        response.headers.extend(grant(origin))
    return response


def create_app(
    store: Store,
    publisher: Callable[[], Publisher],
    tenants: Tenants | LiveTenants,
    analyst: Analyst,
    *,
    partitions: int = 1,
    limits: Limits | None = None,
    clock: Callable[[], int] = microseconds,
    rate: Rate | None = None,
    deliveries: Deliveries | None = None,
    analyses: int = 3,
    quotas: Quotas | None = None,
    readiness: Readiness | None = None,
    broker: Broker | None = None,
    scrape: Callable[[], bytes] | None = None,
    files: page.PageFiles | None = None,
    operator: page.OperatorView | None = None,
    networks: Sequence[Network] = (),
) -> Flask:
    """The WSGI application.

    `publisher` returns the publisher of this process (`Broker.publisher`); the first call happens after any fork.
    `rate`: the limit of each tenant, across all processes. `deliveries`: the log of received webhooks.
    `quotas`: the tenants at their quota; who calls keeps them up to date. `readiness`: what /readyz reports;
    without it, each request checks. `broker`: for the dead letters; without it, there are no routes of them.
    `scrape`: the metrics as text, for /metrics; without it, they are served elsewhere.
    `files`: the rules for the screens of the page that show them; `operator`: what operators see on it.
    `networks`: in which endpoints of webhooks may be, beside public addresses.
    `analyst` runs at most `analyses` explanations, forecasts and simulations at once.
    """
    chosen = limits or Limits()
    app = Flask("signpost.intake", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = chosen.max_body_bytes
    app.url_map.converters["anything"] = Anything
    app.url_map.merge_slashes = app.url_map.strict_slashes = False
    app.wsgi_app = _without_slash(app.wsgi_app)  # type: ignore[method-assign]
    rate_limit = None if rate is None else RateLimit(store, rate)
    context = IntakeContext(
        store,
        EventAcceptor(store, publisher, partitions, chosen.confirm_timeout_s),
        tenants,
        chosen,
        clock,
        QuotaCheck(store, quotas or Quotas(store)),
        readiness or ReadinessCheck(store, publisher, tenants),
        rate_limit,
        deliveries,
    )
    for routes in (events, webhooks, reading, feed, candidates, calendars, health, feedback):
        app.register_blueprint(routes.blueprint(context))
    slots = Slots(analyses)
    app.register_blueprint(explaining.blueprint(context, analyst, slots))
    app.register_blueprint(forecasting.blueprint(context, analyst, slots))
    app.register_blueprint(agendas.blueprint(context, analyst, slots))
    app.register_blueprint(blueprint(context, webhooks.read_again))
    turns = QueueTurns()
    app.register_blueprint(endpoints.blueprint(context, networks))
    if broker is not None:
        app.register_blueprint(dead_letters.blueprint(context, broker, partitions, turns))
    app.after_request(add_delivery_header)
    app.after_request(_answer_options)
    app.register_blueprint(documents.blueprint())
    letters = None if broker is None else page.Letters(broker, partitions, turns)
    app.register_blueprint(page.blueprint(page.PageParts(context, analyst, slots, files, operator, letters)))
    app.register_blueprint(measuring.blueprint(scrape))
    measuring.install(app)
    request_log.install(app)
    problems.install(app, chosen)
    return app
