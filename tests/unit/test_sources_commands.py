"""`signpost tenants` and `signpost sources`: editing a person's file without harm to what they wrote."""

import json
import stat
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result

from signpost.case.instant import DAY, MINUTE, parse_instant
from signpost.cli import client as intake_client
from signpost.cli import main
from signpost.cli.deliveries import _show as show_delivery
from signpost.cli.sources.trial import _show_advice
from signpost.ingress.receiving import WebhookRequest, receive
from signpost.ingress.signatures import InvalidSignature
from signpost.ingress.vendors import VENDORS, sign
from signpost.storage import Usage, open_store
from signpost.tenants.loading import load_tenants
from signpost.tenants.model import Tenants
from tests.support.databases import migrate

NOW = parse_instant("2026-11-26T09:00:00Z")
VENDORS_OWN = "the token from the vendor"


def call(folder: Path, *arguments: str) -> Result:
    environ = {"SIGNPOST_DATA_DIR": str(folder), "SIGNPOST_URL": "http://signpost.example"}
    return CliRunner(env=environ).invoke(main, arguments)


def held(folder: Path) -> Tenants:
    return load_tenants(folder / "tenants.yaml", {})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    assert call(tmp_path, "tenants", "add", "acme").exit_code == 0
    return tmp_path


def test_a_tenant_in_an_empty_folder_gets_a_key_that_counts(tmp_path: Path) -> None:
    made = json.loads(call(tmp_path, "tenants", "add", "acme", "--json").output)
    assert held(tmp_path).tenant_of_key(made["api_key"]) == "acme"
    assert made["api_key"] not in (tmp_path / "tenants.yaml").read_text()
    assert stat.S_IMODE((tmp_path / "tenants.yaml").stat().st_mode) == 0o600


def test_a_source_gets_a_secret_of_its_own_and_is_listed_without_it(folder: Path) -> None:
    result = call(
        folder, "sources", "add", "greens", "--vendor", "greenhouse", "--employer-id", "g", "--employer-name", "G"
    )
    assert result.exit_code == 0, result.output
    source = held(folder).sources["greens"]
    assert (source.tenant, source.vendor, source.employer) == ("acme", "greenhouse", {"id": "g", "name": "G"})
    assert source.secrets[0] in result.output
    assert "http://signpost.example/v1/webhooks/greens" in result.output
    listed = call(folder, "sources", "list").output
    assert "greens" in listed
    assert source.secrets[0] not in listed
    assert stat.S_IMODE((folder / "greens.secret").stat().st_mode) == 0o600


def test_a_folder_for_secrets_takes_them_and_a_shared_file_stays_shared(folder: Path) -> None:
    (folder / "secrets").mkdir()
    (folder / "tenants.yaml").chmod(0o666)
    assert call(folder, "sources", "add", "greens", "--vendor", "greenhouse").exit_code == 0
    assert call(folder, "sources", "rotate", "greens").exit_code == 0
    files = [folder / "secrets" / name for name in ("greens.secret", "greens-2.secret")]
    assert held(folder).sources["greens"].secrets == tuple(file.read_text().strip() for file in files)
    assert [stat.S_IMODE(file.stat().st_mode) for file in files] == [0o600, 0o600]
    assert stat.S_IMODE((folder / "tenants.yaml").stat().st_mode) == 0o666
    assert not list(folder.glob("*.secret"))
    said = call(folder, "sources", "add", "more", "--vendor", "ashby").output
    assert f"it is stored in {folder}/secrets/more.secret.\n" in said


def test_a_vendors_own_secret_is_taken_and_not_shown(folder: Path) -> None:
    (folder / "token.txt").write_text(f"{VENDORS_OWN}\n")
    result = call(
        folder, "sources", "add", "greens", "--vendor", "greenhouse", "--secret-file", str(folder / "token.txt")
    )
    assert held(folder).sources["greens"].secrets == (VENDORS_OWN,)
    assert VENDORS_OWN not in result.output


