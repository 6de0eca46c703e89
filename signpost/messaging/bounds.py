"""The bounds of every wait in messaging. Reads no setting."""

from dataclasses import dataclass
from typing import Final

SUBSCRIPTION_PREFETCH: Final = 200
"""Messages that a subscription holds and has not settled."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Timeouts and limits of one broker connection."""

    publish_timeout_s: float = 5.0
    """The future of publish() ends within this time (plus 0.25 s)."""
    max_unconfirmed: int = 1000
    """Unconfirmed messages; beyond it callers wait up to publish_timeout_s, then get PublishRefused."""
    connect_timeout_s: float = 5.0
    """For the whole connection: DNS, TCP, TLS, authentication, channel."""
    blocked_timeout_s: float = 30.0
    """If the broker blocks publishers (memory or disk alarm) for longer, the connection is dropped and reopened."""
    heartbeat_s: int = 10
    """A silent peer is dropped after at most twice this plus 10 s. Values below 5 drop healthy peers."""
    backoff_first_s: float = 0.2
    backoff_max_s: float = 10.0
    """Pause before a reconnect: doubles from first to max, multiplied by a random factor of 0.5 to 1."""
    lease_s: float = 300.0
    """Embedded queue: how long a delivery stays leased to a consumer whose process may be alive."""
    busy_timeout_s: float = 5.0
    """Embedded queue: wait for the database's write lock."""
