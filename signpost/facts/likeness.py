"""Whether two texts or places mean the same, as people write them. Pure."""

from collections.abc import Mapping
from typing import Any

from signpost.facts.places import same_region


def same_text(ours: str, theirs: str) -> bool:
    """Whether two texts are the same without letter case."""
    return ours.strip().casefold() == theirs.strip().casefold()


def same_place(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> bool:
    """Whether two places agree in what both state."""
    shared = [key for key in ours if ours[key] is not None and theirs.get(key) is not None]
    return all((same_region if key == "region" else same_text)(ours[key], theirs[key]) for key in shared)
