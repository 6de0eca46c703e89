"""The tenants file: strict, every problem at once, secrets from where they are kept and never in a message."""

import os
import stat
from pathlib import Path

import pytest

from signpost.cli.first_run import prepare
from signpost.settings import read_settings
from signpost.tenants.loading import TenantsError, load_tenants
from signpost.tenants.model import Tenants, hash_key, new_key

KEY = new_key()
GOOD = f"""
tenants:
  acme:
    api_keys: ["{hash_key(KEY)}", "env:ACME_KEY"]
    params: {{ask-response-deadline: {{after: 2h}}}}
    disabled: [send-thank-you]
  other: {{api_keys: []}}
sources:
  acme-greenhouse:
    tenant: acme
    vendor: greenhouse
    secrets: ["file:one.secret", "env:TWO", "plain:three"]
    time_zone: Europe/Paris
    employer: {{id: acme, name: Acme}}
"""
ENVIRON = {"ACME_KEY": hash_key("sp_second"), "TWO": "two"}


def load(folder: Path, text: str) -> Tenants:
    (folder / "one.secret").write_text("one\n")
    (folder / "tenants.yaml").write_text(text)
    return load_tenants(folder / "tenants.yaml", ENVIRON)


def problems(folder: Path, text: str) -> list[str]:
    with pytest.raises(TenantsError) as caught:
        load(folder, text)
    return caught.value.problems


def test_everything_is_found_by_name(tmp_path: Path) -> None:
    tenants = load(tmp_path, GOOD)
    source = tenants.source("acme-greenhouse")
    assert source is not None
    assert (source.tenant, source.vendor, source.secrets) == ("acme", "greenhouse", ("one", "two", "three"))
    assert (source.time_zone, source.employer) == ("Europe/Paris", {"id": "acme", "name": "Acme"})
    assert tenants.source("nobody") is None


def test_keys_belong_to_tenants(tmp_path: Path) -> None:
    tenants = load(tmp_path, GOOD)
    assert tenants.tenant_of_key(KEY) == tenants.tenant_of_key("sp_second") == "acme"
    for wrong in ("", "sp_third", hash_key(KEY), "sp_\ud800", "é"):
        assert tenants.tenant_of_key(wrong) is None


def test_secrets_are_not_in_what_is_printed(tmp_path: Path) -> None:
    shown = repr(load(tmp_path, GOOD))
    assert "three" not in shown
    assert "sha256" not in shown


def test_every_problem_is_named_at_once(tmp_path: Path) -> None:
    text = """
tenants:
  acme: {api_keys: ["sha256:short", "env:NOWHERE", "plain:sp_key", 7], params: {rule: 3}, colour: red}
  "two.words": {api_keys: []}
source: {}
sources:
  one: {tenant: acmee, vendor: greenhose, secrets: ["file:none.secret", "whsec_hush"], time_zone: Paris, employer: Acme}
  two: {tenant: acme, vendor: standard}
"""
    found = problems(tmp_path, text)
    starts = [
        "the file: 'source' is not known; did you mean sources?",
        "tenants.acme: 'colour'",
        "tenants.two.words: a name is",
        "tenants.acme.api_keys[3]",
        "tenants.acme.api_keys[0]",
        "tenants.acme.api_keys[1]: env:NOWHERE names nothing",
        "tenants.acme.api_keys[2]",
        "sources.one.tenant: must be one of the tenants; did you mean acme?",
        "sources.one.secrets[0]: file:none.secret names nothing",
        "sources.one.secrets[1]: must be env:NAME, file:PATH or plain:SECRET",
        "sources.one.time_zone",
        "sources.one.employer",
        "sources.two.secrets: at least one",
    ]
    assert [start for start in starts if not any(problem.startswith(start) for problem in found)] == []
    assert "hush" not in str(found)
    assert f"{tmp_path}/tenants.yaml:3:87: R006 tenants.acme.params.rule must hold parameters and their values" in found


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "the file: must hold names and values"),
        ("tenants: {}", "tenants: names none"),
        ("tenants: {a: {api_keys: []}, a: {api_keys: []}}", "line 1, column 30: 'a' is said twice"),
        ("tenants: {a: [", "line 1, column 15"),
    ],
)
def test_what_is_no_tenants_file_is_refused(tmp_path: Path, text: str, problem: str) -> None:
    assert problems(tmp_path, text)[0].startswith(problem)


def test_a_missing_file_is_a_problem_like_any_other(tmp_path: Path) -> None:
    with pytest.raises(TenantsError, match="No such file"):
        load_tenants(tmp_path / "none.yaml", {})


def test_the_first_run_makes_a_system_that_clients_can_use(tmp_path: Path) -> None:
    data = tmp_path / "data"
    environ = {"SIGNPOST_DATA_DIR": str(data)}
    settings = read_settings(environ)
    assert prepare(data, settings.tenants, "http://127.0.0.1:1")
    tenants = load_tenants(settings.tenants, {})
    client = read_settings(environ)
    assert client.url == "http://127.0.0.1:1"
    assert tenants.tenant_of_key(client.api_key) == "demo"
    assert set(tenants.sources) == {"greenhouse-demo", "webhooks-demo"}
    assert {stat.S_IMODE(os.stat(file).st_mode) for file in data.iterdir()} == {0o600}


def test_a_later_run_keeps_keys_and_renews_the_address(tmp_path: Path) -> None:
    environ = {"SIGNPOST_DATA_DIR": str(tmp_path)}
    prepare(tmp_path, tmp_path / "tenants.yaml", "http://127.0.0.1:1")
    before = read_settings(environ)
    assert not prepare(tmp_path, tmp_path / "tenants.yaml", "http://127.0.0.1:2")
    after = read_settings(environ)
    assert (after.api_key, after.url) == (before.api_key, "http://127.0.0.1:2")
