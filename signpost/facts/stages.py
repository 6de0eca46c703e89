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
APPLICATION_STAGES = {"submitted": "submitted", "rejected": "rejected", "withdrawn": "withdrawn"}
LETTER_STAGES = {"letter_received": "received", "letter_signed": "signed"}


@dataclass(frozen=True, slots=True)
class DerivedFact:
    """A value derived from milestones, and the event that decided it."""

    name: str
    value: Any
    stamp: Stamp | None


def stage_of(fields: Mapping[str, Register], stages: Mapping[str, str], name: str = "stage") -> DerivedFact | None:
    """The stage of the latest milestone; None if none is known."""
    reached = [(fields[milestone][0], stage) for milestone, stage in stages.items() if milestone in fields]
    if not reached:
        return None
    stamp, stage = max(reached)
    return DerivedFact(name, stage, stamp)


def application_stage(fields: Mapping[str, Register]) -> DerivedFact | None:
    """An application's stage. Whoever withdrew is not rejected afterwards, unless the application was sent again."""
    withdrawn, submitted = (_latest(fields, (name,)) for name in ("withdrawn", "submitted"))
    if withdrawn is not None and (submitted is None or submitted < withdrawn):
        fields = {name: register for name, register in fields.items() if name != "rejected"}
    return stage_of(fields, APPLICATION_STAGES)


def offer_stage(fields: Mapping[str, Register]) -> Iterator[DerivedFact]:
    """An offer's stage, whether it has ended, the state of its letter, and when it was accepted."""
    stage = stage_of(fields, OFFER_STAGES)
    if stage:
        yield stage
    ended = stage is not None and stage.value in ENDED
    yield DerivedFact("ended", ended, stage.stamp if stage and ended else None)
    yield stage_of(fields, LETTER_STAGES, "letter") or DerivedFact("letter", "none", None)
    accepted = _acceptance(fields)
    if accepted:
        yield DerivedFact("accepted_at", accepted[0], accepted)
    yield from _accepted_by(fields)


def _acceptance(fields: Mapping[str, Register]) -> Stamp | None:
    """The first acceptance since the last counteroffer; without one, since the offer was last not accepted.

    So a later written confirmation does not change it. Signing the letter counts only without another acceptance.
    """
    reset = _latest(fields, _NOT_ACCEPTED) or NEVER
    countered = max(reset, _latest(fields, ("countered",)) or NEVER)
    acceptances = [fields[name][0] for name in _ACCEPTED if name in fields]
    valid = [stamp for stamp in acceptances if stamp > countered] or [stamp for stamp in acceptances if stamp > reset]
    return min(valid, default=None) or _latest(fields, (*_ACCEPTED, "letter_signed"))


def _accepted_by(fields: Mapping[str, Register]) -> Iterator[DerivedFact]:
    """In writing once any acceptance was, or the letter is signed; unknown where nobody says how."""
    reset = _latest(fields, _NOT_ACCEPTED) or NEVER
    for by, names in (("written", ("accepted.written", "letter_signed")), ("verbal", ("accepted.verbal",))):
        stamp = _latest(fields, names)
        if stamp is not None and stamp > reset:
            yield DerivedFact("accepted_by", by, stamp)
            return


def _latest(fields: Mapping[str, Register], milestones: Iterable[str]) -> Stamp | None:
    return max((fields[name][0] for name in milestones if name in fields), default=None)


NEVER: Stamp = (0, "", "")
_ACCEPTED = ("accepted", "accepted.verbal", "accepted.written")
_NOT_ACCEPTED = tuple(name for name, stage in OFFER_STAGES.items() if stage != "accepted")
