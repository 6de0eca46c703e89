"""Since when the candidate is withdrawing from an offer: the employer has been told, in any form. Pure."""

from collections.abc import Iterable

from signpost.facts.endings import is_withdrawal
from signpost.facts.entity import Entity, is_for


def add_withdrawals(offers: Iterable[Entity], contacts: Iterable[Entity]) -> None:
    """Set `withdrawing_since` of each offer: the first withdrawal by the candidate since the yes or, without one, since
    it was made."""
    withdrawals = [contact for contact in contacts if is_withdrawal(contact)]
    for offer in offers if withdrawals else ():
        offered_at = offer.values.get("accepted_at", offer.values.get("extended_at"))
        since = [one for one in withdrawals if offered_at is not None and one.values["at"] >= offered_at]
        first = min((one for one in since if is_for(one, offer)), key=lambda one: one.stamps["at"], default=None)
        if first is not None:
            offer.set("withdrawing_since", first.values["at"], first.stamps["at"], first.offsets.get("at", 0))
