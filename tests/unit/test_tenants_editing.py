"""Editing the tenants file by command: what its owner wrote stays, and a file that would not load is never written."""

import os
import stat
from pathlib import Path

import pytest

from signpost.tenants.editing import CannotEdit, TenantsFile
from signpost.tenants.loading import load_tenants
from signpost.tenants.model import hash_key, new_key

HASH, OTHER = hash_key(new_key()), hash_key(new_key())
SECRET = "x" * 16
TEXT = f"""# Ours since 2024
tenants:
  acme:
    api_keys: ["{HASH}"]  # of the job board
sources:
  greens: {{tenant: acme, vendor: greenhouse, secrets: ['plain:{SECRET}']}}
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "tenants.yaml"
    file.write_text(TEXT)
    return file


def test_comments_and_quotes_of_the_owner_stay(path: Path) -> None:
    file = TenantsFile(path)
    file.add_tenant("globex", OTHER)
    file.save({})
    assert path.read_text() == TEXT.replace("sources:", f"  globex:\n    api_keys: [{OTHER}]\nsources:")
    assert set(load_tenants(path, {}).tenants) == {"acme", "globex"}


def test_a_new_file_and_its_folder_are_for_their_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "home" / "config" / "tenants.yaml"
    file = TenantsFile(path)
    assert (file.names("tenants"), file.names("sources")) == ([], [])
    file.add_tenant("acme", HASH)
    file.add_source("greens", {"tenant": "acme", "vendor": "greenhouse", "secrets": [f"plain:{SECRET}"]})
    file.save({})
    assert [stat.S_IMODE(os.stat(one).st_mode) for one in (path, path.parent)] == [0o600, 0o700]
    assert load_tenants(path, {}).sources["greens"].secrets == (SECRET,)
    assert [one.name for one in path.parent.iterdir()] == ["tenants.yaml"]


def test_what_is_added_stands_on_one_line_for_each_member(path: Path) -> None:
    file = TenantsFile(path)
    fields = {"tenant": "acme", "vendor": "lever", "secrets": [f"plain:{SECRET}"], "employer": {"id": "a", "name": "A"}}
    file.add_source("levers", fields)
    file.save({})
    lines = f"    secrets: ['plain:{SECRET}']\n    employer: {{id: a, name: A}}\n".replace("'", "")
    assert path.read_text() == f"{TEXT}  levers:\n    tenant: acme\n    vendor: lever\n{lines}"


def test_the_secrets_of_a_source_are_listed_and_replaced(path: Path) -> None:
    file = TenantsFile(path)
    assert file.secrets("greens") == [f"plain:{SECRET}"]
    file.set_secrets("greens", [f"plain:{SECRET}", "env:NEXT"])
    file.save({"NEXT": "y" * 16})
    assert load_tenants(path, {"NEXT": "y" * 16}).sources["greens"].secrets == (SECRET, "y" * 16)
    with pytest.raises(CannotEdit, match="there is no source 'reds'; there are: greens"):
        file.secrets("reds")


def test_a_name_that_is_taken_is_refused(path: Path) -> None:
    file = TenantsFile(path)
    with pytest.raises(CannotEdit, match="there is already tenant 'acme'"):
        file.add_tenant("acme", OTHER)
    with pytest.raises(CannotEdit, match="there is already source 'greens'"):
        file.add_source("greens", {})


def test_a_file_that_would_not_load_is_not_written(path: Path) -> None:
    file = TenantsFile(path)
    file.add_source("reds", {"tenant": "nobody", "vendor": "lever", "secrets": ["plain:x"]})
    with pytest.raises(CannotEdit, match=r"would be invalid:\nR023 sources.reds.tenant must be one of the tenants"):
        file.save({})
    assert path.read_text() == TEXT
    assert [one.name for one in path.parent.iterdir()] == ["tenants.yaml"], "the draft is gone"


@pytest.mark.parametrize(
    ("option", "problem"),
    [
        ({"clock_skew": "2d"}, "R021 sources.reds.clock_skew must be a duration up to 1d, like 5m"),
        ({"pay_period": "mnth"}, "R013 'mnth' is not one of year, month, week, day, hour (did you mean month?)"),
    ],
)
def test_a_source_with_a_mistake_is_not_added_and_the_mistake_has_no_place(
    path: Path, option: dict[str, str], problem: str
) -> None:
    """A file that is not there cannot be opened at it."""
    file = TenantsFile(path)
    file.add_source("reds", {"tenant": "acme", "vendor": "lever", "secrets": [f"plain:{SECRET}"], **option})
    with pytest.raises(CannotEdit) as refused:
        file.save({})
    assert str(refused.value) == f"{path} would be invalid:\n{problem}"
    assert path.read_text() == TEXT


def test_the_keys_of_a_tenant_are_listed_and_replaced(path: Path) -> None:
    file = TenantsFile(path)
    assert file.keys("acme") == [HASH]
    file.set_keys("acme", [HASH, OTHER])
    file.save({})
    assert TenantsFile(path).keys("acme") == [HASH, OTHER]
    assert load_tenants(path, {}).tenants["acme"].api_keys == (HASH, OTHER)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("- acme\n", "must be a mapping with tenants and sources"),
        ("tenants: {a: {}, a: {}}\n", "R004"),
        ("tenants: [", "R001"),
        ("tenants: {acme: {since: 2024-02-30}}\n", "cannot be read as YAML: day is out of range for month"),
    ],
)
def test_a_file_that_is_none_is_refused_before_anything_is_changed(path: Path, text: str, problem: str) -> None:
    path.write_text(text)
    with pytest.raises(CannotEdit, match=problem):
        TenantsFile(path)


def test_a_problem_of_the_file_quotes_no_secret(path: Path) -> None:
    path.write_text("sources:\n  reds: {secrets: [plain:swordfish: 1]}\n  greens: swordfish: 2\n")
    with pytest.raises(CannotEdit) as refused:
        TenantsFile(path)
    assert "swordfish" not in str(refused.value)


def test_an_empty_file_can_be_filled(path: Path) -> None:
    path.write_text("# nothing yet\n")
    file = TenantsFile(path)
    file.add_tenant("acme", HASH)
    file.save({})
    assert set(load_tenants(path, {}).tenants) == {"acme"}


def test_a_folder_that_cannot_be_written_is_a_problem_with_a_way_out(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("a file, where a folder should be")
    file = TenantsFile(tmp_path / "config" / "tenants.yaml")
    file.add_tenant("acme", HASH)
    with pytest.raises(CannotEdit, match=r"cannot be written: .*; nothing was changed.*SIGNPOST_TENANTS"):
        file.save({})


THREE_SOURCES = f"""tenants:
  acme: {{api_keys: ["{HASH}"]}}
  globex: {{api_keys: []}}
