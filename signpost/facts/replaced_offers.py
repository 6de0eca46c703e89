"""Joins the offers of one application: a revised offer under an id of its own takes the place of the earlier one.
Pure."""

from collections.abc import Iterable, Iterator
from typing import Final

from signpost.case.case import Registers
from signpost.case.order import JOINED, NAMED, REACHED
from signpost.facts.employer_names import plain
from signpost.facts.likeness import same_text
from signpost.facts.stages import ENDED, OFFER_STAGES, stage_of
from signpost.facts.unnamed_offers import Fields, application_of, move_contacts

_YES: Final = ("accepted", "accepted.verbal", "accepted.written", "letter_signed")
_USES: Final = (*_YES, "letter_received", "countered", "declined", "withdrawn", "started")
"""What shows that an offer is still dealt with. That its employer takes it back or lets it expire does not."""
_OF_ONE_OFFER: Final = (
    *("extended", "updated", "started", "respond_by", "acceptance_planned"),
    *("letter", "letter_received", "letter_signed", "countered", "counteroffer"),
    *("withdrawal_planned", "withdrawal_reasons", "bottom_line"),
)
"""What a revised offer does not take over, beside when its deadlines, pay and milestones were first stated."""
_FIRST: Final = (f"{JOINED}.", f"{REACHED}.")
"""Beginning of the fields with the first statement of a deadline, a pay or a milestone."""


def join_replaced_offers(registers: Registers) -> Registers:
    """The registers in which the last offer of each application stands for those that it replaces (ADR 70): it has the
    terms that it leaves unknown, the answers that came before it, and the contacts."""
    offers = dict(registers.get("offer", {}))
    joins = {old: new for group in _rivals(offers) for old, new in _join(group, offers)}
    if not joins:
        return registers
    last = {old: _follow(old, joins) for old in joins}
    return {**registers, "offer": offers, "contact": move_contacts(registers.get("contact", {}), last)}


def _rivals(offers: dict[str, Fields]) -> list[list[str]]:
    """The ids of the offers of each application that has several, from the first to the last."""
    found: dict[object, list[str]] = {}
    for offer, fields in offers.items():
        if (application := application_of(fields)) is not None and _came_at(fields):
            found.setdefault(application, []).append(offer)
    return [sorted(ids, key=lambda one: _order(one, offers[one])) for ids in found.values() if len(ids) > 1]


def _join(group: Iterable[str], offers: dict[str, Fields]) -> Iterator[tuple[str, str]]:
    """Join the offers of one application in place; yield (id of the replaced one, id of the one that replaces it)."""
    standing: list[str] = []
    for new in group:
        for old in reversed(standing):
            if _replaces(offers[new], offers[old]):
                standing.remove(old)
                offers[new] = _take_over(offers.pop(old), offers[new])
                yield old, new
        standing.append(new)


def _follow(offer: str, joins: dict[str, str]) -> str:
    while offer in joins:
        offer = joins[offer]
    return offer


def _order(offer: str, fields: Fields) -> tuple[int, int, str]:
    """Of one time, the offer that was accepted is the last one, and one that has ended the first."""
    stage = stage_of(fields, OFFER_STAGES)
    standing = 0 if stage is None or stage.value in ENDED else 1 + (stage.value == "accepted")
    return _came_at(fields), standing, offer


def _came_at(fields: Fields) -> int:
    """When an offer was last made or, if nobody states that, first accepted; 0: never."""
    if "extended" in fields:
        return fields["extended"][0][0]
    return min((fields[name][0][0] for name in _YES if name in fields), default=0)


def _replaces(new: Fields, old: Fields) -> bool:
    """Whether an offer takes the place of an earlier one of its application. Two titles are two positions, and an
    answer to the earlier one after the later one came shows that both are meant."""
    used_at = max((old[name][0][0] for name in _USES if name in old), default=0)
    return used_at <= _came_at(new) and _agree(new, old, "title") and _is_of_one_employer(new, old)


def _is_of_one_employer(new: Fields, old: Fields) -> bool:
    if all(fields.get("employer.id", (None, None))[1] for fields in (new, old)):
        return bool(plain(new["employer.id"][1]) == plain(old["employer.id"][1]))
    return _agree(new, old, "employer.name")


def _agree(new: Fields, old: Fields, name: str) -> bool:
    """Whether two offers state the same text, or one of them none."""
    ours, theirs = (fields.get(name, (None, None))[1] for fields in (new, old))
    return ours is None or theirs is None or same_text(ours, theirs)


def _take_over(old: Fields, new: Fields) -> Fields:
    """What is stated of an offer, with what it takes over from the one that it replaces. A condition that was named
    before is not new."""
    came = _came_at(new)
    kept = {name: one for name, one in old.items() if name not in _OF_ONE_OFFER and not name.startswith(_FIRST)}
    if "letter_signed" in old:
        kept.setdefault("accepted.written", old["letter_signed"])
    kept = {name: one for name, one in kept.items() if name not in OFFER_STAGES or one[0][0] < came}
    named = {name: min(one, new.get(name, one)) for name, one in kept.items() if name.startswith(f"{NAMED}.")}
    return {**kept, **new, **named}
