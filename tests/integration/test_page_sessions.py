"""Signing in to the page and out of it, one-time links, cookies, and forms that other sites send."""

import re
from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex

import pytest

from signpost.case.instant import HOUR
from signpost.ingress.sources import source_problem
from signpost.services.intake.page.viewers import SESSION_US
from signpost.storage.page_sessions import LINK, PageSession, digest_of
from signpost.tenants.live import LiveTenants
from signpost.tenants.model import hash_key
from tests.support.intake_parts import NORTH_KEY, NOW, SOUTH_KEY, TENANTS, Intake, intake_at
from tests.support.pages import Reader, check, follow_link, sign_in
from tests.support.rulebooks import FEW_RULES


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sessions")


@pytest.fixture(scope="module")
def clock() -> list[int]:
    return [NOW]


@pytest.fixture(scope="module")
def intake(folder: Path, clock: list[int]) -> Iterator[Intake]:
    parts = intake_at(folder, clock=lambda: clock[0], rules=FEW_RULES)
    yield parts
    parts.broker.close()
    parts.store.close()


@pytest.fixture
def now(clock: list[int]) -> Iterator[list[int]]:
    """The time, which a test may change."""
    yield clock
    clock[0] = NOW


def make_link(intake: Intake, token: str = "", **more: str) -> str:
    token = token or token_hex()
    row = {"tenant": "north", "role": "tenant", "employer": "", "api_key": "", **more}
    intake.store.page_sessions.add(
        PageSession(digest=digest_of(token), kind=LINK, created=NOW, expires=NOW + HOUR, **row), NOW
    )
    return token


def test_without_a_session_every_screen_asks_to_sign_in_and_then_shows_what_was_asked_for(intake: Intake) -> None:
    reader = Reader(intake.client.application.test_client())
    answer = reader.client.get("/page/candidates?q=maria")
    assert answer.headers["Location"] == "/page/login?next=%2Fpage%2Fcandidates%3Fq%3Dmaria"
    page = reader.send(reader.get(answer.headers["Location"]), "/page/login", key=NORTH_KEY)
    assert page.first("input", name="q").attributes["value"] == "maria"


@pytest.mark.parametrize(
    "elsewhere", ["https://elsewhere.example", "//elsewhere.example", "/page//x", "/page/\\x", "/v1/events"]
)
def test_signing_in_leads_nowhere_else(intake: Intake, elsewhere: str) -> None:
    reader = Reader(intake.client.application.test_client())
    page = reader.get(f"/page/login?next={elsewhere}")
    assert page.first("input", name="next").attributes["value"] == ""
    form = page.first("input", name="form").attributes["value"]
    answer = reader.client.post("/page/login", data={"form": form, "key": NORTH_KEY, "next": elsewhere})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/page/candidates")


@pytest.mark.parametrize("key", ["", "sp_nobody_has_this_key", "é" * 20, NORTH_KEY[:-1]])
def test_a_wrong_key_begins_no_session(intake: Intake, key: str) -> None:
    reader = Reader(intake.client.application.test_client())
    page = reader.send(reader.get("/page/login"), "/page/login", 401, key=key)
    assert page.first("", role="alert").text == "No tenant has this API key."
    assert reader.client.get("/page/candidates").status_code == 303


def test_the_cookies_are_for_this_host_only_and_no_script_reads_them(intake: Intake) -> None:
    client = intake.client.application.test_client()
    page = check(client.get("/page/login", base_url="https://signpost.example"))
    form = page.first("input", name="form").attributes["value"]
    answer = client.post("/page/login", data={"form": form, "key": NORTH_KEY}, base_url="https://signpost.example")
    [cookie] = answer.headers.getlist("Set-Cookie")
    assert re.fullmatch(r"__Host-signpost-session=\S+; Secure; HttpOnly; Path=/; SameSite=Lax", cookie)
    plain = intake.client.get("/page/login").headers["Set-Cookie"]
    assert re.fullmatch(r"signpost-form=\S+; HttpOnly; Path=/; SameSite=Strict", plain)


def test_signing_out_ends_the_session_also_for_a_copied_cookie(intake: Intake) -> None:
    reader = sign_in(intake)
    cookie = reader.client.get_cookie("signpost-session")
    assert cookie is not None
    page = reader.get("/page/candidates")
    reader.send(page, "/page/logout")
    assert reader.client.get("/page/candidates").status_code == 303
    reader.client.set_cookie("signpost-session", cookie.value)
    assert reader.client.get("/page/candidates").status_code == 303


def test_a_session_ends_after_its_time(intake: Intake, now: list[int]) -> None:
    reader = sign_in(intake)
    now[0] += SESSION_US - 1
    reader.get("/page/candidates")
    now[0] += 1
    assert reader.client.get("/page/candidates").status_code == 303


