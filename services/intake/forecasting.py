"""Routes of forecasts: what time alone changes, for one candidate and for all. They write nothing."""

from typing import Final

from flask import Blueprint, Response

from signpost.advice.forecast import (
    DEFAULT_HORIZON_US,
    MAX_HORIZON_US,
    ChangeFilter,
    ForecastTooLarge,
    Position,
    parse_position,
)
from signpost.case.instant import DAY, HOUR, format_instant
from signpost.names import JSON
from signpost.services.intake import prices
from signpost.services.intake.analysis import Analyst, Forecast, StoredCase
from signpost.services.intake.context import IntakeContext, reply
from signpost.services.intake.problems import BadQuery
from signpost.services.intake.query import BadValue, Query, read_query
from signpost.services.intake.reading import case_of
from signpost.services.intake.slots import Slots

NO_CURSOR: Final = "must be the `next` of an earlier response to the same request"
_DIGITS: Final = 18


def blueprint(context: IntakeContext, analyst: Analyst, slots: Slots) -> Blueprint:
    """The routes. `analyst` runs what they ask, at most as much at once as there are `slots`."""
    routes = Blueprint("forecasting", __name__)

    @routes.get("/v1/candidates/<anything:key>/forecast")
    def of_candidate(key: str) -> Response:
        tenant, now = context.tenant(), context.clock()
        with read_query() as query:
            until, chosen, limit = _until(query, now), _filter(query), query.limit(context.limits.max_page_items)
            after = query.read("after", _parse_position)
        row = case_of(context, tenant, key)
        context.charge(tenant, prices.FORECAST)
        case = StoredCase(row.key, row.state, row.advice)
        with slots.take(tenant):
            return _run(Forecast(tenant, case, now, until, chosen, after, limit))

    @routes.get("/v1/forecast")
    def of_tenant() -> Response:
        tenant, now = context.tenant(), context.clock()
        with read_query() as query:
            until, limit = _until(query, now), query.limit(context.limits.max_page_items)
            after = query.read("after", _parse_hour)
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
            raise BadQuery({"until": f"must be earlier: {error}"}) from None

    return routes


def _until(query: Query, now: int) -> int:
    """The query parameter `until` within the longest horizon."""
    until = query.instant("until")
    if until is None:
        return now + DEFAULT_HORIZON_US
    if not now <= until <= now + MAX_HORIZON_US:
        query.wrong["until"] = f"must be between now and {MAX_HORIZON_US // DAY} days from now"
    return until


def _filter(query: Query) -> ChangeFilter:
    """Whose advice, from the query parameters `audience` and `employer`."""
    chosen = ChangeFilter(query.audience(), query.text("employer"))
    if chosen.employer is not None and chosen.audience != "employer" and "audience" not in query.wrong:
        query.wrong["employer"] = "is only allowed with audience=employer"
    return chosen


def _parse_position(cursor: str) -> Position:
    """The place of a change in a forecast. Raises BadValue."""
    try:
        return parse_position(cursor)
    except ValueError:
        raise BadValue(NO_CURSOR) from None


def _parse_hour(cursor: str) -> int:
    """The start of an hour in microseconds. Raises BadValue."""
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= _DIGITS):
        raise BadValue(NO_CURSOR)
    return int(cursor)
