"""Folders of rules of one's own, with own fields."""

from pathlib import Path
from typing import Any

from signpost.rulebook.own_fields import read_own_fields
from signpost.yaml_files.problems import Problems
from tests.support.rulebooks import OWN_FIELDS

RULE = """
ask-{name}:
  about: offer
  audience: {audience}
  source: {source}
  when: {{stage: open, {when}}}
  priority: normal
  title: Ask about {{{{ {emitted} }}}}
  message: M
"""


def rule(
    when: str, name: str = "it", audience: str = "candidate", emitted: str = "title", source: str = "a", act: str = ""
) -> str:
    """Return one rule about an offer."""
    text = RULE.format(when=when, name=name, audience=audience, emitted=emitted, source=source)
    return text.replace("  about: offer\n", f"  about: offer\n  act: {act}\n") if act else text


def folder(path: Path, rules: str = "", fields: str = OWN_FIELDS, sources: str = "articles: {a: An article}\n") -> Path:
    """Write a folder of rules; returns its path."""
    path.mkdir(exist_ok=True)
    for name, text in (("own", rules), ("fields", fields), ("sources", sources)):
        if text:
            (path / f"{name}.yaml").write_text(text, encoding="utf-8")
    return path


def own(text: str = OWN_FIELDS, path: Path | None = None) -> Any:
    """Return the fields that a folder at `path` declares, for each kind."""
    assert path is not None
    found = Problems()
    vocabulary = read_own_fields(folder(path, fields=text), found)
    assert found.found == []
    return vocabulary.own_kinds
