"""The screens for an employer: its candidates, what it should do, and why; nothing of what it does not know."""

from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import quote

import orjson
from flask import Blueprint, Response

from signpost.advice.agenda import Reader
from signpost.case import Case
from signpost.explain import UnknownSubject
from signpost.facts.facts import facts_of
from signpost.services.intake import prices
from signpost.services.intake.agendas import decode_place, place_cursor
from signpost.services.intake.analysis import ReadAgendas, StoredCase
from signpost.services.intake.page.employer_jobs import NOTHING, ExplainToEmployer, ReadForEmployer
from signpost.services.intake.page.parts import PageParts
from signpost.services.intake.page.rendering import render
from signpost.services.intake.page.viewers import Viewer, viewer
from signpost.services.intake.page.what_if import with_what_if
from signpost.services.intake.problems import NotFound
from signpost.services.intake.query import read_form
from signpost.services.intake.reading import facts_in
from signpost.storage import CaseRow
from signpost.storage.page_sessions import EMPLOYER

PAGE_SIZE: Final = 20


def add_routes(routes: Blueprint, parts: PageParts) -> None:
    """Add the routes."""
    store, clock = parts.context.store, parts.context.clock

    @routes.get("/employer")
    def candidates_of_employer() -> Response:
        who = viewer(EMPLOYER)
        with read_form() as query:
            after = query.read("after", decode_place)
        places = store.standings(who.tenant, who.employer, after, PAGE_SIZE)
        rows = [row for place in places if (row := store.case(who.tenant, place.case_key)) is not None]
        cases = [StoredCase(row.key, row.state, row.advice, agendas=row.agendas) for row in rows]
        job = ReadAgendas(who.tenant, cases, Reader("employer", who.employer), clock())
        items = orjson.loads(parts.run(job, prices.of_agendas(len(cases))))
        dealings = {row.key: _dealings(row, who.employer) for row in rows}
        names = {key: _candidate_name(mine) for key, mine in dealings.items()}
        known = _employer_name([one for mine in dealings.values() for one in mine])
        following = place_cursor(places, PAGE_SIZE)
        return render("employer.html", items=items, names=names, employer_name=known, next=following)

    @routes.get("/employer/<anything:key>/rules/<rule>/<anything:subject>")
    def explain_to_employer(key: str, rule: str, subject: str) -> Response:
        who, row = viewer(EMPLOYER), _case(parts, viewer(EMPLOYER), key)
        case = StoredCase(row.key, row.state, row.advice)
        job = ExplainToEmployer(who.tenant, case, who.employer, rule, subject, clock())
        found = with_what_if(_run(parts, job, prices.EXPLANATION))
        home = f"/page/employer/{quote(row.key, safe='')}"
        known = _employer_name(_dealings(row, who.employer))
        return render("why.html", key=row.key, home=home, rule=rule, at=None, explanations=[found], employer_name=known)

    @routes.get("/employer/<anything:key>")
    def candidate_of_employer(key: str) -> Response:
        who, row, now = viewer(EMPLOYER), _case(parts, viewer(EMPLOYER), key), clock()
        with read_form() as query:
            at = query.instant("at") or now
            if at < now:
                query.wrong["at"] = "must not be in the past"
        job = ReadForEmployer(who.tenant, StoredCase(row.key, row.state, row.advice), who.employer, now, at)
        shown = _run(parts, job, prices.FORECAST)
        mine = _dealings(row, who.employer)
        name, known = _candidate_name(mine), _employer_name(mine)
        return render("employer_candidate.html", name=name, employer_name=known, **shown)


def _case(parts: PageParts, who: Viewer, key: str) -> CaseRow:
    """The case of a key. Raises NotFound, in the same words as for the candidate of another employer."""
    row = parts.context.store.case(who.tenant, key) if "\0" not in key else None
    if row is None or not facts_in(row.state):
        raise NotFound(NOTHING)
    return row


def _dealings(row: CaseRow, employer: str) -> list[Mapping[str, Any]]:
    """What is known of the applications, offers and interviews of a candidate with this employer."""
    facts = facts_of(Case.from_json(row.state), row.key)
    dealings = [one for kind in ("application", "offer", "interview") for one in facts.of_kind(kind)]
    return [one.values for one in dealings if one.values.get("employer") == employer]


def _candidate_name(dealings: Iterable[Mapping[str, Any]]) -> str | None:
    """The candidate's name as this employer knows it; None if it knows none."""
    return next((str(values["candidate_name"]) for values in dealings if "candidate_name" in values), None)


def _employer_name(dealings: Iterable[Mapping[str, Any]]) -> str | None:
    """The name of the employer; None if none is known."""
    return next((str(values["employer_name"]) for values in dealings if "employer_name" in values), None)


def _run(parts: PageParts, job: ReadForEmployer | ExplainToEmployer, price: int) -> Any:
    try:
        return orjson.loads(parts.run(job, price))
    except UnknownSubject as error:
        raise NotFound(str(error)) from None
