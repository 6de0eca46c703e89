"""Since when a state holds that is stated again and again, as nightly exports do. Pure."""

from collections.abc import Iterable, Mapping

from signpost.case.case import Register
from signpost.case.order import REACHED
from signpost.facts.applications import End
from signpost.facts.entity import Entity
from signpost.facts.values import milestone_offset


def add_first_extensions(
    offers: Iterable[Entity],
    registers: Mapping[str, Mapping[str, Register]],
    renewed: Mapping[str, int],
    ended: Mapping[str, End],
) -> None:
    """Let each offer be extended when it first was, unless an end lies between: sent again it is the same offer.

    `registers`: of the offers. `renewed`: when an offer ended that was extended again. `ended`: the ends of
    applications, by their id."""
    for offer in offers:
        first, value = registers.get(offer.id, {}).get(f"{REACHED}.extended", (None, None))
        end = ended.get(offer.values.get("application", ""))
        latest = offer.stamps.get("extended_at")
        if first is None or latest is None or offer.id in renewed or (end and first < end.stamp < latest):
            continue
        offer.set("extended_at", first[0], first, milestone_offset(value) or 0)
        if offer.stamps["stage"] == latest:
            offer.stamps["stage"] = first
