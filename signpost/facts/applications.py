"""The stages of applications, which end and can open again: who was rejected is invited after all. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from signpost.case.case import Register, Stamp
from signpost.case.order import REACHED
from signpost.facts.entity import Entity
from signpost.facts.values import milestone_offset
from signpost.facts.withdrawals import is_withdrawal

_OPENINGS: Final = {
    "interview": ("scheduled_at", "rescheduled_at"),
    "offer": ("extended_at", "accepted_at", "countered_at"),
}
"""Kind -> what, said after the end of its application, shows that it goes on."""
_ENDS: Final = ("withdrawn", "rejected")
"""The stages of an end; the first of them counts."""
_NEVER: Final[Stamp] = (0, "", "")


class End(NamedTuple):
    """How and when an application ended; `offset` as its sender wrote that time, in minutes."""

    stage: str
    stamp: Stamp
    offset: int


def end_of(entity: Entity, stage: str, name: str) -> End:
    """An end at an instant of an entity: the field of this name."""
    return End(stage, entity.stamps[name], entity.offsets.get(name, 0))


def recorded_ends(applications: Iterable[Entity]) -> dict[str, list[End]]:
    """By id of the application, the ends that were recorded of it. Stages must not be set yet: they include what the
    candidate told the employer."""
    return {one.id: _recorded(one) for one in applications}


def _recorded(application: Entity) -> list[End]:
    return [end_of(application, one, f"{one}_at") for one in _ENDS if f"{one}_at" in application.stamps]


def end_that_counts(ends: Iterable[End]) -> End | None:
    """A withdrawn application is not rejected later."""
    return min(ends, key=_order, default=None)


def add_application_stages(
    entities: Mapping[str, list[Entity]], registers: Mapping[str, Mapping[str, Register]]
) -> dict[str, End]:
    """Set the stage of each application. Returns by id the end that counts, or the last one of an application that is
    open again: it still ends what belonged to the application before. `registers`: of the applications."""
    opened: dict[str, Stamp] = {}
    for application, stamp in _openings(entities):
        opened[application] = max(stamp, opened.get(application, _NEVER))
    told: dict[str, list[End]] = {}
    for contact in entities["contact"]:
        if is_withdrawal(contact) and "application" in contact.values and "offer" not in contact.values:
            told.setdefault(contact.values["application"], []).append(end_of(contact, "withdrawn", "at"))
    ends = {
        one.id: _set_stage(
            one, opened.get(one.id, _NEVER), told.get(one.id, []), _first_ends(registers.get(one.id, {}))
        )
        for one in entities["application"]
    }
    return {application: end for application, end in ends.items() if end is not None}


def _openings(entities: Mapping[str, list[Entity]]) -> Iterator[tuple[str, Stamp]]:
    """What shows that an application goes on. An interview that was entered after it took place does not, and neither
    does one that was cancelled."""
    for kind, names in _OPENINGS.items():
        for entity in entities[kind]:
            shows = "application" in entity.values and entity.values.get("stage") != "cancelled"
            for name in names if shows else ():
                if name in entity.stamps and entity.values.get("starts_at", entity.values[name]) >= entity.values[name]:
                    yield entity.values["application"], entity.stamps[name]


def _first_ends(fields: Mapping[str, Register]) -> dict[str, End]:
    """Each end that was recorded, when it first was: its sender can repeat it without a time."""
    found = {stage: fields[f"{REACHED}.{stage}"] for stage in _ENDS if f"{REACHED}.{stage}" in fields}
    return {stage: End(stage, stamp, milestone_offset(value) or 0) for stage, (stamp, value) in found.items()}


def _set_stage(application: Entity, opened: Stamp, told: Iterable[End], firsts: Mapping[str, End]) -> End | None:
    """Of one time the end counts (ADR 50), unless it opened again. Then the stage is what it was before: submitted, or
    unknown if nobody said so."""
    submitted = application.stamps.get("submitted_at", _NEVER)
    since = max(opened, submitted)
    recorded = _recorded(application)
    firsts = {stage: first for stage, first in firsts.items() if first.stamp[0] >= since[0]}
    ends = [*told, *(min(end, firsts.get(end.stage, end), key=lambda one: one.stamp) for end in recorded)]
    application.is_renewed = any(end.stamp[0] < submitted[0] for end in ends)
    standing = [end for end in ends if end.stamp[0] >= since[0]]
    for end in ends:
        application.forget(f"{end.stage}_at")
    for end in sorted(standing, key=_order, reverse=True):
        application.set("stage", end.stage, end.stamp)
        application.set(f"{end.stage}_at", end.stamp[0], end.stamp, end.offset)
    if standing:
        return end_that_counts(standing)
    if "submitted_at" in application.values:
        application.set("stage", "submitted", since if ends else application.stamps["submitted_at"])
    return max(ends, key=lambda end: end.stamp, default=None)


def _order(end: End) -> tuple[int, Stamp]:
    return _ENDS.index(end.stage), end.stamp
