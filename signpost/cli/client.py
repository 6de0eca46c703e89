"""The HTTP client of `send` and `tail`: the API key, bounded waits, and refusals in words."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from signpost.errors import CallerError, TransientError
from signpost.settings import CLIENT_FILE, Settings

TIMEOUT = httpx.Timeout(30.0, connect=5.0)


class IntakeAway(TransientError):
    """The intake does not answer, or cannot keep anything just now. `retry_after`: seconds it asks for."""

    def __init__(self, message: str, retry_after: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class IntakeRefused(CallerError):
    """The intake refuses the whole request."""


@contextmanager
def opened(settings: Settings) -> Iterator[httpx.Client]:
    """A client with this key. Raises IntakeRefused without one."""
    if not settings.api_key:
        file = settings.data_dir / CLIENT_FILE
        state = "holds no API key" if file.exists() else "does not exist"
        raise IntakeRefused(
            f"there is no API key: {file.absolute()} {state}, and SIGNPOST_API_KEY is not set. Run this command in the"
            " folder where `signpost up` runs, or set SIGNPOST_DATA_DIR to its data folder, or SIGNPOST_API_KEY"
        )
    headers = {"Authorization": f"Bearer {settings.api_key}"}
    with httpx.Client(base_url=settings.url, headers=headers, timeout=TIMEOUT) as client:
        yield client


def asked(client: httpx.Client, method: str, path: str, **request: Any) -> Any:
    """The JSON answer of a request that was accepted. Raises IntakeRefused or IntakeAway."""
    response = answered(client, method, path, **request)
    if response.status_code in (429, 502, 503, 504):
        raise IntakeAway(_detail(response), _seconds(response.headers.get("Retry-After", "")))
    if not response.is_success:
        raise IntakeRefused(_detail(response))
    return response.json()


def answered(client: httpx.Client, method: str, path: str, **request: Any) -> httpx.Response:
    """Whatever the intake answers. Raises IntakeAway where it does not."""
    try:
        return client.request(method, path, **request)
    except httpx.TransportError as error:
        address = str(client.base_url).rstrip("/")
        raise IntakeAway(
            f"no intake answers at {address}: {error}; start it with `signpost up`, or set SIGNPOST_URL"
        ) from None


def _detail(response: httpx.Response) -> str:
    try:
        problem = response.json()
        errors = "".join(f"\n  {found['pointer']}: {found['detail']}" for found in problem.get("errors", ()))
        return f"{response.status_code} {problem['title']}: {problem['detail']}{errors}"
    except (ValueError, KeyError, TypeError, AttributeError):
        return f"{response.status_code} {response.reason_phrase} from {response.url.host}, without a problem document"


def _seconds(text: str) -> float:
    return min(float(text), 60.0) if text.isascii() and text.isdigit() else 1.0
