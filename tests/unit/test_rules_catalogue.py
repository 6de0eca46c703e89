"""The catalogue stands in the repository as the rules make it."""

from pathlib import Path

from signpost.authoring.catalogue import pages

ROOT = Path(__file__).parents[2]


def test_the_pages_are_up_to_date() -> None:
    found = {path.name: path.read_text("utf-8") for path in (ROOT / "docs" / "rulebook").glob("*.md")}
    assert found == pages(ROOT / "rules", "../../rules"), "run: python -m signpost.authoring.catalogue"


def test_every_rule_shows_a_sample_and_its_timelines() -> None:
    found = pages(ROOT / "rules", "../../rules")
    rules = [part for name, text in found.items() if name != "fields.md" for part in text.split("\n## ")[1:]]
    described = [part for part in rules if "\nWhen:\n" in part]
    assert described
    for part in described:
        assert "For example:" in part, part.splitlines()[0]
        assert part.count(".yaml#L") >= 1, part.splitlines()[0]
