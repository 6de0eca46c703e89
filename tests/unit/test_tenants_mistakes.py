"""Members of the tenants file without a value or of a wrong shape: what each comes to, where it is said, and how."""

from pathlib import Path

import pytest

from signpost.facts.vocabulary import KINDS
from signpost.tenants.loading import TenantsError, load_tenants
from signpost.tenants.model import Source

SECRET = "x" * 16
KIND = "{type: text, visible_to: candidate}"
OWN = """fields:
  offer:
    clawback: {type: number, visible_to: candidate}
    car: {type: boolean, visible_to: candidate}
"""

TWO_KINDS = [
    (f"fields: {{{one}: {{zeal: {KIND}}}, {other}: {{able: {KIND}}}}}\n", "known: custom.able, custom.zeal")
    for one, other in (("offer", "candidate"), ("candidate", "offer"))
]


def file_of(folder: Path, tenant: str = "", /, **members: str) -> Path:
    """A tenants file with the tenant `acme` and its source `s`, each member of which is on a line of its own."""
    usual = {"tenant": "acme", "vendor": "lever", "secrets": f"['plain:{SECRET}']"}
    lines = "".join(f"    {name}: {value}\n" for name, value in (usual | members).items())
    file = folder / "tenants.yaml"
    file.write_text(f"tenants: {{acme: {{{tenant}}}}}\nsources:\n  s:\n{lines}")
    return file


def source(folder: Path, rules: Path | None = None, /, **members: str) -> Source:
    return load_tenants(file_of(folder, **members), {}, rules=rules).sources["s"]


def refusal(file: Path) -> list[str]:
    with pytest.raises(TenantsError) as caught:
        load_tenants(file, {})
    return [str(problem).removeprefix(f"{file}:") for problem in caught.value.problems]


@pytest.fixture
def declared(tmp_path: Path) -> Path:
    """A folder of rules that declares a field."""
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "fields.yaml").write_text(OWN)
    return folder


@pytest.mark.parametrize("name", ["time_zone", "employer"])
def test_a_zone_and_an_employer_may_be_left_empty(tmp_path: Path, name: str) -> None:
    found = source(tmp_path, None, **{name: "null"})
    assert (found.problem, found.time_zone, found.employer) == ("", None, {})


def test_options_with_fitting_values_are_no_problem(tmp_path: Path) -> None:
    options = {"pay_period": "month", "ids": "own", "clock_skew": "1h", "disabled": "false"}
    found = source(tmp_path, time_zone="Europe/Paris", employer="{id: a, name: A}", fields="{salary: pay}", **options)
    assert (found.problem, found.is_switched_off) == ("", False)


@pytest.mark.parametrize("value", ["null", "5"])
@pytest.mark.parametrize(
    ("name", "line", "problem"),
    [
        ("vendor", 5, "R006 sources.s.vendor must be a text"),
        ("secrets", 6, "R006 sources.s.secrets must be a list"),
        ("clock_skew", 7, "R021 sources.s.clock_skew must be a duration up to 1d, like 5m"),
        ("fields", 7, "R006 sources.s.fields must be a mapping"),
        ("ids", 7, "R006 sources.s.ids must be a text"),
        ("pay_period", 7, "R006 sources.s.pay_period must be a text"),
        ("disabled", 7, "R006 sources.s.disabled must be true or false"),
    ],
)
def test_any_other_member_of_a_source_without_a_fitting_value_is_said_at_its_place(
    tmp_path: Path, name: str, line: int, problem: str, value: str
) -> None:
    found = source(tmp_path, None, **{name: value})
    assert found.problem.split("; ")[0] == f"{tmp_path}/tenants.yaml:{line}:{len(name) + 7}: {problem}"
    assert not found.is_switched_off


@pytest.mark.parametrize("value", ["null", "5"])
@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("api_keys", "R006 tenants.acme.api_keys must be a list"),
        ("params", "R006 tenants.acme.params must be a mapping of rule ids to parameters"),
        ("disabled", "R006 tenants.acme.disabled must be a list of rule ids"),
        ("rules", "R006 tenants.acme.rules must name a folder of rules"),
        ("quota", "R006 tenants.acme.quota must be a mapping"),
    ],
)
def test_a_member_of_a_tenant_without_a_fitting_value_is_said_at_its_place(
    tmp_path: Path, name: str, problem: str, value: str
) -> None:
    assert refusal(file_of(tmp_path, f"{name}: {value}")) == [f"1:{len(name) + 20}: {problem}"]


