"""The composition of the intake: the parts it is given, its routes, and nothing read from the environment."""

import time
from collections.abc import Callable

from flask import Flask
from werkzeug.routing import BaseConverter

from signpost.messaging import Publisher
from signpost.services.intake import documents, events, explaining, feedback, health, problems, reading, webhooks
from signpost.services.intake.acceptance import EventAcceptor
from signpost.services.intake.context import IntakeContext
from signpost.services.intake.deliveries import blueprint, mark
from signpost.services.intake.delivery_log import Deliveries
from signpost.services.intake.engines import TenantEngines
from signpost.services.intake.limits import Limits
from signpost.services.intake.rate import RateLimit
from signpost.storage import Rate, Store
from signpost.tenants.live import LiveTenants
from signpost.tenants.model import Tenants


class Anything(BaseConverter):
    """An id of any characters, slashes included: percent-encoded slashes reach us as slashes."""

    regex = ".+?"
    part_isolating = False


def _microseconds() -> int:
    return time.time_ns() // 1000


def create_app(
    store: Store,
    publisher: Callable[[], Publisher],
    tenants: Tenants | LiveTenants,
    engines: TenantEngines,
    *,
    partitions: int = 1,
    limits: Limits | None = None,
    clock: Callable[[], int] = _microseconds,
    rate: Rate | None = None,
    deliveries: Deliveries | None = None,
) -> Flask:
    """The WSGI application.

    `publisher` gives this process's publisher (`Broker.publisher`); it is first called after any fork.
    `rate`: what each tenant is held to, over all processes. `deliveries`: what notes the webhooks received.
    """
    chosen = limits or Limits()
    app = Flask("signpost.intake", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = chosen.body
    app.url_map.converters["anything"] = Anything
    app.url_map.merge_slashes = False
    held = None if rate is None else RateLimit(store, rate)
    context = IntakeContext(
        store, EventAcceptor(store, publisher, partitions, chosen.confirm), tenants, chosen, clock, held, deliveries
    )
    for routes in (events, webhooks, reading, health, feedback):
        app.register_blueprint(routes.blueprint(context))
    app.register_blueprint(explaining.blueprint(context, engines))
    app.register_blueprint(blueprint(context, webhooks.events_of))
    app.after_request(mark)
    app.register_blueprint(documents.blueprint())
    problems.install(app, chosen)
    return app
