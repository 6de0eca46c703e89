"""One validated event, in the canonical form that the fold reads."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Event:
    """One statement of one sender at one time.

    `type` is short ("offer.extended"); `time` is microseconds since the epoch; `data` is canonical JSON: instants
    in UTC with "Z", dates as YYYY-MM-DD, money as {"amount": normalised decimal text, "currency", "per"}, null for
    a retracted value.
    """

    tenant: str
    source: str
    id: str
    type: str
    time: int
    subject: str
    data: dict[str, Any]
    dated: bool = True
    """Whether the sender says when it happened; else `time` is that of the receipt."""
