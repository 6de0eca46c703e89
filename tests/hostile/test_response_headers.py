"""Every response forbids caches to store what is a tenant's, and browsers to guess its type: each route and status."""

from collections.abc import Iterator

import pytest
from werkzeug.test import TestResponse

from tests.support.intake_parts import NORTH_KEY, Intake, intake_at, sign_greenhouse

PUBLIC = ("/docs", "/schemas/", "/openapi.json", "/asyncapi.json", "/page/static/")
"""Documents, the same for everyone: clients may cache them."""
KEY = {"Authorization": f"Bearer {NORTH_KEY}"}


@pytest.fixture(scope="module")
def intake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Intake]:
    parts = intake_at(tmp_path_factory.mktemp("headers"))
    yield parts
    parts.broker.close()
    parts.store.close()


def routes(intake: Intake) -> list[tuple[str, str]]:
    """Path and method of every route that is no public document, with an id in place of each parameter."""
    found = []
    for rule in intake.client.application.url_map.iter_rules():
        path = rule.rule
        for name in rule.arguments:
            path = path.replace(f"<{name}>", "some-id").replace(f"<anything:{name}>", "some-id")
        found += [(path, method) for method in rule.methods or () if path != "/" and not path.startswith(PUBLIC)]
    assert len(found) > 20
    return found


def check(answer: TestResponse) -> None:
    assert answer.headers.get_all("Cache-Control") == ["no-store"], answer.request.path
    assert answer.headers.get_all("X-Content-Type-Options") == ["nosniff"], answer.request.path


@pytest.mark.parametrize("headers", [{}, KEY])
@pytest.mark.parametrize("body", [b"", b"{}", b" " * 1_000_001])
def test_every_route(intake: Intake, headers: dict[str, str], body: bytes) -> None:
    answers = [intake.client.open(path, method=method, data=body, headers=headers) for path, method in routes(intake)]
    for answer in answers:
        check(answer)
    assert {answer.status_code for answer in answers} >= {200, 401 if not headers else 404}


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [("/v1", "GET", 404), ("/v1/", "GET", 404), ("/v1/nothing", "GET", 404), ("/v1/events", "DELETE", 405),
     ("/V1/events", "GET", 404), ("/v1//events", "POST", 404), ("/nothing", "GET", 404)],
)  # fmt: skip
def test_no_route(intake: Intake, path: str, method: str, status: int) -> None:
    answer = intake.client.open(path, method=method)
    assert answer.status_code == status
    check(answer)


def test_a_bug(intake: Intake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(intake.store), "feed", lambda self, *_: 1 // 0)
    answer = intake.get("/v1/recommendations")
    assert answer.status_code == 500
    check(answer)


def test_accepted(intake: Intake) -> None:
    body = b'{"action": "ping"}'
    answer = intake.client.post("/v1/webhooks/acme", data=body, headers=sign_greenhouse(body))
    assert answer.status_code == 200
    check(answer)


def test_public_documents_may_be_cached(intake: Intake) -> None:
    answer = intake.client.get("/openapi.json")
    assert "public" in answer.headers["Cache-Control"]
    assert answer.headers.get_all("X-Content-Type-Options") == ["nosniff"]
