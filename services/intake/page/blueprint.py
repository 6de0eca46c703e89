"""Composes the routes of the page: sessions first, then one module for each screen. Errors become pages."""

from importlib.resources import files
from typing import Final

from flask import Blueprint, Response, g, request
from werkzeug.exceptions import HTTPException

from signpost.services.intake.page import (
    candidates,
    employers,
    endpoints,
    operations,
    playground,
    rulebook,
    signing_in,
    viewers,
)
from signpost.services.intake.page.parts import PageParts
from signpost.services.intake.page.rendering import render_problem, show_instant, show_value
from signpost.services.intake.problems import NotFound, http_to_problem, to_problem

STATIC: Final = files("signpost.services.intake.page") / "static"
ASSETS: Final = {
    "page.css": "text/css",
    "slider.js": "text/javascript",
    "editor.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}
"""File that a page loads -> its media type."""
MAX_AGE_S: Final = 300


def blueprint(parts: PageParts) -> Blueprint:
    """The routes."""
    routes = Blueprint("page", __name__, url_prefix="/page", template_folder="templates")
    routes.add_app_template_filter(show_instant, "instant")
    routes.add_app_template_filter(show_value, "value")
    _guard(routes, parts)
    _add_assets(routes)
    for screen in (signing_in, candidates, employers, rulebook, playground, operations, endpoints):
        screen.add_routes(routes, parts)

    @routes.route("/<path:path>", methods=["GET", "POST"])
    def missing(path: str) -> Response:
        raise NotFound("the page has no screen at this address")

    return routes


def _guard(routes: Blueprint, parts: PageParts) -> None:
    """Let only those in who have signed in, and only forms that this page made."""

    @routes.before_request
    def require_session() -> Response | None:
        g.viewer = None
        if request.endpoint != "page.asset":
            viewers.load_viewer(parts.context)
        if request.method == "POST" and (g.viewer is not None or request.endpoint in signing_in.OPEN_TO_ALL):
            viewers.check_form()
        if g.viewer is None and request.endpoint not in signing_in.OPEN_TO_ALL:
            return signing_in.ask_to_sign_in()
        if g.viewer is not None and not viewers.may_see(g.viewer, request.path):
            raise NotFound("there is no such page for you")
        return None

    routes.after_request(viewers.keep_form_cookie)

    @routes.errorhandler(Exception)
    def show(error: Exception) -> Response:
        g.setdefault("viewer", None)
        if isinstance(error, HTTPException):
            return render_problem(http_to_problem(error))
        return render_problem(to_problem(error, parts.context.limits))


def _add_assets(routes: Blueprint) -> None:
    bodies = {name: (STATIC / name).read_bytes() for name in ASSETS}

    @routes.get("/static/<asset>")
    def asset(asset: str) -> Response:
        if asset not in ASSETS:
            raise NotFound("no page loads such a file")
        response = Response(bodies[asset], mimetype=ASSETS[asset])
        response.cache_control.public, response.cache_control.max_age = True, MAX_AGE_S
        response.add_etag()
        return response.make_conditional(request)  # type: ignore[return-value]
