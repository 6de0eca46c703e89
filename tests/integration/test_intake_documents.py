"""The contracts over HTTP: served to everybody as generated, and a page on them that loads nothing from elsewhere."""

import html
import json
import re
from pathlib import Path

import pytest

from signpost.schemas.documents.generate import APIS, GENERATED
from signpost.services.intake.documents import ASSETS
from tests.support.intake_parts import Intake, intake_at

SCHEMAS = sorted(path.relative_to(GENERATED).as_posix() for path in GENERATED.rglob("*.json") if path.name not in APIS)
METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}


@pytest.fixture(scope="module")
def intake(tmp_path_factory: pytest.TempPathFactory) -> Intake:
    return intake_at(tmp_path_factory.mktemp("documents"))


@pytest.mark.parametrize("path", SCHEMAS)
def test_a_schema_is_served_as_generated_under_its_id(intake: Intake, path: str) -> None:
    answer = intake.client.get(f"/schemas/{path}")
    assert (answer.status_code, answer.content_type) == (200, "application/schema+json")
    assert answer.data == (GENERATED / path).read_bytes()
    assert answer.get_json(force=True)["$id"] == f"/schemas/{path}"
    assert answer.cache_control.public


@pytest.mark.parametrize("name", APIS)
def test_the_descriptions_are_served_as_generated(intake: Intake, name: str) -> None:
    answer = intake.client.get(f"/{name}")
    assert (answer.status_code, answer.content_type) == (200, "application/json")
    assert answer.data == (GENERATED / name).read_bytes()


def test_who_has_a_document_is_not_sent_it_again(intake: Intake) -> None:
    first = intake.client.get("/openapi.json")
    again = intake.client.get("/openapi.json", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_the_descriptions_name_the_assets_that_there_are() -> None:
    paths = json.loads((GENERATED / "openapi.json").read_bytes())["paths"]
    for path, known in (("/schemas/{path}", SCHEMAS), ("/docs/{asset}", list(ASSETS))):
        assert sorted(paths[path]["get"]["parameters"][0]["schema"]["enum"]) == sorted(known)


@pytest.mark.parametrize(
    "path", ["schemas/openapi.json", "schemas/nope.json", "schemas/../__init__.py", "schemas/%00", "docs/swagger-ui.js"]
)
def test_anything_else_is_a_problem(intake: Intake, path: str) -> None:
    answer = intake.client.get(f"/{path}")
    assert (answer.status_code, answer.content_type) == (404, "application/problem+json")


def test_the_page_and_all_that_it_loads_come_from_here(intake: Intake) -> None:
    page = intake.client.get("/docs")
    policy = page.headers["Content-Security-Policy"]
    allowed = {name: sources for name, *sources in map(str.split, policy.split(";"))}
    assert allowed["default-src"] == ["'none'"]
    assert {source for sources in allowed.values() for source in sources} == {"'none'", "'self'", "data:"}
    named = re.findall(r'(?:src|href)="([^"]*)"', page.text)
    assert {f"/docs/{asset}" for asset in ASSETS} | {f"/schemas/{path}" for path in SCHEMAS} <= set(named)
    for address in named:
        assert re.match(r"/\w", address), address
        assert intake.client.get(address).status_code == 200
    assert not re.search(r"<script>|<style|style=|\son\w+=", page.text), "the policy forbids what is inline"


def test_a_browser_gets_a_start_page_whose_every_link_works(intake: Intake) -> None:
    page = intake.client.get("/", headers={"Accept": "text/html"})
    assert (page.status_code, page.mimetype) == (200, "text/html")
    assert page.headers["Content-Security-Policy"] == intake.client.get("/docs").headers["Content-Security-Policy"]
    assert page.headers["Vary"] == "Cookie", "who has signed in is sent on to the page"
    links = set(re.findall(r'(?:src|href)="([^"]*)"', page.text))
    assert links >= {"/page/login", "/docs", "/openapi.json", "/asyncapi.json", "/livez", "/readyz"}
    assert {intake.client.get(link).status_code for link in links} == {200}
    assert not re.search(r"<script|<style|style=|\son\w+=", page.text), "the policy forbids what is inline"


def test_the_first_event_of_the_start_page_is_accepted(intake: Intake) -> None:
    page = html.unescape(intake.client.get("/", base_url="http://signpost.example:8080").text)
    assert "curl http://signpost.example:8080/v1/events" in page
    [event] = re.findall(r"-d '(\{.*\})'", page, re.DOTALL)
    body = re.sub(r"'\$\(date [^)]+\)'", "2026-03-02T13:00:00Z", event)
    assert intake.send(body.encode()).status_code == 202


@pytest.mark.parametrize("asset", sorted(ASSETS))
def test_no_part_of_the_page_loads_from_an_address(intake: Intake, asset: str) -> None:
    answer = intake.client.get(f"/docs/{asset}")
    assert answer.status_code == 200
    assert answer.mimetype == ASSETS[asset][1]
    if asset.endswith(".css"):
        assert set(re.findall(r"url\(\"?'?(\w+:|//)", answer.text)) <= {"data:"}
        assert "@import" not in answer.text
    if asset == "start.js":
        assert "://" not in answer.text
        assert "validatorUrl: null" in answer.text, "the viewer would ask its maker's server otherwise"


def test_every_route_is_described_and_every_described_path_is_a_route(intake: Intake) -> None:
    rules = intake.client.application.url_map.iter_rules()
    routes = {
        (re.sub("<[^>]+>", "{}", rule.rule), method)
        for rule in rules
        if not rule.rule.startswith("/page/")  # for people; no contract
        for method in METHODS & set(rule.methods or ())
    }
    paths = json.loads((GENERATED / "openapi.json").read_bytes())["paths"]
    described = {
        (re.sub("{[^}]+}", "{}", path), method.upper()) for path, operations in paths.items() for method in operations
    }
    assert routes - described == set(), "describe them in schemas/openapi.py"
    assert described - routes == set(), "nobody answers there"


def test_the_viewer_travels_in_its_package() -> None:
    folder, _ = ASSETS["swagger-ui-bundle.js"]
    assert Path(str(folder)).parent.name == "flask_swagger_ui"
    assert len((folder / "swagger-ui-bundle.js").read_bytes()) > 1_000_000
