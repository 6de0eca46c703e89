"""Stages: which milestone an offer, an interview or an application has reached. Pure, from stamps alone."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from signpost.case.case import Register, Stamp

OFFER_STAGES = {
    "extended": "open",
    "accepted": "accepted",
    "letter_signed": "accepted",
    "declined": "declined",
    "withdrawn": "withdrawn",
    "rescinded": "rescinded",
    "expired": "expired",
}
"""Milestone -> stage (events.yaml: the latest milestone decides)."""
INTERVIEW_STAGES = {"scheduled": "scheduled", "rescheduled": "scheduled", "cancelled": "cancelled", "completed": "completed"}
APPLICATION_STAGES = {"submitted": "submitted", "rejected": "rejected"}
LETTER_STAGES = {"letter_received": "received", "letter_signed": "signed"}


@dataclass(frozen=True, slots=True)
class Reading:
    """A value derived from milestones, and the event that decided it."""

    name: str
    value: Any
    stamp: Stamp | None


def stage_of(fields: Mapping[str, Register], stages: Mapping[str, str], name: str = "stage") -> Reading | None:
    """The stage of the latest milestone; None while none is known."""
    reached = [(fields[milestone][0], stage) for milestone, stage in stages.items() if milestone in fields]
    if not reached:
        return None
    stamp, stage = max(reached)
    return Reading(name, stage, stamp)


def offer_stage(fields: Mapping[str, Register]) -> Iterator[Reading]:
    """An offer's stage, when it was accepted, and how far its letter is."""
    stage = stage_of(fields, OFFER_STAGES)
    if stage:
        yield stage
    yield stage_of(fields, LETTER_STAGES, "letter") or Reading("letter", "none", None)
    accepted = _acceptance(fields)
    if accepted:
        yield Reading("accepted_at", accepted[0], accepted)


def _acceptance(fields: Mapping[str, Register]) -> Stamp | None:
    """The latest acceptance; signing the letter counts as one only where no other stands since the offer was last not accepted."""
    accepted, signed = (fields[name][0] if name in fields else None for name in ("accepted", "letter_signed"))
    others = [fields[name][0] for name, stage in OFFER_STAGES.items() if stage != "accepted" and name in fields]
    last_other = max(others, default=None)
    if accepted and signed and last_other and accepted < last_other < signed:
        return signed
    return accepted or signed
