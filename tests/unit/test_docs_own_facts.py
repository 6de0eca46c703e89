"""docs/own-facts.md: its files are written, its commands run, and their output is what the page shows."""

import re
from pathlib import Path

from signpost.schemas.own_places import TAKE_OWN
from tests.support.documents import ROOT, run_document


def test_the_guide_to_own_facts_works_as_written(tmp_path: Path) -> None:
    assert run_document(ROOT / "docs" / "own-facts.md", tmp_path, installed=True) == 11


def test_the_guide_lists_the_events_that_take_own_fields() -> None:
    text = (ROOT / "docs" / "own-facts.md").read_text()
    listed = re.search(r"These events accept them:\n(.+?)\. ", text, re.DOTALL)
    assert listed is not None
    assert tuple(re.findall(r"`(.+?)`", listed[1])) == TAKE_OWN
