"""What README and the guides say is so: settings, targets, commands, files and links."""

import re
from collections import Counter
from pathlib import Path

import pytest

from signpost.cli import COMMANDS
from signpost.cli.show_settings import markdown_table
from signpost.settings import SHIPPED_RULES

ROOT = SHIPPED_RULES.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
WRITTEN = sorted(
    [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("docs/decisions/*.md"), *ROOT.glob("docs/runbooks/*.md")]
)
"""The documents that people write; docs/rulebook is generated."""
EVERYTHING = "\n".join(path.read_text(encoding="utf-8") for path in WRITTEN)


def test_no_two_events_of_the_guides_have_one_id() -> None:
    """The same id is the same event: who follows one page after the other would see nothing happen."""
    files = [ROOT / "examples" / "offer.json", *(ROOT / "docs" / name for name in ("quickstart.md", "own-facts.md"))]
    text = "\n".join(file.read_text(encoding="utf-8") for file in files)
    ids = Counter(re.findall(r'"id": "([^"]+)",\s+"source": "my-board"', text))
    assert len(ids) == 6
    assert set(ids.values()) == {1}, ids


def test_the_readme_is_short() -> None:
    assert len(README.splitlines()) < 120


def test_the_table_of_settings_is_the_programs_own() -> None:
    """Renew it with `signpost settings --markdown`."""
    settings = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    shown = settings.partition("<!-- settings -->\n")[2].partition("\n<!-- /settings -->")[0]
    assert shown == markdown_table()


def test_every_target_and_command_that_is_named_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"`make ([a-z-]+)|^(?:\$ )?make ([a-z-]+)", EVERYTHING, re.MULTILINE))
    named = {first or second for first, second in targets}
    assert named >= {"run", "test", "demo", "lint", "generate"}
    assert {target for target in named if f"\n{target}:" not in makefile} == set()
    commands = set(re.findall(r"(?:`|^|\$ |/)signpost ([a-z]+(?:-[a-z]+)*)\b", EVERYTHING, re.MULTILINE))
    assert commands >= {"up", "send", "tail", "rules"}
    assert commands - set(COMMANDS) == set()


def links(document: Path) -> list[str]:
    """The targets of links to files of the project, less their fragments."""
    text = re.sub(r"^```.*?^```", "", document.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    found = re.findall(r"\]\(([^)\s]+)\)", text)
    return [link for link in found if "://" not in link and not link.startswith("mailto:")]


@pytest.mark.parametrize("document", WRITTEN, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(document: Path) -> None:
    for link in links(document):
        path, _, fragment = link.partition("#")
        target = (document.parent / path) if path else document
        assert target.exists(), link
        assert not fragment or fragment in anchors(target), link


def anchors(document: Path) -> set[str]:
    """The headings of a document as a browser on GitHub addresses them."""
    headings = re.findall(r"^#+ (.*)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_documents_link_to_each_other() -> None:
    assert len([link for document in WRITTEN for link in links(document)]) > 40
    reached = {(document.parent / link.partition("#")[0]).resolve() for document in WRITTEN for link in links(document)}
    assert [path.name for path in WRITTEN if path not in reached and path.name != "README.md"] == []


@pytest.mark.parametrize(
    "path", sorted(set(re.findall(r"(?<![./\w])(?:examples|deploy|schemas|rules|signpost)/[\w./-]*\w", README)))
)
def test_every_file_that_is_named_exists(path: str) -> None:
    assert (ROOT / path).exists()


def test_no_file_names_an_address_of_one_machine() -> None:
    files = sorted(ROOT.glob("requirements*.lock"))
    listed = re.findall(r"^#   (\S+\.lock)", (ROOT / "deploy/lock.sh").read_text(encoding="utf-8"), re.MULTILINE)
    assert [path.name for path in files] == sorted(listed)
    locks = [path.read_text(encoding="utf-8") for path in files]
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


def test_decisions_are_numbered_without_a_gap_and_indexed_in_order() -> None:
    folder = ROOT / "docs/decisions"
    files = sorted(path.name for path in folder.glob("0*.md"))
    assert [int(name[:4]) for name in files] == list(range(1, len(files) + 1))
    index = re.findall(r"^\| \[(\d+)\]\((0[^)]+)\)", (folder / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert index == [(str(int(name[:4])), name) for name in files]
    titles = [(folder / name).read_text(encoding="utf-8").partition(":")[0] for name in files]
    assert titles == [f"# ADR {int(name[:4])}" for name in files]