@pytest.mark.parametrize("command", [("add", "reds", "--vendor", "lever"), ("rotate", "greens")])
def test_a_short_secret_of_the_vendor_is_refused_and_not_shown(folder: Path, command: tuple[str, ...]) -> None:
    call(folder, "sources", "add", "greens", "--vendor", "greenhouse")
    (folder / "token.txt").write_text("fifteen bytes!!\n")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    result = call(folder, "sources", *command, "--secret-file", str(folder / "token.txt"))
    assert result.exit_code == 2
    assert "has 15 bytes and must have at least 16; without --secret-file, a secret is generated" in result.output
    assert "fifteen" not in result.output
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_retry_of_lever_after_an_outage_is_taken_without_another_setting(folder: Path) -> None:
    result = call(folder, "sources", "add", "levers", "--vendor", "lever")
    assert "Its clock_skew is 1d: the vendor signs the time of the event, and retries keep it." in result.output
    source = held(folder).sources["levers"]
    body = json.dumps({"event": "candidateHired", "token": "t" * 48, "data": {"opportunityId": "p", "contactId": "c"}})
    headers, raw = sign(VENDORS["lever"].scheme, source.secrets[0], {}, body.encode(), NOW - 40 * MINUTE)
    keys = [secret.encode() for secret in source.secrets]
    assert receive(WebhookRequest(VENDORS["lever"], source, keys, headers, raw, NOW)).events
    with pytest.raises(InvalidSignature):
        receive(WebhookRequest(VENDORS["lever"], source, keys, headers, raw, NOW + DAY))
    other = call(folder, "sources", "add", "greens", "--vendor", "greenhouse")
    assert "clock_skew" not in other.output + (folder / "tenants.yaml").read_text().partition("greens:")[2]


def test_rotation_leaves_no_gap(folder: Path) -> None:
    call(folder, "sources", "add", "greens", "--vendor", "greenhouse")
    [old] = held(folder).sources["greens"].secrets
    assert call(folder, "sources", "rotate", "greens").exit_code == 0
    both = held(folder).sources["greens"].secrets
    assert both[0] == old
    assert len(set(both)) == 2
    assert call(folder, "sources", "rotate", "greens", "--retire").exit_code == 0
    assert held(folder).sources["greens"].secrets == both[1:]
    refused = call(folder, "sources", "rotate", "greens", "--retire")
    assert refused.exit_code != 0
    assert "only one secret" in refused.output


def test_what_a_person_wrote_stays(folder: Path) -> None:
    path = folder / "tenants.yaml"
    path.write_text("# who may send\n" + path.read_text() + "    disabled: [send-thank-you]  # we do that ourselves\n")
    assert call(folder, "sources", "add", "greens", "--vendor", "greenhouse").exit_code == 0
    text = path.read_text()
    assert text.startswith("# who may send\n")
    assert "[send-thank-you]  # we do that ourselves" in text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("tenants", "add", "acme"), "already"),
        (("tenants", "add", "Not a name"), "lower-case letters"),
        (("sources", "add", "greens", "--vendor", "greenhuose"), "did you mean greenhouse"),
        (
            ("sources", "add", "greens", "--vendor", "greenhouse", "--tenant", "nobody"),
            "signpost: --tenant must be one of the tenants (known: acme)",
        ),
        (("sources", "add", "greens", "--vendor", "greenhouse", "--tenant", "acmee"), "did you mean acme?"),
        (
            ("sources", "add", "greens", "--vendor", "greenhouse", "--time-zone", "Mars"),
            "signpost: --time-zone must be a time",
        ),
        (("sources", "add", "Greens", "--vendor", "greenhouse"), "signpost: NAME: a name is lower-case letters"),
        (("sources", "rotate", "nobody"), "no source 'nobody'"),
        (("sources", "disable", "nobody"), "no source 'nobody'"),
        (("sources", "remove", "nobody"), "no source 'nobody'"),
        (("tenants", "rotate", "nobody"), "no tenant 'nobody'; there are: acme"),
        (("tenants", "rotate", "acme", "--retire"), "only one API key"),
        (("tenants", "remove", "acme"), "acme is the only tenant"),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_is_left_behind(
    folder: Path, arguments: tuple[str, ...], said: str
) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    result = call(folder, *arguments)
    assert result.exit_code != 0
    assert said in result.output
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["grens"], "no source 'grens'; did you mean greens?; `signpost sources list` shows all"),
        (["greens", "--sample", "offer_creatd"], "has no such sample; did you mean offer_created?; the samples are: "),
        (["greens", "--sample", "xyz"], "has no such sample; the samples are: offer_created, "),
    ],
)
def test_a_misspelt_source_or_sample_to_try_is_named(folder: Path, arguments: list[str], said: str) -> None:
    call(folder, "sources", "add", "greens", "--vendor", "greenhouse")
    result = call(folder, "sources", "test", *arguments)
    assert result.exit_code != 0
    assert said in result.output


