"""The bounds of every wait in messaging, in one place; read nowhere from the environment."""

from dataclasses import dataclass
from typing import Final

SUBSCRIPTION_PREFETCH: Final = 200
"""Messages that a subscription holds and has not settled."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Times in seconds, sizes in messages."""

    publish_timeout: float = 5.0
    """From publish() to the failure of its future, at the latest (and a quarter of a second)."""
    window: int = 1000
    """Messages published and not yet confirmed; more callers wait, up to publish_timeout, and are then refused."""
    connect_timeout: float = 5.0
    """For a whole connection: name look-up, TCP, TLS, log-in, channel."""
    blocked_timeout: float = 30.0
    """A broker that blocks publishers (memory or disk alarm) for longer is dropped and connected to anew."""
    heartbeat: int = 10
    """A silent peer is given up after at most twice this and ten seconds. Below 5 healthy peers are given up."""
    backoff_first: float = 0.2
    backoff_most: float = 10.0
    """Pause before connecting again: doubles from first to most, times a random 0.5 to 1."""
    lease: float = 300.0
    """Embedded queue: how long a delivery stays with a consumer whose process cannot be seen to be dead."""
    busy_timeout: float = 5.0
    """Embedded queue: wait for the database's one writer."""
