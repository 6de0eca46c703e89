"""The page of the articles: complete for the shipped rules, and its file checked in words."""

from pathlib import Path

import pytest

from signpost.authoring.catalogue.articles import advice_by_article
from signpost.yaml_files.problems import FileError
from tests.support.rulebooks import shipped

RULES = Path(__file__).parents[2] / "rules"
RULEBOOK = shipped()


def test_every_article_of_the_shipped_rules_is_broken_down() -> None:
    found = advice_by_article(RULES, RULEBOOK)
    assert set(found) == {rule.source.article for rule in RULEBOOK.rules.values()}
    assert all(len(listed) >= 4 for listed in found.values())
    assert sum(bool(advice.left_out) for listed in found.values() for advice in listed) <= 5


@pytest.mark.parametrize(
    ("entry", "complaint"),
    [
        ("{advice: a, rules: [no-such-rule]}", "no-such-rule"),
        ("{advice: a}", "either `rules` or `left_out`"),
        ("{advice: a, rules: [do-not-rush], left_out: b}", "either `rules` or `left_out`"),
        ("{rules: [do-not-rush]}", "must have 'advice'"),
        ("{advice: a, rule: [do-not-rush]}", "has no 'rule'"),
    ],
)
def test_a_fault_of_the_file_is_named(tmp_path: Path, entry: str, complaint: str) -> None:
    (tmp_path / "articles.yaml").write_text(f"back-out:\n  - {entry}\n", encoding="utf-8")
    with pytest.raises(FileError, match=r"articles\.yaml:2") as refused:
        advice_by_article(tmp_path, RULEBOOK)
    assert complaint in str(refused.value)
