"""Joins an offer that a sender knows only by its application with the offer that the application has. Pure."""

from typing import Final, TypeAlias

from signpost.case.case import Register, Registers
from signpost.case.order import EARLIEST

Fields: TypeAlias = dict[str, Register]
BY_APPLICATION: Final = "application-"
"""Begins the id that mappings give an offer without one: `application-7` for application `7`."""


def join_unnamed_offers(registers: Registers) -> Registers:
    """The registers in which a hire that names no offer is the acceptance of the one that was made for its
    application; contacts about it are about that offer too."""
    offers = registers.get("offer", {})
    joins = {unnamed: offer for unnamed in offers if (offer := _offer_of(unnamed, offers))}
    if not joins:
        return registers
    joined = {offer: fields for offer, fields in offers.items() if offer not in joins}
    for unnamed, offer in sorted(joins.items()):
        joined[offer] = _latest(joined[offer], offers[unnamed])
    return {**registers, "offer": joined, "contact": move_contacts(registers.get("contact", {}), joins)}


def _offer_of(unnamed: str, offers: dict[str, Fields]) -> str | None:
    """The offer of the same application that was last extended; None if this one has an id of its own or is alone."""
    application = application_of(offers[unnamed])
    if unnamed == application or unnamed.replace(BY_APPLICATION, "", 1) != application:
        return None
    others = (offer for offer in offers if offer != unnamed and application_of(offers[offer]) == application)
    return max(others, key=lambda offer: (_extended(offers[offer]), offer), default=None)


def application_of(fields: Fields) -> object:
    """The id of the application of an offer; None if unknown."""
    return fields["application"][1] if "application" in fields else None


def _extended(fields: Fields) -> int:
    return fields["extended"][0][0] if "extended" in fields else 0


def _latest(one: Fields, other: Fields) -> Fields:
    return {**other, **{name: _choose(name, held, other.get(name, held)) for name, held in one.items()}}


def _choose(name: str, one: Register, other: Register) -> Register:
    best = min if name.startswith(EARLIEST) else max
    return best(one, other, key=lambda at: at[0])


def move_contacts(contacts: dict[str, Fields], joins: dict[str, str]) -> dict[str, Fields]:
    """Contacts by id, those about an offer that was joined with another as contacts about that one. `joins`: the id of
    an offer -> the id of the one that stands for it."""
    return {contact: _moved(fields, joins) for contact, fields in contacts.items()}


def _moved(fields: Fields, joins: dict[str, str]) -> Fields:
    if "offer" not in fields or fields["offer"][1] not in joins:
        return fields
    stamp, unnamed = fields["offer"]
    return {**fields, "offer": (stamp, joins[unnamed])}
