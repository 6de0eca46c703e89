"""Stages: which milestone an offer, an interview or an application has reached. Pure, from stamps alone.

Of milestones with one time the one further on in life counts (see ADR 50): many senders know seconds or days only.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from signpost.case.case import Register, Stamp
from signpost.case.fold import ACCEPTANCES
from signpost.case.order import REACHED

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
"""Milestone -> stage, in the order of life (events.yaml: the latest milestone decides)."""
ENDED = ("declined", "withdrawn", "rescinded", "expired")
INTERVIEW_STAGES = {
    "scheduled": "scheduled",
    "rescheduled": "scheduled",
    "cancelled": "cancelled",
    "completed": "completed",
}
_AHEAD = ("scheduled", "rescheduled")
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
    reached = [
        (stamp[0], place, stamp, stage)
        for place, (milestone, stage) in enumerate(stages.items())
        if milestone in fields and (stamp := fields[milestone][0])
    ]
    if not reached:
        return None
    _, _, stamp, stage = max(reached)
    return DerivedFact(name, stage, stamp)


def interview_stage(fields: Mapping[str, Register], starts_at: int | None) -> DerivedFact | None:
    """The stage of an interview. What is stated after it was held completes its record, unless it is to begin later."""
    stage = stage_of(fields, INTERVIEW_STAGES)
    if stage is None or stage.stamp is None or stage.value != "scheduled" or "completed" not in fields:
        return stage
    held = fields["completed"][0]
    if starts_at is not None and starts_at > held[0] and _is_moved(fields, starts_at, held, stage.stamp):
        return stage
    return stage_of({name: fields[name] for name in fields if name not in _AHEAD}, INTERVIEW_STAGES)


def _is_moved(fields: Mapping[str, Register], starts_at: int, held: Stamp, scheduled: Stamp) -> bool:
    """Whether a later start was stated after an interview was held. A start that was known before is a move only while
    it is ahead: an interview can be held some minutes before it."""
    stamp, written = fields.get("starts_at", (scheduled, None))
    first, _ = fields.get(f"{REACHED}.starts_at.{written}", (stamp, None))
    return first > held or (stamp > held and starts_at > scheduled[0])


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
        yield DerivedFact("accepted_at", accepted[0], accepted[2])
        yield from _accepted_by(fields, accepted)


def _acceptance(fields: Mapping[str, Register]) -> "_Reached | None":
    """The first acceptance since the last counteroffer; without one, since the offer was last not accepted.

    So a later written confirmation does not change it. Signing the letter counts only without another acceptance.
    """
    reset = _latest(fields, _NOT_ACCEPTED) or NEVER
    countered = max(reset, _latest(fields, ("countered",)) or NEVER)
    acceptances = [
        (fields[each][0][0], _ORDER.index(name), fields[each][0])
        for name in ACCEPTANCES
        for each in (name, f"{REACHED}.{name}")  # the last of this form, and the first
        if each in fields
    ]
    valid = [one for one in acceptances if one > countered] or [one for one in acceptances if one > reset]
    return min(valid, default=None) or _latest(fields, (*ACCEPTANCES, "letter_signed"))


def _accepted_by(fields: Mapping[str, Register], accepted: "_Reached") -> Iterator[DerivedFact]:
    """In writing once any acceptance was, or the letter is signed; unknown where nobody says how. Of an
    accepted counteroffer, the acceptances since it count."""
    reset, countered = (_latest(fields, names) or NEVER for names in (_NOT_ACCEPTED, ("countered",)))
    since = max(reset, countered) if accepted > countered else reset
    for by, names in (("written", ("accepted.written", "letter_signed")), ("verbal", ("accepted.verbal",))):
        found = _latest(fields, names)
        if found is not None and found > since:
            yield DerivedFact("accepted_by", by, found[2])
            return


_Reached: TypeAlias = tuple[int, int, Stamp]
"""When a milestone was reached, its place in the order of life, and its stamp."""


def _latest(fields: Mapping[str, Register], milestones: Iterable[str]) -> _Reached | None:
    return max((_reached(fields, name) for name in milestones if name in fields), default=None)


def _reached(fields: Mapping[str, Register], name: str) -> _Reached:
    stamp = fields[name][0]
    return stamp[0], _ORDER.index(name), stamp


NEVER: _Reached = (0, -1, (0, "", ""))
_NOT_ACCEPTED = tuple(name for name, stage in OFFER_STAGES.items() if stage != "accepted")
_ORDER = ("extended", "countered", *(name for name in OFFER_STAGES if name != "extended"))
"""An acceptance of the time of a counteroffer answers it."""
