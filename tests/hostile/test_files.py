"""Hostile files of an operator: devices, pipes and folders in place of files, and files that no watcher may die of."""

import os
import re
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

import signpost
from signpost.engine.compiled import CompiledEngine
from signpost.rulebook import RulebookError, load
from signpost.tenants.live import LiveTenants
from signpost.tenants.live_rulebooks import LiveEngines
from signpost.tenants.loading import TenantsError, load_tenants
from signpost.tenants.model import hash_key
from signpost.tenants.reader import MAX_SECRET_BYTES
from signpost.watching import Watched
from tests.support.intake_parts import intake_at
from tests.support.private_servers import wait_until

RULE = "r:\n  about: offer\n  source: a\n  when: {stage: open}\n  priority: high\n  title: T\n  message: M.\n"
SOURCE = "sources:\n  s: {{tenant: acme, vendor: standard, secrets: ['file:{file}']}}\n"


def tenants_text(*keys: str, more: str = "") -> str:
    hashes = ", ".join(f'"{hash_key(key)}"' for key in keys)
    return f"tenants: {{acme: {{api_keys: [{hashes}]}}}}\n{more}"


def a_pipe(path: Path) -> None:
    os.mkfifo(path)


def an_endless_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def a_file_of_the_kernel(path: Path) -> None:
    path.symlink_to("/proc/self/pagemap")


def a_folder(path: Path) -> None:
    path.mkdir()


def a_large_file(path: Path) -> None:
    path.write_text("x" * (MAX_SECRET_BYTES + 1))


NO_FILES = [a_pipe, an_endless_device, a_file_of_the_kernel, a_folder]


@pytest.mark.parametrize("make", [*NO_FILES, a_large_file])
def test_a_secret_is_a_small_regular_file(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "odd")
    (tmp_path / "tenants.yaml").write_text(tenants_text("k", more=SOURCE.format(file="odd")))
    live = LiveTenants(tmp_path / "tenants.yaml", {})
    source = live.source("s")
    assert source is not None
    assert source.secrets == ()
    assert f"a secret is a regular file of at most {MAX_SECRET_BYTES} bytes" in source.problem
    assert live.poll() == ""


def test_a_secret_of_a_usual_size_is_read(tmp_path: Path) -> None:
    (tmp_path / "one").write_text("x" * MAX_SECRET_BYTES)
    (tmp_path / "tenants.yaml").write_text(tenants_text("k", more=SOURCE.format(file="one")))
    assert load_tenants(tmp_path / "tenants.yaml", {}).sources["s"].secrets == ("x" * MAX_SECRET_BYTES,)


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "sources.yaml").write_text("articles: {a: A}\n")
    (tmp_path / "rules" / "topic.yaml").write_text(RULE)
    return tmp_path / "rules"


@pytest.mark.parametrize("make", NO_FILES)
def test_no_rule_file_blocks_or_is_endless(rules: Path, make: Callable[[Path], None]) -> None:
    live = LiveEngines(rules, rules / "none", CompiledEngine)
    make(rules / "odd.yaml")
    with pytest.raises(RulebookError, match=r"odd\.yaml:1:1: R001 the file cannot be read"):
        load(rules)
    assert live.poll(live.poll()) == ""
    assert live.refused


@pytest.mark.parametrize("make", NO_FILES)
def test_no_tenants_file_blocks_or_is_endless(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "tenants.yaml")
    with pytest.raises(TenantsError, match="R001 the file cannot be read"):
        load_tenants(tmp_path / "tenants.yaml", {})