def test_keys_and_secrets_that_are_one_text_are_no_list(tmp_path: Path) -> None:
    """A text has items too, each of which would be a problem."""
    assert refusal(file_of(tmp_path, "api_keys: env:KEY")) == ["1:28: R006 tenants.acme.api_keys must be a list"]
    found = source(tmp_path, secrets=f"plain:{SECRET}")
    assert found.problem.startswith(f"{tmp_path}/tenants.yaml:6:14: R006 sources.s.secrets must be a list; ")
    assert SECRET not in found.problem


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("salry", "did you mean salary?"),
        ("custom-clawback", "did you mean custom.clawback or custom.car?"),
        ("clawback", "did you mean custom.clawback?"),
        ("car", "did you mean custom.car?"),
    ],
)
def test_an_unknown_field_of_an_offer_leads_to_the_one_that_is_meant(
    tmp_path: Path, declared: Path, name: str, hint: str
) -> None:
    found = source(tmp_path, declared, fields=f"{{{name}: x}}")
    assert found.problem == f"{tmp_path}/tenants.yaml:7:14: R010 sources.s.fields has no {name!r} ({hint})"


def test_a_field_that_the_rules_declare_is_read_by_the_source(tmp_path: Path, declared: Path) -> None:
    found = source(tmp_path, declared, fields="{custom.clawback: x}")
    assert (found.problem, found.fields) == ("", {"custom.clawback": "x"})
    assert list(found.vocabulary.own["offer"]) == ["clawback", "car"]


@pytest.mark.parametrize(
    ("own", "hint"),
    [(OWN, "known: custom.car, custom.clawback"), ("fields: {offer: {}}\n", "none is declared"), *TWO_KINDS],
)
def test_a_field_that_the_rules_do_not_declare_is_a_mistake(
    tmp_path: Path, declared: Path, own: str, hint: str
) -> None:
    (declared / "fields.yaml").write_text(own)
    found = source(tmp_path, declared, fields="{custom.qqqqqqqq: x}")
    problem = f"R010 sources.s.fields: 'custom.qqqqqqqq' is not declared in fields.yaml ({hint})"
    assert found.problem == f"{tmp_path}/tenants.yaml:7:14: {problem}"


def test_where_no_rules_are_known_every_custom_field_may_be_declared(tmp_path: Path) -> None:
    """Commands that edit the file do not read rules."""
    found = source(tmp_path, fields="{custom.anything: x}")
    assert (found.problem, found.fields, found.vocabulary) == ("", {"custom.anything": "x"}, KINDS)


def test_every_mistake_of_a_source_is_said_at_once(tmp_path: Path) -> None:
    wrong = {"time_zone": "Mars", "clock_skew": "2d", "pay_period": "decade", "disabled": "later", "colour": "red"}
    found = source(tmp_path, None, **wrong).problem.split("; ")
    places = {one.split(":")[1] for one in found if one.startswith(f"{tmp_path}/")}
    assert places == {"7", "8", "9", "10", "11"}


def test_only_a_text_is_quoted_as_the_zone_that_it_is_not(tmp_path: Path) -> None:
    start = f"{tmp_path}/tenants.yaml:7:16: "
    problem = "R021 sources.s.time_zone must be a time zone such as Europe/Paris"
    assert source(tmp_path, time_zone="Mars").problem == f"{start}{problem}; it is 'Mars'"
    assert source(tmp_path, time_zone="5").problem.split("; ")[1:] == [start + problem]


@pytest.mark.parametrize(
    ("reference", "hint"),
    [("file:none.secret", " (a secret is a regular file of at most 8000 bytes)"), ("env:NOWHERE", "")],
)
def test_a_secret_that_cannot_be_read_is_named_with_what_a_file_must_be(
    tmp_path: Path, reference: str, hint: str
) -> None:
    problem = f"R023 sources.s.secrets[0]: {reference} is missing, unreadable or empty{hint}"
    assert source(tmp_path, secrets=f"['{reference}']").problem == f"{tmp_path}/tenants.yaml:6:15: {problem}"


def test_a_file_of_other_bytes_than_text_is_no_secret(tmp_path: Path) -> None:
    (tmp_path / "one.secret").write_bytes(b"\xff\xfe of more than sixteen bytes")
    found = source(tmp_path, secrets="['file:one.secret']")
    assert found.secrets == ()
    assert "file:one.secret is missing, unreadable or empty" in found.problem


def test_sources_without_tenants_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "tenants.yaml"
    file.write_text(f"sources:\n  s: {{tenant: acme, vendor: lever, secrets: ['plain:{SECRET}']}}\n")
    assert [one.partition(" ")[2][:4] for one in refusal(file)] == ["R011", "R023"]
