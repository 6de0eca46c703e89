"""Reads what a system has recorded, from its database directly; waits until nothing is left to do."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple

import orjson
from sqlalchemy import Engine, create_engine, func, select

from signpost.messaging.message import Broker, Delivery
from signpost.names import DEAD
from signpost.storage import CaseRow
from signpost.storage.engines import parse_url
from signpost.storage.tables import cases, feed, outbox, recommendations, seen_events
from tests.ledger.events import Identity


class FeedEntry(NamedTuple):
    """One recorded change."""

    tenant: str
    recommendation: str
    sequence: int
    body: bytes

    @property
    def id(self) -> str:
        """The id of its message."""
        return f"{self.recommendation}.{self.sequence}"


@dataclass(slots=True)
class Books:
    """The database of a system, and its dead letters."""

    url: str
    _engine: Engine | None = None

    @property
    def engine(self) -> Engine:
        """The connections of the ledger itself."""
        if self._engine is None:
            self._engine = create_engine(parse_url(self.url), pool_pre_ping=True)
        return self._engine

    def close(self) -> None:
        """Close the connections."""
        if self._engine is not None:
            self._engine.dispose()

    def seen(self) -> dict[Identity, str]:
        """Events that took effect -> the key of their case."""
        columns = seen_events.c
        with self.engine.connect() as connection:
            rows = connection.execute(select(columns.tenant, columns.source, columns.id, columns.case_key))
            return {(tenant, source, id_): key for tenant, source, id_, key in rows}

    def cases(self) -> dict[tuple[str, str], CaseRow]:
        """All stored cases, merged ones included."""
        with self.engine.connect() as connection:
            return {(row["tenant"], row["key"]): CaseRow(**row) for row in connection.execute(select(cases)).mappings()}

    def feed(self) -> list[FeedEntry]:
        """All recorded changes."""
        columns = feed.c
        query = select(columns.tenant, columns.recommendation_id, columns.sequence, columns.body).order_by(columns.id)
        with self.engine.connect() as connection:
            return [FeedEntry(*row) for row in connection.execute(query)]

    def feed_ids(self, tenant: str = "") -> set[str]:
        """The ids of the messages of all recorded changes, or of those of one tenant."""
        query = select(feed.c.recommendation_id, feed.c.sequence)
        with self.engine.connect() as connection:
            rows = connection.execute(query.where(feed.c.tenant == tenant) if tenant else query)
            return {f"{name}.{sequence}" for name, sequence in rows}

    def recommendation_names(self) -> dict[str, str]:
        """Id of a recommendation -> `RULE@KIND/ID`."""
        columns = recommendations.c
        with self.engine.connect() as connection:
            rows = connection.execute(select(columns.id, columns.rule, columns.subject))
            return {id_: f"{rule}@{subject}" for id_, rule, subject in rows}

    def outbox_depth(self, exchange: str = "") -> int:
        """Messages that wait in the outbox; with an exchange, only those for it."""
        query = select(func.count()).select_from(outbox)
        query = query.where(outbox.c.exchange == exchange) if exchange else query
        with self.engine.connect() as connection:
            return int(connection.execute(query).scalar_one())

    def due(self, now: int) -> int:
        """Cases that the clock should have evaluated."""
        mine = (cases.c.next_change <= now, cases.c.merged_into.is_(None))
        with self.engine.connect() as connection:
            return int(connection.execute(select(func.count()).select_from(cases).where(*mine)).scalar_one())

    def agenda_numbers(self) -> dict[tuple[str, str], dict[str, int]]:
        """Tenant and case -> reader -> the number of the agenda that was recorded last."""
        query = select(cases.c.tenant, cases.c.key, cases.c.agendas).where(cases.c.agendas.is_not(None))
        with self.engine.connect() as connection:
            rows = connection.execute(query).all()
        return {
            (tenant, key): {reader: known["sequence"] for reader, known in orjson.loads(state).items()}
            for tenant, key, state in rows
        }

    def rulebooks_of_cases(self) -> set[str]:
        """The versions that evaluated the cases last."""
        query = select(cases.c.rulebook).where(cases.c.merged_into.is_(None)).distinct()
        with self.engine.connect() as connection:
            return set(connection.execute(query).scalars())


def take_dead_letters(broker: Broker) -> list[Delivery]:
    """Take all dead letters."""
    return broker.get(DEAD, 100_000)


def missing(wanted: Collection[Identity], seen: Collection[Identity]) -> list[Identity]:
    """What has not taken effect, sorted."""
    return sorted(set(wanted) - set(seen))
