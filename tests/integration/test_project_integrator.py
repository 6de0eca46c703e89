"""A new integrator: from an empty folder to the first recommendation from a webhook, in the commands of the guide."""

from pathlib import Path

import pytest

from tests.support.documents import ROOT, read_steps, run_document

GUIDE = ROOT / "docs" / "integrating.md"


@pytest.mark.long
def test_from_nothing_to_advice_from_a_lever_webhook_in_the_commands_of_the_guide(tmp_path: Path) -> None:
    """In few commands: the guide promises ten minutes."""
    assert len([step for step in read_steps(GUIDE) if step.command]) <= 4
    assert run_document(GUIDE, tmp_path, installed=True) >= 3
