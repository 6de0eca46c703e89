"""The screens of operations: deliveries and dead letters of the tenant; for operators, the whole installation."""

import logging
from typing import Any, Final
from urllib.parse import urlencode

from flask import Blueprint, Response, request

from signpost.dead_letters import Choice, groups_of
from signpost.messaging import NoSuchQueue
from signpost.schemas.documents.answers import DELIVERY_STATUSES
from signpost.services.intake import prices, webhooks
from signpost.services.intake.dead_letters import MAX_COPIES, check_route, letter_document
from signpost.services.intake.deliveries import DeliveryFilter, list_deliveries_of, replay_delivery_of, show_delivery_of
from signpost.services.intake.page.parts import Letters, PageParts
from signpost.services.intake.page.rendering import render
from signpost.services.intake.page.signing_in import go
from signpost.services.intake.page.viewers import Viewer, viewer
from signpost.services.intake.problems import NotFound
from signpost.services.intake.query import read_form
from signpost.storage.page_sessions import OPERATOR

PAGE_SIZE: Final = 25
MAX_LETTERS: Final = 50
"""Dead letters that the screen lists, the latest first."""

log = logging.getLogger("signpost.intake")


def add_routes(routes: Blueprint, parts: PageParts) -> None:
    """Add the routes."""
    _add_deliveries(routes, parts)
    if parts.letters is not None:
        _add_letters(routes, parts, parts.letters)
    if parts.operator is not None:
        _add_installation(routes, parts)


def _add_deliveries(routes: Blueprint, parts: PageParts) -> None:
    @routes.get("/operations")
    def operations() -> Response:
        tenant = viewer().tenant
        with read_form() as query:
            wanted = DeliveryFilter.of(query)
        found = list_deliveries_of(parts.context, tenant, wanted, PAGE_SIZE, paid=0)
        chosen = {name: request.args.get(name, "") for name in ("status", "source")}
        return render("deliveries.html", statuses=DELIVERY_STATUSES, chosen=chosen, **found)

    @routes.get("/operations/deliveries/<name>")
    def delivery(name: str) -> Response:
        tenant = viewer().tenant
        parts.context.charge(tenant, prices.REQUEST, paid=0)
        return render("delivery.html", one=show_delivery_of(parts.context, tenant, name), done="")

    @routes.post("/operations/deliveries/<name>/replay")
    def replay(name: str) -> Response:
        one = replay_delivery_of(parts.context, viewer().tenant, name, webhooks.read_again)
        return render("delivery.html", one=one, done=f"Replayed: it is {one['status']} now.")


def _add_letters(routes: Blueprint, parts: PageParts, letters: Letters) -> None:
    @routes.get("/operations/dead-letters")
    def dead_letters() -> Response:
        return _show_letters(parts, letters, viewer())

    @routes.post("/operations/dead-letters/requeue")
    def requeue() -> Response:
        who, reason = viewer(), request.form.get("reason", "")
        if not reason:
            raise NotFound("name the cause of the dead letters to requeue")
        parts.context.charge(who.tenant, prices.DEAD_LETTERS, paid=0)
        choice = Choice(reason=reason, tenant=_tenant_of(who))
        with letters.turns.take():
            result = letters.queue().requeue(choice, MAX_COPIES, parts.context.clock(), check_route)
        log.info("dead letters requeued", extra={"number": len(result.done), "tenant": who.tenant})
        done = {"requeued": len(result.done), "stay": len(result.failed)}
        return go(f"/page/operations/dead-letters?{urlencode(done)}")


def _show_letters(parts: PageParts, letters: Letters, who: Viewer) -> Response:
    """The letters of the tenant; for an operator those of all tenants."""
    parts.context.charge(who.tenant, prices.DEAD_LETTERS, paid=0)
    try:
        with letters.turns.take():
            listing = letters.queue().browse(Choice(tenant=_tenant_of(who)))
    except NoSuchQueue:
        raise NotFound("there is no queue of dead letters") from None
    found = list(reversed(listing.letters))
    return render(
        "dead_letters.html",
        groups=[group.to_document() for group in groups_of(found)],
        letters=[letter_document(one) for one in found[:MAX_LETTERS]],
        matching=len(found),
        is_complete=listing.is_complete,
        requeued=request.args.get("requeued", type=int),
        stay=request.args.get("stay", 0, type=int),
    )


def _tenant_of(who: Viewer) -> str:
    """Whose letters a viewer sees; "" for those of all tenants, and of none."""
    return "" if who.is_operator else who.tenant


def _add_installation(routes: Blueprint, parts: PageParts) -> None:
    operator = parts.operator
    assert operator is not None

    @routes.get("/operations/installation")
    def installation() -> Response:
        viewer(OPERATOR)
        return render("installation.html", **_status(operator.status()))

    @routes.get("/operations/doctor")
    def doctor() -> Response:
        viewer(OPERATOR)
        return render("doctor.html", checks=operator.examine())


def _status(document: dict[str, Any]) -> dict[str, Any]:
    """The parts of a status that could be read, and why others could not."""
    names = ("database", "broker", "migration", "outbox", "clock", "cases", "last", "intake", "versions_here")
    lists = ("rulebooks", "queues", "dead_letters", "running", "errors")
    return {
        "at": document["at"],
        "problems": document["problems"],
        **{name: document.get(name) for name in names},
        **{name: document.get(name) or [] for name in lists},
    }
