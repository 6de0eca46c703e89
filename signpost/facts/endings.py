"""Ends what is over because of something else: an application ends its offer and interviews, a withdrawal that was
told by voice and in writing ends the offer. Pure."""

from collections.abc import Iterable, Mapping
from typing import Final

from signpost.case.case import Stamp
from signpost.facts.applications import End
from signpost.facts.entity import Entity, is_for

_ENDS_OPEN_OFFER: Final = {"rejected": "rescinded", "withdrawn": "declined"}
"""Stage of an application -> the stage that its open offer then has."""
_BY_VOICE: Final = ("phone", "video", "in_person")
_IN_WRITING: Final = ("email", "letter", "message")


def add_endings(entities: Mapping[str, list[Entity]], ended: Mapping[str, End]) -> None:
    """Set the stages of the offers and interviews that have ended so. Employers must be resolved. `ended`: by the id of
    the application."""
    for offer in entities["offer"]:
        _end_offer_of(ended.get(offer.values.get("application", "")), offer)
    for interview in entities["interview"]:
        _end_interview_of(ended.get(interview.values.get("application", "")), interview)
    withdrawals = [one for one in entities["contact"] if is_withdrawal(one)]
    for offer in entities["offer"] if withdrawals else ():
        _end_withdrawn_offer(offer, withdrawals)


def _end_offer_of(end: End | None, offer: Entity) -> None:
    """An application that ends after its offer was made ends the offer too, unless the offer was accepted."""
    if end is None or offer.values.get("stage") != "open":
        return
    if end.stamp[0] >= offer.stamps["stage"][0]:
        _end(offer, _ENDS_OPEN_OFFER[end.stage], end.stamp, end.offset)
        offer.set("ended", True, end.stamp)


def _end_interview_of(end: End | None, interview: Entity) -> None:
    """An application that ends cancels its interviews that are still ahead."""
    if end is None or interview.values.get("stage") != "scheduled":
        return
    time = end.stamp[0]
    if time >= interview.stamps["stage"][0] and interview.values.get("starts_at", time) >= time:
        _end(interview, "cancelled", end.stamp, end.offset)


def _end_withdrawn_offer(offer: Entity, withdrawals: Iterable[Entity]) -> None:
    """Told by voice and in writing, a withdrawal is finished. A later yes or counteroffer opens the matter again."""
    if offer.values.get("stage") not in ("open", "accepted"):
        return
    since = max(offer.stamps["stage"][0], offer.values.get("countered_at", 0))
    last = told_withdrawal(one for one in withdrawals if one.values["at"] >= since and is_for(one, offer))
    if last is not None:
        _end(offer, "withdrawn", last.stamps["at"], last.offsets.get("at", 0))
        offer.set("ended", True, last.stamps["at"])


def told_withdrawal(withdrawals: Iterable[Entity]) -> Entity | None:
    """The contact that finished a withdrawal: the employer was told by voice and in writing then; None before."""
    ordered = sorted(withdrawals, key=_at)
    firsts = [
        next((one for one in ordered if one.values.get("channel") in channels), None)
        for channels in (_BY_VOICE, _IN_WRITING)
    ]
    told = [one for one in firsts if one is not None]
    return max(told, key=_at) if len(told) == len(firsts) else None


def is_withdrawal(contact: Entity) -> bool:
    """Whether the candidate withdraws in a conversation or message."""
    return contact.values.get("by") == "candidate" and contact.values.get("purpose") == "withdrawal"


def _at(contact: Entity) -> tuple[int, str]:
    return contact.values["at"], contact.id


def _end(entity: Entity, stage: str, stamp: Stamp, offset: int) -> None:
    entity.set("stage", stage, stamp)
    entity.set(f"{stage}_at", stamp[0], stamp, offset)