sources:
  inbox: {{tenant: acme, vendor: standard, secrets: ['plain:{SECRET}']}}
  greens: {{tenant: acme, vendor: greenhouse, secrets: ['file:greens.secret']}}
  levers: {{tenant: acme, vendor: lever, secrets: ['plain:{SECRET}']}}
  others: {{tenant: globex, vendor: lever, secrets: ['plain:{SECRET}']}}
"""


def ids(path: Path) -> dict[str, str]:
    return {name: source.own_id("9") for name, source in load_tenants(path, {}).sources.items()}


LINES = THREE_SOURCES.splitlines(keepends=True)
OTHER_FIRST = "".join([*LINES[:4], LINES[-1], *LINES[4:-1]])
ONE_MORE = THREE_SOURCES + f"  ashes: {{tenant: acme, vendor: ashby, secrets: ['plain:{SECRET}']}}\n"


@pytest.mark.parametrize("removed", ["inbox", "greens", "levers", "others"])
@pytest.mark.parametrize("text", [THREE_SOURCES, OTHER_FIRST, ONE_MORE])
def test_a_removed_source_changes_no_id_of_the_others(path: Path, removed: str, text: str) -> None:
    path.write_text(text)
    before = ids(path)
    assert before["levers"] == "levers~9", "greens has the ids of the tenant"
    file = TenantsFile(path)
    references = file.remove_source(removed)
    file.save({})
    assert ids(path) == {name: value for name, value in before.items() if name != removed}
    assert references == (["file:greens.secret"] if removed == "greens" else [f"plain:{SECRET}"])
    assert path.read_text().count("ids: own") == (removed == "greens")


def test_ids_that_are_shared_on_purpose_stay_shared(path: Path) -> None:
    path.write_text(THREE_SOURCES.replace("vendor: lever,", "vendor: lever, ids: shared,"))
    before = ids(path)
    assert before["levers"] == "9"
    file = TenantsFile(path)
    file.remove_source("greens")
    file.save({})
    assert ids(path)["levers"] == "9"


def test_a_source_is_switched_off_and_on_and_the_file_is_as_before(path: Path) -> None:
    file = TenantsFile(path)
    assert file.switch("greens", on=False)
    assert not file.switch("greens", on=False)
    file.save({})
    assert load_tenants(path, {}).sources["greens"].is_switched_off
    file = TenantsFile(path)
    assert file.switch("greens", on=True)
    file.save({})
    assert path.read_text() == TEXT


def test_a_wrong_source_can_be_switched_off_and_not_on(path: Path) -> None:
    path.write_text(TEXT.replace("vendor: greenhouse", "vendor: greenhouse, time_zone: Mars"))
    file = TenantsFile(path)
    file.switch("greens", on=False)
    file.save({})
    file = TenantsFile(path)
    file.switch("greens", on=True)
    with pytest.raises(CannotEdit, match="time_zone"):
        file.save({})
    assert load_tenants(path, {}).sources["greens"].problem != ""


def test_a_mistake_in_one_source_does_not_stop_the_edit_of_another(path: Path) -> None:
    path.write_text(TEXT.replace("vendor: greenhouse", "vendor: greenhouse, time_zone: Mars"))
    file = TenantsFile(path)
    file.add_source("levers", {"tenant": "acme", "vendor": "lever", "secrets": [f"plain:{SECRET}"]})
    file.save({})
    found = load_tenants(path, {}).sources
    assert [name for name, source in found.items() if source.problem] == ["greens"]


def test_a_tenant_with_sources_and_the_last_tenant_stay(path: Path) -> None:
    path.write_text(THREE_SOURCES)
    file = TenantsFile(path)
    with pytest.raises(CannotEdit, match="globex has sources: others; remove them first"):
        file.remove_tenant("globex")
    file.remove_source("others")
    file.remove_tenant("globex")
    file.save({})
    assert set(load_tenants(path, {}).tenants) == {"acme"}
    for source in ("inbox", "greens", "levers"):
        file.remove_source(source)
    with pytest.raises(CannotEdit, match="acme is the only tenant"):
        file.remove_tenant("acme")
    with pytest.raises(CannotEdit, match="there is no tenant 'nobody'; there are: acme"):
        file.remove_tenant("nobody")


@pytest.mark.parametrize("body", ["5", "[]", "null"])
def test_a_source_that_is_no_mapping_cannot_be_edited(path: Path, body: str) -> None:
    path.write_text(f"{TEXT}  odd: {body}\n")
    file = TenantsFile(path)
    for edit in (file.secrets, lambda name: file.switch(name, on=False), file.remove_source):
        with pytest.raises(CannotEdit, match=r"sources\.odd in .* must be a mapping"):
            edit("odd")


def test_secrets_that_are_no_list_are_none(path: Path) -> None:
    path.write_text(TEXT.replace(f"['plain:{SECRET}']", f"plain:{SECRET}"))
    assert TenantsFile(path).secrets("greens") == []


def test_a_folder_in_the_place_of_the_file_is_refused(path: Path) -> None:
    path.unlink()
    path.mkdir()
    with pytest.raises(CannotEdit, match=r"tenants\.yaml:1:1: R001"):
        TenantsFile(path)


def test_an_empty_file_and_a_file_with_a_byte_order_mark_can_be_edited(path: Path) -> None:
    path.write_bytes(b"")
    assert TenantsFile(path).names("tenants") == []
    path.write_bytes(b"\xef\xbb\xbf" + TEXT.encode())
    assert TenantsFile(path).names("tenants") == ["acme"]


def test_a_long_line_stays_one_line(path: Path) -> None:
    long = f"  reds: {{tenant: acme, vendor: lever, secrets: ['plain:{SECRET}', 'plain:{'word ' * 30}']}}\n"
    path.write_text(TEXT + long)
    file = TenantsFile(path)
    file.add_tenant("globex", OTHER)
    file.save({})
    assert path.read_text().endswith(long)


def test_a_draft_that_an_interrupted_edit_left_is_replaced(path: Path) -> None:
    (path.parent / ".tenants.yaml.new").write_text("half of a f")
    file = TenantsFile(path)
    file.add_tenant("globex", OTHER)
    file.save({})
    assert TenantsFile(path).names("tenants") == ["acme", "globex"]


def test_the_mode_of_a_file_stays(path: Path) -> None:
    path.chmod(0o640)
    file = TenantsFile(path)
    file.add_tenant("globex", OTHER)
    file.save({})
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_tenant_of_a_file_without_sources_can_be_removed(path: Path) -> None:
    path.write_text("tenants: {acme: {}, globex: {}}\n")
    file = TenantsFile(path)
    file.remove_tenant("globex")
    file.save({})
    assert TenantsFile(path).names("tenants") == ["acme"]


def test_a_tenant_that_is_no_mapping_has_no_sources(path: Path) -> None:
    path.write_text(f"{TEXT}  odd: 5\n".replace("sources:", "  globex: {api_keys: []}\nsources:"))
    file = TenantsFile(path)
    file.remove_tenant("globex")
    assert file.names("tenants") == ["acme"]
