"""A changed tenants file is taken whole and sound, or not at all; a changed secret counts as a change."""

import logging
import threading
from pathlib import Path

import pytest

from signpost.tenants.live import LiveTenants
from signpost.tenants.loading import TenantsError
from signpost.tenants.model import MIN_SECRET_BYTES, hash_key, new_key
from tests.support.private_servers import wait_until

OLD, NEW, NEWER, NEWEST, GOOD, KEY = (new_key() for _ in range(6))
ONE, TWO = "1" * MIN_SECRET_BYTES, "2" * MIN_SECRET_BYTES
SOURCE = "sources:\n  greens: {tenant: acme, vendor: greenhouse, secrets: ['file:one.secret']}\n"


def tenants(*keys: str) -> str:
    hashes = ", ".join(f'"{hash_key(key)}"' for key in keys)
    return f"tenants: {{acme: {{api_keys: [{hashes}]}}}}\n{SOURCE}"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "one.secret").write_text(ONE)
    path = tmp_path / "tenants.yaml"
    path.write_text(tenants(OLD))
    return path


def look(live: LiveTenants) -> None:
    assert live.poll(live.poll()) == ""


def test_a_key_counts_once_the_file_has_stayed_the_same_for_two_looks(file: Path) -> None:
    live = LiveTenants(file, {})
    file.write_text(tenants(NEW))
    seen = live.poll()
    assert (live.tenant_of_key(NEW), live.tenant_of_key(OLD)) == (None, "acme")
    file.write_text(tenants(NEWER))
    seen = live.poll(seen)
    assert live.tenant_of_key(NEWER) is None
    assert live.poll(seen) == ""
    assert (live.tenant_of_key(NEWER), live.tenant_of_key(OLD)) == ("acme", None)


def test_a_rotated_secret_is_taken(file: Path) -> None:
    live = LiveTenants(file, {})
    (file.parent / "one.secret").write_text(TWO)
    look(live)
    source = live.source("greens")
    assert source is not None
    assert source.secrets == (TWO,)


