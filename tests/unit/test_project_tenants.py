"""The tenants file: strict, every problem at once, secrets from where they are kept and never in a message."""

import os
import secrets
import stat
from pathlib import Path

import pytest

from signpost.case.instant import DAY, MINUTE, SECOND
from signpost.cli.first_run import leave_for_clients, prepare
from signpost.settings import read_settings
from signpost.tenants.loading import TenantsError, load_tenants
from signpost.tenants.model import MIN_SECRET_BYTES, Tenants, hash_key, new_key

KEY = new_key()
SECOND_KEY = new_key()
ONE, TWO, THREE = (secrets.token_hex(MIN_SECRET_BYTES) for _ in range(3))
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
    secrets: ["file:one.secret", "env:TWO", "plain:{THREE}"]
    time_zone: Europe/Paris
    employer: {{id: acme, name: Acme}}
"""
ENVIRON = {"ACME_KEY": hash_key(SECOND_KEY), "TWO": TWO}


def load(folder: Path, text: str) -> Tenants:
    (folder / "one.secret").write_text(f"{ONE}\n")
    (folder / "tenants.yaml").write_text(text)
    return load_tenants(folder / "tenants.yaml", ENVIRON)


def problems(folder: Path, text: str) -> list[str]:
    with pytest.raises(TenantsError) as caught:
        load(folder, text)
    return [str(problem) for problem in caught.value.problems]


def test_everything_is_found_by_name(tmp_path: Path) -> None:
    tenants = load(tmp_path, GOOD)
    source = tenants.source("acme-greenhouse")
    assert source is not None
    assert (source.tenant, source.vendor, source.secrets) == ("acme", "greenhouse", (ONE, TWO, THREE))
    assert (source.time_zone, source.employer) == ("Europe/Paris", {"id": "acme", "name": "Acme"})
    assert tenants.source("nobody") is None


def test_keys_belong_to_tenants(tmp_path: Path) -> None:
    tenants = load(tmp_path, GOOD)
    assert tenants.tenant_of_key(KEY) == tenants.tenant_of_key(SECOND_KEY) == "acme"
    for wrong in ("", "sp_third", hash_key(KEY), "sp_\ud800", "é"):
        assert tenants.tenant_of_key(wrong) is None


@pytest.mark.parametrize("reference", ["file:short.secret", "env:SHORT", "plain:fifteen-bytes-x"])
def test_a_source_with_a_short_secret_is_disabled_and_says_how_to_make_one(tmp_path: Path, reference: str) -> None:
    short = "fifteen-bytes-x"
    (tmp_path / "short.secret").write_text(f"{short}\n")
    file = tmp_path / "tenants.yaml"
    file.write_text(
        f"""tenants: {{acme: {{api_keys: []}}}}
sources:
  weak: {{tenant: acme, vendor: greenhouse, secrets: ["plain:{ONE}", "{reference}"]}}
  strong: {{tenant: acme, vendor: greenhouse, secrets: ["plain:{ONE}"]}}
"""
    )
    tenants = load_tenants(file, {"SHORT": short})
    problem = tenants.sources["weak"].problem
    assert problem.startswith(f"{file}:3:96: R021 sources.weak.secrets[1] has 15 bytes")
    assert "at least 16" in problem
    assert "signpost sources rotate weak" in problem
    assert short not in problem.replace(reference, "")
    assert tenants.sources["weak"].secrets == (ONE,)
    assert tenants.sources["strong"].problem == ""


def test_sixteen_bytes_are_enough_and_counted_as_bytes(tmp_path: Path) -> None:
    for secret in ("x" * 16, "é" * 8):
        body = f"{{tenant: a, vendor: lever, secrets: ['plain:{secret}']}}"
        source = load(tmp_path, f"{{tenants: {{a: {{api_keys: []}}}}, sources: {{s: {body}}}}}").sources["s"]
        assert (source.problem, source.secrets) == ("", (secret,))


def test_an_api_key_that_is_too_short_belongs_to_nobody(tmp_path: Path) -> None:
    tenants = load(tmp_path, f"tenants: {{acme: {{api_keys: ['{hash_key('x' * 15)}', '{hash_key('x' * 16)}']}}}}")
    assert tenants.tenant_of_key("x" * 15) is None
    assert tenants.tenant_of_key("x" * 16) == "acme"


def test_secrets_are_not_in_what_is_printed(tmp_path: Path) -> None:
    shown = repr(load(tmp_path, GOOD))
    assert THREE not in shown
    assert "sha256" not in shown


def test_every_problem_is_named_at_once(tmp_path: Path) -> None:
    text = """
