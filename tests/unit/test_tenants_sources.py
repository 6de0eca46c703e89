"""The options of a source in the tenants file: what each comes to, and what is refused."""

from pathlib import Path

import pytest

from signpost.case.instant import MINUTE
from signpost.facts.vocabulary import KINDS
from signpost.tenants.loading import TenantsError, load_tenants
from signpost.tenants.model import Source, Tenant, Tenants, hash_key
from signpost.tenants.overrides import folders_of_tenants
from signpost.tenants.reader import MAX_SECRET_BYTES

SECRET = "x" * 16


def load(folder: Path, *sources: str, tenants: str = "acme: {}") -> Tenants:
    file = folder / "tenants.yaml"
    lines = "".join(f"  {one}\n" for one in sources)
    file.write_text(f"tenants: {{{tenants}}}\nsources:\n{lines}")
    return load_tenants(file, {})


def source(folder: Path, options: str = "", vendor: str = "lever") -> Source:
    body = f"s: {{tenant: acme, vendor: {vendor}, secrets: ['plain:{SECRET}'], {options}}}"
    return load(folder, body).sources["s"]


def problems(folder: Path, options: str) -> list[str]:
    assert source(folder, options).problem
    with pytest.raises(TenantsError) as caught:
        load_tenants(folder / "tenants.yaml", {}, strict=["s"])
    return [problem.message for problem in caught.value.problems]


def test_a_source_without_options_has_none(tmp_path: Path) -> None:
    found = source(tmp_path)
    assert (found.time_zone, found.employer, found.fields, found.pay_period) == (None, {}, {}, "")
    assert (found.own_ids, found.problem, found.vocabulary) == (False, "", KINDS)


def test_what_a_source_is_where_nobody_says_more() -> None:
    plain = Source("s", "acme", "lever", (SECRET,))
    assert (plain.clock_skew, plain.own_ids, plain.is_switched_off) == (5 * MINUTE, False, False)


def test_a_source_and_a_tenant_are_shown_without_their_secrets() -> None:
    """In an error or a log line of any library."""
    assert SECRET not in repr(Source("s", "acme", "lever", (SECRET,)))
    assert SECRET not in repr(Tenant("acme", (SECRET,)))
    assert "vocabulary" not in repr(Source("s", "acme", "lever", ())), "thousands of characters"


def test_each_option_has_its_effect(tmp_path: Path) -> None:
    options = "pay_period: month, ids: own, time_zone: Europe/Paris, fields: {salary: pay, custom.visa: needs_visa}"
    found = source(tmp_path, options)
    assert (found.pay_period, found.own_ids, found.time_zone) == ("month", True, "Europe/Paris")
    assert found.fields == {"salary": "pay", "custom.visa": "needs_visa"}
    assert (found.own_id("7"), source(tmp_path).own_id("7")) == ("s~7", "7")


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ("pay_period: decade", "'decade' is not one of"),
        ("fields: {salary: ''}", "sources.s.fields.salary must be the name of the sender's own field"),
        ("fields: {visa: x}", "sources.s.fields has no 'visa'"),
        ("time_zone: Europe/Berln", "must be a time zone such as Europe/Paris; it is 'Europe/Berln'"),
    ],
)
def test_a_wrong_option_is_the_only_problem(tmp_path: Path, options: str, problem: str) -> None:
    [found] = problems(tmp_path, options)
    assert problem in found


@pytest.mark.parametrize("name", ["custom_clawback", "clawback"])
def test_a_field_of_ones_own_is_suggested_as_custom(tmp_path: Path, name: str) -> None:
    (tmp_path / "fields.yaml").write_text("fields: {offer: {clawback: {type: number, visible_to: candidate}}}\n")
    body = f"s: {{tenant: acme, vendor: lever, secrets: ['plain:{SECRET}'], fields: {{{name}: x}}}}"
    (tmp_path / "tenants.yaml").write_text(f"tenants: {{acme: {{}}}}\nsources:\n  {body}\n")
    found = load_tenants(tmp_path / "tenants.yaml", {}, rules=tmp_path).sources["s"]
    assert f"has no {name!r} (did you mean custom.clawback?)" in found.problem


@pytest.mark.parametrize("reference", ["plain:", "env:", "file:", ":x", "x"])
def test_a_reference_to_no_secret_is_refused(tmp_path: Path, reference: str) -> None:
    found = load(tmp_path, f"s: {{tenant: acme, vendor: lever, secrets: ['{reference}']}}").sources["s"]
    assert "R021 sources.s.secrets[0] must be env:NAME, file:PATH or plain:SECRET" in found.problem
    assert found.secrets == ()


