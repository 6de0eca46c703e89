"""How long entities live: the durations after which they are over by time alone. Values only."""

from collections.abc import Mapping
from dataclasses import dataclass

from signpost.case.instant import DAY

OVER, OVER_TO_EMPLOYER = "over_at", "over_to_employer_at"
"""The fields with the end: from everything that is known, and from what the employer knows too."""
LIVE_STAGES: Mapping[str, tuple[str, ...]] = {
    "offer": ("open", "accepted"),
    "interview": ("scheduled",),
    "application": ("submitted",),
}
"""Kind -> the stages that last only while the entity is not over."""


@dataclass(frozen=True, slots=True)
class Life:
    """Durations in microseconds, as `life.yaml` names them."""

    quiet_after: int = 60 * DAY
    """After the last statement: an offer, an interview without a start, an application."""
    past_deadline: int = 7 * DAY
    """After the response deadline of an open offer that nobody answers."""
    signed_waits: int = 365 * DAY
    """After the last statement about a signed offer without a start date: its employer waits if another offer comes."""
    past_start: int = 30 * DAY
    """After the start date of an accepted offer."""
    past_end: int = 30 * DAY
    """After a milestone that ends an offer, an interview or an application."""


LIFE = Life()
