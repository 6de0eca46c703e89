"""The result of a batch of deliveries: settlements, outgoing messages, counts. Uses no database."""

import logging
import traceback
from dataclasses import dataclass, field

from signpost.case.event import Event
from signpost.errors import CallerError
from signpost.messaging.message import ACCEPTED_AT, Delivery, Outcome, Settlement
from signpost.names import FEEDBACK
from signpost.traces import TRACEPARENT
from signpost.workers.counts import EvaluationCounts
from signpost.workers.outbox_publisher import Outgoing

MAX_TRACE_FRAMES = 3
"""Frames of a traceback in the reason of a dead letter."""

log = logging.getLogger("signpost.advisor")


@dataclass(slots=True)
class BatchResult:
    """The result of a batch: a settlement for each handled delivery, the new outbox rows to publish, and the
    deliveries for the next transaction: there was no room for them, or this one erases what they are about."""

    settlements: list[Settlement] = field(default_factory=list)
    outgoing: list[Outgoing] = field(default_factory=list)
    deferred: list[Delivery] = field(default_factory=list)
    fresh: int = 0
    repeated: int = 0
    refused: int = 0
    """Events that the erasure of their candidate covers."""
    dead: int = 0
    accepted_at: list[int] = field(default_factory=list)
    """When the intake accepted the fresh events (microseconds), of those that say it."""
    evaluated: EvaluationCounts = field(default_factory=EvaluationCounts)

    def add(self, other: "BatchResult") -> None:
        """Add the result of another part of the batch."""
        self.settlements += other.settlements
        self.outgoing += other.outgoing
        self.deferred += other.deferred
        self.fresh += other.fresh
        self.repeated += other.repeated
        self.refused += other.refused
        self.dead += other.dead
        self.accepted_at += other.accepted_at
        self.evaluated.add(other.evaluated)

    def counts(self) -> dict[str, int]:
        """The counts for the log line."""
        return {
            "events": len(self.settlements),
            "fresh": self.fresh,
            "repeated": self.repeated,
            "refused": self.refused,
            "dead": self.dead,
            "changes": len(self.outgoing),
        }


@dataclass(frozen=True, slots=True)
class ReceivedEvent:
    """A delivery with its parsed event."""

    delivery: Delivery
    event: Event

    @property
    def is_feedback(self) -> bool:
        """Whether a consumer sent it on the feedback exchange."""
        return self.delivery.exchange == FEEDBACK

    @property
    def accepted_at(self) -> int | None:
        """When the intake accepted it, in microseconds; None for a message that does not say it."""
        value = self.delivery.headers.get(ACCEPTED_AT)
        return value if isinstance(value, int) else None

    @property
    def traceparent(self) -> str:
        """The span that published it; "" for a message that does not say it."""
        return traceparent_of(self.delivery)

    @property
    def identity(self) -> tuple[str, str, str]:
        """The key for deduplication: (tenant, source, id)."""
        return (self.event.tenant, self.event.source, self.event.id)


def traceparent_of(delivery: Delivery) -> str:
    """The span that published a message; "" if it does not say it."""
    value = delivery.headers.get(TRACEPARENT)
    return value if isinstance(value, str) else ""


def dead_letter(delivery: Delivery, reason: str) -> BatchResult:
    """The result of one delivery that becomes a dead letter. `reason` must not name a person."""
    log.warning("message %s moved to the dead letters: %s", delivery.message_id, reason.partition(":")[0])
    return BatchResult([Settlement(delivery, Outcome.DEAD, reason)], dead=1)


def format_reason(error: Exception) -> str:
    """The reason of a dead letter. Omits the message of an unexpected exception, which may contain personal data."""
    if isinstance(error, CallerError):
        return f"not processable: {error}"
    frames = traceback.extract_tb(error.__traceback__)[-MAX_TRACE_FRAMES:]
    places = " < ".join(
        f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in reversed(frames)
    )
    return f"a fault of Signpost, {type(error).__name__}: at {places}"
