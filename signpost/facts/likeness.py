"""Whether two texts or places mean the same, as people write them. Pure."""

import re
from collections.abc import Mapping
from typing import Any, Final
from unicodedata import category, normalize

from signpost.facts.places import same_region

_ANY_GENDER: Final = re.compile(r"\(\s*all genders?\s*\)|\(?\b[mfwdxh](?:\s?[/|]\s?[mfwdxh]){1,3}\b\)?", re.IGNORECASE)
"""`(m/f/d)` and its kin, as advertisements add them to a title."""
_ACCENTS: Final = dict.fromkeys(range(0x300, 0x370))
"""Combining marks of Latin, Greek and Cyrillic letters. In other scripts such marks make another word."""


def same_text(ours: str, theirs: str) -> bool:
    """Whether two texts are the same without letter case, accents, further spaces, kinds of dashes and `(m/f/d)`."""
    return ours == theirs or _plain(ours) == _plain(theirs)


def _plain(text: str) -> str:
    letters = normalize("NFKD", _ANY_GENDER.sub(" ", text).casefold()).translate(_ACCENTS)
    return " ".join("".join("-" if category(one) == "Pd" else one for one in letters).split())


def same_place(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> bool:
    """Whether two places agree in what both state."""
    shared = [key for key in ours if ours[key] is not None and theirs.get(key) is not None]
    return all(
        same_text(ours[key], theirs[key]) or (key == "region" and same_region(ours[key], theirs[key])) for key in shared
    )
