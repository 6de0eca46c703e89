"""`signpost page link`, and sessions over several processes of gunicorn."""

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result

from signpost.cli import main
from signpost.storage import open_store
from signpost.storage.page_sessions import LINK, SESSION, PageSession, digest_of
from tests.support.intake_process import intake_folder, running


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return intake_folder(tmp_path_factory.mktemp("link"))


def link(folder: Path, *arguments: str, url: str = "http://127.0.0.1:8080") -> Result:
    environ = {"SIGNPOST_DATA_DIR": str(folder), "SIGNPOST_URL": url}
    return CliRunner(env=environ).invoke(main, ["page", "link", *arguments])


def test_a_link_names_its_tenant_and_role(folder: Path) -> None:
    for more, role in (([], "tenant"), (["--operator"], "operator"), (["--employer", "acme"], "employer")):
        result = link(folder, "--tenant", "north", "--json", *more)
        document = json.loads(result.output)
        assert (document["tenant"], document["role"]) == ("north", role)
        assert re.fullmatch(r"http://127\.0\.0\.1:8080/page/link/[\w-]{43}", document["url"])


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ([], "name a tenant with --tenant; there are: north, south"),
        (["--tenant", "west"], "there is no tenant 'west'; there are: north, south"),
    ],
)
def test_a_link_needs_one_of_the_tenants(folder: Path, arguments: list[str], problem: str) -> None:
    result = link(folder, *arguments)
    assert result.exit_code != 0
    assert problem in result.output


def test_an_employer_is_no_operator(folder: Path) -> None:
    assert link(folder, "--tenant", "north", "--employer", "acme", "--operator").exit_code == 2


def sign_in(client: httpx.Client, path: str) -> Any:
    page = client.get(path)
    form = re.findall(r'name="form" value="(\w+)"', page.text)[0]
    return client.post(path, data={"form": form})


def test_one_session_serves_in_every_process(folder: Path) -> None:
    with running(folder, SIGNPOST_HTTP_PROCESSES="3") as (address, _):
        document = json.loads(link(folder, "--tenant", "north", "--json", url=address).output)
        with httpx.Client(base_url=address, timeout=60) as client:
            assert sign_in(client, document["url"].removeprefix(address)).status_code == 303
            cookies = dict(client.cookies)
        for _ in range(12):  # each on a connection of its own, which any process may accept
            with httpx.Client(base_url=address, timeout=60, cookies=cookies) as client:
                assert client.get("/page/candidates").status_code == 200


def test_a_link_works_once_on_postgresql_too(postgres_url: str) -> None:
    link, expires = PageSession(digest_of("link"), LINK, "north", "tenant", "", "", 1, 1000), 2000
    with open_store(postgres_url) as store:
        store.page_sessions.add(link, 1)
        begun = [store.page_sessions.begin(link.digest, digest_of(name), 2, expires) for name in "ab"]
        assert [one is not None for one in begun] == [True, False]
        assert store.page_sessions.find(SESSION, digest_of("a"), 3) == begun[0]
        store.page_sessions.remove(digest_of("a"))
        assert store.page_sessions.find(SESSION, digest_of("a"), 3) is None
