"""The contracts as documents: /openapi.json, /asyncapi.json, /schemas/..., the page /docs that shows them, and the
start page /.

All of it is the same for everybody, so no API key is asked for. The page loads nothing from elsewhere: the viewer
comes out of a package, and the Content-Security-Policy forbids any other address.
"""

from importlib.resources import files
from typing import Any

from flask import Blueprint, Response, render_template, request

from signpost.names import JSON
from signpost.schemas.documents.generate import APIS, GENERATED, MEDIA_TYPE
from signpost.services.intake.problems import NotFound

KEPT = 3600
"""Seconds that a document may be kept without asking again; then its ETag answers."""
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
OWN = files("signpost.services.intake") / "pages"
VIEWER = files("flask_swagger_ui") / "dist"
ASSETS = {
    "start.js": (OWN, "text/javascript"),
    "page.css": (OWN, "text/css"),
    "swagger-ui-bundle.js": (VIEWER, "text/javascript"),
    "swagger-ui.css": (VIEWER, "text/css"),
    "favicon-32x32.png": (VIEWER, "image/png"),
}
"""What the page loads -> where it lies, and its media type."""


def blueprint() -> Blueprint:
    """The routes. The documents are read once, as they were generated."""
    routes = Blueprint("documents", __name__, template_folder="pages")
    schemas = {path.relative_to(GENERATED).as_posix(): path.read_bytes() for path in GENERATED.rglob("*.json")}
    apis = {name: schemas.pop(name) for name in APIS}

    @routes.get("/openapi.json")
    def openapi() -> Response:
        return _kept(apis["openapi.json"], JSON)

    @routes.get("/asyncapi.json")
    def asyncapi() -> Response:
        return _kept(apis["asyncapi.json"], JSON)

    @routes.get("/schemas/<anything:path>")
    def schema(path: str) -> Response:
        if path not in schemas:
            raise NotFound("no schema of this name; /docs lists them all")
        return _kept(schemas[path], MEDIA_TYPE)

    @routes.get("/")
    def start() -> Response:
        return _page("start.html", address=request.host_url.rstrip("/"))

    @routes.get("/docs")
    def docs() -> Response:
        return _page("docs.html", schemas=sorted(schemas))

    @routes.get("/docs/<asset>")
    def asset(asset: str) -> Response:
        if asset not in ASSETS:
            raise NotFound("the page has no such part")
        folder, media_type = ASSETS[asset]
        return _kept((folder / asset).read_bytes(), media_type)

    return routes


def _page(template: str, **values: Any) -> Response:
    """A page that may load nothing from elsewhere."""
    page = _kept(render_template(template, **values).encode(), "text/html")
    page.headers["Content-Security-Policy"] = POLICY
    page.headers["Referrer-Policy"] = "no-referrer"
    return page


def _kept(body: bytes, media_type: str) -> Response:
    """An answer that may be kept for an hour, and afterwards asked for by its ETag."""
    response = Response(body, mimetype=media_type)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.cache_control.public, response.cache_control.max_age = True, KEPT
    response.add_etag()
    response.make_conditional(request)
    return response
