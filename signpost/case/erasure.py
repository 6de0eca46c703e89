"""What an erasure covers, as identities that later events are recognized by. Pure; storage keeps only digests."""

from collections.abc import Collection, Iterator, Mapping
from typing import Final, TypeAlias

from signpost.case.case import Case
from signpost.case.event import Event
from signpost.case.identity import APPLICATION, case_keys

Entity: TypeAlias = tuple[str, str]
"""(kind, id)."""
OWN_ID: Final = "~"
"""Between a source and an id that is its own; no name of a source has it."""
SCOPED: Final = ("offer", "interview")
"""Kinds whose ids are unique within a candidate only; an application is a case key of its own."""


def of_case(key: str) -> str:
    """The identity of a case, a candidate or an application."""
    return f"case\0{key}"


def of_absorbed(key: str) -> str:
    """The identity of an application that was erased with its candidate: it may move to another one."""
    return f"absorbed\0{key}"


def of_event(source: str, event_id: str) -> str:
    """The identity of an event."""
    return f"event\0{source}\0{event_id}"


def of_id(value: str) -> str:
    """The identity of an id of unknown kind, in the body of a webhook."""
    return f"id\0{value}"


def of_entities(keys: Collection[str], entities: Collection[Entity]) -> Iterator[str]:
    """The identities of what belongs to the candidate of these case keys."""
    for kind, name in entities:
        if kind == "application":
            yield of_case(APPLICATION + name)
        elif kind in SCOPED:
            yield from (f"{kind}\0{key}\0{name}" for key in keys)


def of_person(keys: Collection[str], entities: Collection[Entity]) -> set[str]:
    """The identities of these cases of one candidate and of what belongs to them."""
    return {*map(of_case, keys), *of_entities(keys, entities)}


def of_ids(keys: Collection[str], entities: Collection[Entity]) -> Iterator[str]:
    """The same as identities of unknown kind."""
    names = {key.removeprefix(APPLICATION) for key in keys}
    names |= {name for kind, name in entities if kind == "application" or kind in SCOPED}
    for name in names:
        yield of_id(name)
        if OWN_ID in name:  # a body has the id without the source
            yield of_id(name.partition(OWN_ID)[2])


def entities_of(case: Case) -> set[Entity]:
    """The applications, offers and interviews of a case."""
    kinds = ("application", *SCOPED)
    named = {("application", str(name)) for name in _applications(case)}
    return {(kind, name) for kind in kinds for name in case.registers.get(kind, ())} | named


def identities(event: Event) -> list[str]:
    """Every identity that tells whether an erasure covers an event."""
    keys = case_keys(event)
    absorbed = [of_absorbed(key) for key in keys if key.startswith(APPLICATION)]
    return [of_event(event.source, event.id), *map(of_case, keys), *absorbed, *_named(event)]


def is_covered(event: Event, erased_at: Mapping[str, int]) -> bool:
    """Whether an erasure covers an event. `erased_at`: identity -> the latest erasure that covers it (microseconds).

    An event covered once stays so. An event that is dated only by its receipt is covered if it names something that
    was erased, because it may be old. Any other is covered if its time is not after the erasure of its case.
    """
    if of_event(event.source, event.id) in erased_at:
        return True
    if not event.dated and any(one in erased_at for one in _named(event)):
        return True
    case_erased_at = erased_at.get(of_case(event.subject))
    return case_erased_at is not None and event.time <= case_erased_at


def _named(event: Event) -> Iterator[str]:
    """The identities of what an event names, besides its candidate."""
    if event.subject.startswith(APPLICATION):
        yield of_case(event.subject)
    named = {(kind, value) for kind in ("application", *SCOPED) if isinstance(value := event.data.get(kind), str)}
    yield from of_entities([event.subject], named)


def _applications(case: Case) -> Iterator[str]:
    for entities in case.resolved().values():
        for fields in entities.values():
            if "application" in fields and (name := fields["application"][1]):
                yield name
