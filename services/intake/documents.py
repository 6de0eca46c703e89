"""Routes of the API documents: /openapi.json, /asyncapi.json, /schemas/..., their viewer /docs, and the start page /.

They are public, so they need no API key. The pages load nothing from other hosts: the viewer comes from a package, and
the Content-Security-Policy allows this host only. From /, a browser that has signed in continues to the page.
"""

from importlib.resources import files
from typing import Any

from flask import Blueprint, Response, render_template, request

from signpost.names import JSON
from signpost.schemas.documents.generate import APIS, GENERATED, MEDIA_TYPE
from signpost.services.intake.page import go, has_session_cookie
from signpost.services.intake.problems import NotFound, PreconditionFailed

MAX_AGE_S = 3600
"""How long clients may cache a document; afterwards they revalidate it by its ETag."""
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
PAGES = files("signpost.services.intake") / "pages"
VIEWER = files("flask_swagger_ui") / "dist"
ASSETS = {
    "start.js": (PAGES, "text/javascript"),
    "page.css": (PAGES, "text/css"),
    "swagger-ui-bundle.js": (VIEWER, "text/javascript"),
    "swagger-ui.css": (VIEWER, "text/css"),
    "favicon-32x32.png": (VIEWER, "image/png"),
}
"""File that a page loads -> its folder and media type."""


def blueprint() -> Blueprint:
    """The routes. Reads the generated documents once."""
    routes = Blueprint("documents", __name__, template_folder="pages")
    schemas = {path.relative_to(GENERATED).as_posix(): path.read_bytes() for path in GENERATED.rglob("*.json")}
    apis = {name: schemas.pop(name) for name in APIS}

    @routes.get("/openapi.json")
    def openapi() -> Response:
        return _to_response(apis["openapi.json"], JSON)

    @routes.get("/asyncapi.json")
    def asyncapi() -> Response:
        return _to_response(apis["asyncapi.json"], JSON)

    @routes.get("/schemas/<anything:path>")
    def schema(path: str) -> Response:
        if path not in schemas:
            raise NotFound("no schema has this name; /docs lists them all")
        return _to_response(schemas[path], MEDIA_TYPE)

    @routes.get("/")
    def start() -> Response:
        if has_session_cookie():
            return go("/page/")
        page = _page("start.html", address=request.host_url.rstrip("/"))
        page.vary.add("Cookie")
        page.cache_control.max_age = 0
        return page

    @routes.get("/docs")
    def docs() -> Response:
        return _page("docs.html", schemas=sorted(schemas))

    @routes.get("/docs/<asset>")
    def asset(asset: str) -> Response:
        if asset not in ASSETS:
            raise NotFound("no such file; the page /docs loads all that there are")
        folder, media_type = ASSETS[asset]
        return _to_response((folder / asset).read_bytes(), media_type)

    return routes


def _page(template: str, **values: Any) -> Response:
    """An HTML page that can load nothing from other hosts."""
    page = _to_response(render_template(template, **values).encode(), "text/html")
    page.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    page.headers["Referrer-Policy"] = "no-referrer"
    return page


def _to_response(body: bytes, media_type: str) -> Response:
    """A response that clients may cache for MAX_AGE_S and then revalidate by its ETag. Raises PreconditionFailed."""
    response = Response(body, mimetype=media_type)
    response.cache_control.public, response.cache_control.max_age = True, MAX_AGE_S
    response.add_etag()
    wanted, (tag, _) = request.if_match, response.get_etag()
    if wanted and not wanted.star_tag and not wanted.is_strong(tag or ""):
        raise PreconditionFailed("the document is not that of If-Match; read it again")
    # Werkzeug takes no If-Match: * for what exists, and answers 412 with the document
    environ = {name: value for name, value in request.environ.items() if name != "HTTP_IF_MATCH"}
    response.make_conditional(environ)
    return response
