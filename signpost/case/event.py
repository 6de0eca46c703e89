"""One validated event, in the canonical form that the fold reads."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any


class Turn(IntEnum):
    """Whether a statement that begins a state ("extended") can also be the state set back."""

    IMPLIED = 0
    """No: it follows from a later state ("accepted"), so of several the earliest counts."""
    FIRST = 1
    """No: it tells of the beginning, however late it is delivered."""
    OPEN = 2
    """Perhaps: the vendor sends the same for the beginning and for the state set back."""
    AGAIN = 3
    """Yes: it takes back what was decided before."""


@dataclass(frozen=True, slots=True)
class Order:
    """Where a webhook's statement stands among those of its source.

    `received`: when it was received, in microseconds. `as_of`: the vendor's own order of the state (a version, or a
    time of modification), 0 where it states none.
    """

    received: int
    as_of: int = 0
    turn: Turn = Turn.OPEN


@dataclass(frozen=True, slots=True)
class Event:
    """One statement of one sender at one time.

    `type` is short ("offer.extended"); `time` is microseconds since the epoch; `data` is canonical JSON: instants
    in UTC with "Z", dates as YYYY-MM-DD, money as {"amount": normalised decimal text, "currency", "per"}, null for
    a retracted value. `order`: of a webhook's event; None for an event that its sender dated.
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
    order: Order | None = None
    offsets: Mapping[str, int] = field(default_factory=dict, compare=False)
    """The offsets in minutes in which the sender wrote its instants, by place: `time`, `respond_by`, `custom.due`.
    Without those in UTC, which says nothing about where the sender is."""

    @property
    def offset(self) -> int:
        """The offset of `time` in minutes; 0: UTC or unknown."""
        return self.offsets.get("time", 0)
