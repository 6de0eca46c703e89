"""The rows that go in and out of storage, as plain dataclasses. Times are microseconds since the epoch, UTC."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

CaseKey = tuple[str, str]  # tenant, key
EventKey = tuple[str, str, str]  # tenant, source, id


@dataclass(slots=True)
class CaseRow:
    """One case. `state` and `advice` are canonical JSON, empty when there is none yet.

    `rulebook` is the version that evaluated it, `rulebook_since` when that version first did, `next_change` when time
    alone changes its advice, `updated` when it was written; the caller sets them all.
    """

    tenant: str
    key: str
    state: bytes = b""
    advice: bytes = b""
    merged_into: str | None = None
    next_change: int | None = None
    rulebook: str = ""
    updated: int = 0
    rulebook_since: int = 0


@dataclass(frozen=True, slots=True)
class SeenEvent:
    """That an event was counted: what a repeat is recognised by, and which case it went to."""

    tenant: str
    source: str
    id: str
    case_key: str
    time: int
    received_at: int


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one recommendation. `subject` is "offer/acme".

    `body` is the CloudEvent that consumers get, as JSON, and `headers` its AMQP headers.
    """

    tenant: str
    case_key: str
    recommendation_id: str
    sequence: int
    change: str
    status: str
    audience: str
    rule: str
    subject: str
    priority: str
    at: int
    body: bytes
    routing_key: str
    headers: Mapping[str, str | int] = field(default_factory=dict)

    @property
    def message_id(self) -> str:
        """The CloudEvent id, by which consumers recognise a repeat."""
        return f"{self.recommendation_id}.{self.sequence}"


class OutboxMessage(Protocol):
    """What can be put into the outbox; `signpost.messaging.Message` is one."""

    @property
    def exchange(self) -> str: ...
    @property
    def routing_key(self) -> str: ...
    @property
    def body(self) -> bytes: ...
    @property
    def message_id(self) -> str: ...
    @property
    def headers(self) -> Mapping[str, str | int]: ...
    @property
    def content_type(self) -> str: ...


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """A message that still has to be published; deleted by `id` once the broker has confirmed it."""

    id: int
    tenant: str
    case_key: str
    exchange: str
    routing_key: str
    message_id: str
    headers: Mapping[str, str | int]
    content_type: str
    body: bytes
    created: int


@dataclass(frozen=True, slots=True)
class RecommendationRow:
    """The latest change of one recommendation."""

    tenant: str
    id: str
    case_key: str
    sequence: int
    change: str
    status: str
    audience: str
    rule: str
    subject: str
    priority: str
    at: int
    body: bytes


@dataclass(frozen=True, slots=True)
class FeedRow:
    """One change as it was told. `cursor` resumes the feed right after it."""

    cursor: str
    tenant: str
    case_key: str
    recommendation_id: str
    sequence: int
    change: str
    audience: str
    at: int
    body: bytes


class RulebookRow(NamedTuple):
    """A rulebook in use. `number`: greater than that of every rulebook announced before; `seen_at`: when a process said
    last that it has it."""

    version: str
    number: int
    seen_at: int


class Evaluated(NamedTuple):
    """That some cases of a tenant are as this rulebook left them; `since`: when the first of them came to it."""

    tenant: str
    rulebook: str
    since: int


class OutboxDepth(NamedTuple):
    """How many messages wait, and for how long the oldest has (microseconds, None when there is none)."""

    waiting: int
    oldest_age_us: int | None
