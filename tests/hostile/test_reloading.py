"""Rules that would exhaust a worker are refused by a child process that dies of them instead."""

import gc
import os
import resource
import time
from functools import partial
from pathlib import Path

import pytest

from signpost.engine.compiled import CompiledEngine
from signpost.tenants.live_rulebooks import LiveEngines
from signpost.tenants.trial import TooExpensive, TrialLimits, try_load

RULE = "{name}:\n  about: offer\n  source: a\n  when: {{stage: open}}\n  priority: high\n  title: T\n  message: M.\n"
MEGABYTE = 1_000_000


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "sources.yaml").write_text("articles: {a: A}\n")
    (tmp_path / "rules" / "topic.yaml").write_text(RULE.format(name="r"))
    return tmp_path / "rules"


def flood(rules: Path, files: int) -> None:
    """Valid files of almost the size that one may have, of as many values as fit."""
    for number in range(files):
        (rules / f"flood-{number}.yaml").write_text("a: [" + "b, " * 300_000 + "b]\n")


def resident_bytes() -> int:
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.parametrize(
    ("limits", "problem"),
    [
        (TrialLimits(memory_bytes=80 * MEGABYTE), "more than 120 s of processor time or 80 MB of memory"),
        (TrialLimits(cpu_s=1), "more than 1 s of processor time"),
        (TrialLimits(wall_s=0.1), "longer than 0.1 s"),
    ],
)
def test_rules_that_exhaust_the_child_are_refused_in_words(rules: Path, limits: TrialLimits, problem: str) -> None:
    engines = LiveEngines(rules, rules / "none", CompiledEngine, trial=partial(try_load, limits=limits))
    before, memory = engines.now(), resident_bytes()
    flood(rules, 3)
    # Without the collection of garbage in `resident_bytes`: it costs half a second after thousands of tests
    cpu = time.process_time()
    assert engines.poll(engines.poll()) == ""
    assert time.process_time() - cpu < 1, "the watcher itself does not work on what it refuses"
    assert engines.now() is before
    [refused] = engines.refused
    assert problem in refused
    assert resident_bytes() - memory < 30 * MEGABYTE


def test_a_child_leaves_no_limit_and_no_process_behind(rules: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_AS), resource.getrlimit(resource.RLIMIT_CPU)
    already = children()
    flood(rules, 3)
    with pytest.raises(TooExpensive):
        try_load(rules, rules / "none", TrialLimits(cpu_s=1))
    assert (resource.getrlimit(resource.RLIMIT_AS), resource.getrlimit(resource.RLIMIT_CPU)) == before
    assert children() <= already


def children() -> set[str]:
    """The child processes of this one, those that ended and were not waited for included."""
    files = Path("/proc/self/task").glob("*/children")
    return {pid for file in files for pid in file.read_text(encoding="ascii").split()}


def test_valid_rules_and_rules_with_problems_pass_the_trial(rules: Path) -> None:
    """Problems are reported by the load that follows, with their positions."""
    engines = LiveEngines(rules, rules / "none", CompiledEngine)
    (rules / "topic.yaml").write_text(RULE.format(name="better"))
    assert engines.poll(engines.poll()) == ""
    assert list(engines.now().rulebooks.default.rules) == ["better"]
    (rules / "topic.yaml").write_text(RULE.format(name="worse").replace("offer", "ofer"))
    assert engines.poll(engines.poll()) == ""
    assert "R013" in engines.refused[0]
