"""Limits of the connections of one intake process, as values. Nothing waits here."""

import errno
from dataclasses import dataclass
from typing import Final

SEND_TIMEOUT_S: Final = 30.0
LINGER_S: Final = 2.0
"""How long a closing connection still takes what the client sends: closing at once could destroy the response."""
SWEEP_INTERVAL_S: Final = 0.25
QUEUE_TIMEOUT_S: Final = 5.0
"""How long a request may wait for a thread; then it is refused, so that the queue of a slow server empties."""
PROBES: Final = ("/livez", "/readyz")
MAX_ACCEPTS: Final = 64
"""Connections accepted between two turns of the event loop."""
RESERVED_FILES: Final = 128
"""Open files of the process that are no client connections: database, broker, log."""
OUT_OF_FILES: Final = (errno.EMFILE, errno.ENFILE)
TRANSIENT: Final = (errno.EAGAIN, errno.EWOULDBLOCK, errno.ECONNABORTED, *OUT_OF_FILES)


@dataclass(frozen=True, slots=True)
class WorkerLimits:
    """Limits of the connections of one process."""

    request_timeout_s: float = 10.0
    max_body_bytes: int = 1_000_000
    max_buffered_bytes: int = 64_000_000
    max_waiting: int = 200
    """Requests of one tenant that wait for changes."""
