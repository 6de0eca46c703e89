"""The rows that storage reads and writes, as plain dataclasses. Times are microseconds since the epoch, UTC."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

CaseKey = tuple[str, str]  # tenant, key
EventKey = tuple[str, str, str]  # tenant, source, id
RecommendationKey = tuple[str, str]  # tenant, id


@dataclass(slots=True)
class CaseRow:
    """One case. `state` and `advice` are canonical JSON, empty if not set yet.

    `rulebook` is the version that last evaluated it, `rulebook_since` when that version first did, `next_change` when
    time alone next changes its advice, `updated` the instant for which it was evaluated last, `asked` which list of
    questions was published last (JSON; None if none was), `agendas` likewise; the caller sets all of them.
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
    asked: bytes | None = None
    agendas: bytes | None = None


@dataclass(frozen=True, slots=True)
class StandingRow:
    """The place of a case in the list of an employer: `rank` of its first card (0: the most urgent), and until when
    that card is useful."""

    tenant: str
    employer: str
    case_key: str
    rank: int
    last_useful: int


@dataclass(frozen=True, slots=True)
class SeenEvent:
    """Marks an event as processed: its identity, for deduplication, and the case it belongs to."""

    tenant: str
    source: str
    id: str
    case_key: str
    time: int
    received_at: int


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one recommendation. `subject` is "offer/acme".

    `body` is the published CloudEvent as JSON, and `headers` its AMQP headers.
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
        """The CloudEvent id; consumers deduplicate by it."""
        return f"{self.recommendation_id}.{self.sequence}"


class OutboxMessage(Protocol):
    """A message for the outbox; `signpost.messaging.Message` implements it."""

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
    """A message that waits to be published; deleted by `id` after the broker confirms it."""

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


def to_outbox_row(row: Mapping[Any, Any]) -> OutboxRow:
    """The message of a row of the table."""
    values = {name: value for name, value in row.items() if name != "leased_until"}
    return OutboxRow(**{**values, "headers": json.loads(row["headers"])})


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
class DueBacklog:
    """Cases that are due and not evaluated yet, and for how long the oldest of them is due (microseconds)."""

    cases: int
    oldest_age: int


@dataclass(frozen=True, slots=True)
class FeedRow:
    """One published change. `cursor` resumes the feed right after it."""

    cursor: str
    tenant: str
    case_key: str
    recommendation_id: str
    sequence: int
    change: str
    audience: str
    at: int
    body: bytes


class ConsumerRow(NamedTuple):
    """A registered consumer. `patterns`: bindings of its queue; `user`: its own broker user, "" if it has none."""

    patterns: list[str]
    user: str


class FeedbackTarget(NamedTuple):
    """The case and the audience of a recommendation that feedback names."""

    case_key: str
    audience: str


class RulebookRow(NamedTuple):
    """A rulebook in use. `announced`: its version, followed by a space and the tenant if only that tenant has it;
    `number` increases with each announcement; `seen_at`: when a process last announced it."""

    announced: str
    number: int
    seen_at: int

    @property
    def version(self) -> str:
        """The version of the rulebook."""
        return self.announced.partition(" ")[0]


class RulebookGroup(NamedTuple):
    """The cases of a tenant that this rulebook evaluated last; `since`: the smallest `rulebook_since` among them."""

    tenant: str
    rulebook: str
    since: int


class OutboxDepth(NamedTuple):
    """How many messages wait, and the age of the oldest (None if there is none)."""

    waiting: int
    oldest_age_us: int | None
