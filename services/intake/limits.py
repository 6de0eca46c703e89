"""Limits of one request to the intake, as one value."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of a request."""

    max_body_bytes: int = 1_000_000
    max_batch_events: int = 500
    max_depth: int = 32
    """Levels of nested JSON."""
    confirm_timeout_s: float = 6.0
    """How long a request waits for the broker's confirms; the publisher gives up a little earlier."""
    retry_after_s: int = 5
    """`Retry-After` of a 503 response."""
    max_page_items: int = 500