def test_only_further_sources_of_the_same_tenant_number_candidates_for_themselves(tmp_path: Path) -> None:
    """Two vendors may give one number to two people."""

    def body(name: str, tenant: str, more: str = "", vendor: str = "lever") -> str:
        return f"{name}: {{tenant: {tenant}, vendor: {vendor}, secrets: ['plain:{SECRET}']{more}}}"

    found = load(
        tmp_path,
        body("spoken", "acme", vendor="standard"),
        body("first", "acme"),
        body("other", "globex"),
        body("second", "acme"),
        body("shared", "acme", ", ids: shared"),
        body("ours", "acme", vendor="standard"),
        body("asked", "globex", ", ids: own", vendor="standard"),
        tenants="acme: {}, globex: {}",
    )
    own = {name for name, one in found.sources.items() if one.own_ids}
    assert own == {"second", "asked"}


@pytest.mark.parametrize("quota", ["{cases: true}", "{cases: -1}", "{bytes: 1000000000000}", "{bytes: 1.5}"])
def test_a_quota_that_is_no_whole_number_is_refused(tmp_path: Path, quota: str) -> None:
    with pytest.raises(TenantsError, match="must be a whole number from 0"):
        load(
            tmp_path,
            f"s: {{tenant: acme, vendor: lever, secrets: ['plain:{SECRET}']}}",
            tenants=f"acme: {{quota: {quota}}}",
        )


def test_only_the_sources_of_a_tenant_have_ids_of_their_own_for_it(tmp_path: Path) -> None:
    body = f"vendor: lever, secrets: ['plain:{SECRET}'], ids"
    found = load(
        tmp_path,
        f"a: {{tenant: acme, {body}: own}}",
        f"b: {{tenant: globex, {body}: own}}",
        f"c: {{tenant: acme, {body}: shared}}",
        tenants="acme: {}, globex: {}",
    )
    assert (found.own_ids_of("acme", "7"), found.own_ids_of("globex", "7")) == (["a~7"], ["b~7"])


def test_a_session_ends_with_its_key_or_its_tenant() -> None:
    key = hash_key("k" * 16)
    known = Tenants({"acme": Tenant("acme", (key,))}, {})
    assert known.admits("acme", key)
    assert known.admits("acme", ""), "it needs none"
    assert not known.admits("acme", hash_key("another key of 24 bytes"))
    assert not known.admits("globex", "")


@pytest.mark.parametrize("size", [MAX_SECRET_BYTES, MAX_SECRET_BYTES + 1])
def test_a_file_that_is_too_large_for_a_secret_is_none(tmp_path: Path, size: int) -> None:
    """A part of it would look like a secret."""
    (tmp_path / "one.secret").write_text("x" * size)
    found = load(tmp_path, "s: {tenant: acme, vendor: lever, secrets: ['file:one.secret']}").sources["s"]
    assert bool(found.secrets) is (size == MAX_SECRET_BYTES)
    assert ("one.secret is missing, unreadable or empty" in found.problem) is (size > MAX_SECRET_BYTES)


def test_the_rules_of_a_tenant_can_be_in_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "home" / "rules").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    file = tmp_path / "tenants.yaml"
    file.write_text("tenants: {acme: {rules: ~/rules}}\n")
    assert folders_of_tenants(file) == (tmp_path / "home" / "rules",)


@pytest.mark.parametrize(
    ("name", "watched"), [("nowhere", True), ("notes.txt", False), ("notes.txt/rules", False), ("x" * 300, False)]
)
def test_a_place_that_can_be_no_folder_is_none_of_a_tenant(tmp_path: Path, name: str, watched: bool) -> None:
    """A folder that is still missing is one, so that its coming is noticed."""
    (tmp_path / "notes.txt").write_text("Call Jane")
    file = tmp_path / "tenants.yaml"
    file.write_text(f"tenants: {{acme: {{rules: {name}}}}}\n")
    assert folders_of_tenants(file) == ((tmp_path / name,) if watched else ())


def test_the_folders_of_tenants_are_always_in_one_order(tmp_path: Path) -> None:
    """Otherwise the same files look changed."""
    names = [f"n{number}" for number in range(9, 0, -1)]
    for name in names:
        (tmp_path / name).mkdir()
    file = tmp_path / "tenants.yaml"
    file.write_text("tenants:\n" + "".join(f"  {name}: {{rules: {name}}}\n" for name in names))
    assert folders_of_tenants(file) == tuple(sorted(tmp_path / name for name in names))
