"""The lists of employers: which cases have cards for an employer, the most pressing first."""

from collections.abc import Collection, Sequence

from sqlalchemy import Connection, delete, insert, select, tuple_

from signpost.storage.rows import StandingRow
from signpost.storage.tables import standings

Place = tuple[int, int, str]
"""(rank, last useful instant, case key): the order of a list."""


def save(connection: Connection, rows: Sequence[StandingRow], gone: Collection[tuple[str, str, str]]) -> None:
    """See `Transaction.save_standings`."""
    names = sorted({*gone, *((row.tenant, row.employer, row.case_key) for row in rows)})
    if names:
        key = tuple_(standings.c.tenant, standings.c.employer, standings.c.case_key)
        connection.execute(delete(standings).where(key.in_(names)))
    if rows:
        values = [
            {
                "tenant": row.tenant,
                "employer": row.employer,
                "case_key": row.case_key,
                "rank": row.rank,
                "last_useful": row.last_useful,
            }
            for row in rows
        ]
        connection.execute(insert(standings), values)


def page(connection: Connection, tenant: str, employer: str, after: Place | None, limit: int) -> list[StandingRow]:
    """Up to `limit` places of an employer's list after a place (None: from the beginning), in order."""
    order = (standings.c.rank, standings.c.last_useful, standings.c.case_key)
    query = select(standings).where(standings.c.tenant == tenant, standings.c.employer == employer)
    if after is not None:
        query = query.where(tuple_(*order) > after)
    return [StandingRow(**row) for row in connection.execute(query.order_by(*order).limit(limit)).mappings()]
