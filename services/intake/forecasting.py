"""Routes of forecasts: what time alone changes, for one candidate and for all. They write nothing."""

from collections.abc import Callable
from typing import Final, TypeVar

from flask import Blueprint, Response, request

from signpost.advice.forecast import (
    DEFAULT_HORIZON_US,
    MAX_HORIZON_US,
    ChangeFilter,
    ForecastTooLarge,
    parse_position,
)
from signpost.case.instant import DAY, HOUR, format_instant
from signpost.names import JSON
from signpost.services.intake import prices
from signpost.services.intake.analysis import Analyst, Forecast, StoredCase
from signpost.services.intake.context import IntakeContext, reply
from signpost.services.intake.problems import BadQuery
from signpost.services.intake.reading import case_of, read_audience, read_instant, read_limit
from signpost.services.intake.slots import Slots

T = TypeVar("T")
_DIGITS: Final = 18


def blueprint(context: IntakeContext, analyst: Analyst, slots: Slots) -> Blueprint:
    """The routes. `analyst` runs what they ask, at most as much at once as there are `slots`."""
    routes = Blueprint("forecasting", __name__)

    @routes.get("/v1/candidates/<anything:key>/forecast")
    def of_candidate(key: str) -> Response:
        tenant, now = context.tenant(), context.clock()
        until, chosen, limit = _until(now), _filter(), read_limit(context.limits.max_page_items)
        after = _cursor(parse_position)
        row = case_of(context, tenant, key)
        context.charge(tenant, prices.FORECAST)
        case = StoredCase(row.key, row.state, row.advice)
        with slots.take(tenant):
            return _run(Forecast(tenant, case, now, until, chosen, after, limit))

    @routes.get("/v1/forecast")
    def of_tenant() -> Response:
        tenant, now = context.tenant(), context.clock()
        until, limit, after = _until(now), read_limit(context.limits.max_page_items), _cursor(_parse_hour)
        context.charge(tenant, prices.FORECAST)
        with slots.take(tenant):
            start = now if after is None else max(now, after + HOUR - 1)
            hours = context.store.next_changes.by_hour(tenant, start, until, limit + 1)
            overdue = context.store.next_changes.overdue(tenant, now)
        items = [{"hour": format_instant(hour), "cases": count} for hour, count in hours[:limit]]
        following = str(hours[limit - 1][0]) if len(hours) > limit else None
        times = {"at": format_instant(now), "until": format_instant(until)}
        return reply({**times, "overdue": overdue, "items": items, "next": following})

    def _run(job: Forecast) -> Response:
        try:
            return Response(analyst.run(job), mimetype=JSON)
        except ForecastTooLarge as error:
            raise BadQuery("until", f"must be earlier: {error}") from None

    return routes


def _until(now: int) -> int:
    """The query parameter `until` within the longest horizon. Raises BadQuery."""
    until = read_instant("until")
    if until is None:
        return now + DEFAULT_HORIZON_US
    if not now <= until <= now + MAX_HORIZON_US:
        raise BadQuery("until", f"must be between now and {MAX_HORIZON_US // DAY} days from now")
    return until


def _filter() -> ChangeFilter:
    """Whose advice, from the query parameters `audience` and `employer`. Raises BadQuery."""
    chosen = ChangeFilter(read_audience(), request.args.get("employer"))
    if chosen.employer is not None and chosen.audience != "employer":
        raise BadQuery("employer", "is only allowed with audience=employer")
    return chosen


def _cursor(parse: Callable[[str], T]) -> T | None:
    """The query parameter `after`; None without it. Raises BadQuery."""
    raw = request.args.get("after")
    try:
        return None if raw is None else parse(raw)
    except ValueError:
        raise BadQuery("after", "must be the `next` of an earlier response to the same request") from None


def _parse_hour(cursor: str) -> int:
    """The start of an hour in microseconds. Raises ValueError."""
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= _DIGITS):
        raise ValueError(f"{cursor!r} is no cursor of a forecast by hour")
    return int(cursor)
