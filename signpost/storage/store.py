"""The store: opens transactions, answers reads, hands the outbox to relays. Every read names its tenant."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Self

from sqlalchemy import Connection, RowMapping, Select, Table, delete, func, insert, select, tuple_, update

from signpost.case.identity import lives_on_under
from signpost.storage.buckets import Lease, Rate, lease
from signpost.storage.consumers import ConsumerStore
from signpost.storage.cursor import decode_cursor, encode_cursor
from signpost.storage.deliveries import DeliveryStore
from signpost.storage.dialect import Dialect
from signpost.storage.engines import WRITE, EngineOptions, LazyEngine
from signpost.storage.errors import translated
from signpost.storage.postgres import PostgresDialect
from signpost.storage.rows import CaseRow, Evaluated, FeedRow, OutboxDepth, OutboxRow, RecommendationRow, RulebookRow
from signpost.storage.sqlite import SqliteDialect
from signpost.storage.tables import cases, feed, outbox, recommendations, rulebooks
from signpost.storage.transaction import Transaction, read_rulebooks

FORGOTTEN = 86_400_000_000
"""Microseconds after which a rulebook that nobody has any more need not be known."""


class Store:
    """Signpost's memory in one database. Safe to share between threads and to inherit over a fork.

    Every method may raise StorageUnavailable or StorageConflict (both TransientError).
    """

    def __init__(self, url: str, options: EngineOptions) -> None:
        """Connects on first use. Raises BadDatabaseUrl."""
        self._engine = LazyEngine(url, options)
        sqlite = self._engine.url.get_backend_name() == "sqlite"
        self._dialect: Dialect = SqliteDialect() if sqlite else PostgresDialect()
        self.deliveries = DeliveryStore(self._writing, self._reading)
        self.consumers = ConsumerStore(self._writing, self._reading)

    def __enter__(self) -> Self:
        """The store itself."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Close it."""
        self.close()

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """A transaction that commits when the block ends and rolls back when it raises."""
        with self._writing() as connection:
            yield Transaction(connection, self._dialect)

    def claim_outbox(self, now: int, lease_until: int, limit: int) -> list[OutboxRow]:
        """Take up to `limit` messages whose lease has run out, oldest first, and lease them until `lease_until`."""
        with self._writing() as connection:
            rows = self._dialect.claim_outbox(connection, now, lease_until, limit)
        return sorted(map(_outbox_row, rows), key=lambda row: row.id)

    def delete_outbox(self, ids: Sequence[int]) -> None:
        """Forget messages that the broker has confirmed. A crash may undo it: then they are published again."""
        if not ids:
            return
        with self._writing() as connection:
            self._dialect.relax_commit(connection)
            connection.execute(delete(outbox).where(outbox.c.id.in_(ids)))

    def outbox_depth(self, now: int) -> OutboxDepth:
        """How many messages wait, leased ones included, and the age of the oldest."""
        with self._reading() as connection:
            count, oldest = connection.execute(select(func.count(), func.min(outbox.c.created))).one()
        return OutboxDepth(count, None if oldest is None else max(0, now - oldest))

    def announce_rulebooks(self, versions: Sequence[str], now: int, *, anew: bool) -> None:
        """Say that a process has these rulebooks. Those never announced come after all others, and so do all with
        `anew`."""
        with self._writing() as connection:
            mine = rulebooks.c.version.in_(versions)
            self._dialect.lock_rulebooks(connection)
            connection.execute(delete(rulebooks).where(mine if anew else rulebooks.c.seen_at < now - FORGOTTEN))
            connection.execute(update(rulebooks).where(mine).values(seen_at=now))
            known = set() if anew else set(connection.execute(select(rulebooks.c.version).where(mine)).scalars())
            fresh = [{"version": version, "seen_at": now} for version in versions if version not in known]
            if fresh:
                connection.execute(insert(rulebooks), fresh)

    def rulebooks(self) -> dict[str, RulebookRow]:
        """The rulebooks that were announced of late, by version."""
        with self._reading() as connection:
            return read_rulebooks(connection)

    def evaluated(self) -> list[Evaluated]:
        """Which rulebooks have left cases of which tenants as they are, cases merged away aside."""
        with self._reading() as connection:
            return [Evaluated(**row) for row in self._dialect.evaluated(connection)]

    def count_evaluated(self, tenant: str, rulebook: str) -> int:
        """How many cases of a tenant are as that rulebook left them."""
        wanted = select(func.count()).select_from(cases)
        mine = (cases.c.tenant == tenant, cases.c.rulebook == rulebook, cases.c.merged_into.is_(None))
        with self._reading() as connection:
            return int(connection.execute(wanted.where(*mine)).scalar_one())

    def lease_tokens(self, tenant: str, least: int, most: int, rate: Rate, now: int) -> Lease:
        """Take tokens out of a tenant's bucket, which all processes share; none where there are fewer than `least`.
        A crash of the server may give some back."""
        with self._writing() as connection:
            self._dialect.relax_commit(connection)
            return lease(connection, tenant, least, most, rate, now)

    def case(self, tenant: str, key: str) -> CaseRow | None:
        """The case known under `key`, or the one it was merged into; None when there is none."""
        found: dict[str, CaseRow | None] = {}
        with self._reading() as connection:

            def leads_to(at: str) -> str | None:
                wanted = select(cases).where(cases.c.tenant == tenant, cases.c.key == at)
                row = connection.execute(wanted).mappings().one_or_none()
                found[at] = None if row is None else CaseRow(**row)
                return None if row is None else row["merged_into"]

            return found[lives_on_under(key, leads_to)]

    def cases(self, tenant: str, page: int = 500) -> Iterator[CaseRow]:
        """Every case of a tenant in the order of keys, those merged into others left out; read a page at a time."""
        after = ""
        while True:
            wanted = self._of(cases, tenant).where(cases.c.key > after, cases.c.merged_into.is_(None))
            with self._reading() as connection:
                rows = connection.execute(wanted.order_by(cases.c.key).limit(page)).mappings().all()
            yield from (CaseRow(**row) for row in rows)
            if len(rows) < page:
                return
            after = rows[-1]["key"]

    def recommendation(self, tenant: str, recommendation_id: str) -> RecommendationRow | None:
        """The latest change of one recommendation; None when there is none."""
        wanted = self._of(recommendations, tenant).where(recommendations.c.id == recommendation_id)
        with self._reading() as connection:
            row = connection.execute(wanted).mappings().one_or_none()
        return None if row is None else RecommendationRow(**row)

    def recommendations(self, tenant: str, case_key: str, *, status: str | None = None) -> list[RecommendationRow]:
        """The recommendations of one case in the order of their ids; all of them, or those of one status."""
        wanted = self._of(recommendations, tenant).where(recommendations.c.case_key == case_key)
        if status is not None:
            wanted = wanted.where(recommendations.c.status == status)
        with self._reading() as connection:
            rows = connection.execute(wanted.order_by(recommendations.c.id)).mappings().all()
        return [RecommendationRow(**row) for row in rows]

    def feed(
        self, tenant: str, after: str | None = None, limit: int = 100, audience: str | None = None
    ) -> tuple[list[FeedRow], str | None]:
        """Changes told after the cursor `after` (None: from the beginning), and the cursor to continue with.

        A page never skips a row that commits later; on PostgreSQL it ends before the oldest open transaction for that.
        Raises BadCursor (CallerError).
        """
        wanted = self._of(feed, tenant).where(tuple_(feed.c.xid, feed.c.id) > decode_cursor(after))
        if audience is not None:
            wanted = wanted.where(feed.c.audience == audience)
        page = wanted.where(self._dialect.settled()).order_by(feed.c.xid, feed.c.id).limit(limit)
        with self._reading() as connection:
            rows = [_feed_row(row) for row in connection.execute(page).mappings()]
        return rows, rows[-1].cursor if rows else after

    def latest_told(self, limit: int) -> Iterator[tuple[int, bytes]]:
        """(instant, CloudEvent) of the latest changes told, of every tenant, the latest first. For operators only."""
        wanted = select(feed.c.at, feed.c.body).order_by(feed.c.xid.desc(), feed.c.id.desc()).limit(limit)
        with self._reading() as connection:
            yield from ((at, body) for at, body in connection.execute(wanted))

    def ping(self) -> None:
        """Ask the database for a sign of life."""
        with self._reading() as connection:
            connection.execute(select(1))

    def close(self) -> None:
        """Close this process's connections; a later use opens new ones."""
        self._engine.close()

    @staticmethod
    def _of(table: Table, tenant: str) -> Select[Any]:
        return select(table).where(table.c.tenant == tenant)

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with translated(), self._engine.get().execution_options(**WRITE).begin() as connection:
            yield connection

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with translated(), self._engine.get().begin() as connection:
            yield connection


def open_store(
    url: str,
    *,
    pool_size: int = 5,
    connect_timeout: int = 5,
    statement_timeout: float = 30,
    busy_timeout: float = 30,
    pool_timeout: float = 10,
) -> Store:
    """A store on postgresql://USER@HOST/NAME or sqlite:///FILE; connects on first use. Timeouts in seconds.

    Raises BadDatabaseUrl.
    """
    return Store(url, EngineOptions(pool_size, connect_timeout, pool_timeout, statement_timeout, busy_timeout))


def _outbox_row(row: RowMapping) -> OutboxRow:
    values = {name: value for name, value in row.items() if name != "leased_until"}
    return OutboxRow(**{**values, "headers": json.loads(row["headers"])})


def _feed_row(row: RowMapping) -> FeedRow:
    values = {name: value for name, value in row.items() if name not in ("id", "xid")}
    return FeedRow(cursor=encode_cursor(row["xid"], row["id"]), **values)
