"""What the README says is so."""

import re

import pytest

from signpost.cli import COMMANDS
from signpost.cli.show_settings import markdown_table
from signpost.settings import SHIPPED_RULES

ROOT = SHIPPED_RULES.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_table_of_settings_is_the_programs_own() -> None:
    """Renew it with `signpost settings --markdown`."""
    shown = README.partition("<!-- settings -->\n")[2].partition("\n<!-- /settings -->")[0]
    assert shown == markdown_table()


def test_every_target_and_command_that_is_named_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"\bmake ([a-z-]+)(?:[`\n]|  )", README))
    assert targets >= {"run", "test", "demo"}
    assert all(f"\n{target}:" in makefile for target in targets)
    commands = set(re.findall(r"signpost ([a-z]+)(?: |`|\n)", README))
    assert commands - set(COMMANDS) <= {"watches"}


@pytest.mark.parametrize(
    "path", sorted(set(re.findall(r"(?<![./\w])(?:examples|deploy|schemas|rules|signpost)/[\w./-]*\w", README)))
)
def test_every_file_that_is_named_exists(path: str) -> None:
    assert (ROOT / path).exists() or path == "deploy/client"


def test_no_file_names_an_address_of_one_machine() -> None:
    locks = [path.read_text(encoding="utf-8") for path in ROOT.glob("requirements*.lock")]
    assert len(locks) == 4
    assert not [
        line for lock in locks for line in lock.splitlines() if "://" in line or "/tmp/" in line or "@ " in line
    ]
    assert all("--hash=sha256:" in lock for lock in locks)


def test_the_locks_hold_what_the_project_asks_for() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    asked = re.findall(r"^(?:    |durable-rules = \[)[\"']([A-Za-z0-9-]+)(?:\[[a-z]+\])?[><=]", project, re.MULTILINE)
    locks = [path.read_text(encoding="utf-8").lower() for path in sorted(ROOT.glob("requirements*.lock"))]
    locked = "\n" + "\n".join(locks)
    assert len(asked) > 20
    assert [name for name in asked if f"\n{name.lower()}==" not in locked] == []
