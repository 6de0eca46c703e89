"""The pay that an offer stated when it was accepted, where it states another now. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, TypeAlias

from signpost.case.case import Register, Stamp
from signpost.case.money import Money, amounts_agree
from signpost.case.order import JOINED, REACHED
from signpost.facts.entity import Entity
from signpost.facts.values import typed_value
from signpost.facts.vocabulary import KINDS

_PAY: Final = f"{JOINED}.salary."
"""Before a pay, in the name of the register of its first statement."""
_IN_WRITING: Final = f"{REACHED}.accepted.written"
_Stated: TypeAlias = tuple[Stamp, Money]


def add_accepted_pay(
    offers: Iterable[Entity], registers: Mapping[str, Mapping[str, Register]], renewed: Mapping[str, int]
) -> None:
    """Set the pay of the yes of each accepted offer whose present pay was first stated after it. A first yes in writing
    that comes later settles the present one.

    `registers`: of the offers. `renewed`: when an offer ended that was extended again."""
    for offer in offers:
        if "salary" in offer.values and offer.values.get("stage") == "accepted":
            fields = registers.get(offer.id, {})
            stated = list(_first_stated(offer, fields, renewed.get(offer.id, -1)))
            since = _changed_since(offer, stated)
            if since is not None and (_IN_WRITING not in fields or fields[_IN_WRITING][0] < since):
                stamp, pay = max(_before_yes(offer, stated), key=lambda one: one[0])
                offer.set("accepted_salary", pay, stamp)


def _changed_since(offer: Entity, stated: Iterable[_Stated]) -> Stamp | None:
    """When the present pay was first stated; None if that was before the yes, or no other pay was."""
    pay, before = offer.values["salary"], _before_yes(offer, stated)
    if not before or any(amounts_agree(pay, known) is not False for _, known in before):
        return None
    return min((stamp for stamp, known in stated if amounts_agree(pay, known)), default=None)


def _before_yes(offer: Entity, stated: Iterable[_Stated]) -> list[_Stated]:
    """Of one time, what was stated comes before the yes (ADR 50)."""
    return [one for one in stated if one[0][0] <= offer.values.get("accepted_at", 0)]


def _first_stated(offer: Entity, fields: Mapping[str, Register], ended: int) -> Iterator[_Stated]:
    """When each pay of an offer was first stated since it was last extended again, and when the employer named that of
    its counteroffer."""
    hours = offer.values.get("hours_per_week")
    for name, (stamp, pay) in fields.items():
        if name.startswith(_PAY) and stamp[0] > ended:
            yield stamp, typed_value(KINDS["offer"]["salary"], pay, hours)
    if "counteroffer_salary" in offer.values:
        yield offer.stamps["counteroffer_salary"], offer.values["counteroffer_salary"]
