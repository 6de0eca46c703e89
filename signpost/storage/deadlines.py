"""A connection to PostgreSQL that gives up when the server does not answer. No SQL here.

The server's own `statement_timeout` ends a statement that takes too long; a frozen server, or a network that swallows
every packet, ends nothing.
"""

from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen

T = TypeVar("T")
WAIT_INTERVAL_S = 0.1
"""How often a wait looks for interrupts."""


class DeadlineConnection(psycopg.Connection[Any]):
    """Closes itself, and raises OperationalError, if one call takes longer than `call_timeout_s`; None: no limit."""

    call_timeout_s: float | None = None

    def wait(self, gen: PQGen[T], interval: float = WAIT_INTERVAL_S, timeout: float | None = None) -> T:
        """See psycopg: every call to the server waits here, except connecting, which has `connect_timeout`."""
        try:
            return super().wait(gen, interval, self.call_timeout_s if timeout is None else timeout)
        except psycopg.errors._WaitTimeout:
            # Its state is unknown: what it was asked to do may still happen
            self.pgconn.finish()
            raise psycopg.OperationalError(f"the database did not answer within {self.call_timeout_s:g} s") from None
