"""Facts of the articles carry over, their sentences never do."""

import re
from pathlib import Path

import pytest
import yaml

from tests.support.article_runs import hash_run, read_runs, word_runs

ROOT = Path(__file__).parents[2]
TITLES = yaml.safe_load((ROOT / "rules" / "sources.yaml").read_text("utf-8"))["articles"].values()
TEXTS = sorted([*ROOT.glob("rules/*.yaml"), *ROOT.glob("docs/**/*.md"), ROOT / "README.md"])


def test_the_articles_are_known() -> None:
    assert len(read_runs()) > 5_000


def test_a_sentence_of_an_article_would_be_found() -> None:
    """The one sentence that stands here is the articles' own, in another spelling."""
    quoted = "Technically, nothing is OFFICIAL until you receive, {{ x }} review, sign, and submit"
    assert any(hash_run(run) in read_runs() for run in word_runs(quoted))


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_eight_words_in_a_row_are_the_articles(path: Path) -> None:
    """The titles by which we name the articles aside."""
    articles = read_runs()
    pieces = re.split("|".join(map(re.escape, TITLES)), path.read_text("utf-8"))
    assert [run for piece in pieces for run in word_runs(piece) if hash_run(run) in articles] == []
