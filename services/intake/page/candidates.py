"""The screens of candidates: the list, one candidate at an instant, and why a rule holds for it or not."""

from typing import Any
from urllib.parse import quote, urlencode

import orjson
from flask import Blueprint, Response, request

from signpost.explain import TooManySubjects, UnknownRule, UnknownSubject
from signpost.services.intake import prices
from signpost.services.intake.analysis import Explain, StoredCase
from signpost.services.intake.candidates import Search, list_candidates
from signpost.services.intake.page.candidate_jobs import ReadCandidate
from signpost.services.intake.page.parts import PageParts
from signpost.services.intake.page.rendering import render
from signpost.services.intake.page.signing_in import go
from signpost.services.intake.page.timeline import draw
from signpost.services.intake.page.viewers import viewer
from signpost.services.intake.page.what_if import with_what_if
from signpost.services.intake.problems import NotFound
from signpost.services.intake.query import read_form
from signpost.services.intake.reading import case_of

PAGE_SIZE = 25


def add_routes(routes: Blueprint, parts: PageParts) -> None:
    """Add the routes."""

    @routes.get("/candidates")
    def candidates() -> Response:
        tenant = viewer().tenant
        with read_form() as query:
            search = Search.of(query)
        found = list_candidates(parts.context, tenant, search, PAGE_SIZE, paid=0)
        return render("candidates.html", query=request.args.get("q", ""), **found)

    @routes.get("/candidates/<anything:key>/rules/<rule>")
    def why(key: str, rule: str) -> Response:
        tenant, at = viewer().tenant, _at()
        row = case_of(parts.context, tenant, key)
        now, subject = parts.context.clock() if at is None else at, request.args.get("subject")
        case = StoredCase(row.key, row.state, row.advice)
        found = explain(parts, Explain(tenant, case, rule, subject, now, at))
        home = f"/page/candidates/{quote(row.key, safe='')}"
        return render("why.html", key=row.key, home=home, rule=rule, at=request.args.get("at"), explanations=found)

    @routes.get("/candidates/<anything:key>/explain")
    def choose(key: str) -> Response:
        viewer()
        rule, _, subject = request.args.get("rule", "").partition("@")
        chosen = {"subject": subject, **({"at": request.args["at"]} if request.args.get("at") else {})}
        return go(f"/page/candidates/{quote(key, safe='')}/rules/{quote(rule, safe='')}?{urlencode(chosen)}")

    @routes.get("/candidates/<anything:key>")
    def candidate(key: str) -> Response:
        tenant, at = viewer().tenant, _at()
        row = case_of(parts.context, tenant, key)
        job = ReadCandidate(tenant, StoredCase(row.key, row.state, row.advice), parts.context.clock(), at)
        found = orjson.loads(parts.run(job, prices.TIMELINE))
        steps = _steps(found["instants"])
        shown = {**found, "chosen_at": found["at"], "at": request.args.get("at") or None}
        return render("candidate.html", drawing=draw(found), **steps, **shown)


def explain(parts: PageParts, job: Explain) -> list[dict[str, Any]]:
    """The explanations as `signpost rules explain --json` prints them. Raises NotFound."""
    try:
        found = orjson.loads(parts.run(job, prices.EXPLANATION))
    except (UnknownRule, UnknownSubject, TooManySubjects) as error:
        raise NotFound(str(error)) from None
    explanations = [found] if job.subject is not None else found["items"]
    return [with_what_if(one) for one in explanations]


def _at() -> int | None:
    """The chosen instant; None for now, also where the form of the slider says nothing."""
    with read_form() as query:
        return query.instant("at")


def _steps(instants: list[dict[str, Any]]) -> dict[str, Any]:
    """Where the slider stands, and the instants beside it."""
    chosen = next(number for number, one in enumerate(instants) if one["is_chosen"])
    return {
        "position": chosen,
        "before": instants[chosen - 1] if chosen else None,
        "after": instants[chosen + 1] if chosen + 1 < len(instants) else None,
    }
