"""Requests that wait for a change: what a route says to the worker, which keeps the connection without a thread.

A route that has nothing to say yet, or that streams, calls `poll` or `stream`. The worker then runs the same request
again, credentials included, when `watch` wakes it or the time is over.
"""

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

Wake: TypeAlias = Callable[[], Any]
Watch: TypeAlias = Callable[[Wake], Callable[[], Any]]
"""Calls `Wake` once, from any thread, when there is something new; returns what gives up."""


@dataclass(slots=True)
class Hold:
    """One request that may wait, through all its runs."""

    owner: str = ""
    """The tenant: it may have only so many such requests."""
    seconds: float = 0.0
    """How long a poll may wait, from its first run on."""
    until: float | None = None
    """The same as an instant of the monotonic clock, when it waits."""
    give_up: Callable[[], Any] | None = None
    """Ends the watch, while the request waits."""
    watch: Watch | None = None
    """Set if the request waits, or goes on, after this run."""
    has_more: bool = False
    """Whether the next run has something to send at once."""
    cursor: str | None = None
    """Where the stream stands."""
    is_stream: bool = False
    is_repeated: bool = False
    """Whether an earlier run was charged for and began the stream."""
    must_answer: bool = False
    """Whether a poll is answered in this run, whatever there is."""

    def poll(self, owner: str, seconds: float, watch: Watch) -> None:
        """Throw this answer away, and answer when there is something new, or so many seconds after the first run."""
        self.owner, self.seconds, self.watch = owner, seconds, watch

    def stream(self, owner: str, cursor: str | None, watch: Watch, *, has_more: bool) -> None:
        """Send the body of this answer, and that of each further run, as one response without an end."""
        self.owner, self.watch, self.is_stream = owner, watch, True
        self.cursor, self.has_more = cursor, has_more


HOLD: Final[ContextVar[Hold | None]] = ContextVar("hold", default=None)
"""The hold of the request that runs in this thread; None where no worker can keep the connection."""
