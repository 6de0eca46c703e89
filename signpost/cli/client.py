"""The HTTP client of commands: API key, timeouts, and errors as messages. No command lives here."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import UNAUTHORIZED
from typing import Any, Final
from urllib.parse import unquote

import click
import httpx

from signpost.cli.edge import KNOWN_CANDIDATES
from signpost.errors import CallerError, TransientError
from signpost.names import NO_FACTS
from signpost.printable import escape, escape_document
from signpost.settings import Settings
from signpost.settings_reader import CLIENT_FILE

WAITING_S: Final = 1.5
"""How long an answer may take without a sign that the command waits."""
TIMEOUT = httpx.Timeout(30.0, connect=5.0)


class IntakeUnavailable(TransientError):
    """The intake does not answer, or is temporarily unavailable. `retry_after_s`: from its `Retry-After`."""

    def __init__(self, message: str, retry_after_s: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class RequestNotSent(CallerError):
    """The request is none of HTTP, so that it never left."""


class IntakeRejected(CallerError):
    """The intake rejects the whole request."""


@contextmanager
def open_client(settings: Settings) -> Iterator[httpx.Client]:
    """A client with the API key of the settings. Raises IntakeRejected without one."""
    if not settings.api_key:
        file = settings.data_dir / CLIENT_FILE
        state = "contains no API key" if file.exists() else "does not exist"
        raise IntakeRejected(
            f"no API key: {file.absolute()} {state}, and SIGNPOST_API_KEY is not set. Run this command in the"
            " folder where `signpost up` runs, or set SIGNPOST_DATA_DIR to its data folder, or SIGNPOST_API_KEY"
        )
    headers = {"Authorization": f"Bearer {settings.api_key}"}
    with httpx.Client(base_url=settings.url, headers=headers, timeout=TIMEOUT) as client:
        yield client


def request_json(client: httpx.Client, method: str, path: str, **request: Any) -> Any:
    """The JSON body of a successful response. Raises IntakeRejected or IntakeUnavailable."""
    return _succeed(send_request(client, method, path, **request)).json()


def request_text(client: httpx.Client, method: str, path: str, **request: Any) -> str:
    """The body of a successful response as text. Raises IntakeRejected or IntakeUnavailable."""
    return _succeed(send_request(client, method, path, **request)).text


@contextmanager
def _waiting(text: str) -> Iterator[None]:
    """Print a line for a person whom an answer keeps waiting."""
    timer = threading.Timer(WAITING_S, click.echo, (text,), {"err": True})
    timer.daemon = True
    if sys.stderr.isatty():
        timer.start()
    try:
        yield
    finally:
        timer.cancel()


def send_request(client: httpx.Client, method: str, path: str, **request: Any) -> httpx.Response:
    """The response, whatever its status. Raises IntakeUnavailable without one, RequestNotSent for a request that HTTP
    does not allow."""
    try:
        with _waiting(f"waiting for {str(client.base_url).rstrip('/')} ..."):
            return client.request(method, path, **request)
    except (httpx.LocalProtocolError, UnicodeEncodeError) as error:
        raise RequestNotSent(f"the request was not sent: {error}") from None
    except httpx.TransportError as error:
        address = str(client.base_url).rstrip("/")
        plain = " (write http:// if it has no certificate)" if "[SSL" in str(error) else ""
        raise IntakeUnavailable(
            f"no intake answers at {address}: {error}{plain}; start it with `signpost up`, or set SIGNPOST_URL"
        ) from None


def _succeed(response: httpx.Response) -> httpx.Response:
    """The response, if it is a success. Raises IntakeRejected or IntakeUnavailable."""
    if response.status_code in (429, 502, 503, 504):
        raise IntakeUnavailable(_detail(response), _parse_seconds(response.headers.get("Retry-After", "")))
    if not response.is_success:
        raise IntakeRejected(_detail(response))
    return response


def _detail(response: httpx.Response) -> str:
    try:
        problem = escape_document(response.json())
        errors = "".join(f"\n  {found['pointer']}: {found['detail']}" for found in problem.get("errors", ()))
        errors += f"\n  {problem['more']} more" if problem.get("more") else ""
        if response.status_code == UNAUTHORIZED:
            errors += f"\n  commands send SIGNPOST_API_KEY or, if it is not set, the key in {CLIENT_FILE}"
        if problem["detail"].startswith(NO_FACTS):
            errors += f"\n  {_candidate(response.url)}: {KNOWN_CANDIDATES}"
        return f"{response.status_code} {problem['title']}: {problem['detail']}{errors}"
    except (ValueError, KeyError, TypeError, AttributeError):
        return f"{response.status_code} {response.reason_phrase} from {response.url.host}, without a problem document"


def _candidate(url: httpx.URL) -> str:
    """The candidate whom a request was about."""
    return escape(unquote(str(url).partition("/v1/candidates/")[2].partition("/")[0]))


def _parse_seconds(text: str) -> float:
    return min(float(text), 60.0) if text.isascii() and text.isdigit() else 1.0
