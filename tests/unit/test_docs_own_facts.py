"""docs/own-facts.md: its files are written, its commands run, and their output is what the page shows."""

from pathlib import Path

from tests.support.documents import ROOT, run_document


def test_the_guide_to_own_facts_works_as_written(tmp_path: Path) -> None:
    assert run_document(ROOT / "docs" / "own-facts.md", tmp_path, installed=True) == 11
