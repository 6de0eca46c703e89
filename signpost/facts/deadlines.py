"""Since when an offer has its deadline, and whether the employer answered a request for more time. Pure."""

from collections.abc import Iterable, Mapping
from typing import Final

from signpost.case.case import Register, Stamp
from signpost.case.instant import parse_instant
from signpost.case.order import JOINED
from signpost.facts.entity import Entity, is_for

_DEADLINE: Final = f"{JOINED}.respond_by."
"""Before a deadline, in the name of the register of its first statement."""


def add_deadlines(
    offers: Iterable[Entity],
    contacts: Iterable[Entity],
    registers: Mapping[str, Mapping[str, Register]],
    renewed: Mapping[str, int],
) -> None:
    """Set since when each offer has its deadline, and when its employer answered a request for more time.

    `registers`: of the offers. `renewed`: when an offer ended that was extended again."""
    talks = [contact for contact in contacts if contact.values.get("purpose") == "deadline"]
    for offer in offers:
        if "respond_by" in offer.values:
            stated = _first_stated(registers.get(offer.id, {}), renewed.get(offer.id, 0))
            own = offer.stamps["respond_by"]
            since = min(own, stated.get(offer.values["respond_by"], own))
            counted = max(since, offer.stamps.get("extended_at", since))
            offer.set("respond_by_set_at", counted[0], counted)
            if answered := _answered(min([own, *stated.values()]), since, [one for one in talks if is_for(one, offer)]):
                offer.set("more_time_answered_at", answered[0], answered)


def _first_stated(fields: Mapping[str, Register], ended: int) -> dict[int, Stamp]:
    """When each deadline that an offer has had was first stated, since it was last extended again."""
    found: dict[int, Stamp] = {}
    for name, (stamp, _) in fields.items():
        if name.startswith(_DEADLINE) and stamp[0] > ended:
            deadline = parse_instant(name.removeprefix(_DEADLINE))
            found[deadline] = min(stamp, found.get(deadline, stamp))
    return found


def _answered(known: Stamp, since: Stamp, talks: Iterable[Entity]) -> Stamp | None:
    """When the employer answered: by another deadline, or in a talk about it; None if nobody asked or answered.

    `known`: since when any deadline is known; who asked before that asked by when to answer. `since`: since when the
    offer has the present one."""
    stamps = [(talk.values.get("by"), talk.stamps["at"]) for talk in talks]
    asked = min((at for by, at in stamps if by == "candidate" and at[0] >= known[0]), default=None)
    if asked is None:
        return None
    answers = [at for by, at in stamps if by == "employer" and at[0] >= asked[0]]
    return min([*answers, *([since] if since > asked else [])], default=None)