def test_a_source_is_disabled_enabled_and_removed(folder: Path) -> None:
    call(folder, "sources", "add", "greens", "--vendor", "greenhouse")
    assert "greens is disabled in" in call(folder, "sources", "disable", "greens").output
    assert "greens is disabled already" in call(folder, "sources", "disable", "greens").output
    listed = call(folder, "sources", "list")
    assert "greens is disabled: it is switched off; `signpost sources enable greens` switches it on" in listed.output
    [row] = json.loads(call(folder, "sources", "list", "--json").output)
    assert (row["status"], row["switched_off"]) == ("disabled", True)
    assert "greens is enabled in" in call(folder, "sources", "enable", "greens").output
    [row] = json.loads(call(folder, "sources", "list", "--json").output)
    assert (row["status"], row["switched_off"]) == ("active", False)
    removed = call(folder, "sources", "remove", "greens").output
    assert "Removed greens from" in removed
    assert "greens.secret" in removed
    assert held(folder).sources == {}


def test_the_key_of_a_tenant_is_rotated_without_a_gap(folder: Path) -> None:
    call(folder, "tenants", "add", "globex")
    old = json.loads(call(folder, "tenants", "add", "umbrella", "--json").output)["api_key"]
    new = json.loads(call(folder, "tenants", "rotate", "umbrella", "--json").output)["api_key"]
    assert {held(folder).tenant_of_key(key) for key in (old, new)} == {"umbrella"}
    assert new not in (folder / "tenants.yaml").read_text()
    assert "1 active" in call(folder, "tenants", "rotate", "umbrella", "--retire").output
    assert (held(folder).tenant_of_key(old), held(folder).tenant_of_key(new)) == (None, "umbrella")
    assert "Removed umbrella" in call(folder, "tenants", "remove", "umbrella").output
    assert held(folder).tenant_of_key(new) is None
    assert set(held(folder).tenants) == {"acme", "globex"}


def test_several_tenants_must_be_told_apart(folder: Path) -> None:
    call(folder, "tenants", "add", "globex")
    assert "choose a tenant with --tenant" in call(folder, "sources", "add", "greens", "--vendor", "greenhouse").output
    listed = json.loads(call(folder, "tenants", "list", "--json").output)
    assert [row["tenant"] for row in listed] == ["acme", "globex"]


def test_tenants_are_listed_with_what_they_store(folder: Path) -> None:
    before = sorted(path.name for path in folder.iterdir())
    assert json.loads(call(folder, "tenants", "list", "--json").output)[0]["usage"] is None
    assert sorted(path.name for path in folder.iterdir()) == before
    url = f"sqlite:///{folder / 'signpost.db'}"
    migrate(url)
    with open_store(url) as store:
        store.usage.replace({"acme": Usage(1200, 3_140_000, 1_000_000, 0, 7)})
    listed = call(folder, "tenants", "list").output
    assert "1,200 of 1,000,000" in listed
    assert "3.1 MB" in listed
    assert json.loads(call(folder, "tenants", "list", "--json").output)[0]["usage"] == {
        "cases": 1200,
        "bytes": 3_140_000,
        "max_cases": 1_000_000,
        "max_bytes": 0,
        "measured_at": 7,
    }


def test_without_its_database_tenants_are_listed_all_the_same(folder: Path) -> None:
    (folder / "signpost.db").touch()
    result = call(folder, "tenants", "list")
    assert result.exit_code == 0
    assert "Usage is not shown: the database schema is out of date" in result.output
    assert "acme" in result.output


def test_a_file_that_is_no_yaml_is_named(folder: Path) -> None:
    (folder / "tenants.yaml").write_text("tenants: [")
    assert "R001 not valid YAML" in call(folder, "tenants", "add", "globex").output


def intake(answers: dict[str, list[httpx.Response]]) -> httpx.Client:
    """An intake that answers each path in turn; the last answer of a path repeats."""

    def answer(request: httpx.Request) -> httpx.Response:
        left = answers[request.url.path]
        return left.pop(0) if len(left) > 1 else left[0]

    return httpx.Client(base_url="http://signpost.example", transport=httpx.MockTransport(answer))


def try_sample(folder: Path, monkeypatch: pytest.MonkeyPatch, answers: dict[str, list[httpx.Response]]) -> Result:
    call(folder, "sources", "add", "greens", "--vendor", "greenhouse")
    monkeypatch.setattr(intake_client, "open_client", lambda _: intake(answers))
    return call(folder, "sources", "test", "greens", "--sample", "new_candidate_application")


