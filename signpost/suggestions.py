"""Suggestions for misspelt words."""

import difflib
from collections.abc import Iterable

MAX_LISTED = 24
"""More words than this are not listed."""


def meant(word: str, known: Iterable[str]) -> str:
    """A suggestion for a misspelt word: "did you mean ...?", or what there is."""
    words = sorted(known)
    close = difflib.get_close_matches(word, words, n=2, cutoff=0.6)
    if close:
        return f"did you mean {' or '.join(close)}?"
    return "known: " + ", ".join(words) if 0 < len(words) <= MAX_LISTED else ""