tenants:
  acme: {api_keys: ["sha256:short", "env:NOWHERE", "plain:sp_key", 7], params: {rule: 3}, colour: red}
  "two.words": {api_keys: []}
source: {}
sources:
  one: {tenant: acmee, vendor: greenhose, secrets: ["file:none.secret", "whsec_hush"], time_zone: Paris, employer: Acme}
"""
    found = problems(tmp_path, text)
    expected = [
        "3:68: R006 tenants.acme.api_keys[3] must be a text",
        "3:21: R021 tenants.acme.api_keys[0] must be sha256: and 64 hex digits",
        "3:37: R023 tenants.acme.api_keys[1]: env:NOWHERE is missing",
        "3:52: R021 tenants.acme.api_keys[2] must be env:NAME, file:PATH",
        "3:87: R006 tenants.acme.params.rule must be a mapping of parameters to values",
        "3:91: R010 tenants.acme has no 'colour'",
        "4:3: R012 tenants.two.words: a name is",
        "5:1: R010 the file has no 'source' (did you mean sources?)",
        "7:17: R023 sources.one.tenant must be one of the tenants (did you mean acme?)",
        "7:73: R021 sources.one.secrets[1] must be env:NAME, file:PATH or plain:SECRET",
        "7:99: R021 sources.one.time_zone",
        "7:116: R006 sources.one.employer must be a mapping",
    ]
    file = tmp_path / "tenants.yaml"
    for start in expected:
        assert any(problem.startswith(f"{file}:{start}") for problem in found), (start, found)
    assert len(found) == len(expected)
    assert "hush" not in str(found)


def test_a_quota_is_checked_like_the_rest(tmp_path: Path) -> None:
    start = f"{tmp_path}/tenants.yaml:1"
    assert problems(tmp_path, "tenants: {acme: {quota: {cases: -1, bytes: many, rows: 3}}}\n") == [
        f"{start}:33: R021 tenants.acme.quota.cases must be a whole number from 0 (no limit) to 999999999999",
        f"{start}:44: R021 tenants.acme.quota.bytes must be a whole number from 0 (no limit) to 999999999999",
        f"{start}:50: R010 tenants.acme.quota has no 'rows' (known: cases, bytes)",
    ]
    assert problems(tmp_path, "tenants: {acme: {quota: 3}}\n") == [
        f"{start}:25: R006 tenants.acme.quota must be a mapping"
    ]
    assert load(tmp_path, "tenants: {acme: {quota: {cases: 0}}}\n").tenants


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "1:1: R002 the file is empty"),
        ("sources: {}", "1:1: R011 the file must have 'tenants'"),
        ("tenants: {}", "1:10: R002 tenants is empty"),
        ("tenants: {a: {api_keys: []}, a: {api_keys: []}}", "1:30: R004 this key is repeated (first at line 1)"),
        ("tenants: {a: [", "2:1: R001 not valid YAML"),
    ],
)
def test_what_is_no_tenants_file_is_refused(tmp_path: Path, text: str, problem: str) -> None:
    assert problems(tmp_path, text)[0].startswith(f"{tmp_path}/tenants.yaml:{problem}")


def test_a_missing_file_is_a_problem_like_any_other(tmp_path: Path) -> None:
    problem = (
        r"none\.yaml:1:1: R001 there is no such file \(run this in the folder where `signpost up` runs, .*SIGNPOST_T"
    )
    with pytest.raises(TenantsError, match=problem) as caught:
        load_tenants(tmp_path / "none.yaml", {})
    assert len(caught.value.problems) == 1


def test_the_first_run_makes_a_system_that_clients_can_use(tmp_path: Path) -> None:
    data = tmp_path / "data"
    environ = {"SIGNPOST_DATA_DIR": str(data)}
    settings = read_settings(environ)
    assert prepare(data, settings.tenants)
    leave_for_clients(settings, "http://127.0.0.1:1", environ)
    tenants = load_tenants(settings.tenants, {})
    client = read_settings(environ)
    assert client.url == "http://127.0.0.1:1"
    assert tenants.tenant_of_key(client.api_key) == "demo"
    assert set(tenants.sources) == {"greenhouse-demo", "webhooks-demo"}
    assert {stat.S_IMODE(os.stat(file).st_mode) for file in data.iterdir()} == {0o600}


def test_a_later_run_keeps_keys_and_renews_the_address(tmp_path: Path) -> None:
    environ = {"SIGNPOST_DATA_DIR": str(tmp_path)}
    prepare(tmp_path, tmp_path / "tenants.yaml")
    before = read_settings(environ)
    assert not prepare(tmp_path, tmp_path / "tenants.yaml")
    leave_for_clients(before, "http://127.0.0.1:2", environ)
    after = read_settings(environ)
    assert (after.api_key, after.url) == (before.api_key, "http://127.0.0.1:2")


def source_problems(folder: Path, options: str) -> list[str]:
    """The mistakes that disable a source with these options; those of its neighbour are none."""
    good = f"{{tenant: a, vendor: lever, secrets: ['plain:{THREE}']}}"
    text = f"tenants: {{a: {{api_keys: []}}}}\nsources: {{s: {good[:-1]}, {options}}}, t: {good}}}"
    sources = load(folder, text).sources
    assert sources["t"].problem == ""
    with pytest.raises(TenantsError) as caught:
        load_tenants(folder / "tenants.yaml", ENVIRON, strict=["s"])
    found = sources["s"].problem.split("; ")
    assert [str(problem) for problem in caught.value.problems] == sorted(found), "an edit would be refused for the same"
    return found


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("{tenant: a, vendor: standard}", "2:14: R011 sources.s must have 'secrets'"),
        ("{tenant: a, vendor: standard, secrets: []}", "2:53: R002 sources.s.secrets must name at least one secret"),
        ("{tenant: a, vendor: lever, secrets: ['plain:sixteen bytes or so'], disabled: later}", "2:91: R006"),
        ("{tenant: a, vendor: lever, secrets: ['plain:sixteen bytes or so', '']}", "2:80: R021"),
    ],
)
def test_a_wrong_source_is_disabled_alone(tmp_path: Path, body: str, problem: str) -> None:
    found = load(tmp_path, f"tenants: {{a: {{api_keys: []}}}}\nsources: {{s: {body}}}").sources["s"]
    assert found.problem.startswith(f"{tmp_path}/tenants.yaml:{problem}")
    assert not found.is_switched_off


@pytest.mark.parametrize("body", ["{vendor: lever, secrets: []}", "{tenant: b, vendor: lever, secrets: []}", "5"])
def test_a_source_of_no_known_tenant_refuses_the_file(tmp_path: Path, body: str) -> None:
    """Which ids the other sources have depends on whose source it is."""
    assert problems(tmp_path, f"tenants: {{a: {{api_keys: []}}}}\nsources: {{s: {body}}}")


def test_a_wrong_source_still_counts_for_the_ids_of_the_others(tmp_path: Path) -> None:
    second = f"t: {{tenant: a, vendor: lever, secrets: ['plain:{THREE}']}}"
    text = f"tenants: {{a: {{api_keys: []}}}}\nsources: {{s: {{tenant: a, vendor: ashby, secrets: []}}, {second}}}"
    assert load(tmp_path, text).sources["t"].own_id("9") == "t~9"


def test_a_source_can_be_switched_off(tmp_path: Path) -> None:
    body = f"{{tenant: a, vendor: lever, secrets: ['plain:{THREE}'], disabled: true}}"
    found = load(tmp_path, f"tenants: {{a: {{api_keys: []}}}}\nsources: {{s: {body}}}").sources["s"]
    assert found.is_switched_off
    assert "signpost sources enable s" in found.problem


def skew(folder: Path, text: str) -> int:
    body = f"{{tenant: a, vendor: lever, secrets: ['plain:{THREE}'], clock_skew: {text}}}"
    return load(folder, f"{{tenants: {{a: {{api_keys: []}}}}, sources: {{s: {body}}}}}").sources["s"].clock_skew


def test_the_clock_of_a_sender_may_be_wrong_by_a_day_at_most(tmp_path: Path) -> None:
    """An unlimited skew would accept a recorded request without end."""
    assert skew(tmp_path, "1d") == DAY
    assert skew(tmp_path, "1s") == SECOND
    for wrong in ("25h", "2d", "0s", "1bd", "1h1bd", "60", "soon"):
        assert any(
            "clock_skew must be a duration up to 1d" in one for one in source_problems(tmp_path, f"clock_skew: {wrong}")
        )


def test_a_source_without_a_skew_has_five_minutes(tmp_path: Path) -> None:
    assert load(tmp_path, GOOD).sources["acme-greenhouse"].clock_skew == 5 * MINUTE


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ("employer: {name: Acme}", "must have 'id'"),
        ("employer: {id: acme, colour: red}", "has no 'colour'"),
        ("fields: {visa: x}", "has no 'visa'"),
        ("fields: {salary: ''}", "must be"),
        ("ids: mine", "'mine' is not one of own, shared"),
        ("pay_period: decade", "'decade' is not one of"),
    ],
)
def test_an_option_of_a_source_is_checked(tmp_path: Path, options: str, problem: str) -> None:
    assert any(problem in one for one in source_problems(tmp_path, options)), source_problems(tmp_path, options)


def test_a_new_key_cannot_be_guessed() -> None:
    keys = {new_key() for _ in range(50)}
    assert len(keys) == 50
    assert {(key[:3], len(key)) for key in keys} == {("sp_", 3 + 43)}, "256 bits in base64url"


@pytest.mark.parametrize("key", ["sha256:" + "a" * 63, "sha256:" + "a" * 65, "sha256:" + "g" * 64, "a" * 64])
def test_only_a_whole_hash_is_a_key(tmp_path: Path, key: str) -> None:
    assert problems(tmp_path, f"tenants: {{acme: {{api_keys: ['{key}']}}}}")


def test_an_empty_key_is_a_mistake_and_not_left_out(tmp_path: Path) -> None:
    [problem] = problems(tmp_path, "tenants: {acme: {api_keys: ['']}}")
    assert problem.startswith(f"{tmp_path}/tenants.yaml:1:29: R021 tenants.acme.api_keys[0] must be env:NAME")


def test_a_key_of_the_environment_must_be_a_hash_and_never_the_key_itself(tmp_path: Path) -> None:
    (tmp_path / "tenants.yaml").write_text("tenants: {acme: {api_keys: ['env:PLAIN']}}")
    with pytest.raises(TenantsError, match="must be sha256: and 64 hex digits") as caught:
        load_tenants(tmp_path / "tenants.yaml", {"PLAIN": KEY})
    assert KEY not in str(caught.value)


def test_line_ends_around_a_secret_do_not_belong_to_it(tmp_path: Path) -> None:
    (tmp_path / "one.secret").write_text(f"{ONE}\n")
    (tmp_path / "tenants.yaml").write_text(GOOD)
    environ = {"ACME_KEY": f"{hash_key(SECOND_KEY)}\n", "TWO": f" {TWO}\r\n"}
    tenants = load_tenants(tmp_path / "tenants.yaml", environ)
    assert tenants.sources["acme-greenhouse"].secrets == (ONE, TWO, THREE)
    assert tenants.tenant_of_key(SECOND_KEY) == "acme"


def test_of_several_tenants_each_key_opens_its_own(tmp_path: Path) -> None:
    keys = [new_key() for _ in range(3)]
    lines = "\n".join(f"  t{number}: {{api_keys: ['{hash_key(key)}']}}" for number, key in enumerate(keys))
    tenants = load(tmp_path, f"tenants:\n{lines}\n")
    assert [tenants.tenant_of_key(key) for key in keys] == ["t0", "t1", "t2"]


def test_every_key_is_compared_in_constant_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that the time of an answer does not tell how much of a key is right, or whose it is."""
    compared: list[bytes] = []

    def compare(given: bytes, known: bytes) -> bool:
        compared.append(known)
        return given == known

    monkeypatch.setattr("signpost.tenants.model.hmac.compare_digest", compare)
    assert load(tmp_path, GOOD).tenant_of_key(KEY) == "acme"
    assert compared == [hash_key(KEY).encode(), hash_key(SECOND_KEY).encode()]
