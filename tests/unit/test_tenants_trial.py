"""The child process in which changed rules are tried: its limits, what it answers, and what that means."""

import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from signpost import garbage
from signpost.tenants import trial
from signpost.tenants.trial import LIMITS, TooExpensive, TrialLimits, main, try_load

RULE = "ask: {about: offer, source: a, when: {stage: open}, priority: high, title: T, message: M}\n"


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "sources.yaml").write_text("articles: {a: A}\n")
    (tmp_path / "rules" / "topic.yaml").write_text(RULE)
    return tmp_path / "rules"


@pytest.fixture
def set_limits(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, tuple[int, int]]]:
    """The limits that the child would set for itself."""
    found: list[tuple[int, tuple[int, int]]] = []
    monkeypatch.setattr(resource, "setrlimit", lambda kind, limits: found.append((kind, limits)))
    monkeypatch.setattr(garbage, "collect_rarely", lambda: None)
    return found


def test_the_child_limits_itself_before_it_loads(
    rules: Path, set_limits: list[tuple[int, tuple[int, int]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[tuple[Any, ...]] = []
    monkeypatch.setattr(trial, "load_rulebooks", lambda *given: loaded.append((*given, len(set_limits))))
    assert main(["7", "1000", "tenants.yaml", str(rules), "more"]) == 0
    assert set_limits == [
        (resource.RLIMIT_CPU, (7, 7)),
        (resource.RLIMIT_AS, (1000, 1000)),
        (resource.RLIMIT_CORE, (0, 0)),
    ]
    assert loaded == [([rules, Path("more")], Path("tenants.yaml"), 3)]


@pytest.mark.usefixtures("set_limits")
def test_rules_with_problems_are_no_failure_and_rules_without_memory_are(
    rules: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ["7", "1000", str(rules / "none.yaml"), str(rules)]
    assert main(arguments) == 0
    (rules / "topic.yaml").write_text("ask: {}\n")
    assert main(arguments) == 0

    def exhaust(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(trial, "load_rulebooks", exhaust)
    assert main(arguments) == 1


def test_a_system_without_these_limits_loads_nevertheless(rules: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise ValueError

    monkeypatch.setattr(resource, "setrlimit", refuse)
    monkeypatch.setattr(garbage, "collect_rarely", lambda: None)
    assert main(["7", "1000", str(rules / "none.yaml"), str(rules)]) == 0


def test_a_child_runs_within_the_time_silently_and_apart_from_the_folder(
    rules: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[tuple[list[str], dict[str, Any]]] = []

    def run(command: list[str], **options: Any) -> subprocess.CompletedProcess[bytes]:
        ran.append((command, options))
        return subprocess.CompletedProcess(command, len(ran) - 1)

    monkeypatch.setattr(subprocess, "run", run)
    limits = TrialLimits(cpu_s=7, memory_bytes=2_000_000, wall_s=9)
    try_load(rules, Path("tenants.yaml"), limits)
    with pytest.raises(TooExpensive, match="more than 7 s of processor time or 2 MB"):
        try_load(rules, Path("tenants.yaml"), limits)
    command, options = ran[0]
    assert command == [
        sys.executable, "-P", "-m", "signpost.tenants.trial", "7", "2000000", "tenants.yaml", str(rules),
    ]  # fmt: skip
    silent = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
    assert options == {**silent, "timeout": 9, "check": False}


def test_a_child_that_cannot_start_is_a_reason_of_its_own(rules: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", str(rules / "no-python"))
    with pytest.raises(TooExpensive, match="cannot be tried in a child process: No such file"):
        try_load(rules, Path("tenants.yaml"))


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (subprocess.TimeoutExpired("python", 2.5), r"^loading the rules takes longer than 2\.5 s$"),
        (
            OSError(12, "Cannot allocate memory"),
            "cannot be tried in a child process: Cannot allocate memory$",
        ),
    ],
)
def test_a_child_that_does_not_end_or_begin_is_too_expensive(
    rules: Path, monkeypatch: pytest.MonkeyPatch, fault: Exception, reason: str
) -> None:
    def run(command: list[str], **options: Any) -> subprocess.CompletedProcess[bytes]:
        raise fault

    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(TooExpensive, match=reason):
        try_load(rules, Path("tenants.yaml"), TrialLimits(wall_s=2.5))


def test_the_limits_are_those_of_the_manual() -> None:
    assert TrialLimits(cpu_s=120, memory_bytes=1_000_000_000, wall_s=300) == LIMITS
