"""The corpus of hostile requests against every route, and raw ones against gunicorn: no 5xx, a problem document with
each refusal, and the process lives on."""

import base64
import json
import socket
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote_to_bytes

import pytest
from werkzeug.test import TestResponse

from signpost.schemas.documents.generate import GENERATED
from tests.support.http import HTTP
from tests.support.intake_parts import NORTH_KEY, Intake, intake_at, sign_greenhouse, sign_standard
from tests.support.intake_process import intake_folder, running
from tests.support.long_suite import some
from tests.support.private_servers import wait_until
from tests.support.rulebooks import FEW_RULES
from tests.support.workers_kit import event, few_engines, open_system

CORPUS = Path(__file__).parents[1] / "data" / "hostile"
ROUTES = [
    (method.upper(), path)
    for path, item in json.loads((GENERATED / "openapi.json").read_text(encoding="utf-8"))["paths"].items()
    for method in item
] + [("POST", "/v1/webhooks/acme")]
ONE = "application/cloudevents+json"
TYPES = (ONE, "application/cloudevents-batch+json", "application/json")
GOOD = (
    b'{"specversion":"1.0","id":"e","source":"s","type":"signpost.offer.extended.v1","time":"2026-03-02T13:00:00Z",'
    b'"subject":"c","data":{"offer":"o"}}'
)
T = TypeVar("T")
KEY = {"HTTP_AUTHORIZATION": f"Bearer {NORTH_KEY}"}


@cache
def corpus(name: str) -> Any:
    """Every entry of one file."""
    return json.loads((CORPUS / f"{name}.json").read_text(encoding="utf-8"))


def share(entries: Sequence[T], method: str, path: str) -> Sequence[T]:
    """The entries for a route: in the short suite a quarter, another one for the next route."""
    return some(entries, 4, ROUTES.index((method, path)))


def body_of(said: Any) -> bytes:
    """A body as it is written in the corpus."""
    if "repeat" in said:
        parts: list[Any] = said["repeat"]
        return "".join(text * times for text, times in zip(parts[::2], parts[1::2], strict=True)).encode()
    return base64.b64decode(said["base64"]) if "base64" in said else str(said["text"]).encode("utf-8", "surrogatepass")


@pytest.fixture(scope="module")
def intake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Intake]:
    folder = tmp_path_factory.mktemp("corpus")
    url = f"sqlite:///{folder / 'signpost.db'}"
    with open_system(url, url) as system:
        system.engines = few_engines()
        system.handle(event("offer.extended", tenant="north", offer="o-1"))
        known["recommendation"] = system.changes()[0]["id"]
    parts = intake_at(folder, rules=FEW_RULES)
    yield parts
    parts.broker.close()
    parts.store.close()


known = {
    "candidate": "c-1", "rule": "ask-deadline", "source": "careers", "delivery": "dlv_1",
    "path": "events/signpost.offer.extended.v1.json", "asset": "start.js",
}  # fmt: skip


def send(intake: Intake, method: str, path: str, body: bytes = b"", query: str = "", **environ: str) -> TestResponse:
    """A request as gunicorn would hand it on: the path unquoted, each character a byte."""
    raw = unquote_to_bytes(path).decode("latin-1")
    own = {"REQUEST_METHOD": method, "PATH_INFO": raw, "QUERY_STRING": query, **KEY, **environ}
    return intake.client.open("/", method="POST", data=body, environ_overrides=own)


def check(answer: TestResponse, method: str, entry: object) -> None:
    assert answer.status_code < 500, entry
    assert answer.status_code < 300 or answer.status_code == 304 or answer.status_code >= 400, entry
    assert not {"X", "Set-Cookie"} & set(answer.headers.keys()), entry
    if answer.status_code >= 400 and method != "HEAD":
        assert answer.mimetype == "application/problem+json", entry
        document = json.loads(answer.data)
        assert document["status"] == answer.status_code, entry
        assert document["type"].startswith("urn:signpost:problem:"), entry
        assert document["title"], entry
        assert document["detail"], entry


def named(path: str) -> str:
    for name, value in known.items():
        path = path.replace(f"{{{name}}}", value)
    return path


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_bodies(intake: Intake, method: str, path: str) -> None:
    types = TYPES if method == "POST" else TYPES[-1:]
    for name, content_type in share([*product(corpus("bodies"), types)], method, path):
        body = body_of(corpus("bodies")[name])
        signatures = {**sign_standard(body), **sign_greenhouse(body), "Content-Type": content_type}
        environ = {_variable(header): value for header, value in signatures.items()}
        check(send(intake, method, named(path), body, **environ), method, (name, content_type))


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_headers_and_types(intake: Intake, method: str, path: str) -> None:
    for name, said in share([*corpus("headers").items()], method, path):
        values = {header: value if isinstance(value, str) else _long(*value) for header, value in said.items()}
        environ = {"CONTENT_TYPE": ONE} | {_variable(header): value for header, value in values.items()}
        check(send(intake, method, named(path), GOOD, **environ), method, name)
    for content_type in share(corpus("content_types"), method, path):
        check(send(intake, method, named(path), GOOD, CONTENT_TYPE=content_type), method, content_type)


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_paths_queries_and_methods(intake: Intake, method: str, path: str) -> None:
    for query in share(corpus("queries"), method, path):
        check(send(intake, method, named(path), GOOD, query, CONTENT_TYPE=ONE), method, query)
    for tail in share(corpus("paths"), method, path):
        check(send(intake, method, named(path) + tail, GOOD, CONTENT_TYPE=ONE), method, tail)
        check(send(intake, method, tail + named(path), GOOD, CONTENT_TYPE=ONE), method, tail)
    for other in share(corpus("methods"), method, path):
        check(send(intake, other, named(path), GOOD, CONTENT_TYPE=ONE), other, other)


def test_raw_requests_to_gunicorn(tmp_path: Path) -> None:
    """Gunicorn turns most of them away itself, in its own words."""
    intake_folder(tmp_path)

    def workers() -> int:
        return (tmp_path / "log").read_text(encoding="utf-8").count("Booting worker")

    with running(tmp_path) as (address, _):
        wait_until(lambda: workers() == 2, "both workers run")
        for name, request in corpus("raw").items():
            answer = exchange(int(address.rpartition(":")[2]), request.encode("latin-1"))
            statuses = [line.split()[1] for line in answer.split(b"\r\n") if line.startswith(b"HTTP/1.")]
            assert all(status[:1] in b"24" or status in ALLOWED for status in statuses), (name, answer[:300])
            assert b"evil" not in answer, name
        assert HTTP.get(f"{address}/livez").status_code == 200
    assert "Traceback" not in (tmp_path / "log").read_text(encoding="utf-8")
    assert workers() == 2, "none of them had to be replaced"


ALLOWED = (b"501", b"505")
"""What HTTP itself prescribes for a transfer coding, and for a version, that a server does not know."""


def exchange(port: int, request: bytes) -> bytes:
    """Everything that comes back until the connection ends or nothing more is said."""
    answer = b""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.settimeout(0.3)
        try:
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
            while part := connection.recv(65536):
                answer += part
        except OSError:
            pass
    return answer


def _variable(header: str) -> str:
    name = header.upper().replace("-", "_")
    return name if name in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{name}"


def _long(beginning: str, text: str, times: int) -> str:
    return beginning + text * times
