"""Rules of strangers in the playground: in a child process with limits, and nothing of them stays."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from signpost.services.intake.analysis_processes import ProcessAnalyst
from signpost.services.intake.page.playground_jobs import TryRule
from signpost.services.intake.problems import TooExpensive
from tests.hostile.test_expensive_analyses import child
from tests.support.intake_parts import NOW, intake_at
from tests.support.pages import sign_in
from tests.support.rulebooks import FEW_RULES

__all__ = ["child"]


def make(folder: Path, rules: Path, text: str) -> TryRule:
    return TryRule("north", rules, text, "", None, "c-1", (), NOW, False, folder)


@pytest.fixture
def analyst(child: Any) -> Iterator[ProcessAnalyst]:
    analyst = ProcessAnalyst(child, 1)
    yield analyst
    analyst.close()


def test_the_page_removes_what_an_ended_child_has_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Path] = []

    def run(self: Any, job: TryRule) -> bytes:
        (job.folder / "left.yaml").write_text("x", encoding="utf-8")
        seen.append(job.folder)
        raise TooExpensive("this takes more than 10 s of processor time")

    parts = intake_at(tmp_path, rules=FEW_RULES)
    reader = sign_in(parts)
    page = reader.get("/page/playground")
    monkeypatch.setattr("signpost.services.intake.analysis.LocalAnalyst.run", run)
    shown = reader.send(page, "/page/playground", 422, text="a: b", timelines="", events="[]")
    assert "more than 10 s" in shown.text
    assert [folder.exists() for folder in seen] == [False]
    assert seen[0].is_relative_to(tempfile.gettempdir())


def test_a_text_cannot_reach_files(analyst: ProcessAnalyst, child: Any, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("do not tell", encoding="utf-8")
    texts = [
        f"two: {{about: offer, source: a, when: {{stage: open}}, priority: low, title: T, message: '{body}'}}"
        for body in (f'{{% include "{secret}" %}}', "{{ self.__init__.__globals__ }}", "{{ cycler.__init__ }}")
    ] + [f"two: !!python/object/apply:os.system [cat {secret}]", f"two: !include {secret}"]
    for number, text in enumerate(texts):
        folder = tmp_path / str(number)
        folder.mkdir()
        answer = analyst.run(make(folder, child.rules[0], text))
        assert b'"problems":[{' in answer, text
        assert b"do not tell" not in answer
