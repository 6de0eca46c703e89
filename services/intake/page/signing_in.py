"""Routes by which people sign in, with an API key or a one-time link, and out."""

import re
from typing import Final
from urllib.parse import quote

from flask import Blueprint, Response, g, redirect, request

from signpost.services.intake.page import viewers
from signpost.services.intake.page.parts import PageParts
from signpost.services.intake.page.rendering import render
from signpost.storage.page_sessions import EMPLOYER

_OWN_PATH: Final = re.compile(r"/page/[^/\\\s][^\\\s]*")
NO_KEY: Final = "No tenant has this API key."
NO_LINK: Final = "This link was used, or has expired. Ask for a new one."
OPEN_TO_ALL: Final = ("page.login", "page.enter", "page.follow", "page.use_link", "page.asset")
"""Endpoints that need no session."""


def add_routes(routes: Blueprint, parts: PageParts) -> None:
    """Add the routes."""

    @routes.get("/login")
    def login() -> Response:
        if g.viewer is not None:
            return go(home(g.viewer))
        return render("login.html", problem="", following=_following(request.args.get("next", "")))

    @routes.post("/login")
    def enter() -> Response:
        secret = viewers.begin_with_key(parts.context, request.form.get("key", ""))
        following = _following(request.form.get("next", ""))
        if secret is None:
            return render("login.html", 401, problem=NO_KEY, following=following)
        return viewers.set_session(go(following or "/page/candidates"), secret)

    @routes.get("/link/<token>")
    def follow(token: str) -> Response:
        # Only the button uses the link up: programs that preview links do not press it
        if not viewers.is_link(parts.context, token):
            return render("link.html", 410, token=token, problem=NO_LINK)
        return render("link.html", token=token, problem="")

    @routes.post("/link/<token>")
    def use_link(token: str) -> Response:
        secret = viewers.begin_with_link(parts.context, token)
        if secret is None:
            return render("link.html", 410, token=token, problem=NO_LINK)
        return viewers.set_session(go("/page/"), secret)

    @routes.post("/logout")
    def logout() -> Response:
        return viewers.end(parts.context, go("/page/login"))

    @routes.get("/")
    def start() -> Response:
        return go(home(g.viewer))


def home(viewer: viewers.Viewer) -> str:
    """Where a viewer begins."""
    return "/page/employer" if viewer.role == EMPLOYER else "/page/candidates"


def go(path: str) -> Response:
    """Continue at another page."""
    response: Response = redirect(path, 303, Response)  # type: ignore[assignment]
    return response


def ask_to_sign_in() -> Response:
    """Where a request without a session continues; a form is lost, a page is shown afterwards."""
    following = request.full_path.rstrip("?") if request.method == "GET" else ""
    return go(f"/page/login?next={quote(following, safe='')}" if following else "/page/login")


def _following(path: str) -> str:
    """A page of this site to continue at; "" for any other address."""
    return path if _OWN_PATH.fullmatch(path) else ""
