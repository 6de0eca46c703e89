"""The table of bounded waits says what the code does."""

import ast
import importlib.util
import re
from pathlib import Path

import pytest

from signpost.settings import NAMES, TABLE

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
ROWS = re.findall(r"^\| (.+?) \| ([0-9.]+) \| `(\S+)` \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)


def constant(name: str) -> float:
    """The value of a constant, or of a default of a class, without an import: `wsgi` reads the environment."""
    module, _, member = name.rpartition(".")
    spec = None if module.rpartition(".")[2][0].isupper() else importlib.util.find_spec(module)
    if spec is None:
        module, _, _ = module.rpartition(".")
        spec = importlib.util.find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    tree = ast.parse(Path(spec.origin).read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        targets = [node.target] if isinstance(node, ast.AnnAssign) else getattr(node, "targets", [])
        if any(isinstance(target, ast.Name) and target.id == member for target in targets):
            value = ast.literal_eval(node.value)  # type: ignore[attr-defined]
            return float(value) / (1000 if member.endswith("_MS") else 1)
    raise AssertionError(f"{name} is not defined")


@pytest.mark.parametrize(("what", "seconds", "name"), ROWS)
def test_a_bound_is_what_the_table_says(what: str, seconds: str, name: str) -> None:
    assert float(seconds) == (float(TABLE[NAMES[name]].default) if name in NAMES else constant(name)), what


def test_every_row_was_read() -> None:
    _, _, section = PAGE.read_text(encoding="utf-8").partition("## Bounded waiting")
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    assert len(ROWS) == len(lines) - 2 > 15
