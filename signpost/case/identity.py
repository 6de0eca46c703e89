"""Whose case an event belongs to, and which cases it shows to be one. Pure; the storage keeps what was learned."""

from signpost.case.event import Event

APPLICATION = "application:"
"""Before an application's id, in the key of a case whose candidate is not known yet."""


def case_keys(event: Event) -> list[str]:
    """Every case key that the event touches, its own first."""
    return list(dict.fromkeys([event.subject, *(key for link in links(event) for key in link)]))


def links(event: Event) -> list[tuple[str, str]]:
    """(absorbed key, key it lives on under), as far as this event shows."""
    if event.type == "candidate.merged":
        into = event.data["into"]
        return [(event.subject, into)] if into != event.subject else []
    application = event.data.get("application")
    if isinstance(application, str) and not event.subject.startswith(APPLICATION):
        return [(APPLICATION + application, event.subject)]
    return []
