"""A changed tenants file is taken whole and sound, or not at all; a changed secret counts as a change."""

import logging
import threading
from pathlib import Path

import pytest

from signpost.errors import CallerError
from signpost.tenants.live import LiveTenants
from signpost.tenants.loading import TenantsError
from signpost.tenants.model import hash_key

SOURCE = "sources: {greens: {tenant: acme, vendor: greenhouse, secrets: ['file:one.secret']}}\n"


def tenants(*keys: str) -> str:
    hashes = ", ".join(f'"{hash_key(key)}"' for key in keys)
    return f"tenants: {{acme: {{api_keys: [{hashes}]}}}}\n{SOURCE}"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "one.secret").write_text("one")
    path = tmp_path / "tenants.yaml"
    path.write_text(tenants("old"))
    return path


def look(live: LiveTenants) -> None:
    assert live.poll(live.poll()) == ""


def test_a_key_counts_once_the_file_has_stayed_the_same_for_two_looks(file: Path) -> None:
    live = LiveTenants(file, {})
    file.write_text(tenants("new"))
    seen = live.poll()
    assert (live.tenant_of_key("new"), live.tenant_of_key("old")) == (None, "acme")
    file.write_text(tenants("newer"))
    seen = live.poll(seen)
    assert live.tenant_of_key("newer") is None
    assert live.poll(seen) == ""
    assert (live.tenant_of_key("newer"), live.tenant_of_key("old")) == ("acme", None)


def test_a_rotated_secret_is_taken(file: Path) -> None:
    live = LiveTenants(file, {})
    (file.parent / "one.secret").write_text("two")
    look(live)
    source = live.source("greens")
    assert source is not None
    assert source.secrets == ("two",)


@pytest.mark.parametrize("broken", ["tenants: [", "tenants: {acme: {api_key: []}}", ""])
def test_a_file_at_fault_changes_nothing_and_is_told_once(
    file: Path, broken: str, caplog: pytest.LogCaptureFixture
) -> None:
    live = LiveTenants(file, {})
    file.write_text(broken)
    with caplog.at_level(logging.ERROR):
        look(live)
        told = len(caplog.records)
        look(live)
    assert live.tenant_of_key("old") == "acme"
    assert told == len(caplog.records) >= 2
    file.write_text(tenants("good"))
    look(live)
    assert live.tenant_of_key("good") == "acme"


def test_what_the_check_refuses_is_refused_at_the_start_and_later(file: Path) -> None:
    def check(found: object) -> None:
        if "refuse" in file.read_text():
            raise CallerError("no")

    live = LiveTenants(file, {}, check)
    file.write_text(tenants("new") + "# refuse")
    look(live)
    assert live.tenant_of_key("new") is None
    with pytest.raises(CallerError):
        LiveTenants(file, {}, check)
    with pytest.raises(TenantsError):
        LiveTenants(file.parent / "none.yaml", {})


def test_a_watching_thread_takes_changes_until_told_to_stop(file: Path) -> None:
    live, stop = LiveTenants(file, {}), threading.Event()
    thread = threading.Thread(target=live.watch, args=(stop, 0.01))
    thread.start()
    file.write_text(tenants("new"))
    waited = threading.Event()
    for _ in range(500):
        if live.tenant_of_key("new"):
            break
        waited.wait(0.02)
    stop.set()
    thread.join(5)
    assert live.tenant_of_key("new") == "acme"
    assert not thread.is_alive()
