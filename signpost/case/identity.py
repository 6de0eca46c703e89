"""Maps an event to its case key and to the cases that it links. Pure; storage records the merges."""

from collections.abc import Callable, Iterator
from typing import TypeAlias

from signpost.case.event import Event
from signpost.errors import BugError

LeadsTo: TypeAlias = Callable[[str], str | None]
"""Case key -> the key that its case was merged into, None where it was not."""

APPLICATION = "application:"
"""Before an application's id, in the key of a case whose candidate is not known yet."""


def case_keys(event: Event) -> list[str]:
    """Every case key that the event touches, its own key first."""
    return list(dict.fromkeys([event.subject, *(key for link in links(event) for key in link)]))


def links(event: Event) -> list[tuple[str, str]]:
    """(absorbed key, surviving key) for each link that this event reveals."""
    if event.type == "candidate.merged":
        into = event.data["into"]
        return [(event.subject, into)] if into != event.subject else []
    application = event.data.get("application")
    if isinstance(application, str) and not event.subject.startswith(APPLICATION):
        return [(APPLICATION + application, event.subject)]
    return []


def follow(key: str, leads_to: LeadsTo) -> Iterator[str]:
    """The key and each that it leads to, merge by merge; the last is the one that the case lives on under. Raises
    BugError for a ring."""
    seen: set[str] = set()
    at: str | None = key
    while at is not None:
        if at in seen:
            raise BugError("cases are merged in a ring")
        seen.add(at)
        yield at
        at = leads_to(at)


def lives_on_under(key: str, leads_to: LeadsTo) -> str:
    """The last key of `follow`."""
    *_, last = follow(key, leads_to)
    return last


def is_taken(key: str, leads_to: LeadsTo) -> bool:
    """Whether a key is that of an application that already belongs to a candidate, where it stays."""
    return key.startswith(APPLICATION) and leads_to(key) is not None
