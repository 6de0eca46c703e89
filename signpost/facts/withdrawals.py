"""Withdrawals by the candidate: what tells an employer of one, when it is finished, and since when the candidate is
withdrawing from an offer. Pure."""

from collections.abc import Iterable, Sequence
from typing import Final

from signpost.facts.entity import Entity, is_for

_BY_VOICE: Final = ("phone", "video", "in_person")
_IN_WRITING: Final = ("email", "letter", "message")


def add_withdrawals(offers: Iterable[Entity], contacts: Iterable[Entity]) -> None:
    """Set `withdrawing_since` of each offer: the first withdrawal by the candidate since the last yes or, without one,
    since it was made. A yes after a withdrawal is the one that counts."""
    withdrawals = [contact for contact in contacts if is_withdrawal(contact)]
    for offer in offers if withdrawals else ():
        offered_at = _last_offered_at(offer)
        own = [one for one in withdrawals if offered_at is not None and is_for(one, offer)]
        since = [one for one in own if one.values["at"] >= offered_at]
        first = min(since, key=lambda one: one.stamps["at"], default=None)
        if first is not None:
            offer.set("withdrawing_since", first.values["at"], first.stamps["at"], first.offsets.get("at", 0))
        if offer.values.get("stage") == "accepted" and any(_is_taken_back(one, offer) for one in own):
            offer.set("accepted_at", offered_at, offer.stamps["stage"], offer.offsets.get("accepted_at", 0))


def _last_offered_at(offer: Entity) -> int | None:
    """`accepted_at` is the first yes, and a later one in another form, or a signature, takes a withdrawal back too."""
    if offer.values.get("stage") == "accepted":
        return offer.stamps["stage"][0]
    offered_at: int | None = offer.values.get("accepted_at", offer.values.get("extended_at"))
    return offered_at


def _is_taken_back(withdrawal: Entity, offer: Entity) -> bool:
    return bool(offer.values["accepted_at"] <= withdrawal.values["at"] < offer.stamps["stage"][0])


def told_withdrawal(withdrawals: Iterable[Entity], countered_at: int = 0) -> Entity | None:
    """The contact that finished a withdrawal: the employer was told by voice and in writing then, and again after a
    counteroffer, in either form; None before."""
    ordered = sorted(withdrawals, key=_at)
    told = _told_both_ways(ordered)
    answer = next((one for one in ordered if one.values["at"] >= countered_at), None)
    return None if told is None or answer is None else max(told, answer, key=_at)


def _told_both_ways(ordered: Sequence[Entity]) -> Entity | None:
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
