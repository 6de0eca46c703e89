"""Since when the candidate is withdrawing from an accepted offer: the employer has been told, in any form. Pure."""

from collections.abc import Iterable

from signpost.facts.entity import Entity, is_for


def add_withdrawals(offers: Iterable[Entity], contacts: Iterable[Entity]) -> None:
    """Set `withdrawing_since` of each offer: the first withdrawal by the candidate at or after the yes."""
    withdrawals = [contact for contact in contacts if _is_withdrawal(contact)]
    for offer in offers if withdrawals else ():
        accepted_at = offer.values.get("accepted_at")
        since = [one for one in withdrawals if accepted_at is not None and one.values["at"] >= accepted_at]
        first = min((one for one in since if is_for(one, offer)), key=lambda one: one.stamps["at"], default=None)
        if first is not None:
            offer.set("withdrawing_since", first.values["at"], first.stamps["at"], first.offsets.get("at", 0))


def _is_withdrawal(contact: Entity) -> bool:
    return contact.values.get("by") == "candidate" and contact.values.get("purpose") == "withdrawal"