FAULTS = {
    "a day that does not exist": "tenants: {acme: {api_keys: [2026-13-01]}}\n",
    "a moment that does not exist": "tenants: {acme: {api_keys: [2026-02-30T25:61:00Z]}}\n",
    "a home of nobody": "tenants: {acme: {api_keys: [], rules: ~nobody-at-all/rules}}\n",
    "a home of nobody for a key": "tenants: {acme: {api_keys: ['file:~nobody-at-all/key']}}\n",
    "a NUL in a path": 'tenants: {acme: {api_keys: [], rules: "a\\0b"}}\n',
    "a NUL in the path of a key": 'tenants: {acme: {api_keys: ["file:a\\0b"]}}\n',
    "half of a surrogate pair in a path": 'tenants: {acme: {api_keys: [], rules: "\\ud800"}}\n',
    "a NUL in a variable": 'tenants: {acme: {api_keys: ["env:a\\0b"]}}\n',
    "a path without end": f"tenants: {{acme: {{api_keys: [], rules: {'x' * 5000}}}}}\n",
    "a key of too many digits": f"tenants: {{acme: {{api_keys: [{'9' * 5000}]}}}}\n",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_the_tenants_file_is_refused_by_intake_and_workers(rules: Path, fault: str) -> None:
    """In words and with its place: the watchers go on, and the last good file stays in force."""
    file = rules.parent / "tenants.yaml"
    file.write_text(tenants_text("sp_the_key_called_old"))
    tenants, engines = LiveTenants(file, {}, rules=rules), LiveEngines(rules, file, CompiledEngine)
    file.write_text(FAULTS[fault])
    for live in (tenants, engines):
        assert live.poll(live.poll()) == ""
        assert all(f"{file}:" in line for line in live.refused)
    assert tenants.refused
    assert tenants.tenant_of_key("sp_the_key_called_old") == "acme"


SOURCE_FAULTS = {
    "a skew without end": tenants_text(
        "k",
        more=f"sources: {{s: {{tenant: acme, vendor: v, secrets: ['env:S'], clock_skew: {'9' * 400}d}}}}\n",
    ),
    "a zone outside": tenants_text(
        "k",
        more="sources: {s: {tenant: acme, vendor: v, secrets: ['env:S'], time_zone: ../../etc/passwd}}\n",
    ),
    "a zone with NUL": tenants_text(
        "k", more="sources: {s: {tenant: acme, vendor: v, secrets: ['env:S'], time_zone: \"a\\0\"}}\n"
    ),
}


@pytest.mark.parametrize("fault", SOURCE_FAULTS)
def test_a_fault_of_a_source_disables_it_alone(rules: Path, fault: str) -> None:
    """In words and with its place: the rest of the changed file is in force."""
    file = rules.parent / "tenants.yaml"
    file.write_text(tenants_text("sp_the_key_called_old"))
    live = LiveTenants(file, {"S": "x" * 16}, rules=rules)
    file.write_text(SOURCE_FAULTS[fault])
    assert live.poll(live.poll()) == ""
    assert live.refused == []
    assert f"{file}:" in live.now().sources["s"].problem
    assert live.tenant_of_key("sp_the_key_called_old") is None


class Failing(Watched[str]):
    """A watcher whose files cannot even be listed, while `error` is set."""

    name = "file"
    log = LiveTenants.log

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.version = 0
        super().__init__()

    def _paths(self) -> list[Path]:
        if self.error is not None:
            raise self.error
        return [Path(f"none-{self.version}")]

    def _load(self, current: str | None) -> str:
        return f"version {self.version}"

    def _log_in_force(self, content: str, before: str | None) -> None: ...


@pytest.mark.parametrize("error", [MemoryError(), RecursionError(), ValueError("x"), OSError(5, "x"), SystemError()])
def test_a_watcher_survives_every_error_and_says_it_once(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    live, stop = Failing(), threading.Event()
    thread = threading.Thread(target=live.watch, args=(stop, 0.01))
    thread.start()
    try:
        live.error = error
        wait_until(lambda: live.is_degraded, "the watcher to say that it is degraded", 10)
        assert (live.now(), thread.is_alive()) == ("version 0", True)
        live.version, live.error = 1, None
        wait_until(lambda: live.now() == "version 1", "the watcher to go on", 10)
        assert not live.is_degraded
    finally:
        stop.set()
        thread.join(60)
    assert [line for line in caplog.messages if "cannot be checked" in line] == [
        f"file cannot be checked for changes; the previous version stays in force: {type(error).__name__}"
    ]


def test_readiness_says_that_a_change_of_the_tenants_file_was_refused(tmp_path: Path) -> None:
    """A key was revoked in a file that has another fault: the old file, with the key, stays in force, visibly."""
    file = tmp_path / "live.yaml"
    file.write_text(tenants_text("kept", "sp_the_key_called_revoked"))
    live = LiveTenants(file, {})
    intake = intake_at(tmp_path, tenants=live)
    assert intake.get("/readyz").json == {"status": "ok"}
    file.write_text(tenants_text("kept", more="sources: {s: {tenant: amce, vendor: v, secrets: ['env:S']}}\n"))
    assert live.poll(live.poll()) == ""
    answer = intake.get("/readyz")
    assert (answer.status_code, answer.json) == (
        200,
        {"status": "degraded", "tenants": "a change is refused and the previous version in force; see the log"},
    )
    assert live.tenant_of_key("sp_the_key_called_revoked") == "acme"
    file.write_text(tenants_text("sp_the_key_called_kept"))
    assert live.poll(live.poll()) == ""
    assert intake.get("/readyz").json == {"status": "ok"}
    assert live.tenant_of_key("sp_the_key_called_revoked") is None


BEHIND_THE_READER = {
    "yaml_files/reader.py",
    "authoring/catalogue/excerpts.py",
    "tenants/editing.py",
    "services/intake/page/playground_jobs.py",
    "services/intake/page/rule_texts.py",
}
"""The reader, and modules that look for places in a file only after the reader has accepted it."""


def test_no_other_module_parses_yaml() -> None:
    package = Path(signpost.__file__).parent
    found = {
        path.relative_to(package).as_posix()
        for folder in (package, *(link for link in package.iterdir() if link.is_symlink()))
        for path in folder.rglob("*.py")
        if re.search(r"^\s*(import|from) (yaml|ruamel)\b", path.read_text("utf-8"), re.MULTILINE)
    }
    assert found == BEHIND_THE_READER
