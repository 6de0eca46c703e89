"""README and quickstart as a reader follows them: every command is run, and prints what is shown."""

import re
from pathlib import Path

import pytest

from tests.support.documents import ROOT, checkout, run_document

README, QUICKSTART = ROOT / "README.md", ROOT / "docs" / "quickstart.md"
ONE_FILE = "-n 0 tests/unit/test_documents.py"
"""What `make test` runs here: the whole suite includes this test."""


@pytest.mark.parametrize(
    "document", [README, pytest.param(QUICKSTART, marks=pytest.mark.long)], ids=lambda path: path.name
)
def test_every_command_prints_what_the_document_shows(document: Path, tmp_path: Path) -> None:
    assert run_document(document, checkout(tmp_path), ARGS=ONE_FILE) >= 5


@pytest.mark.parametrize("document", [README, QUICKSTART], ids=lambda path: path.name)
def test_no_command_stands_where_it_is_not_run(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    assert set(re.findall(r"^```(\w+)", text, re.MULTILINE)) <= {"console", "text", "json"}
    assert not re.search(r"^    \S", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL), re.MULTILINE)