def test_a_tried_sample_shows_the_advice_after_its_event_not_before(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second sample of a candidate: the case has advice before the advisor has handled the event."""

    def case(*events: str) -> httpx.Response:
        return httpx.Response(200, json={"case": {"events": [[1, "greenhouse/greens", name] for name in events]}})

    def advice(title: str) -> httpx.Response:
        subject = {"kind": "application", "id": "8"}
        found = {"candidate": "5", "subject": subject, "rule": "r", "priority": "low", "title": title}
        return httpx.Response(200, json={"active": [found]})

    event: dict[str, Any] = {"type": "signpost.application.submitted.v1", "id": "second", "subject": "5"}
    cases = [case("first"), case("first", "second")]
    problems = [{"pointer": "", "detail": "title was left out"}]
    answers = {
        "/v1/webhooks/greens": [httpx.Response(200, json={}, headers={"Signpost-Delivery": "dlv_1"})],
        "/v1/deliveries/dlv_1": [httpx.Response(200, json={"events": [event], "problems": problems})],
        "/v1/candidates/5/case": cases,
        "/v1/candidates/5/advice": [advice("after")],
    }
    result = try_sample(folder, monkeypatch, answers)
    assert result.exit_code == 0, result.output
    assert "note       title was left out\n" in result.output
    assert "advice     low     after   [r, application 8]\n" in result.output
    assert "candidate  5   [signpost agenda 5]" in result.output
    assert len(cases) == 1, "it asked until the case contained the event"


def test_advice_about_several_candidates_says_about_whom_each_is(capsys: pytest.CaptureFixture[str]) -> None:
    def advice(candidate: str, kind: str, id: str) -> dict[str, Any]:
        subject = {"kind": kind, "id": id}
        return {"candidate": candidate, "subject": subject, "rule": "r", "priority": "low", "title": "Ask"}

    found = [advice("c-1", "offer", "o-1"), advice("c-2", "offer", "o-2"), advice("c-2", "candidate", "c-2")]
    _show_advice({"events": [{"subject": "c-1"}, {"subject": "c-2"}], "advice": found})
    places = [line.partition("[")[2] for line in capsys.readouterr().out.splitlines() if line.startswith("advice")]
    assert places == ["r, offer o-1, candidate c-1]", "r, offer o-2, candidate c-2]", "r, candidate c-2]"]


def test_a_source_that_only_the_intake_disables_says_where_to_look(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    problem = {"type": "urn:signpost:problem:source-disabled", "detail": "Retry after 5 seconds"}
    result = try_sample(folder, monkeypatch, {"/v1/webhooks/greens": [httpx.Response(503, json=problem)]})
    assert result.exit_code == 1
    assert "it may read another folder of mappings" in result.output
    assert "delivery" not in result.output


def test_a_wrong_signature_shows_the_reason_of_the_delivery_log(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The intake answers a wrong signature and an unknown source alike; it is asked again while it knows no source."""
    problem = {
        "type": "urn:signpost:problem:unsigned",
        "detail": "The source is unknown, or the signature does not fit",
    }
    logged = {"id": "dlv_7", "problems": [{"pointer": "", "detail": "check the secret of the source"}]}
    unknown, known = httpx.Response(200, json={"items": []}), httpx.Response(200, json={"items": [logged]})
    answers = {
        "/v1/webhooks/greens": [httpx.Response(401, json=problem)] * 2,
        "/v1/deliveries": [unknown, known],
        "/v1/deliveries/dlv_7": [httpx.Response(200, json={"events": []})],
    }
    result = try_sample(folder, monkeypatch, answers)
    assert result.exit_code == 1
    assert "check the secret of the source" in result.output
    assert "delivery   dlv_7" in result.output
    assert len(answers["/v1/webhooks/greens"]) == 1


@pytest.mark.parametrize(
    ("status", "about"), [("unsigned", "signature"), ("unavailable", "intake"), ("refused", "body")]
)
def test_a_delivery_says_what_its_problem_is_about(status: str, about: str, capsys: pytest.CaptureFixture[str]) -> None:
    problems = [{"pointer": "", "detail": "is wrong"}, {"pointer": "/a", "detail": "is missing"}]
    one = {"id": "dlv_1", "source": "acme", "size": 1, "received_at": "now", "status": status, "events": []}
    show_delivery(one | {"problems": problems, "replayable": True, "body": None}, False)
    shown = capsys.readouterr().out
    assert f"  problem  {about}: is wrong\n  problem  /a: is missing\n" in shown
    assert "null" not in shown
