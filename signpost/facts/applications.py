"""The stages of applications, which end and can open again: who was rejected is invited after all. Pure."""

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from signpost.case.case import Stamp
from signpost.facts.entity import Entity

_OPENINGS: Final = {"interview": ("scheduled_at", "rescheduled_at"), "offer": ("extended_at", "accepted_at")}
"""Kind -> what, said after the end of its application, shows that it goes on."""
_NEVER: Final[Stamp] = (0, "", "")


class End(NamedTuple):
    """How and when an application ended; `offset` as its sender wrote that time, in minutes."""

    stage: str
    stamp: Stamp
    offset: int


def add_application_stages(entities: Mapping[str, list[Entity]]) -> dict[str, End]:
    """Set the stage of each application. Returns by id the end that counts, or the last one of an application that is
    open again: it still ends what belonged to the application before."""
    opened: dict[str, Stamp] = {}
    for application, stamp in _openings(entities):
        opened[application] = max(stamp, opened.get(application, _NEVER))
    ends = {one.id: _set_stage(one, opened.get(one.id, _NEVER)) for one in entities["application"]}
    return {application: end for application, end in ends.items() if end is not None}


def _openings(entities: Mapping[str, list[Entity]]) -> Iterator[tuple[str, Stamp]]:
    """What shows that an application goes on. An interview that was entered after it took place does not."""
    for kind, names in _OPENINGS.items():
        for entity in entities[kind]:
            for name in names if "application" in entity.values else ():
                if name in entity.stamps and entity.values.get("starts_at", entity.values[name]) >= entity.values[name]:
                    yield entity.values["application"], entity.stamps[name]


def _set_stage(application: Entity, opened: Stamp) -> End | None:
    """Of one time the end counts (ADR 50). Whoever withdrew is not rejected afterwards, unless it opened again. Then
    the stage is what it was before: submitted, or unknown if nobody said so."""
    since = max(opened, application.stamps.get("submitted_at", _NEVER))
    ends = list(_ends(application))
    standing = [end for end in ends if end.stamp[0] >= since[0]]
    for end in ends:
        if end not in standing:
            application.forget(f"{end.stage}_at")
    if standing:
        application.set("stage", standing[0].stage, standing[0].stamp)
        return standing[0]
    if "submitted_at" in application.values:
        application.set("stage", "submitted", since if ends else application.stamps["submitted_at"])
    return max(ends, key=lambda end: end.stamp, default=None)


def _ends(application: Entity) -> Iterator[End]:
    """The ends of an application, those by the candidate first."""
    for stage in ("withdrawn", "rejected"):
        if f"{stage}_at" in application.stamps:
            yield End(stage, application.stamps[f"{stage}_at"], application.offsets.get(f"{stage}_at", 0))
