"""`signpost rules check`: what it prints, what counts as a problem, and when it fails."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from signpost.cli import main
from signpost.cli.rules import common
from signpost.cli.rules.check import check
from tests.support.rulebooks import RULES

BROKEN = Path(__file__).parents[1] / "data" / "broken-rules"
TODAY = ("--today", "2026-11-23")


def run(*arguments: object) -> Result:
    return CliRunner().invoke(check, [str(argument) for argument in arguments])


def document(*arguments: object) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run(*arguments, "--json").stdout)
    return found


@pytest.fixture
def warned(tmp_path: Path) -> Path:
    """A rulebook with a timeline and one warning."""
    folder = tmp_path / "rules"
    shutil.copytree(BROKEN / "R028-not-ended-beside-open", folder)
    timelines = (BROKEN / "R071-expects-a-stranger" / "timelines" / "topic.yaml").read_text()
    (folder / "timelines").mkdir()
    (folder / "timelines" / "topic.yaml").write_text(timelines.replace("do-this", "do-it"))
    return folder


def test_the_shipped_rulebook_has_neither_problem_nor_warning() -> None:
    result = run(RULES, "--strict", *TODAY)
    assert (result.exit_code, result.stdout.count("\n")) == (0, 1), result.stdout
    assert " rules, no problem; version " in result.stdout


def test_a_problem_is_told_with_place_code_and_suggestion_and_fails() -> None:
    folder = BROKEN / "R025-passed-and-ahead"
    result = run(folder, *TODAY)
    assert result.exit_code == 1
    said = "`respond_by: ahead` can never hold together with `respond_by: passed` (drop or change a condition)"
    assert result.stdout.splitlines()[1:] == [f"{folder}/topic.yaml:5:17: R025 {said}", "1 rule, 2 problems"]


def test_a_warning_fails_only_where_it_is_asked_for(warned: Path) -> None:
    result = run(warned, *TODAY)
    assert result.exit_code == 0
    said = "warning: `ended: false` is redundant: it follows from `stage: open` (topic.yaml:5:12) (remove it)"
    assert result.stdout.splitlines()[0] == f"{warned}/topic.yaml:6:12: R028 {said}"
    assert result.stdout.splitlines()[1].startswith("1 rule, no problem, 1 warning; version ")
    assert run(warned, "--strict", *TODAY).exit_code == 1


def test_programs_read_warnings_apart_from_problems(warned: Path) -> None:
    found = document(warned, *TODAY)
    assert (found["rules"], found["problems"], len(found["version"])) == (1, [], 12)
    assert [(one["file"], one["line"], one["column"], one["code"]) for one in found["warnings"]] == [
        (str(warned / "topic.yaml"), 6, 12, "R028")
    ]
    assert found["warnings"][0]["suggestion"] == "remove it"


def test_a_place_opens_in_an_editor_from_the_current_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(BROKEN)
    place = run("R025-passed-and-ahead", *TODAY).stdout.splitlines()[1].partition(":")[0]
    assert place == "R025-passed-and-ahead/topic.yaml"
    assert Path(place).is_file()


def test_reviews_grow_stale_on_the_day_after_their_age() -> None:
    folder = BROKEN / "R018-review-to-come"
    days = {"2026-11-23": ["R018"], "2026-11-24": [], "2026-12-04": [], "2026-12-05": ["R016"]}
    for day, codes in days.items():
        found = document(folder, "--today", day, "--max-age", "10")["warnings"]
        assert [one["code"] for one in found] == codes, day


def test_the_present_day_is_the_default() -> None:
    found = document(BROKEN / "R016-stale-review", "--max-age", "0")
    assert [one["code"] for one in found["warnings"]] == ["R016"]


def test_a_malformed_timeline_is_told_at_its_place(warned: Path) -> None:
    (warned / "timelines" / "topic.yaml").write_text("timelines:\n  - name: nothing happens\n")
    found = document(warned, *TODAY)["problems"]
    assert {(one["code"], one["line"]) for one in found} == {("R011", 2)}


COMMANDS = {
    ("check",): "check ours:my-rules",
    ("test",): "test ours:my-rules",
    ("coverage", "--no-cache"): "coverage ours:my-rules",
    ("load-report",): "load-report ours:my-rules",
    ("backtest", "--against", "my-rules", "--events", "events.json"): "backtest --rulebook ours:my-rules",
}


@pytest.fixture
def beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder with rules of one's own, and no shipped rules: what is reported of them is not the point."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(BROKEN / "R071-expects-a-stranger", "my-rules")
    Path("events.json").write_text("[]")
    monkeypatch.setattr(common, "SHIPPED_RULES", tmp_path / "none")
    monkeypatch.setattr("signpost.settings.SHIPPED_RULES", tmp_path / "none")
    return tmp_path


@pytest.mark.parametrize(("command", "named"), COMMANDS.items(), ids=lambda one: one[0])
def test_the_default_tells_of_the_rules_of_the_system(
    beside: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...], named: str
) -> None:
    monkeypatch.setenv("SIGNPOST_RULES", f"ours:{beside}/my-rules")
    line = f"the shipped rules alone; yours: signpost rules {named}\n"
    assert CliRunner().invoke(main, ["rules", *command]).stderr.startswith(line)


@pytest.mark.parametrize(
    ("rules", "arguments"), [("ours", ()), ("ours:", ()), ("ours:my-rules", ("my-rules",)), ("my-rules", ("my-rules",))]
)
@pytest.mark.usefixtures("beside")
def test_what_is_named_or_the_same_is_told_nothing(
    monkeypatch: pytest.MonkeyPatch, rules: str, arguments: tuple[str, ...]
) -> None:
    monkeypatch.setenv("SIGNPOST_RULES", rules)
    assert "alone" not in CliRunner().invoke(main, ["rules", "check", *arguments]).stderr
