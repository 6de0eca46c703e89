"""docs/security.md names tests that exist, and every test of this folder."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_page_names_the_tests_of_its_promises() -> None:
    named = set(re.findall(r"`(tests/[a-z_/]+\.py)`", (ROOT / "docs/security.md").read_text(encoding="utf-8")))
    present = {str(path.relative_to(ROOT)) for path in (ROOT / "tests/hostile").glob("test_*.py")}
    assert [name for name in named if not (ROOT / name).is_file()] == []
    assert present - named == {"tests/hostile/test_security_page.py"}
