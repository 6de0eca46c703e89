"""Ends what is over because of something else: an application ends its offer and interviews, an offer the interviews
of its application, a withdrawal that was told by voice and in writing the offer. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Final

from signpost.case.case import Stamp
from signpost.facts.applications import End, end_of, end_that_counts
from signpost.facts.employment import midnight_utc
from signpost.facts.entity import Entity, is_for
from signpost.facts.life import LIVE_STAGES
from signpost.facts.withdrawals import is_withdrawal, told_withdrawal

_ENDS_OPEN_OFFER: Final = {"rejected": "rescinded", "withdrawn": "declined"}
"""Stage of an application -> the stage that its open offer then has."""
_ENDS_ACCEPTED_OFFER: Final = {"rejected": "rescinded", "withdrawn": "withdrawn"}


def add_endings(entities: Mapping[str, list[Entity]], ended: Mapping[str, End]) -> None:
    """Set the stages of the offers and interviews that have ended so. Employers must be resolved. `ended`: by the id of
    the application."""
    for offer in entities["offer"]:
        _end_offer_of(ended.get(offer.values.get("application", "")), offer)
    withdrawals = [one for one in entities["contact"] if is_withdrawal(one)]
    for offer in entities["offer"] if withdrawals else ():
        _end_withdrawn_offer(offer, withdrawals)
    unmade = _last_ends(entities["offer"])
    for interview in entities["interview"]:
        for ends in (ended, unmade):
            _end_interview_of(ends.get(interview.values.get("application", "")), interview)


def end_accepted_offers(offers: Iterable[Entity], recorded: Mapping[str, Sequence[End]]) -> None:
    """A recorded end of its application later than the yes ends an accepted offer too, unless its job has begun or
    should have. Beginnings must be set. `recorded`: by the id of the application."""
    for offer in offers:
        if offer.values.get("stage") != "accepted" or "began_at" in offer.values:
            continue
        ends = recorded.get(offer.values.get("application", ""), ())
        end = end_that_counts(one for one in ends if _is_before_start(one, offer))
        if end is not None:
            is_known = "withdrawing_since" in offer.values  # the employer records what the candidate told it
            _end(offer, "withdrawn" if is_known else _ENDS_ACCEPTED_OFFER[end.stage], end.stamp, end.offset)
            offer.set("ended", True, end.stamp)


def add_end_times(offers: Iterable[Entity]) -> None:
    """Set when each offer ended, whichever way. Their ends must be set."""
    for offer in offers:
        if offer.values.get("ended"):
            name = f"{offer.values['stage']}_at"
            offer.set("ended_at", offer.values[name], offer.stamps[name], offer.offsets.get(name, 0))


def _is_before_start(end: End, offer: Entity) -> bool:
    start = offer.values.get("start_date")
    has_started = isinstance(start, date) and midnight_utc(start) <= end.stamp[0]
    return end.stamp[0] > offer.stamps["stage"][0] and not has_started


def _last_ends(offers: Iterable[Entity]) -> dict[str, End]:
    """By application, the last end of its offers, if none of them is open or accepted."""
    live = {offer.values.get("application") for offer in offers if offer.values.get("stage") in LIVE_STAGES["offer"]}
    over = [one for one in offers if one.values.get("ended") and one.values.get("application") not in (None, *live)]
    return {
        offer.values["application"]: end_of(offer, stage, f"{stage}_at")
        for offer in sorted(over, key=lambda one: one.stamps["stage"])
        if (stage := offer.values["stage"])
    }


def _end_offer_of(end: End | None, offer: Entity) -> None:
    """An application that ends after its offer was made ends the offer too, unless the offer was accepted."""
    if end is None or offer.values.get("stage") != "open":
        return
    if end.stamp[0] >= offer.stamps["stage"][0]:
        _end(offer, _ENDS_OPEN_OFFER[end.stage], end.stamp, end.offset)
        offer.set("ended", True, end.stamp)


def _end_interview_of(end: End | None, interview: Entity) -> None:
    """An application that ends, or the offer of one, cancels the interviews that are still ahead."""
    if end is None or interview.values.get("stage") != "scheduled":
        return
    time = end.stamp[0]
    if time >= interview.stamps["stage"][0] and interview.values.get("starts_at", time) >= time:
        _end(interview, "cancelled", end.stamp, end.offset)


def _end_withdrawn_offer(offer: Entity, withdrawals: Iterable[Entity]) -> None:
    """Told by voice and in writing, a withdrawal is finished. A later yes opens the matter again, and a
    counteroffer until the candidate answers it."""
    if offer.values.get("stage") not in ("open", "accepted"):
        return
    since = [one for one in withdrawals if one.values["at"] >= offer.stamps["stage"][0] and is_for(one, offer)]
    last = told_withdrawal(since, offer.values.get("countered_at", 0))
    if last is not None:
        _end(offer, "withdrawn", last.stamps["at"], last.offsets.get("at", 0))
        offer.set("ended", True, last.stamps["at"])


def _end(entity: Entity, stage: str, stamp: Stamp, offset: int) -> None:
    entity.set("stage", stage, stamp)
    entity.set(f"{stage}_at", stamp[0], stamp, offset)
