"""Rows of outgoing webhooks. Runs no query."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

BY_HAND: Final = "disabled by hand"
"""The reason of an endpoint that a person disabled."""
TEST: Final = "test"
"""The item of a test message; its case key is empty."""


@dataclass(frozen=True, slots=True)
class EndpointRow:
    """An endpoint; times in microseconds. `reason`: why it is disabled; `changed`: when it was enabled, disabled or
    added. `secrets` never belong in a list or a log."""

    tenant: str
    id: str
    url: str
    patterns: tuple[str, ...]
    every_change: bool
    created: int
    secret: str
    enabled: bool = True
    reason: str = ""
    changed: int = 0
    previous_secret: str | None = None
    previous_until: int | None = None
    failures: int = 0
    failing_since: int | None = None
    paused_until: int = 0
    last_success: int | None = None

    def __repr__(self) -> str:
        return f"EndpointRow({self.tenant}/{self.id})"

    def secrets(self, now: int) -> tuple[str, ...]:
        """The secrets that sign at `now`, the newest first."""
        if self.previous_secret is None or now >= (self.previous_until or 0):
            return (self.secret,)
        return (self.secret, self.previous_secret)

    def values(self) -> dict[str, Any]:
        """The columns of the row."""
        found = {name: getattr(self, name) for name in self.__slots__}
        return {**found, "patterns": json.dumps(list(self.patterns))}


def to_endpoint(row: Mapping[Any, Any]) -> EndpointRow:
    """The endpoint of a row of the table."""
    return EndpointRow(**{**row, "patterns": tuple(json.loads(row["patterns"]))})


@dataclass(frozen=True, slots=True)
class EndpointCounts:
    """What waits for an endpoint, the age of the oldest in microseconds, and what was set aside."""

    waiting: int = 0
    oldest: int | None = None
    set_aside: int = 0


@dataclass(frozen=True, slots=True)
class Announcement:
    """A message for endpoints, not spread yet. `topic`: the routing key, with `agenda:` or `questions:` before it."""

    tenant: str
    case_key: str
    topic: str
    message_id: str
    created: int
    body: bytes
    id: int = 0


@dataclass(frozen=True, slots=True)
class WaitingMessage:
    """A message that waits for an endpoint. `sequence` numbers the changes of `item`; `ends`: it is the last one."""

    id: int
    tenant: str
    endpoint: str
    case_key: str
    item: str
    sequence: int
    ends: bool
    message_id: str
    created: int
    attempts: int
    first_attempt: int | None
    body: bytes


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt. `outcome`: delivered, refused (by the receiver), failed (no complete response), or blocked (an
    address that endpoints must not have); `status` of the response; `duration` in microseconds."""

    message: WaitingMessage
    at: int
    duration: int
    outcome: str
    detail: str = ""
    status: int | None = None
    response: bytes = b""
    reached: bool = False
    """Whether the receiver may have the message."""

    @property
    def succeeded(self) -> bool:
        return self.outcome == "delivered"


@dataclass(frozen=True, slots=True)
class AttemptRow:
    """A recorded attempt; see Attempt. `number`: counts the attempts of this message."""

    id: int
    tenant: str
    endpoint: str
    case_key: str
    message_id: str
    number: int
    at: int
    duration: int
    outcome: str
    status: int | None
    detail: str
    response: bytes
