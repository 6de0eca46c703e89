"""Finds words of a pattern that no routing key has: such a pattern matches nothing."""

from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

from signpost.names import AUDIENCES, CHANGES, PRIORITIES
from signpost.suggestions import meant

Words: TypeAlias = Sequence[str] | None
_OR_NONE: Final = (*PRIORITIES, "none")
KNOWN: Final[Mapping[str, Sequence[Words]]] = {
    "": (None, AUDIENCES, None, PRIORITIES, CHANGES),
    "agenda": (None, AUDIENCES, _OR_NONE),
    "questions": (None, AUDIENCES[:1], _OR_NONE),
}
"""What stands before the colon of a pattern -> the words of its routing keys by place; None: any word."""


def unknown_word(pattern: str) -> str:
    """Why a pattern matches no message: the first word that no routing key has there, "" if there is none. Tenants and
    topics are not known here; after # a word has no place."""
    kind, _, words = pattern.rpartition(":")
    for word, known in zip(words.split("."), KNOWN[kind], strict=False):
        if word == "#":
            break
        if known and word not in (*known, "*"):
            return f"no message has the word {word!r} there; {meant(word, known)}"
    return ""
