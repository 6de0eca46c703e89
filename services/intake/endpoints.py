"""Routes of the endpoints of outgoing webhooks, always of the caller's tenant. A deliverer sends, not the intake."""

import secrets
from collections.abc import Sequence
from functools import partial
from typing import Any

from flask import Blueprint, Response

from signpost.case.instant import HOUR
from signpost.ingress.strict_json import loads
from signpost.outgoing.addresses import Network
from signpost.outgoing.desk import EndpointDesk
from signpost.outgoing.registry import problems_in
from signpost.schemas.endpoints import load_endpoint, load_replay, load_rotation
from signpost.services.intake import prices
from signpost.services.intake.context import IntakeContext, reply
from signpost.services.intake.query import BadValue, read_query


def blueprint(context: IntakeContext, networks: Sequence[Network]) -> Blueprint:
    """The routes. `networks`: of the operator, in which endpoints may be."""
    routes = Blueprint("endpoints", __name__)

    def desk() -> EndpointDesk:
        return EndpointDesk(context.store, context.tenant(), networks, secrets.token_bytes)

    def body() -> Any:
        raw = context.body()
        return loads(raw, max_depth=context.limits.max_depth) if raw.strip() else {}

    @routes.get("/v1/endpoints")
    def list_endpoints() -> Response:
        return reply({"items": desk().all(context.clock())})

    @routes.post("/v1/endpoints")
    def add_endpoint() -> Response:
        mine = desk()
        wanted = load_endpoint(body(), partial(problems_in, tenant=mine.tenant, networks=networks))
        every = wanted.get("every_change", False)
        return reply(mine.add(wanted["url"], wanted["patterns"], every_change=every, now=context.clock()), 201)

    @routes.get("/v1/endpoints/<name>")
    def show_endpoint(name: str) -> Response:
        return reply(desk().show(name, context.clock()))

    @routes.delete("/v1/endpoints/<name>")
    def remove_endpoint(name: str) -> Response:
        desk().remove(name)
        return Response(status=204)

    @routes.get("/v1/endpoints/<name>/attempts")
    def list_attempts(name: str) -> Response:
        mine = desk()
        with read_query() as query:
            limit, before = query.limit(context.limits.max_page_items), query.read("after", _decode)
            message = query.text("message")
        context.charge(mine.tenant, prices.of_page(limit))
        return reply(mine.attempts(name, before=before, limit=limit, message=message))

    @routes.post("/v1/endpoints/<name>/test")
    def test_endpoint(name: str) -> Response:
        return reply({"message": desk().test(name, context.clock())}, 202)

    @routes.post("/v1/endpoints/<name>/replay")
    def replay_endpoint(name: str) -> Response:
        mine, candidate = desk(), load_replay(body())
        context.charge(mine.tenant, prices.SEARCH)
        return reply({"messages": mine.replay(name, context.clock(), candidate)}, 202)

    @routes.post("/v1/endpoints/<name>/rotate")
    def rotate_endpoint(name: str) -> Response:
        mine, hours = desk(), load_rotation(body())
        return reply(mine.rotate(name, context.clock(), hours * HOUR))

    @routes.post("/v1/endpoints/<name>/enable")
    def enable_endpoint(name: str) -> Response:
        return reply(desk().enable(name, context.clock()))

    @routes.post("/v1/endpoints/<name>/disable")
    def disable_endpoint(name: str) -> Response:
        return reply(desk().disable(name, context.clock()))

    return routes


def _decode(cursor: str) -> int:
    """The number of the last attempt of a page. Raises BadValue."""
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 19):
        raise BadValue("must be the `next` of an earlier response")
    return int(cursor)
