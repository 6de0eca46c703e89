"""One entity of a case as rules see it, and which entities belong together. Pure."""

from dataclasses import dataclass, field
from typing import Any, Final

from signpost.case.case import Stamp
from signpost.facts.employer_names import plain

LINKS: Final = ("offer", "application", "employer", "employer_name")
"""The fields by which entities belong together."""


@dataclass(slots=True)
class Entity:
    """One offer, interview, application, contact, or the candidate: typed values by field name; a missing field
    is unknown.

    Values: money as `Money`, instants as microseconds, dates as `date`, everything else as in JSON. `offsets`: the
    offset in minutes that the sender wrote, of each instant that it did not write in UTC. `is_renewed`: of an
    application that was submitted again after an end.
    """

    kind: str
    id: str
    values: dict[str, Any] = field(default_factory=dict)
    stamps: dict[str, Stamp] = field(default_factory=dict)
    offsets: dict[str, int] = field(default_factory=dict)
    is_renewed: bool = False

    def set(self, name: str, value: Any, stamp: Stamp | None, offset: int = 0) -> None:
        """Make a value known; None leaves it unknown. `offset`: of an instant, in minutes, as its sender wrote it."""
        if value is not None:
            self.values[name] = value
            self.offsets.pop(name, None)
            if offset:
                self.offsets[name] = offset
            if stamp is not None:
                self.stamps[name] = stamp

    def forget(self, name: str) -> None:
        """Make a value unknown."""
        for known in (self.values, self.stamps, self.offsets):
            known.pop(name, None)


def is_for(item: Entity, subject: Entity) -> bool:
    """Whether one entity belongs to another, by the most specific id that both have: the offer, else the application,
    else the employer."""
    if item.kind == "contact" and subject.kind == "offer" and "offer" in item.values:
        return bool(item.values["offer"] == subject.id)
    if item.kind == "interview" and subject.kind == "application" and _is_of_earlier(item, subject):
        return False
    if (same := agree(item, subject, "application")) is not None:
        return same
    if subject.kind == "interview" and item.kind == "application" and _is_of_earlier(subject, item):
        return False
    return bool(are_of_one_employer(item, subject))


def _is_of_earlier(interview: Entity, application: Entity) -> bool:
    """Whether an interview was held before the submission of an application: of an earlier application, if it names
    none or if that one had ended before it was submitted again."""
    held_at, submitted_at = interview.values.get("completed_at"), application.values.get("submitted_at")
    # Without the first, an employer cannot know of it, or it is an interview that might be
    if interview.values.get("stage") != "completed" or held_at is None or submitted_at is None:
        return False
    is_before = bool(held_at < submitted_at)
    return is_before and (application.is_renewed or "application" not in interview.values)


def are_of_one_employer(one: Entity, other: Entity) -> bool | None:
    """Whether two entities are of one employer, by its id if both have one, else by its name; None if unknown."""
    same = agree(one, other, "employer")
    return agree(one, other, "employer_name") if same is None else same


def agree(one: Entity, other: Entity, name: str) -> bool | None:
    """Whether two entities have the same value of a field of LINKS; None if one has none."""
    ours, theirs = _link_of(one, name), _link_of(other, name)
    return None if ours is None or theirs is None else bool(ours == theirs)


def links_of(entity: Entity) -> dict[str, Any]:
    """What an entity shares with those that belong to it: the known fields of LINKS, and of an offer its id."""
    found: dict[str, Any] = {name: _link_of(entity, name) for name in LINKS if name in entity.values}
    return {**found, "offer": entity.id} if entity.kind == "offer" else found


def _link_of(entity: Entity, name: str) -> Any:
    value = entity.values.get(name)
    return plain(value) if name == "employer_name" and value is not None else value
