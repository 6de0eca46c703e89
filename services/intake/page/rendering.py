"""Renders templates into pages that load nothing from elsewhere, and shows errors as pages."""

from typing import Any, Final

import orjson
from flask import Response, g, render_template
from markupsafe import Markup

from signpost.case.instant import parse_instant, to_datetime
from signpost.services.intake.page.viewers import form_token
from signpost.storage.page_sessions import EMPLOYER

CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
SCREENS: Final = (
    ("candidates", "Candidates"),
    ("rulebook", "Rulebook"),
    ("playground", "Playground"),
    ("operations", "Operations"),
)


def render(template: str, status: int = 200, **values: Any) -> Response:
    """A page. Nobody may keep it: without a word about it, no response of the intake is stored."""
    viewer = g.get("viewer")
    screens = SCREENS if viewer is not None and viewer.role != EMPLOYER else ()
    text = render_template(f"page/{template}", viewer=viewer, screens=screens, form_field=_form_field, **values)
    response = Response(text, status, mimetype="text/html")
    response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    response.headers["Referrer-Policy"] = "same-origin"
    return response


def _form_field() -> Markup:
    """What every form of the page sends back."""
    return Markup('<input type="hidden" name="form" value="{}">').format(form_token())


def render_problem(problem: Response) -> Response:
    """A problem document as a page with the same status and headers."""
    document = orjson.loads(problem.get_data())
    page = render("problem.html", problem.status_code, problem=document)
    kept = ((name, value) for name, value in problem.headers if name in ("Retry-After", "Allow"))
    page.headers.extend(kept)
    return page


def show_instant(text: str | None) -> str:
    """An RFC 3339 instant as people read it: `2 Mar 2026, 14:00 UTC`; seconds only where there are any."""
    if not text:
        return ""
    moment = to_datetime(parse_instant(text))
    seconds = f":{moment:%S}" if moment.second or moment.microsecond else ""
    return f"{moment.day} {moment:%b %Y, %H:%M}{seconds} UTC"


def show_value(value: Any) -> str:
    """A fact as JSON, a text as it is."""
    if value is None:
        return "unknown"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else orjson.dumps(value).decode()
