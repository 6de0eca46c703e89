"""Faulty rules and tenants files under a system whose processes die: all go on with the last valid version."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.integration.test_project_up import ROOT, System, published_rules, started
from tests.support.http import HTTP
from tests.support.private_servers import wait_until
from tests.support.rulebooks import FEW_RULES

RULE = "one:\n  about: offer\n  source: own\n  when: {stage: open}\n  priority: high\n  title: T\n  message: M\n"


@pytest.fixture
def overlay(tmp_path: Path) -> Path:
    folder = tmp_path / "overlay"
    folder.mkdir()
    (folder / "sources.yaml").write_text("articles: {own: An article}\n")
    (folder / "one.yaml").write_text(RULE)
    return folder


@pytest.fixture
def system(tmp_path: Path, overlay: Path) -> Iterator[System]:
    with started(tmp_path, SIGNPOST_RULES=f"{FEW_RULES}:{overlay}") as running:
        wait_until(lambda: len(list((tmp_path / "data" / "state").glob("*.zip"))) == 2, "copies to be kept")
        # A worker that finds faulty files before its first start ends the system; these tests begin after it
        wait_until(lambda: all(f"{name} runs" in running.said() for name in ("advisor", "clock")), "workers to run")
        yield running


def health(system: System) -> dict[str, Any]:
    try:
        return dict(HTTP.get(f"http://127.0.0.1:{system.port}/readyz", timeout=5).json())
    except httpx.TransportError:
        return {}


def kill(system: System, name: str) -> None:
    before = system.children()[name]
    os.kill(before, signal.SIGKILL)
    wait_until(lambda: system.children().get(name, before) != before, f"another {name} to run")


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


@pytest.mark.long
def test_faulty_rules_and_a_dead_worker_cost_no_advice(system: System, overlay: Path) -> None:
    (overlay / "one.yaml").write_text("one: [")
    for name in ("advisor", "clock"):
        kill(system, name)
    wait_until(lambda: system.said().count("the last valid version, kept in") == 2, "the workers to say so")
    assert f"{overlay}/one.yaml:" in system.said()
    wait_until(lambda: health(system).get("status") == "degraded", "the intake to notice")
    assert health(system)["rules"].startswith("a change is refused")
    system.command(str(ROOT / "examples/send_greenhouse_offer.py"))
    wait_until(lambda: "one" in published_rules(system), "the overlay's advice")
    (overlay / "one.yaml").write_text(RULE)
    wait_until(lambda: health(system) == {"status": "ok"}, "all to be well")


@pytest.mark.long
def test_a_faulty_tenants_file_and_a_dead_intake_refuse_nobody(system: System, tmp_path: Path) -> None:
    (tmp_path / "data" / "tenants.yaml").write_text("tenants: [")
    kill(system, "intake")  # the process that gunicorn forked, and gunicorn goes on
    wait_until(lambda: "tenants" in health(system), "another process to answer")
    system.command(str(ROOT / "examples/send_greenhouse_offer.py"))
    os.kill(parent_of(system.children()["intake"]), signal.SIGKILL)
    for name in ("advisor", "clock"):
        kill(system, name)
    wait_until(lambda: "intake exited with SIGKILL" in system.said(), "gunicorn to end")
    wait_until(lambda: "tenants" in health(system), "another intake to answer")
    system.command(str(ROOT / "examples/send_greenhouse_offer.py"))
    wait_until(lambda: "one" in published_rules(system), "the advice")


@pytest.mark.long
def test_a_system_starts_on_faulty_files_with_the_last_valid_ones(
    system: System, overlay: Path, tmp_path: Path
) -> None:
    assert system.stop() == 0
    (overlay / "one.yaml").unlink()
    (overlay / "sources.yaml").write_text("articles: [")
    system.log.write_text("")
    with started(tmp_path, SIGNPOST_RULES=f"{FEW_RULES}:{overlay}") as again:
        again.command(str(ROOT / "examples/send_greenhouse_offer.py"))
        wait_until(lambda: "one" in published_rules(again), "the overlay's advice")


@pytest.mark.long
def test_workers_that_have_no_valid_rules_stop_nothing_else(system: System, overlay: Path, tmp_path: Path) -> None:
    for kept in (tmp_path / "data" / "state").glob("rulebook-*.zip"):
        kept.unlink()
    (overlay / "one.yaml").write_text("one: [")
    os.kill(system.children()["advisor"], signal.SIGKILL)
    wait_until(lambda: system.said().count("advisor exited with exit code 2; restarting") >= 2, "two more attempts")
    system.command(str(ROOT / "examples/send_greenhouse_offer.py"))
    (overlay / "one.yaml").write_text(RULE)
    wait_until(lambda: "one" in published_rules(system), "the advice")
