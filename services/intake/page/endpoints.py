"""The screens of endpoints: where outgoing webhooks of the tenant go, what waits for each, and every attempt."""

import secrets
from typing import Final

from flask import Blueprint, Response, request

from signpost.outgoing.desk import EndpointDesk
from signpost.services.intake import prices
from signpost.services.intake.page.parts import PageParts
from signpost.services.intake.page.rendering import render
from signpost.services.intake.page.signing_in import go
from signpost.services.intake.page.viewers import viewer
from signpost.services.intake.problems import BadQuery

PAGE_SIZE: Final = 50
MAX_CURSOR: Final = 1 << 62


def add_routes(routes: Blueprint, parts: PageParts) -> None:
    """Add the routes. What needs a secret to be shown, or an address to be checked, is left to HTTP and commands."""
    clock = parts.context.clock

    def desk(price: int = prices.REQUEST) -> EndpointDesk:
        tenant = viewer().tenant
        parts.context.charge(tenant, price, paid=0)
        return EndpointDesk(parts.context.store, tenant, (), secrets.token_bytes)

    @routes.get("/operations/endpoints")
    def endpoints() -> Response:
        return render("endpoints.html", endpoints=desk().all(clock()))

    @routes.get("/operations/endpoints/<name>")
    def endpoint(name: str) -> Response:
        mine, after = desk(), request.args.get("after", type=int)
        if after is not None and not 0 <= after < MAX_CURSOR:
            raise BadQuery({"after": "must be the `next` of an earlier page"})
        found = mine.attempts(name, before=after, limit=PAGE_SIZE, message=None)
        return render("endpoint.html", one=mine.show(name, clock()), done=request.args.get("done"), **found)

    @routes.post("/operations/endpoints/<name>/test")
    def test_endpoint(name: str) -> Response:
        desk().test(name, clock())
        return _back(name, "test")

    @routes.post("/operations/endpoints/<name>/replay")
    def replay_endpoint(name: str) -> Response:
        desk(prices.SEARCH).replay(name, clock())
        return _back(name, "replay")

    @routes.post("/operations/endpoints/<name>/enable")
    def enable_endpoint(name: str) -> Response:
        desk().enable(name, clock())
        return _back(name, "enable")

    @routes.post("/operations/endpoints/<name>/disable")
    def disable_endpoint(name: str) -> Response:
        desk().disable(name, clock())
        return _back(name, "disable")


def _back(name: str, done: str) -> Response:
    return go(f"/page/operations/endpoints/{name}?done={done}")
