"""The tool of `make mutants`: a short run, and the list of explained survivors."""

import json
import re
import subprocess
import sys

import pytest

from tests.mutants.by_hand import load_by_hand, modules_by_hand
from tests.mutants.groups import GROUPS
from tests.mutants.mutants import ROOT, mutants_of
from tests.mutants.survivors import FILE as SURVIVORS
from tests.mutants.survivors import Survivor, load_survivors, stale
from tests.mutants.trial import StartedPrograms

MODULES = sorted({path for group in GROUPS.values() for path in group.paths()})


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.mutants", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


def test_the_tests_notice_a_few_changes() -> None:
    """The short form of `make mutants`."""
    places = [f"signpost/case/money.py::{name}" for name in ("_hours_for_both", "Money.annual_at", "Money.from_json")]
    tests = ["--tests", "tests/unit/test_case_money.py"]
    done = run(*places, *tests, "--sample", "12", "--seed", "1", "--min-score", "100", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    (score,) = json.loads(done.stdout)
    assert (score["mutants"], score["killed"], score["survivors"]) == (12, 12, [])


def test_the_list_of_survivors_has_one_section_for_each_module_and_function() -> None:
    """YAML keeps only the last of two equal keys."""
    text = SURVIVORS.read_text(encoding="utf-8")
    known = {(survivor.key[0], survivor.key[1]) for survivor in load_survivors()}
    assert len(re.findall(r"^[a-z].*:$", text, re.MULTILINE)) == len({module for module, _ in known})
    assert len(re.findall(r"^  [^ -].*:$", text, re.MULTILINE)) == len(known)


@pytest.mark.long
def test_a_change_that_no_test_notices_fails_the_run() -> None:
    done = run("signpost/case/money.py::comparable", "--tests", "tests/unit/test_case_identity.py")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "untested in comparable: if ours.per == theirs.per:  ->  if True:" in done.stdout
    assert " 0.0%" in done.stdout.splitlines()[-1]


def test_every_explained_survivor_is_a_change_of_the_code_as_it_is() -> None:
    survivors = load_survivors()
    assert all(survivor.why.strip() for survivor in survivors)
    mutants = [mutant for path in MODULES for mutant in mutants_of(path)]
    assert len({mutant.key for mutant in mutants}) == len(mutants) > 3000
    assert stale(survivors, mutants) == []


def test_every_change_by_hand_is_one_of_the_code_as_it_is() -> None:
    changes = [change for module in modules_by_hand() for change in load_by_hand(module)]
    assert set(modules_by_hand()) <= set(MODULES)
    assert len({change.key for change in changes}) == len(changes) > 100
    for change in changes:
        assert change.tree().body
        assert change.loses.strip()
        assert (change.within == "") <= (not change.lines)


@pytest.mark.long
def test_a_change_by_hand_is_tried_like_any_other() -> None:
    tests = ["--tests", "tests/unit/test_project_tenants.py", "tests/unit/test_tenants_sources.py"]
    done = run("signpost/tenants/model.py", "--by-hand", *tests, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    (score,) = json.loads(done.stdout)
    assert score["killed"] == score["mutants"] == len(load_by_hand("signpost/tenants/model.py"))


def test_log_lines_and_crash_points_are_not_changed() -> None:
    changed = {mutant.before for mutant in mutants_of("services/intake/acceptance.py")}
    assert "wait(futures, self._confirm_timeout_s)" in changed
    assert [text for text in changed if text.startswith(("reach(", "log."))] == []


def test_an_explanation_of_code_that_changed_is_stale() -> None:
    known = mutants_of("signpost/case/money.py")[-1]
    old = Survivor((known.module, known.within, "ours.per == old", known.after, 1), "why")
    assert stale([Survivor(known.key, "why")], [known]) == []
    assert stale([old], [known]) == [
        f"signpost/case/money.py, {known.within}: no code 'ours.per == old' that becomes {known.after!r}"
    ]


def test_only_programs_of_this_project_count_as_started() -> None:
    """They run the code as it is on disk, without the mutant."""
    started = StartedPrograms()
    subprocess.run([sys.executable, "-c", ""], check=True)
    assert not started
    subprocess.run([sys.executable, "-c", "'import signpost'"], check=True)
    assert started
    started.clear()
    assert not started
