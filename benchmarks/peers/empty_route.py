"""A Flask application that answers 202 at once: the limit of an intake on the same server."""

from flask import Flask, Response

app = Flask(__name__)


@app.post("/v1/events")
def accept() -> Response:
    """Accept anything, and keep nothing."""
    return Response(status=202)
