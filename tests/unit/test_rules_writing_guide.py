"""Every example of docs/writing-rules.md: rules load, timelines pass, and what is shown as refused is refused."""

import re
from pathlib import Path

import pytest

from signpost.authoring.timelines import run_timelines
from signpost.rulebook import find_problems, load
from signpost.rulebook.analysis.audit import audit

GUIDE = Path(__file__).parents[2] / "docs" / "writing-rules.md"
FENCE = re.compile(r"^```yaml ?(.*?)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EXAMPLES = FENCE.findall(GUIDE.read_text("utf-8"))
REFUSED = [(kind.split()[1], text) for kind, text in EXAMPLES if kind.startswith("refused")]


def rulebook(folder: Path, *rules: str) -> Path:
    [sources] = [text for kind, text in EXAMPLES if kind == "sources"]
    (folder / "sources.yaml").write_text(sources, "utf-8")
    (folder / "topic.yaml").write_text("\n".join(rules), "utf-8")
    return folder


def test_the_rules_of_the_guide_load_and_its_timelines_pass(tmp_path: Path) -> None:
    rules = [text for kind, text in EXAMPLES if not kind]
    folder = rulebook(tmp_path, *rules)
    paths = []
    for number, (kind, text) in enumerate(EXAMPLES):
        if kind == "timelines":
            paths.append(tmp_path / "timelines" / f"{number}.yaml")
            paths[-1].parent.mkdir(exist_ok=True)
            paths[-1].write_text(text, "utf-8")
    result = run_timelines(paths, folder)
    found, problems = find_problems(folder)
    audit(found, problems)
    assert problems.found == []
    assert len(load(folder).rules) >= 8
    assert result.timelines >= 6
    assert [str(failure) for failure in result.failures] == []


@pytest.mark.parametrize(("code", "text"), REFUSED, ids=[code for code, _ in REFUSED])
def test_what_the_guide_shows_as_refused_is_refused_for_that_reason_alone(tmp_path: Path, code: str, text: str) -> None:
    found, problems = find_problems(rulebook(tmp_path, text))
    audit(found, problems)
    assert {problem.code for problem in problems.found} == {code}