def test_a_session_ends_with_the_key_that_began_it(tmp_path: Path) -> None:
    file = tmp_path / "tenants.yaml"
    file.write_text(TENANTS, encoding="utf-8")
    tenants = LiveTenants(file, {}, source_problem, FEW_RULES)
    parts = intake_at(tmp_path, rules=FEW_RULES, tenants=tenants)
    with_key, with_link = sign_in(parts), follow_link(parts, make_link(parts))
    file.write_text(TENANTS.replace(hash_key(NORTH_KEY), hash_key("sp_the_next_key_of_north")), encoding="utf-8")
    tenants.poll(tenants.poll())
    assert with_key.client.get("/page/candidates").status_code == 303
    with_link.get("/page/candidates")
    file.write_text(TENANTS.replace("north", "east"), encoding="utf-8")
    tenants.poll(tenants.poll())
    assert with_link.client.get("/page/candidates").status_code == 303, "there is no such tenant any more"


def test_a_link_works_once(intake: Intake) -> None:
    token = make_link(intake)
    reader = Reader(intake.client.application.test_client())
    for _ in range(2):
        reader.get(f"/page/link/{token}")
    assert reader.client.get("/page/candidates").status_code == 303, "looking at a link does not use it"
    follow_link(intake, token).get("/page/candidates")
    other = Reader(intake.client.application.test_client())
    page = other.get(f"/page/link/{token}", 410)
    assert page.first("", role="alert").text.startswith("This link was used")
    assert "works once" not in page.text


def test_a_link_that_is_used_while_another_looks_at_it_says_so(intake: Intake) -> None:
    token = make_link(intake)
    other = Reader(intake.client.application.test_client())
    page = other.get(f"/page/link/{token}")
    follow_link(intake, token)
    assert other.send(page, f"/page/link/{token}", 410).first("", role="alert").text.startswith("This link was used")


def test_a_link_expires(intake: Intake, now: list[int]) -> None:
    token = make_link(intake)
    now[0] += HOUR
    reader = Reader(intake.client.application.test_client())
    reader.get(f"/page/link/{token}", 410)


def test_of_two_that_use_a_link_at_once_one_gets_a_session(intake: Intake) -> None:
    link = digest_of(make_link(intake))
    begun = [intake.store.page_sessions.begin(link, digest_of(f"session {one}"), NOW, NOW + HOUR) for one in range(2)]
    assert [one is not None for one in begun] == [True, False]


def test_every_form_of_another_site_is_refused(intake: Intake) -> None:
    reader = sign_in(intake)
    rules = [rule for rule in intake.client.application.url_map.iter_rules() if rule.endpoint.startswith("page.")]
    posts = [re.sub("<[^>]+>", "x", rule.rule) for rule in rules if "POST" in (rule.methods or ())]
    assert len(posts) >= 4
    for path in posts:
        for client in (reader.client, intake.client.application.test_client()):
            assert client.post(path, data={"key": NORTH_KEY}).status_code in (303, 400), path
            assert client.post(path, data={"form": "0" * 64}).status_code in (303, 400), path
    assert reader.client.get("/page/candidates").status_code == 200, "it is still signed in"


def test_a_form_with_its_token_is_refused_when_the_browser_says_that_another_site_sent_it(intake: Intake) -> None:
    reader = sign_in(intake)
    token = reader.get("/page/candidates").first("input", name="form").attributes["value"]
    for site, status in (("cross-site", 400), ("same-site", 400), ("same-origin", 303)):
        answer = reader.client.post("/page/logout", data={"form": token}, headers={"Sec-Fetch-Site": site})
        assert answer.status_code == status


def test_the_token_of_one_browser_is_of_no_use_in_another(intake: Intake) -> None:
    mine, other = sign_in(intake), sign_in(intake, SOUTH_KEY)
    token = mine.get("/page/candidates").first("input", name="form").attributes["value"]
    assert other.client.post("/page/logout", data={"form": token}).status_code == 400


def test_the_start_page_sends_those_on_who_have_signed_in(intake: Intake) -> None:
    assert intake.client.get("/", headers={"Accept": "application/json"}).mimetype == "text/html"
    reader = sign_in(intake)
    answer = reader.client.get("/", follow_redirects=True)
    assert answer.request.path == "/page/candidates"


def test_an_unknown_screen_is_a_page_that_says_so(intake: Intake) -> None:
    page = sign_in(intake).get("/page/nothing", 404)
    assert page.first("h1").text == "Not found"


def test_only_digests_of_the_secrets_are_stored(intake: Intake, folder: Path) -> None:
    reader = sign_in(intake)
    make_link(intake, "a one-time secret")
    cookie = reader.client.get_cookie("signpost-session")
    assert cookie is not None
    stored = b"".join(file.read_bytes() for file in folder.glob("signpost.db*"))
    assert cookie.value.encode() not in stored
    assert b"a one-time secret" not in stored
