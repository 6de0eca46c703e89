"""A start on faulty files uses copies of the last valid ones; a first start does not hide the fault."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from signpost.engine import CompiledEngine
from signpost.kept_files import KeptFiles, copy_of
from signpost.rulebook import RulebookError
from signpost.tenants.live import LiveTenants, kept_tenants
from signpost.tenants.live_rulebooks import LiveEngines, kept_rules
from signpost.tenants.loading import TenantsError
from signpost.tenants.model import hash_key, new_key
from signpost.tenants.trial import TooExpensive
from tests.unit.test_reloading import RULE, broken_rule, broken_yaml, folder_gone, no_trial, nothing_there, write

KEY, OTHER_KEY = new_key(), new_key()
SECRET = "a secret of enough bytes"


class Deployment:
    """A base folder, an overlay, a tenants file, and the absolute and the relative folder of two tenants."""

    def __init__(self, folder: Path) -> None:
        self.base, self.overlay, self.state = folder / "rules", folder / "overlay", folder / "state"
        self.own, self.relative = folder / "own", folder / "etc" / "south"
        for one in (self.base, self.overlay, self.own, self.relative):
            one.mkdir(parents=True)
        write(self.base, one="First")
        (self.overlay / "two.yaml").write_text(RULE.format(name="two", title="Second"))
        (self.own / "three.yaml").write_text(RULE.format(name="three", title="Third"))
        (self.relative / "four.yaml").write_text(RULE.format(name="four", title="Fourth"))
        (folder / "etc" / "s.secret").write_text(SECRET)
        self.tenants = folder / "etc" / "tenants.yaml"
        self.tenants.write_text(
            f"tenants:\n  north: {{api_keys: ['{hash_key(KEY)}'], rules: {self.own}}}\n"
            f"  south: {{api_keys: ['{hash_key(OTHER_KEY)}'], rules: ../etc/south}}\n"
            "sources:\n  greens: {tenant: north, vendor: greenhouse, secrets: ['file:s.secret']}\n"
        )

    def engines(self, trial: Callable[..., None] = no_trial) -> LiveEngines[CompiledEngine]:
        folders = (self.base, self.overlay)
        kept = kept_rules(self.state, folders, self.tenants)
        return LiveEngines(folders, self.tenants, CompiledEngine, lambda _: None, trial, kept)

    def live_tenants(self) -> LiveTenants:
        rules = (self.base, self.overlay)
        return LiveTenants(self.tenants, {}, rules=rules, kept=kept_tenants(self.state, self.tenants, rules))


@pytest.fixture
def deployment(tmp_path: Path) -> Deployment:
    return Deployment(tmp_path)


def rules_of(engines: LiveEngines[CompiledEngine], tenant: str) -> list[str]:
    return sorted(engines.now().of(tenant).rulebook.rules)


def overlay_broken(deployment: Deployment) -> None:
    (deployment.overlay / "two.yaml").write_text("two: [")


def tenants_broken(deployment: Deployment) -> None:
    deployment.tenants.write_text("tenants: {north: {disabled: one}}\n")


def tenants_gone(deployment: Deployment) -> None:
    deployment.tenants.unlink()


def folder_of_a_tenant_gone(deployment: Deployment) -> None:
    (deployment.own / "three.yaml").unlink()
    deployment.own.rmdir()


def rules_of_a_tenant_broken(deployment: Deployment) -> None:
    (deployment.relative / "four.yaml").write_text("four: {about: of")


def of_base(spoil: Callable[[Path, Path], None]) -> Callable[[Deployment], None]:
    def spoil_base(deployment: Deployment) -> None:
        spoil(deployment.base, deployment.tenants)

    spoil_base.__name__ = spoil.__name__
    return spoil_base


SPOILERS = [
    *map(of_base, (broken_yaml, broken_rule, nothing_there, folder_gone)),
    overlay_broken, tenants_broken, folder_of_a_tenant_gone, rules_of_a_tenant_broken,
]  # fmt: skip


@pytest.mark.parametrize("spoil", SPOILERS)
def test_a_start_on_faulty_files_has_the_rules_that_were_in_force(
    deployment: Deployment, spoil: Callable[[Deployment], None], caplog: pytest.LogCaptureFixture
) -> None:
    before = deployment.engines()
    spoil(deployment)
    after = deployment.engines()
    assert after.now().rulebooks.is_same(before.now().rulebooks)
    assert (rules_of(after, "north"), rules_of(after, "south")) == (["one", "three", "two"], ["four", "one", "two"])
    assert after.is_degraded
    assert after.refused
    assert any("kept in" in record.getMessage() for record in caplog.records)
    assert [record.getMessage() for record in caplog.records if " problem: " in record.getMessage()]


@pytest.mark.parametrize("spoil", SPOILERS)
def test_a_first_start_on_faulty_files_has_no_rules(
    deployment: Deployment, spoil: Callable[[Deployment], None]
) -> None:
    spoil(deployment)
    with pytest.raises(RulebookError):
        deployment.engines()
    assert not deployment.state.exists() or not list(deployment.state.glob("*.zip"))


def test_other_folders_are_a_first_start(deployment: Deployment, tmp_path: Path) -> None:
    deployment.engines()
    deployment.base = tmp_path / "elsewhere"
    deployment.base.mkdir()
    with pytest.raises(RulebookError):
        deployment.engines()


def test_mended_files_replace_the_copies_that_a_start_used(deployment: Deployment) -> None:
    deployment.engines()
    broken_yaml(deployment.base, deployment.tenants)
    engines = deployment.engines()
    kept = kept_rules(deployment.state, (deployment.base, deployment.overlay), deployment.tenants)
    assert kept.is_refused
    write(deployment.base, one="Mended")
    assert engines.poll(engines.poll()) == ""
    assert engines.now().of("other").rulebook.rules["one"].texts.title == "Mended"
    assert not engines.is_degraded
    assert not kept.is_refused
    broken_yaml(deployment.base, deployment.tenants)
    assert deployment.engines().now().of("other").rulebook.rules["one"].texts.title == "Mended"


def test_a_refused_change_replaces_no_copy(deployment: Deployment) -> None:
    engines = deployment.engines()
    broken_yaml(deployment.base, deployment.tenants)
    assert engines.poll(engines.poll()) == ""
    assert engines.refused
    assert deployment.engines().now().rulebooks.is_same(engines.now().rulebooks)


def test_files_changed_since_are_tried_in_a_child_first(deployment: Deployment) -> None:
    def refuse(folders: object, tenants: object) -> None:
        raise TooExpensive("too large")

    deployment.engines(refuse)
    deployment.engines(refuse)
    write(deployment.base, one="Too large")
    engines = deployment.engines(refuse)
    assert engines.refused == ["too large"]
    assert engines.now().of("other").rulebook.rules["one"].texts.title == "First"


def test_files_that_an_earlier_start_has_loaded_are_not_tried_again(deployment: Deployment) -> None:
    """The trial in a child process loads them once more."""
    tried: list[object] = []
    for _ in range(2):
        deployment.engines(lambda folders, tenants: tried.append(folders))
    assert tried == []


@pytest.mark.parametrize("spoil", [tenants_broken, tenants_gone, folder_of_a_tenant_gone])
def test_keys_and_sources_stay_in_force_over_a_start(
    deployment: Deployment, spoil: Callable[[Deployment], None]
) -> None:
    deployment.live_tenants()
    spoil(deployment)
    tenants = deployment.live_tenants()
    assert tenants.tenant_of_key(KEY) == "north"
    source = tenants.source("greens")
    assert source is not None
    assert source.secrets == (SECRET,)
    assert tenants.is_degraded


def test_a_first_start_without_tenants_is_an_error(deployment: Deployment) -> None:
    tenants_broken(deployment)
    with pytest.raises(TenantsError):
        deployment.live_tenants()


def test_copies_are_private_and_have_no_secret_of_a_file(deployment: Deployment) -> None:
    deployment.live_tenants()
    deployment.engines()
    files = list(deployment.state.iterdir())
    assert len(files) == 2
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert stat.S_IMODE(deployment.state.stat().st_mode) == 0o700
    tenants = kept_tenants(deployment.state, deployment.tenants, (deployment.base, deployment.overlay))
    with tenants.unpack() as copies:
        assert copy_of(deployment.tenants, copies).read_bytes() == deployment.tenants.read_bytes()
        assert not copy_of(deployment.tenants.parent / "s.secret", copies).exists()


def test_a_folder_that_cannot_be_written_costs_a_warning(
    deployment: Deployment, caplog: pytest.LogCaptureFixture
) -> None:
    deployment.state.write_text("a file, not a folder")
    assert rules_of(deployment.engines(), "other") == ["one", "two"]
    assert [record.levelname for record in caplog.records if "no copy is kept" in record.getMessage()] == ["WARNING"]


def test_damaged_copies_are_as_none(deployment: Deployment) -> None:
    deployment.engines()
    [kept] = deployment.state.glob("*.zip")
    kept.write_bytes(kept.read_bytes()[:-40])
    broken_yaml(deployment.base, deployment.tenants)
    with pytest.raises(RulebookError):
        deployment.engines()
    write(deployment.base, one="Mended")
    deployment.engines()
    broken_yaml(deployment.base, deployment.tenants)
    assert rules_of(deployment.engines(), "other") == ["one", "two"]


def test_copies_are_replaced_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = KeptFiles(tmp_path / "state", "x", [tmp_path])
    kept.keep({tmp_path / "a": b"1"}, [])

    def fail(descriptor: int) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="no space"):
        kept.keep({tmp_path / "a": b"2"}, [])
    assert kept.is_same({tmp_path / "a": b"1"})
    assert list((tmp_path / "state").iterdir()) == [kept.path]
