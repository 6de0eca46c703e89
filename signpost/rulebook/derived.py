"""Remembers what is derived from parts of a rulebook. By identity: hashing a rule takes longer than most uses."""

from collections.abc import Callable
from functools import wraps
from typing import Final, TypeVar

T = TypeVar("T")
R = TypeVar("R")
MAX_REMEMBERED: Final = 20_000
"""Parts of rulebooks; when there are more, after many reloads, all are derived again."""


def derive_once(derive: Callable[[T], R]) -> Callable[[T], R]:
    """The same function, which runs once for each object. The object must not change."""
    known: dict[int, tuple[T, R]] = {}

    @wraps(derive)
    def derived(part: T) -> R:
        found = known.get(id(part))
        if found is None:
            if len(known) >= MAX_REMEMBERED:
                known.clear()
            # The part is kept with the result, so no other object gets its id
            found = known[id(part)] = (part, derive(part))
        return found[1]

    return derived
