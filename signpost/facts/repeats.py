"""Since when a state holds that is stated again and again, as nightly exports do. Pure."""

from collections.abc import Iterable, Mapping
from typing import Final

from signpost.case.case import Register
from signpost.case.order import REACHED
from signpost.facts.applications import End
from signpost.facts.entity import Entity
from signpost.facts.stages import ENDED, INTERVIEW_STAGES, OFFER_STAGES
from signpost.facts.values import milestone_offset

_PLANS: Final = tuple(name for name in INTERVIEW_STAGES if name != "completed")


def add_first_ends(offers: Iterable[Entity], registers: Mapping[str, Mapping[str, Register]]) -> None:
    """Let each offer that has ended so end when this was first stated, unless another milestone lies between.

    `registers`: of the offers."""
    for offer in offers:
        stage, fields = offer.values.get("stage"), registers.get(offer.id, {})
        first, value = fields.get(f"{REACHED}.{stage}", (None, None))
        if first is None or stage not in ENDED:
            continue
        others = [fields[name][0][0] for name in OFFER_STAGES if name in fields and name != stage]
        if max(others, default=0) < first[0]:
            offer.set(f"{stage}_at", first[0], first, milestone_offset(value) or 0)
            offer.stamps.update(stage=first, ended=first)


def add_first_completions(interviews: Iterable[Entity], registers: Mapping[str, Mapping[str, Register]]) -> None:
    """Let each interview whose sender states no end of it have ended when it was first stated to be over, unless it was
    planned again or cancelled since.

    `registers`: of the interviews."""
    for interview in interviews:
        fields = registers.get(interview.id, {})
        first, value = fields.get(f"{REACHED}.completed", (None, None))
        if first is None or interview.values.get("completed_at") != fields["completed"][0][0]:
            continue
        if not any(first < fields[name][0] for name in _PLANS if name in fields):
            interview.set("completed_at", first[0], first, milestone_offset(value) or 0)


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
