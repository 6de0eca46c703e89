"""docs/own-facts.md: its files are written, its commands run, and their output is what the page shows."""

import re
from pathlib import Path

import pytest

from signpost.explain.question_texts import entries
from signpost.facts.vocabulary import KINDS
from signpost.schemas.own_places import TAKE_OWN
from tests.support.documents import ROOT, run_document
from tests.support.rulebooks import shipped


@pytest.mark.long
def test_the_guide_to_own_facts_works_as_written(tmp_path: Path) -> None:
    assert run_document(ROOT / "docs" / "own-facts.md", tmp_path, installed=True) == 14


def test_the_guide_lists_the_events_that_take_own_fields() -> None:
    text = (ROOT / "docs" / "own-facts.md").read_text()
    listed = re.search(r"These events accept them:\n(.+?)\. ", text, re.DOTALL)
    assert listed is not None
    assert tuple(re.findall(r"`(.+?)`", listed[1])) == TAKE_OWN


def test_the_guide_lists_the_points_of_the_shipped_letter() -> None:
    text = (ROOT / "docs" / "own-facts.md").read_text()
    listed = re.search(r"points of shipped rules\nare (.+?);", text)
    assert listed is not None
    assert set(re.findall(r"`(.+?)`", listed[1])) == {rule.point for rule in shipped().rules.values()} - {""}


def test_own_fields_are_not_asked_for() -> None:
    assert (
        "`signpost questions` asks candidates for shipped facts alone" in (ROOT / "docs" / "own-facts.md").read_text()
    )
    asked = {(kind, name) for kind, fields in entries().items() for name in fields}
    assert asked <= {(kind, name) for kind, fields in KINDS.items() for name in fields}
