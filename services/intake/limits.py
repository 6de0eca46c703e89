"""What one request may ask of the intake, as one value."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes, events and seconds."""

    body: int = 1_000_000
    """Bytes of a request's body."""
    batch: int = 500
    """Events in one batch."""
    depth: int = 32
    """Levels of nested JSON."""
    confirm: float = 6.0
    """How long a request waits for the broker's confirms; the publisher gives up a little earlier."""
    retry_after: int = 5
    """What a sender is told to wait when nothing can be kept."""
    page: int = 500
    """Items of one page of the feed."""
