"""The store: opens transactions, runs reads. Every read is limited to one tenant."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Self

from sqlalchemy import Connection, Engine, Select, Table, delete, func, insert, select, update

from signpost.case.identity import lives_on_under
from signpost.storage import due_cases, standings
from signpost.storage.buckets import Lease, Rate, lease
from signpost.storage.calendar_links import CalendarLinkStore
from signpost.storage.candidates import CandidateStore
from signpost.storage.consumers import ConsumerStore
from signpost.storage.deliveries import DeliveryStore
from signpost.storage.dialect import Dialect
from signpost.storage.endpoints import EndpointStore
from signpost.storage.engines import WRITE, EngineOptions, LazyEngine
from signpost.storage.erasures import ErasureStore
from signpost.storage.errors import StorageUnavailable, translate_errors
from signpost.storage.feed import read_latest, read_page, read_positions
from signpost.storage.feedback_targets import read_targets
from signpost.storage.inspection import InspectionStore
from signpost.storage.lookup import LookupStore
from signpost.storage.next_changes import NextChangeStore
from signpost.storage.options import OptionStore
from signpost.storage.outbox import OutboxStore
from signpost.storage.outcomes import OutcomeStore
from signpost.storage.outgoing import OutgoingStore
from signpost.storage.page_sessions import PageSessionStore
from signpost.storage.postgres import PostgresDialect
from signpost.storage.retention import RetentionStore
from signpost.storage.rows import (
    CaseRow,
    DueBacklog,
    FeedbackTarget,
    FeedRow,
    RecommendationKey,
    RecommendationRow,
    RulebookGroup,
    RulebookRow,
    StandingRow,
)
from signpost.storage.signed_messages import SignedMessageStore
from signpost.storage.sqlite import SqliteDialect
from signpost.storage.tables import cases, recommendations, rulebooks
from signpost.storage.transaction import Transaction, read_rulebooks
from signpost.storage.usage import UsageStore

MAX_COUNTED = 10_000
RULEBOOK_RETENTION_US = 86_400_000_000
"""Age at which the row of an unused rulebook is deleted."""


class Store:
    """Signpost's data in one database. Safe to share between threads and to inherit across a fork.

    Every method may raise StorageUnavailable or StorageConflict (both TransientError).
    """

    def __init__(self, url: str, options: EngineOptions) -> None:
        """Make a store; it connects on first use. Raises BadDatabaseUrl."""
        self._engine = LazyEngine(url, options)
        self._suspended: str | None = None
        sqlite = self._engine.url.get_backend_name() == "sqlite"
        self._dialect: Dialect = SqliteDialect() if sqlite else PostgresDialect()
        self.outbox = OutboxStore(self._write_connection, self._read_connection, self._dialect)
        self.deliveries = DeliveryStore(self._write_connection, self._read_connection, self._dialect)
        self.calendar_links = CalendarLinkStore(self._write_connection, self._read_connection, self._dialect)
        self.page_sessions = PageSessionStore(self._write_connection, self._read_connection)
        self.outcomes = OutcomeStore(self._read_connection)
        self.candidates = CandidateStore(self._read_connection)
        self.erasures = ErasureStore(self._read_connection)
        self.signed_messages = SignedMessageStore(self._write_connection)
        self.retention = RetentionStore(self._write_connection)
        self.usage = UsageStore(self._write_connection, self._read_connection, self._dialect)
        self.consumers = ConsumerStore(self._write_connection, self._read_connection)
        self.endpoints = EndpointStore(self._write_connection, self._read_connection, self._dialect)
        self.outgoing = OutgoingStore(self._write_connection, self._read_connection, self._dialect)
        self.next_changes = NextChangeStore(self._read_connection)
        self.inspection = InspectionStore(self._read_connection)
        self.lookup = LookupStore(self._read_connection)
        self.options = OptionStore(self._write_connection)

    def __enter__(self) -> Self:
        """Return the store."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Close the store."""
        self.close()

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """A transaction that commits when the block ends and rolls back when it raises."""
        with self._write_connection() as connection:
            yield Transaction(connection, self._dialect, self.options.compression(connection))

    def announce_rulebooks(self, announced: Sequence[str], now: int, *, as_newest: bool) -> None:
        """Record that a process uses these rulebooks, see RulebookRow. Unknown ones rank as newest, each after those
        before it; with `as_newest` all of them do."""
        with self._write_connection() as connection:
            mine = rulebooks.c.version.in_(announced)
            self._dialect.lock_rulebooks(connection)
            connection.execute(
                delete(rulebooks).where(mine if as_newest else rulebooks.c.seen_at < now - RULEBOOK_RETENTION_US)
            )
            connection.execute(update(rulebooks).where(mine).values(seen_at=now))
            known = set() if as_newest else set(connection.execute(select(rulebooks.c.version).where(mine)).scalars())
            fresh = [{"version": each, "seen_at": now} for each in announced if each not in known]
            if fresh:
                connection.execute(insert(rulebooks), fresh)

    def rulebooks(self) -> dict[str, RulebookRow]:
        """The recently announced rulebooks, by what was announced."""
        with self._read_connection() as connection:
            return read_rulebooks(connection)

    def rulebook_groups(self) -> list[RulebookGroup]:
        """The unmerged cases of all tenants, grouped by the rulebook that evaluated them last."""
        with self._read_connection() as connection:
            return [RulebookGroup(**row) for row in self._dialect.rulebook_groups(connection)]

    def count_by_rulebook(self, tenant: str, rulebook: str) -> int:
        """Number of cases of a tenant that this rulebook evaluated last."""
        query = select(func.count()).select_from(cases)
        mine = (cases.c.tenant == tenant, cases.c.rulebook == rulebook, cases.c.merged_into.is_(None))
        with self._read_connection() as connection:
            return int(connection.execute(query.where(*mine)).scalar_one())

    def count_evaluated_after(self, instant: int, limit: int) -> int:
        """Number of cases whose last evaluation was for a later instant, up to `limit`."""
        with self._read_connection() as connection:
            return due_cases.count_evaluated_after(connection, instant, limit)

    def due_backlog(self, now: int) -> DueBacklog:
        """The cases that are due; of each tenant, up to MAX_COUNTED count."""
        with self._read_connection() as connection:
            return due_cases.backlog(connection, now, MAX_COUNTED)

    def lease_tokens(self, tenant: str, minimum: int, maximum: int, rate: Rate, now: int) -> Lease:
        """Take up to `maximum` tokens from a tenant's bucket, which all processes share; none if fewer than `minimum`
        are available. A crash of the server may return some."""
        with self._write_connection() as connection:
            self._dialect.relax_commit(connection)
            return lease(connection, tenant, minimum, maximum, rate, now)

    def case(self, tenant: str, key: str) -> CaseRow | None:
        """The case stored under `key`, or the one it was merged into; None if there is none."""
        found: dict[str, CaseRow | None] = {}
        with self._read_connection() as connection:

            def leads_to(at: str) -> str | None:
                query = select(cases).where(cases.c.tenant == tenant, cases.c.key == at)
                row = connection.execute(query).mappings().one_or_none()
                found[at] = None if row is None else CaseRow(**row)
                return None if row is None else row["merged_into"]

            return found[lives_on_under(key, leads_to)]

    def tenants(self) -> list[str]:
        """The tenants that have cases, sorted."""
        with self._read_connection() as connection:
            return list(connection.scalars(select(cases.c.tenant).distinct().order_by(cases.c.tenant)))

    def cases(self, tenant: str, page: int = 500) -> Iterator[CaseRow]:
        """Every unmerged case of a tenant, sorted by key; reads one page at a time."""
        after = ""
        while True:
            query = self._of(cases, tenant).where(cases.c.key > after, cases.c.merged_into.is_(None))
            with self._read_connection() as connection:
                rows = connection.execute(query.order_by(cases.c.key).limit(page)).mappings().all()
            yield from (CaseRow(**row) for row in rows)
            if len(rows) < page:
                return
            after = rows[-1]["key"]

    def recommendation(self, tenant: str, recommendation_id: str) -> RecommendationRow | None:
        """The latest change of one recommendation; None if there is none."""
        query = self._of(recommendations, tenant).where(recommendations.c.id == recommendation_id)
        with self._read_connection() as connection:
            row = connection.execute(query).mappings().one_or_none()
        return None if row is None else RecommendationRow(**row)

    def recommendations(self, tenant: str, case_key: str, *, status: str | None = None) -> list[RecommendationRow]:
        """The recommendations of one case, sorted by id; all of them, or those with one status."""
        query = self._of(recommendations, tenant).where(recommendations.c.case_key == case_key)
        if status is not None:
            query = query.where(recommendations.c.status == status)
        with self._read_connection() as connection:
            rows = connection.execute(query.order_by(recommendations.c.id)).mappings().all()
        return [RecommendationRow(**row) for row in rows]

    def feedback_targets(self, names: Collection[RecommendationKey]) -> dict[RecommendationKey, FeedbackTarget]:
        """As `Transaction.feedback_targets`, without locking anything."""
        with self._read_connection() as connection:
            return read_targets(connection, names)

    def feed(
        self, tenant: str, after: str | None = None, limit: int = 100, audience: str | None = None
    ) -> tuple[list[FeedRow], str | None]:
        """Changes after the cursor `after` (None: from the beginning), and the cursor to continue with.

        A page never skips a row that commits later. Raises BadCursor (CallerError), StaleCursor for a cursor of a
        history that this database does not have, or no longer has.
        """
        with self._read_connection() as connection:
            return read_page(connection, tenant, after, limit, audience)

    def feed_positions(self, tenants: Collection[str]) -> dict[str, int]:
        """Tenant -> the position of its latest change; without the tenants that have none."""
        with self._read_connection() as connection:
            return read_positions(connection, tenants)

    def latest_changes(self, limit: int) -> Iterator[tuple[int, bytes]]:
        """(instant, CloudEvent) of the latest changes of all tenants, newest first. For operators only."""
        with self._read_connection() as connection:
            yield from read_latest(connection, limit)

    def standings(
        self, tenant: str, employer: str, after: standings.Place | None = None, limit: int = 20
    ) -> list[StandingRow]:
        """Up to `limit` places of an employer's list after a place, in order: the most pressing case first."""
        with self._read_connection() as connection:
            return standings.page(connection, tenant, employer, after, limit)

    def ping(self) -> None:
        """Run a trivial query to check that the database answers."""
        with self._read_connection() as connection:
            connection.execute(select(1))

    def overwrite_deleted(self) -> None:
        """Remove deleted data from the files of the database, where the database does not do so itself."""
        with translate_errors(), self._engine.get().execution_options(signpost_begin="").connect() as connection:
            self._dialect.overwrite_deleted(connection)

    def suspend(self, reason: str | None) -> None:
        """Refuse every further use at once, with StorageUnavailable and this reason; None: serve again."""
        self._suspended = reason

    def close(self) -> None:
        """Close this process's connections; the next use opens new ones."""
        self._engine.close()

    @staticmethod
    def _of(table: Table, tenant: str) -> Select[Any]:
        return select(table).where(table.c.tenant == tenant)

    @contextmanager
    def _write_connection(self) -> Iterator[Connection]:
        with translate_errors(), self._usable_engine().execution_options(**WRITE).begin() as connection:
            yield connection

    @contextmanager
    def _read_connection(self) -> Iterator[Connection]:
        with translate_errors(), self._usable_engine().begin() as connection:
            yield connection

    def _usable_engine(self) -> Engine:
        if self._suspended is not None:
            raise StorageUnavailable(self._suspended)
        return self._engine.get()


def open_store(
    url: str,
    *,
    pool_size: int = 5,
    connect_timeout_s: int = 5,
    statement_timeout_s: float = 30,
    busy_timeout_s: float = 30,
    pool_timeout_s: float = 10,
    ping_first: bool = True,
    name: str = "signpost",
) -> Store:
    """A store on postgresql://USER@HOST/NAME or sqlite:///FILE; connects on first use. `name`: of its connections.

    Raises BadDatabaseUrl.
    """
    times = (connect_timeout_s, pool_timeout_s, statement_timeout_s, busy_timeout_s)
    return Store(url, EngineOptions(pool_size, *times, name, ping_first))
