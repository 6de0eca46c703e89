"""Whether two texts or places mean the same, as people write them. Pure."""

import re
from collections.abc import Mapping
from typing import Any, Final
from unicodedata import category

from signpost.facts.employer_names import without_accents
from signpost.facts.places import same_region

_ANY_GENDER: Final = re.compile(r"\(\s*all genders?\s*\)|\(?\b[mfwdxh](?:\s?[/|]\s?[mfwdxh]){1,3}\b\)?", re.IGNORECASE)
"""`(m/f/d)` and its kin, as advertisements add them to a title."""
_FULL_STOP: Final = re.compile(r"(?<!\d)\.|\.(?!\d)")
"""Not the point of a number."""


def same_text(ours: str, theirs: str) -> bool:
    """Whether two texts are the same without letter case, accents, further spaces, dashes, commas, full stops and
    `(m/f/d)`."""
    return ours == theirs or _without_marks(ours) == _without_marks(theirs)


def _without_marks(text: str) -> str:
    letters = _FULL_STOP.sub("", without_accents(_ANY_GENDER.sub(" ", text)))
    return " ".join("".join(" " if category(one) == "Pd" or one == "," else one for one in letters).split())


def same_place(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> bool:
    """Whether two places agree in what both state."""
    shared = [key for key in ours if ours[key] is not None and theirs.get(key) is not None]
    return all(
        same_text(ours[key], theirs[key]) or (key == "region" and same_region(ours[key], theirs[key])) for key in shared
    )
