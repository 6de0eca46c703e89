"""Starts a new life of an offer that is extended after its end: what was stated before no longer counts. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Final

from signpost.case.instant import DAY
from signpost.facts.applications import End
from signpost.facts.employment import midnight_utc
from signpost.facts.entity import Entity, is_for
from signpost.facts.stages import ENDED
from signpost.facts.withdrawals import is_withdrawal, told_withdrawal

_ENDS: Final = tuple(f"{stage}_at" for stage in ENDED)
_YES: Final = ("accepted_at", "letter_signed_at")
_MILESTONES: Final = (*_YES, "countered_at", *_ENDS)
_OF_ONE_LIFE: Final = (
    *("accepted_at", "accepted_by", "acceptance_planned_at", "respond_by", "started_at"),
    *("letter", "letter_received_at", "letter_signed_at"),
    *("letter_salary", "letter_title", "letter_start_date", "letter_location", "letter_workplace"),
    *("countered_at", "counteroffer_salary", "withdrawal_planned_at", "withdrawal_reasons", "bottom_line"),
    *_ENDS,
)
"""Answers, letters, plans, ends and the deadline. The other terms stay: an offer extended again seldom repeats all."""


def add_renewals(
    offers: Iterable[Entity], contacts: Iterable[Entity], recorded: Mapping[str, Sequence[End]]
) -> dict[str, int]:
    """Make unknown what was stated of each offer up to an end after which it was extended again. Returns these ends by
    the id of the offer. `recorded`: the ends of each application."""
    withdrawals = [contact for contact in contacts if is_withdrawal(contact)]
    ended: dict[str, int] = {}
    for offer in offers:
        ends = recorded.get(offer.values.get("application", ""), ())
        if before := _ends_before_renewal(offer, withdrawals, ends):
            ended[offer.id] = max(before)
            _forget(offer, ended[offer.id])
    return ended


def _ends_before_renewal(offer: Entity, withdrawals: Iterable[Entity], recorded: Iterable[End]) -> list[int]:
    """When the offer ended before it was last extended: as stated, with its application, or because the candidate told
    the employer."""
    extended = offer.values.get("extended_at", 0)
    before = {name: time for name in _MILESTONES if (time := offer.values.get(name, extended)) < extended}
    yes = max((time for name, time in before.items() if name in _YES), default=0)
    contacts = [one for one in withdrawals if yes <= one.values["at"] < extended and is_for(one, offer)]
    told = told_withdrawal(contacts, before.get("countered_at", 0))
    stated = [time for name, time in before.items() if name in _ENDS]
    since = max(yes, before.get("countered_at", 0))
    stated += [time for end in recorded if since < (time := end.stamp[0]) < extended]
    return stated if told is None else [*stated, told.values["at"]]


def _forget(offer: Entity, ended: int) -> None:
    """Of one time, what was said comes before the end (ADR 50)."""
    for name in _OF_ONE_LIFE:
        if name in offer.stamps and offer.stamps[name][0] <= ended:
            offer.forget(name)
    if offer.stamps.get("conditions", (0,))[0] > ended >= offer.stamps.get("conditions_cleared", (ended + 1,))[0]:
        offer.forget("conditions_cleared")  # the new life states its conditions
    start = offer.values.get("start_date")
    if isinstance(start, date) and offer.stamps["start_date"][0] <= ended and _is_past(start, offer):
        offer.forget("start_date")
    offer.values.setdefault("letter", "none")


def _is_past(day: date, offer: Entity) -> bool:
    """Whether a day was over in UTC when the offer was extended again."""
    return midnight_utc(day) + DAY <= int(offer.values["extended_at"])
