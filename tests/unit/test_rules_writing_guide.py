"""docs/writing-rules.md: its rules load, its timelines pass, its commands print what it shows, and what it shows as
refused is refused."""

from itertools import pairwise
from pathlib import Path

import pytest

from signpost.rulebook import find_problems, load
from signpost.rulebook.analysis.audit import audit
from tests.support.guides import Block, blocks, commands, comparable, run

GUIDE = blocks("writing-rules.md")
REFUSED = [
    (block.name.split()[1], block.text, after.text if after.language == "text" else "")
    for block, after in pairwise([*GUIDE, Block("", "", "")])
    if block.name.startswith("refused")
]


def put(folder: Path, block: Block) -> None:
    """Add an example to the rulebook, where the guide says that it belongs."""
    rules = folder / "rules"
    (rules / "timelines").mkdir(parents=True, exist_ok=True)
    if block.name == "sources":
        (rules / "sources.yaml").write_text(block.text, "utf-8")
    elif block.name == "timelines":
        _append(rules / "timelines" / "topic.yaml", block.text)
    elif block.name and not block.name.startswith("refused"):
        (folder / block.name).parent.mkdir(exist_ok=True)
        (folder / block.name).write_text(block.text, "utf-8")
    elif block.language == "yaml" and not block.name:
        _append(rules / "topic.yaml", block.text)


def _append(path: Path, text: str) -> None:
    before = path.read_text("utf-8") + "\n" if path.exists() else ""
    path.write_text(before + (text.removeprefix("timelines:\n") if before else text), "utf-8")


def test_every_command_prints_what_the_guide_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the order of the page: each command sees the examples before it."""
    monkeypatch.chdir(tmp_path)
    seen = 0
    for block in GUIDE:
        put(tmp_path, block)
        for command, output in commands(block) if block.language == "console" else ():
            assert comparable(run(command)) == comparable(output), command
            seen += 1
    assert seen >= 10
    assert len(load(tmp_path / "rules").rules) >= 9


def test_every_command_is_run() -> None:
    assert [block for block in GUIDE if block.language != "console" and "signpost rules" in block.text] == []
    named = {command.split()[2] for block in GUIDE for command, _ in commands(block)}
    assert named == {"new", "check", "test", "coverage", "explain", "backtest", "load-report", "schema"}


@pytest.mark.parametrize(
    ("code", "text", "message"), REFUSED, ids=[f"{code}-{n}" for n, (code, *_) in enumerate(REFUSED)]
)
def test_what_the_guide_shows_as_refused_is_refused_for_that_reason_alone(
    tmp_path: Path, code: str, text: str, message: str
) -> None:
    [*_, sources] = [block for block in GUIDE if block.name == "sources"]
    for block in (sources, Block("yaml", "", text)):
        put(tmp_path, block)
    found, problems = find_problems(tmp_path / "rules")
    audit(found, problems)
    assert {problem.code for problem in problems.found} == {code}
    if message:
        assert message.strip() in {f"rules/{problem}" for problem in problems.found}


def test_early_problems_are_shown_with_their_message() -> None:
    assert len([code for code, _, message in REFUSED if message]) >= 6
