"""The process `signpost deliverer` and the command `signpost endpoints`, with a receiver on a real socket."""

import json
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner, Result

from signpost.cli import main
from signpost.ingress.signature_schemes import standard_key
from signpost.ingress.signatures import verify_standard
from signpost.services.intake.app import microseconds
from signpost.storage import Store, open_store
from tests.support.databases import migrate
from tests.support.hooks import HookServer, hook_server
from tests.support.private_servers import wait_until
from tests.support.receivers import change_of, record
from tests.support.workers_processes import WorkerProcess, kill_afterwards

OURS = "127.0.0.0/8"


@pytest.fixture
def server() -> Iterator[HookServer]:
    """A receiver."""
    with hook_server() as made:
        yield made


@pytest.fixture(params=["postgresql", "sqlite"])
def url(request: pytest.FixtureRequest) -> str:
    """An upgraded database of each kind."""
    url: str = request.getfixturevalue("postgres_url" if request.param == "postgresql" else "sqlite_url")
    migrate(url)
    return url


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """A store on it."""
    with open_store(url) as store:
        yield store


def call(url: str, *arguments: str) -> Result:
    """Run the command."""
    environ = {
        "SIGNPOST_DATABASE_URL": url,
        "SIGNPOST_BROKER_URL": "amqp://nowhere.invalid/%2F",
        "SIGNPOST_ENDPOINT_NETWORKS": OURS,
    }
    return CliRunner(env=environ).invoke(main, ["endpoints", *arguments])


def answer(url: str, *arguments: str) -> object:
    """The JSON that the command prints."""
    result = call(url, *arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.output)


@pytest.fixture
def deliverer(url: str, tmp_path: Path) -> Iterator[WorkerProcess]:
    """The process. It needs no broker."""
    process = WorkerProcess("deliverer", tmp_path, url, "amqp://nowhere.invalid/%2F", endpoint_networks=OURS)
    with kill_afterwards(process):
        yield process


def test_a_consumer_without_amqp_gets_signed_cloudevents(
    url: str, store: Store, server: HookServer, deliverer: WorkerProcess
) -> None:
    added = answer(url, "add", f"http://127.0.0.1:{server.port}/hook", "--bind", "acme.candidate.#")
    assert isinstance(added, dict)
    name, now = added["id"], microseconds()
    record(store, change_of("r-1", 1, "raised"), now=now)
    [(headers, body)] = server.wait_for(1)
    assert verify_standard([standard_key(added["secret"])], headers, body, now=microseconds()) == "r-1.1"
    assert orjson.loads(body)["data"]["change"] == "raised"

    tested = answer(url, "test", name)
    assert isinstance(tested, dict)
    assert (tested["outcome"], tested["status"]) == ("delivered", 204)
    assert orjson.loads(server.wait_for(2)[1][1])["type"] == "signpost.endpoint.test.v1"

    rotated = answer(url, "rotate", name)
    assert isinstance(rotated, dict)
    record(store, change_of("r-1", 2, "updated"), now=microseconds())
    headers, body = server.wait_for(3)[2]
    for secret in (added["secret"], rotated["secret"]):
        verify_standard([standard_key(secret)], headers, body, now=microseconds())

    # A replay adds nothing to a message that is on its way
    wait_until(lambda: len(_attempts(url, name)) == 3, "the attempts so far are recorded")
    assert answer(url, "replay", name) == {"messages": 1}
    assert server.wait_for(4)[3][0]["webhook-id"] == "r-1.2"
    wait_until(lambda: len(_attempts(url, name)) == 4, "the attempts are recorded")
    assert {one["outcome"] for one in _attempts(url, name)} == {"delivered"}
    assert deliverer.stop() == 0


def test_410_disables_and_a_command_enables(
    url: str, store: Store, server: HookServer, deliverer: WorkerProcess
) -> None:
    server.answer = lambda number: (410 if number == 1 else 200, {}, b"bye")
    added = answer(url, "add", f"http://127.0.0.1:{server.port}/", "--bind", "acme.#")
    assert isinstance(added, dict)
    name = added["id"]
    record(store, change_of("r-1", 1, "raised"), now=microseconds())
    wait_until(lambda: _state(url, name) == "disabled", "the endpoint is disabled")
    listed = call(url, "list").output
    assert "410 Gone" in listed
    assert f"signpost endpoints enable {name}" in listed
    assert f"signpost endpoints enable {name}" in deliverer.log.read_text()
    record(store, change_of("r-1", 2, "updated"), now=microseconds())
    assert answer(url, "test", name) is not None
    assert call(url, "enable", name).exit_code == 0
    assert server.wait_for(3)[2][0]["webhook-id"] == "r-1.2"
    assert call(url, "disable", name).exit_code == 0
    assert _state(url, name) == "disabled"
    assert "next attempt" not in call(url, "show", name).output
    assert f"once it is enabled: `signpost endpoints enable {name}`" in call(url, "replay", name).output
    assert call(url, "remove", name).exit_code == 0
    assert "no endpoint" in call(url, "show", name).output


def test_without_a_deliverer_a_test_says_so(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("signpost.cli.endpoints.TEST_WAIT_S", 0.3)
    added = answer(url, "add", "https://hooks.acme.example/", "--bind", "acme.#")
    assert isinstance(added, dict)
    assert "signpost deliverer" in call(url, "test", added["id"]).output


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("https://hooks.acme.example/", "--bind", "#"), "same tenant"),
        (("https://hooks.acme.example/", "--bind", "acme.#", "--bind", "other.#"), "same tenant"),
        (("https://10.0.0.1/", "--bind", "acme.#"), "no public address"),
        (("ftp://hooks.acme.example/", "--bind", "acme.#"), "https://HOST/PATH"),
    ],
)
def test_a_wrong_endpoint_is_refused(sqlite_url: str, arguments: tuple[str, ...], problem: str) -> None:
    migrate(sqlite_url)
    result = call(sqlite_url, "add", *arguments)
    assert result.exit_code != 0
    assert problem in result.output


def test_a_tenant_that_the_tenants_file_lacks_is_named(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrate(sqlite_url)
    (tmp_path / "tenants.yaml").write_text("tenants: {acme: {}}\n", encoding="utf-8")
    monkeypatch.setenv("SIGNPOST_TENANTS", str(tmp_path / "tenants.yaml"))
    warning = "There is no tenant 'acne' yet; did you mean acme?"
    assert warning in call(sqlite_url, "add", "https://hooks.acme.example/", "--bind", "acne.#").stderr
    assert call(sqlite_url, "add", "https://hooks.acme.example/", "--bind", "agenda:acme.#").stderr == ""


def _attempts(url: str, name: str) -> list[dict[str, str]]:
    found = answer(url, "attempts", name)
    assert isinstance(found, list)
    return found


def _state(url: str, name: str) -> str:
    found = answer(url, "show", name)
    assert isinstance(found, dict)
    return str(found["state"])
