"""Stages: which milestone an offer, an interview or an application has reached. Pure, from stamps alone."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from signpost.case.case import Register, Stamp

OFFER_STAGES = {
    "extended": "open",
    "accepted": "accepted",
    "accepted.verbal": "accepted",
    "accepted.written": "accepted",
    "letter_signed": "accepted",
    "declined": "declined",
    "withdrawn": "withdrawn",
    "rescinded": "rescinded",
    "expired": "expired",
}
"""Milestone -> stage (events.yaml: the latest milestone decides)."""
ENDED = ("declined", "withdrawn", "rescinded", "expired")
INTERVIEW_STAGES = {
    "scheduled": "scheduled",
    "rescheduled": "scheduled",
    "cancelled": "cancelled",
    "completed": "completed",
}
APPLICATION_STAGES = {"submitted": "submitted", "rejected": "rejected"}
LETTER_STAGES = {"letter_received": "received", "letter_signed": "signed"}


@dataclass(frozen=True, slots=True)
class DerivedFact:
    """A value derived from milestones, and the event that decided it."""

    name: str
    value: Any
    stamp: Stamp | None


def stage_of(fields: Mapping[str, Register], stages: Mapping[str, str], name: str = "stage") -> DerivedFact | None:
    """The stage of the latest milestone; None while none is known."""
    reached = [(fields[milestone][0], stage) for milestone, stage in stages.items() if milestone in fields]
    if not reached:
        return None
    stamp, stage = max(reached)
    return DerivedFact(name, stage, stamp)


def offer_stage(fields: Mapping[str, Register]) -> Iterator[DerivedFact]:
    """An offer's stage, whether it has ended, how far its letter is, and when it was accepted."""
    stage = stage_of(fields, OFFER_STAGES)
    if stage:
        yield stage
    over = stage is not None and stage.value in ENDED
    yield DerivedFact("ended", over, stage.stamp if stage and over else None)
    yield stage_of(fields, LETTER_STAGES, "letter") or DerivedFact("letter", "none", None)
    accepted = _acceptance(fields)
    if accepted:
        yield DerivedFact("accepted_at", accepted[0], accepted)


def _acceptance(fields: Mapping[str, Register]) -> Stamp | None:
    """The first acceptance since the offer was countered; without one, since it last was not accepted.

    So a confirmation in writing moves nothing. Signing the letter counts only where no other acceptance stands.
    """
    broken = _latest(fields, _NOT_ACCEPTED) or NEVER
    countered = max(broken, _latest(fields, ("countered",)) or NEVER)
    said = [fields[name][0] for name in _ACCEPTED if name in fields]
    standing = [stamp for stamp in said if stamp > countered] or [stamp for stamp in said if stamp > broken]
    return min(standing, default=None) or _latest(fields, (*_ACCEPTED, "letter_signed"))


def _latest(fields: Mapping[str, Register], milestones: Iterable[str]) -> Stamp | None:
    return max((fields[name][0] for name in milestones if name in fields), default=None)


NEVER: Stamp = (0, "", "")
_ACCEPTED = ("accepted", "accepted.verbal", "accepted.written")
_NOT_ACCEPTED = tuple(name for name, stage in OFFER_STAGES.items() if stage != "accepted")
