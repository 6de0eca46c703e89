"""GET /v1/recommendations: the feed as pages, with `wait` for the next change, and as server-sent events."""

from collections.abc import Sequence
from typing import Final

import orjson
from flask import Blueprint, Response, request

from signpost.names import EVENT_STREAM, JSON
from signpost.services.intake import prices
from signpost.services.intake.context import IntakeContext, reply
from signpost.services.intake.feed_watch import FeedWatch
from signpost.services.intake.holding import HOLD, Hold
from signpost.services.intake.query import Query, read_query
from signpost.storage import BadCursor, FeedRow
from signpost.storage.cursor import decode_cursor

MAX_WAIT_S: Final = 60
RETRY_MS: Final = 1000
"""How long a client of a stream waits before it connects again."""


def blueprint(context: IntakeContext) -> Blueprint:
    """The route."""
    routes = Blueprint("feed", __name__)
    watch = FeedWatch(context.store)

    @routes.get("/v1/recommendations")
    def feed() -> Response:
        hold = HOLD.get() or Hold()
        tenant = context.caller() if hold.is_repeated else context.tenant()
        with read_query() as query:
            limit, audience = query.limit(context.limits.max_page_items), query.audience()
            after, wait_s = _read_after(query), _read_wait(query)
        if not hold.is_repeated:
            context.charge(tenant, prices.of_page(limit))
        # Read before the page: a change after it wakes, although the page may have it already
        seen = context.store.feed_positions([tenant]).get(tenant, 0) if wait_s or _is_stream() else 0
        rows, cursor = context.store.feed(tenant, hold.cursor if hold.is_stream else after, limit, audience)
        if hold.is_repeated and hold.is_stream and rows:
            context.charge(tenant, prices.of_page(len(rows)), paid=0)
        if _is_stream():
            hold.stream(tenant, cursor, watch.after(tenant, seen), has_more=len(rows) == limit)
            return Response(_as_stream(rows, is_first=not hold.is_repeated), mimetype=EVENT_STREAM)
        if not rows and wait_s and not hold.must_answer:
            hold.poll(tenant, wait_s, watch.after(tenant, seen))
        return reply({"items": [orjson.loads(row.body) for row in rows], "next": cursor})

    return routes


def _read_after(query: Query) -> str | None:
    """The cursor of the caller. The client of a stream that was interrupted sends it as a header."""
    cursor = query.text("after")
    cursor = (request.headers.get("Last-Event-ID") if _is_stream() else None) or cursor
    try:
        decode_cursor(cursor)
    except BadCursor as error:
        query.wrong["after"] = f"is {error}"
    return cursor


def _is_stream() -> bool:
    return request.method == "GET" and request.accept_mimetypes.best_match([JSON, EVENT_STREAM]) == EVENT_STREAM


def _read_wait(query: Query) -> int:
    """The query parameter `wait` in seconds; 0 where nothing can wait."""
    wait_s = query.whole_number("wait", 0, MAX_WAIT_S, of=" of seconds")
    return (wait_s or 0) if request.method == "GET" else 0


def _as_stream(rows: Sequence[FeedRow], *, is_first: bool) -> bytes:
    """Server-sent events, whose ids are cursors."""
    head = b"retry: %d\n\n" % RETRY_MS if is_first else b""
    return head + b"".join(b"id: %b\ndata: %b\n\n" % (row.cursor.encode(), row.body) for row in rows)
