"""Hashes of all runs of eight words in the source articles, to prove that no text of this project repeats one.

`python -m tests.support.article_runs ARTICLES...` writes them from the articles, which are not in the repository.
"""

import re
import sys
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path

FILE = Path(__file__).parents[1] / "data" / "article-runs.bin"
LENGTH = 8
_SIZE = 6
_WORD = re.compile(r"[a-z0-9]+(?:'[a-z]+)?")
_MARKUP = re.compile(r"{[{%#].*?[}%#]}", re.DOTALL)


def word_runs(text: str) -> Iterator[str]:
    """Yield every run of eight words in lower case, without template markup."""
    words = _WORD.findall(_MARKUP.sub(" ", text.replace("\u2019", "'")).lower())
    return (" ".join(words[start : start + LENGTH]) for start in range(len(words) - LENGTH + 1))


def hash_run(run: str) -> bytes:
    return blake2b(run.encode(), digest_size=_SIZE).digest()


def read_runs() -> set[bytes]:
    """Return the hashes of the articles' runs."""
    stored = FILE.read_bytes()
    return {stored[start : start + _SIZE] for start in range(0, len(stored), _SIZE)}


def write_runs(articles: list[Path]) -> int:
    found = {hash_run(run) for article in articles for run in word_runs(article.read_text("utf-8"))}
    FILE.write_bytes(b"".join(sorted(found)))
    return len(found)


if __name__ == "__main__":
    print(f"{write_runs([Path(argument) for argument in sys.argv[1:]])} runs written to {FILE.name}")
