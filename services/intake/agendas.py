"""Routes of the agenda: of a candidate, of an employer over its candidates, and feedback on a card."""

import re
from collections.abc import Sequence

import orjson
from flask import Blueprint, Response

from signpost.advice.agenda import Reader
from signpost.case.event import Event
from signpost.ingress.strict_json import loads
from signpost.names import AUDIENCES, FEEDBACK_SOURCE, JSON
from signpost.schemas.feedback import load_feedback
from signpost.services.intake import prices
from signpost.services.intake.analysis import Analyst, ReadAgenda, ReadAgendas, StoredCase
from signpost.services.intake.context import IntakeContext, reply
from signpost.services.intake.problems import NotFound
from signpost.services.intake.query import BadValue, Query, read_query
from signpost.services.intake.reading import case_of
from signpost.services.intake.slots import Slots
from signpost.storage import CaseRow, StandingRow

MAX_QUESTIONS = 2
"""Questions that an agenda shows at most."""
MAX_CANDIDATES = 50
"""Candidates on a page of an employer's list."""
DEFAULT_CANDIDATES = 20
_PLACE = re.compile(r"([0-9])\.([0-9]{1,18})\.(.{1,140})", re.DOTALL)


def blueprint(context: IntakeContext, analyst: Analyst, slots: Slots) -> Blueprint:
    """The routes. `analyst`, `slots`: see `explaining`."""
    routes = Blueprint("agendas", __name__)

    @routes.get("/v1/candidates/<anything:key>/agenda")
    def agenda(key: str) -> Response:
        tenant = context.tenant()
        with read_query() as query:
            reader, questions = _reader(query), query.whole_number("questions", 0, MAX_QUESTIONS)
        wanted = MAX_QUESTIONS if questions is None else questions
        return Response(read(tenant, case_of(context, tenant, key), reader, wanted), mimetype=JSON)

    @routes.post("/v1/candidates/<anything:key>/agenda/cards/<card>/feedback")
    def feedback(key: str, card: str) -> Response:
        tenant, now = context.tenant(), context.clock()
        with read_query() as query:
            reader = _reader(query)
        raw = context.body()
        answer = load_feedback(loads(raw, max_depth=context.limits.max_depth), now)
        row = case_of(context, tenant, key)
        cards = orjson.loads(read(tenant, row, reader, 0))["cards"]
        ids = next((one["recommendations"] for one in cards if one["id"] == card), None)
        if ids is None:
            raise NotFound("the agenda has no card with this id; what it was about may be settled")
        data = {"until": answer.until} if answer.until else {}
        events = [
            Event(
                tenant,
                FEEDBACK_SOURCE,
                f"{name}.{answer.id}" if answer.id else f"{name}.{answer.answer}.{now}",
                f"advice.{answer.answer}",
                now,
                row.key,
                {"recommendation": name, **data},
            )
            for name in ids
        ]
        context.charge(tenant, prices.of_events(len(events), len(raw)))
        context.accept(events, now)
        return reply({"ids": [event.id for event in events], "status": 202}, 202)

    @routes.get("/v1/employers/<anything:employer>/agenda")
    def employer(employer: str) -> Response:
        tenant = context.tenant()
        with read_query() as query:
            limit, after = query.limit(MAX_CANDIDATES, DEFAULT_CANDIDATES), query.read("after", decode_place)
        places = context.store.standings(tenant, employer, after, limit) if "\0" not in employer else []
        context.charge(tenant, prices.of_agendas(len(places)))
        rows = [row for place in places if (row := context.store.case(tenant, place.case_key)) is not None]
        cases = [_stored(row) for row in rows]
        with slots.take(tenant):
            items = orjson.loads(analyst.run(ReadAgendas(tenant, cases, Reader("employer", employer), context.clock())))
        return reply({"employer": employer, "items": items, "next": place_cursor(places, limit)})

    def read(tenant: str, row: CaseRow, reader: Reader, questions: int) -> bytes:
        wanted = questions if reader.audience == "candidate" else 0
        context.charge(tenant, prices.of_agendas(1) + (prices.QUESTIONS if wanted else 0))
        with slots.take(tenant):
            return analyst.run(ReadAgenda(tenant, _stored(row), reader, context.clock(), wanted))

    return routes


def _stored(row: CaseRow) -> StoredCase:
    return StoredCase(row.key, row.state, row.advice, agendas=row.agendas)


def _reader(query: Query) -> Reader:
    """The reader whom the query names; the candidate by default."""
    audience, employer = query.audience() or AUDIENCES[0], query.text("employer")
    if audience == "candidate":
        if employer is not None and "audience" not in query.wrong:
            query.wrong["employer"] = "can only be given with audience=employer"
        return Reader(audience)
    if not employer:
        query.wrong["employer"] = "must be given with audience=employer: the id of the employer"
    return Reader(audience, employer or "")


def decode_place(cursor: str) -> tuple[int, int, str]:
    """The place after which a page begins. Raises BadValue."""
    match = _PLACE.fullmatch(cursor)
    if match is None or "\0" in cursor:
        raise BadValue("must be the `next` of the page before")
    return int(match[1]), int(match[2]), match[3]


def place_cursor(places: Sequence[StandingRow], limit: int) -> str | None:
    """The `next` of a page; None after the last one."""
    last = places[-1] if len(places) == limit else None
    return f"{last.rank}.{last.last_useful}.{last.case_key}" if last else None
