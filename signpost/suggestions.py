"""Suggestions for misspelled names and signs, for messages. Data and messages of callers are not here."""

import difflib
import re
from collections.abc import Iterable, Set

MAX_LISTED = 24
"""The longest list of names in a message."""
MAX_WORD = 64
"""The longest word that is compared: names are shorter, and comparing takes time."""

MIN_START = 3
"""The shortest beginning of a name that is taken for it."""

CUTOFF = 0.6
MARGIN = 0.05
"""How alike a word and a name must be, from 0 to 1; the margin is for a second name where the first is hardly so."""

IS_MISSING = "did you mean {}, which is missing?"


_SIGNS = {">": "above", ">=": "at least", "<": "below", "<=": "at most", "=": "", "==": ""}
_COMPARISON = re.compile(r"([<>]=?|==?) *([^<>=+\s-].*)")


def in_words(text: str) -> str:
    """A comparison by sign in the words of conditions: `above 2` for `> 2`, `x` for `== x`; "" for any other text."""
    match = _COMPARISON.fullmatch(text)
    return f"{_SIGNS[match[1]]} {match[2]}".strip() if match else ""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The end of a message: "; did you mean ...?" for the most similar word, "" if none is similar."""
    near = nearest(word, known)
    return f"; did you mean {near}?" if near else ""


def nearest(word: str, known: Iterable[str]) -> str:
    """The most similar word, "" if none is similar."""
    return next(iter(_nearest(word, list(known), 1)), "")


def meant(word: str, known: Iterable[str]) -> str:
    """A suggestion of its own: "did you mean ...?" for one or two near words, or what there is, in the order of
    `known`."""
    words = sorted(known) if isinstance(known, Set) else list(dict.fromkeys(known))
    near = _nearest(word, words, 2)
    if near:
        return f"did you mean {' or '.join(near)}?"
    return "known: " + ", ".join(words) if 0 < len(words) <= MAX_LISTED else ""


def is_misspelt(name: str, words: Iterable[str], known: Iterable[str]) -> bool:
    """Whether one of these words, where it is not known itself, stands for the name: `visble_to` for `visible_to`."""
    names = list(known)
    return any(name in _nearest(word, names, 2) for word in words if word not in names)


def stand_in(words: Iterable[str], known: Iterable[str], required: Iterable[str]) -> dict[str, str]:
    """The only word that is not known, and the only required name that is missing, for which it probably stands (`if`
    for `when`); empty where there are more, or where the word is like another."""
    given, names = list(words), list(known)
    unknown, missing = [word for word in given if word not in names], [name for name in required if name not in given]
    is_clear = len(unknown) == len(missing) == 1 and not nearest(unknown[0], names)
    return {unknown[0]: missing[0]} if is_clear else {}


def _nearest(word: str, known: list[str], count: int) -> list[str]:
    if len(word) > MAX_WORD:
        return []
    near = difflib.get_close_matches(word, known, n=count, cutoff=CUTOFF)
    if 0 < len(near) < count and not difflib.get_close_matches(word, near, cutoff=CUTOFF + MARGIN):
        near = difflib.get_close_matches(word, known, n=count, cutoff=CUTOFF - MARGIN)  # a second one, almost as near
    return list(dict.fromkeys([*_begun(word, known), *near]))[:count]


def _begun(word: str, known: list[str]) -> list[str]:
    """The name that the word begins, if it is only one: `ask-visa` for `ask-visa-sponsorship`."""
    longer = {name for name in known if len(word) >= MIN_START and name.startswith(word)}
    return [*longer] if len(longer) == 1 else []