@pytest.mark.parametrize("broken", ["tenants: [", "tenants: {acme: {api_key: []}}", ""])
def test_a_file_at_fault_changes_nothing_and_is_told_once(
    file: Path, broken: str, caplog: pytest.LogCaptureFixture
) -> None:
    live = LiveTenants(file, {})
    file.write_text(broken)
    with caplog.at_level(logging.ERROR):
        look(live)
        emitted = len(caplog.records)
        look(live)
    assert live.tenant_of_key(OLD) == "acme"
    assert emitted == len(caplog.records) >= 2
    errors = [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
    assert errors[0].startswith("tenants file change refused: ")
    file.write_text(tenants(GOOD))
    look(live)
    assert live.tenant_of_key(GOOD) == "acme"


def test_a_fault_of_own_fields_is_not_called_one_of_the_tenants_file(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rules = file.parent / "rules"
    rules.mkdir()
    live = LiveTenants(file, {}, rules=rules)
    (rules / "fields.yaml").write_text("fields: {offer: {visa: {type: bool, visible_to: employer}}}\n")
    look(live)
    change, problem = (record.getMessage() for record in caplog.records if record.levelno == logging.ERROR)
    assert change.startswith("own fields change refused: ")
    assert "own fields problem: " in problem
    assert "fields.yaml:1:31: R013" in problem
    (rules / "fields.yaml").unlink()
    caplog.set_level(logging.INFO)
    look(live)
    assert caplog.messages[-1] == "tenants file: the problems are fixed; what is in force is what the files say"


def refuse_lever(vendor: str, secrets: tuple[str, ...]) -> str:
    return "vendor 'lever' is unknown" if vendor == "lever" else ""


def disabled(live: LiveTenants) -> dict[str, str]:
    return {name: source.problem for name, source in live.now().sources.items() if source.problem}


def test_a_source_that_cannot_be_verified_is_disabled_alone_at_the_start(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file.write_text(tenants(KEY) + f"  levers: {{tenant: acme, vendor: lever, secrets: ['plain:{ONE}']}}\n")
    live = LiveTenants(file, {}, refuse_lever)
    assert disabled(live) == {"levers": "vendor 'lever' is unknown"}
    assert live.has_disabled_sources
    assert live.tenant_of_key(KEY) == "acme"
    [line] = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert line.startswith("source levers is disabled")
    assert str(file) in line


def test_a_source_is_disabled_and_enabled_again_by_a_change(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    live = LiveTenants(file, {}, refuse_lever)
    (file.parent / "one.secret").unlink()
    file.write_text(tenants(NEWER))
    look(live)
    assert "file:one.secret is missing, unreadable or empty" in disabled(live)["greens"]
    assert live.tenant_of_key(NEWER) == "acme"
    file.write_text(tenants(NEWEST))
    look(live)
    assert [record.levelname for record in caplog.records].count("ERROR") == 1, "it is logged once"
    (file.parent / "one.secret").write_text(TWO)
    look(live)
    assert disabled(live) == {}


def test_another_reason_for_a_disabled_source_is_logged_and_the_same_is_not(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (file.parent / "one.secret").unlink()
    live = LiveTenants(file, {})
    for text, secret, count in [(tenants(NEW), None, 1), (tenants(NEWER), "short", 2), (tenants(NEWEST), "short", 2)]:
        file.write_text(text)
        if secret:
            (file.parent / "one.secret").write_text(secret)
        look(live)
        lines = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
        assert len(lines) == count
    assert "has 5 bytes" in lines[-1]


def test_a_comment_in_the_file_changes_nothing(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    live = LiveTenants(file, {})
    before = live.now()
    file.write_text(f"# who is who\n{tenants(OLD)}")
    # Another test may have left a level at which the start is logged too
    caplog.clear()
    with caplog.at_level(logging.INFO):
        look(live)
    assert live.now() is before
    assert "tenants in force" not in caplog.text


def test_no_file_is_no_tenants(file: Path) -> None:
    with pytest.raises(TenantsError):
        LiveTenants(file.parent / "none.yaml", {})


def test_a_watching_thread_takes_changes_until_told_to_stop(file: Path) -> None:
    live, stop = LiveTenants(file, {}), threading.Event()
    thread = threading.Thread(target=live.watch, args=(stop, 0.01))
    thread.start()
    file.write_text(tenants(NEW))
    try:
        wait_until(lambda: live.tenant_of_key(NEW) == "acme", "the change to be taken")
    finally:
        stop.set()
        thread.join(60)
    assert live.tenant_of_key(NEW) == "acme"
    assert not thread.is_alive()


def test_a_source_that_was_switched_off_on_purpose_is_no_fault(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    file.write_text(tenants(OLD).replace("vendor:", "disabled: true, vendor:"))
    live = LiveTenants(file, {})
    assert list(disabled(live)) == ["greens"]
    assert not live.has_disabled_sources
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_what_is_in_force_is_logged_with_its_numbers_at_the_start_and_after_each_change(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "signpost.tenants")
    more = f"  levers: {{tenant: acme, vendor: lever, secrets: ['plain:{ONE}']}}\n"
    file.write_text(tenants(KEY) + more)
    live = LiveTenants(file, {}, refuse_lever)
    file.write_text(tenants(KEY).replace("tenants: {", "tenants: {globex: {}, "))
    look(live)
    in_force = [vars(record) for record in caplog.records if record.getMessage() == "tenants in force"]
    names = ("tenants", "sources", "disabled")
    assert [[record.get(name) for name in names] for record in in_force] == [[1, 2, 1], [2, 1, 0]]


def test_the_fields_of_a_tenant_are_those_that_its_rules_declare_now(file: Path) -> None:
    rules = file.parent / "rules"
    rules.mkdir()
    declared = rules / "fields.yaml"
    declared.write_text("fields: {offer: {clawback: {type: number, visible_to: candidate}}}\n")
    live = LiveTenants(file, {}, rules=rules)
    assert list(live.own_fields("acme")["offer"]) == ["clawback"]
    declared.write_text("fields: {offer: {car: {type: boolean, visible_to: candidate}}}\n")
    look(live)
    assert list(live.own_fields("acme")["offer"]) == ["car"]


def test_what_is_asked_of_the_file_is_answered_by_what_is_in_force(file: Path) -> None:
    live = LiveTenants(file, {})
    assert [live.admits("acme", hash_key(key)) for key in (OLD, NEW)] == [True, False]
    file.write_text(tenants(NEW).replace("vendor:", "ids: own, vendor:"))
    look(live)
    assert [live.admits("acme", hash_key(key)) for key in (OLD, NEW)] == [False, True]
    assert live.own_ids_of("acme", "7") == ["greens~7"]
    assert not live.has_disabled_sources
    assert not live.has_faulty_side_files, "there are none"
    assert (live.source("greens"), live.source("nobody")) == (live.now().sources["greens"], None)
