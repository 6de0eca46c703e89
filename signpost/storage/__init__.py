"""Cases, seen events, recommendations, feed and outbox in PostgreSQL or SQLite. Knows no rules or message formats."""

from signpost.storage.backup import back_up
from signpost.storage.buckets import Lease, Rate
from signpost.storage.calendar_links import CalendarLink
from signpost.storage.candidates import CandidateRow
from signpost.storage.deliveries import DeliveryRow, DeliveryStore, DeliverySummary
from signpost.storage.endpoint_rows import (
    Announcement,
    Attempt,
    AttemptRow,
    EndpointCounts,
    EndpointRow,
    WaitingMessage,
)
from signpost.storage.errors import (
    BadCursor,
    BadDatabaseUrl,
    StaleCursor,
    StorageBug,
    StorageConflict,
    StorageMisconfigured,
    StorageRefused,
    StorageUnavailable,
)
from signpost.storage.inspection import Right, ServerRow, Waiting
from signpost.storage.outgoing import Claimed, OutgoingSummary
from signpost.storage.rows import (
    CaseRow,
    Change,
    ConsumerRow,
    FeedbackTarget,
    FeedRow,
    OutboxDepth,
    OutboxMessage,
    OutboxRow,
    RecommendationRow,
    RulebookGroup,
    RulebookRow,
    SeenEvent,
    StandingRow,
)
from signpost.storage.schema import head_revision, is_current, known_revisions, require_tables, revision, upgrade
from signpost.storage.settling import Settled
from signpost.storage.spreading import Item
from signpost.storage.store import Store, open_store
from signpost.storage.transaction import Transaction
from signpost.storage.usage import Usage

__all__ = [
    "Announcement",
    "Attempt",
    "AttemptRow",
    "BadCursor",
    "BadDatabaseUrl",
    "CalendarLink",
    "CandidateRow",
    "CaseRow",
    "Change",
    "Claimed",
    "ConsumerRow",
    "DeliveryRow",
    "DeliveryStore",
    "DeliverySummary",
    "EndpointCounts",
    "EndpointRow",
    "FeedRow",
    "FeedbackTarget",
    "Item",
    "Lease",
    "OutboxDepth",
    "OutboxMessage",
    "OutboxRow",
    "OutgoingSummary",
    "Rate",
    "RecommendationRow",
    "Right",
    "RulebookGroup",
    "RulebookRow",
    "SeenEvent",
    "ServerRow",
    "Settled",
    "StaleCursor",
    "StandingRow",
    "StorageBug",
    "StorageConflict",
    "StorageMisconfigured",
    "StorageRefused",
    "StorageUnavailable",
    "Store",
    "Transaction",
    "Usage",
    "Waiting",
    "WaitingMessage",
    "back_up",
    "head_revision",
    "is_current",
    "known_revisions",
    "open_store",
    "require_tables",
    "revision",
    "upgrade",
]
