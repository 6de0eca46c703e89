"""Runs of eight words of the source articles, kept as hashes alone: enough to prove that none of our texts repeats one.

`python -m tests.support.article_runs ARTICLES...` writes them from the articles, which are not part of this project.
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


def runs(text: str) -> Iterator[str]:
    """Every eight words that follow each other, in lower case; template markup is left out."""
    words = _WORD.findall(_MARKUP.sub(" ", text.replace("\u2019", "'")).lower())
    return (" ".join(words[at : at + LENGTH]) for at in range(len(words) - LENGTH + 1))


def digest(run: str) -> bytes:
    return blake2b(run.encode(), digest_size=_SIZE).digest()


def known() -> set[bytes]:
    """The articles' runs."""
    held = FILE.read_bytes()
    return {held[at : at + _SIZE] for at in range(0, len(held), _SIZE)}


def write(articles: list[Path]) -> int:
    found = {digest(run) for article in articles for run in runs(article.read_text("utf-8"))}
    FILE.write_bytes(b"".join(sorted(found)))
    return len(found)


if __name__ == "__main__":
    print(f"{write([Path(argument) for argument in sys.argv[1:]])} runs written to {FILE.name}")
