"""Guesses which event type the words of a name mean, for first mappings and for suggestions. Pure."""

import re
from collections.abc import Iterator
from typing import Final

from signpost.schemas import EVENT_SCHEMAS
from signpost.suggestions import meant, nearest

_TYPES: Final = (
    ("offer", "approv|draft|request|(?<!inter)view", ""),
    ("offer", "declin|reject|refus|turned-down", "offer.declined"),
    ("offer", "withdr|cancel|rescind|revok|delet", "offer.rescinded"),
    ("offer", "expir", "offer.expired"),
    ("offer", "-sign", "offer.letter_signed"),
    ("offer", "accept", "offer.accepted"),
    ("", "(?<!un)hire", "offer.accepted"),
    ("offer", "updat|chang", "offer.updated"),
    ("offer", "sent|send|made|extend|creat", "offer.extended"),
    ("offer", "", "offer.extended"),
    ("interview|meeting", "cancel|delet", "interview.cancelled"),
    ("interview|meeting", "updat|chang|move|resched", "interview.rescheduled"),
    ("interview|meeting", "complet|finish", "interview.completed"),
    ("interview|meeting", "schedul|creat|book|invit", "interview.scheduled"),
    ("^(interview|meeting)$", "", "interview.scheduled"),
    ("", "(?<!un)(reject|declin|refus)", "application.rejected"),
    ("", "withdr", "application.withdrawn"),
    ("application", "submit|creat|receiv|new", "application.submitted"),
    ("", "applied", "application.submitted"),
)
"""Two words of a vendor's name of an event, in any order -> the likely type; "" for what is none."""


def type_of(event: str) -> str:
    """Return the likely type of a vendor's event; "" if its name says none."""
    return next((kind for _, kind in _fitting(event)), "")


def meant_type(name: str) -> str:
    """Return a suggestion for a name that is no event type: by the word for what happened, else by likeness."""
    by_word = next((kind for verb, kind in _fitting(name) if verb and kind), "")
    return f"did you mean {by_word}?" if by_word else meant(name, EVENT_SCHEMAS)


def meant_by_author(name: str) -> str:
    """As `meant_type` for who knows the event types: a name that is like a type of its kind is a slip of the pen."""
    kind, _, verb = name.partition(".")
    verbs = [one.removeprefix(f"{kind}.") for one in EVENT_SCHEMAS if one.startswith(f"{kind}.")]
    return meant(name, EVENT_SCHEMAS) if nearest(verb, verbs) else meant_type(name)


def _fitting(event: str) -> Iterator[tuple[str, str]]:
    """Yield the word for what happened, and the type, of each line of the table that fits a name."""
    words = re.sub("[^a-z]+", "-", re.sub("([a-z])([A-Z])", r"\1-\2", event).lower())
    return ((verb, kind) for noun, verb, kind in _TYPES if re.search(noun, words) and re.search(verb, words))
