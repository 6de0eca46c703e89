"""One entity of a case as rules see it, and which entities belong together. Pure."""

from dataclasses import dataclass, field
from typing import Any

from signpost.case.case import Stamp


@dataclass(slots=True)
class Entity:
    """One offer, interview, application, contact, or the candidate: typed values by field name; a missing field
    is unknown.

    Values: money as `Money`, instants as microseconds, dates as `date`, everything else as in JSON. `offsets`: the
    offset in minutes that the sender wrote, of each instant that it did not write in UTC.
    """

    kind: str
    id: str
    values: dict[str, Any] = field(default_factory=dict)
    stamps: dict[str, Stamp] = field(default_factory=dict)
    offsets: dict[str, int] = field(default_factory=dict)

    def set(self, name: str, value: Any, stamp: Stamp | None, offset: int = 0) -> None:
        """Make a value known; None leaves it unknown. `offset`: of an instant, in minutes, as its sender wrote it."""
        if value is not None:
            self.values[name] = value
            self.offsets.pop(name, None)
            if offset:
                self.offsets[name] = offset
            if stamp is not None:
                self.stamps[name] = stamp


def is_for(item: Entity, subject: Entity) -> bool:
    """Whether one entity belongs to another, by the most specific id that both have: the offer, else the application,
    else the employer."""
    if item.kind == "contact" and subject.kind == "offer" and "offer" in item.values:
        return bool(item.values["offer"] == subject.id)
    for name in ("application", "employer"):
        ours, theirs = item.values.get(name), subject.values.get(name)
        if ours is not None and theirs is not None:
            return bool(ours == theirs)
    return False
