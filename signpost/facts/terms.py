"""The terms of an offer: as stated of it, as a counteroffer that was accepted changes them, and as the letter states
them. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import tzinfo
from fractions import Fraction
from typing import Any, Final
from zoneinfo import ZoneInfo

from signpost.case.case import Register
from signpost.case.fold import DAY
from signpost.case.instant import end_of_day, fixed_zone
from signpost.case.money import Money
from signpost.case.order import NAMED
from signpost.facts.entity import Entity
from signpost.facts.likeness import same_place
from signpost.facts.values import offset_in, typed_value
from signpost.facts.vocabulary import KINDS

_LETTER, _COUNTEROFFER = "letter", "counteroffer"
_SEPARATE: Final = {
    _LETTER: ("salary", "title", "start_date", "location", "workplace"),
    _COUNTEROFFER: ("salary",),
}
"""The terms that rules compare with those of the offer: `letter_salary`."""
_PLACE: Final = ("city", "region", "country")


def add_separate_terms(offer: Entity, fields: Mapping[str, Register]) -> None:
    """Set what a letter and a counteroffer state as fields of their own."""
    for name, terms in _SEPARATE.items():
        stated = _stated_in(name, fields, offer)
        for term in terms:
            if term in stated:
                stamp, value = stated[term]
                offer.set(
                    f"{name}_{term}", typed_value(KINDS["offer"][term], value, _hours(name, fields, offer)), stamp
                )


def add_agreed_terms(
    offers: Iterable[Entity], registers: Mapping[str, Mapping[str, Register]], ended: Mapping[str, int]
) -> None:
    """Set the terms that count. `ended`: by the id of an offer, until when what was stated is of an earlier life.

    An accepted counteroffer changes the terms, and so does a signed letter. What is stated of the offer later counts
    again. A term that only the letter states is the offer's even before: nobody needs to ask for it."""
    for offer in offers:
        stated, since = registers[offer.id], ended.get(offer.id, -1)
        fields = {name: stated[name] for name in _SEPARATE if name in stated and stated[name][0][0] > since}
        if is_counteroffer_accepted(offer.values):
            _take(offer, _COUNTEROFFER, fields, replaces=True)
        _take(offer, _LETTER, fields, replaces=offer.values.get("letter") == "signed")
        _set_place(offer)
        _set_open_conditions(offer, stated)


def _set_place(offer: Entity) -> None:
    """Set city, region and country of an offer from its location."""
    for part in _PLACE:
        offer.forget(part)
        offer.set(part, offer.values.get("location", {}).get(part), offer.stamps.get("location"))


def _set_open_conditions(offer: Entity, fields: Mapping[str, Register]) -> None:
    """What was first named after all conditions were cleared is open. A condition that is repeated stays cleared."""
    if offer.values.get("conditions_cleared"):
        cleared = offer.stamps["conditions_cleared"][0]
        named = {one: fields.get(f"{NAMED}.{one}", ((0,), None))[0][0] for one in offer.values.get("conditions", ())}
        if still_open := [one for one, since in named.items() if since > cleared]:
            offer.set("conditions", still_open, offer.stamps["conditions"])
            offer.forget("conditions_cleared")


def is_counteroffer_accepted(values: Mapping[str, Any]) -> bool:
    """Whether a yes or a signed letter came after it. Of one time, they answer it (ADR 50)."""
    letter_at = values.get("letter_received_at", values.get("letter_signed_at", 0))
    answered_at = max(values.get("accepted_at", 0), letter_at if values.get("letter") == "signed" else 0)
    return "countered_at" in values and answered_at >= values["countered_at"]


def _take(offer: Entity, name: str, fields: Mapping[str, Register], *, replaces: bool) -> None:
    """Set the terms of a letter or a counteroffer that are unknown and, if it `replaces`, those stated before it."""
    hours, vocabulary = _hours(name, fields, offer), KINDS["offer"]
    for term, (stamp, stated) in _stated_in(name, fields, offer).items():
        if term not in offer.values or (replaces and stamp[0] >= offer.stamps[term][0]):
            value = typed_value(vocabulary[term], stated, hours)
            known = offer.values.get(term)
            if term == "location" and known and same_place(known, value):
                value = {**known, **value}
            offer.set(term, value, stamp, offset_in(vocabulary[term], stated))
    if fields:
        _set_hours(offer)


def _set_hours(offer: Entity) -> None:
    """Pay by the hour is for the hours that count."""
    if (hours := offer.values.get("hours_per_week")) is None:
        return
    for name, value in offer.values.items():
        if isinstance(value, Money) and not name.startswith(tuple(f"{one}_" for one in _SEPARATE)):
            offer.values[name] = replace(value, hours=Fraction(str(hours)))


def _hours(name: str, fields: Mapping[str, Register], offer: Entity) -> float | None:
    stated: Register | None = _stated_in(name, fields, offer).get("hours_per_week")
    hours: float | None = stated[1] if stated else offer.values.get("hours_per_week")
    return hours


def _stated_in(name: str, fields: Mapping[str, Register], offer: Entity) -> dict[str, Register]:
    """The terms that a letter or a counteroffer states, as JSON."""
    stamp, stated = fields.get(name, (None, None))
    if stamp is None or not isinstance(stated, dict):
        return {}
    terms = {term: (stamp, value) for term, value in _leaves(stated) if value is not None and term in KINDS["offer"]}
    if DAY.fullmatch(deadline := stated.get("respond_by") or ""):
        terms["respond_by"] = (stamp, end_of_day(deadline, _zone(offer)))
    return terms


def _leaves(stated: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in stated.items():
        if name == "benefits":
            yield from ((f"{name}.{leaf}", one) for leaf, one in (value or {}).items())
        else:
            yield name, value


def _zone(offer: Entity) -> tzinfo:
    """The zone of the employer, else the offset of the sender of the letter."""
    stated = offer.values.get("employer_time_zone")
    return ZoneInfo(stated) if stated else fixed_zone(offer.offsets.get("letter_received_at", 0))
