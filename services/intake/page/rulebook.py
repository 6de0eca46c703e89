"""The screens of the rulebook: every rule in words, its source, its tests, and what became of its advice."""

from typing import Any

import orjson
from flask import Blueprint, Response, request

from signpost.explain import UnknownRule
from signpost.names import AUDIENCES, STATUSES
from signpost.services.intake import prices
from signpost.services.intake.analysis import Job
from signpost.services.intake.page.parts import PageParts
from signpost.services.intake.page.rendering import render
from signpost.services.intake.page.rulebook_jobs import ReadRule, ReadRulebook, RunMutants
from signpost.services.intake.page.viewers import viewer
from signpost.services.intake.problems import NotFound


def add_routes(routes: Blueprint, parts: PageParts) -> None:
    """Add the routes."""
    if parts.files is None:
        return
    folders = parts.files.rules

    @routes.get("/rulebook")
    def rulebook() -> Response:
        tenant, query = viewer().tenant, request.args.get("q", "").strip()
        found = _run(ReadRulebook(tenant, folders), prices.RULEBOOK)
        outcomes = parts.context.store.outcomes.of_tenant(tenant)
        rules = [one for one in found["rules"] if query.casefold() in _searched(one)]
        topics: dict[str, list[dict[str, Any]]] = {}
        for one in rules:
            topics.setdefault(one["topic"], []).append({**one, "outcomes": _outcomes(outcomes.counts, one["id"])})
        return render(
            "rulebook.html", topics=topics, number=len(rules), query=query, audiences=AUDIENCES,
            version=found["rulebook"], is_sample=outcomes.is_sample,
        )  # fmt: skip

    @routes.get("/rulebook/<rule>")
    def rule(rule: str) -> Response:
        tenant = viewer().tenant
        found = _run(ReadRule(tenant, folders, rule), prices.RULEBOOK)
        outcomes = parts.context.store.outcomes.of_tenant(tenant)
        counts = _outcomes(outcomes.counts, rule)
        return render("rule.html", one=found, outcomes=counts, is_sample=outcomes.is_sample, mutants=None)

    @routes.post("/rulebook/<rule>/mutants")
    def mutants(rule: str) -> Response:
        tenant = viewer().tenant
        tried = _run(RunMutants(tenant, folders, rule), prices.MUTANTS)
        found = _run(ReadRule(tenant, folders, rule), prices.RULEBOOK)
        outcomes = parts.context.store.outcomes.of_tenant(tenant)
        counts = _outcomes(outcomes.counts, rule)
        return render("rule.html", one=found, outcomes=counts, is_sample=outcomes.is_sample, mutants=tried)

    def _run(job: Job, price: int) -> Any:
        try:
            return orjson.loads(parts.run(job, price))
        except UnknownRule as error:
            raise NotFound(str(error)) from None


def _outcomes(counts: dict[str, dict[str, int]], rule: str) -> dict[str, int]:
    """How many recommendations there were, and how many of them have each status now."""
    mine = counts.get(rule, {})
    return {"raised": sum(mine.values()), **{status: mine.get(status, 0) for status in STATUSES}}


def _searched(rule: dict[str, Any]) -> str:
    return f"{rule['id']} {rule['title']} {rule['article']['title']} {rule['audience']} {rule['about']}".casefold()
