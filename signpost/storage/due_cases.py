"""Claims cases whose advice is due to change, the same number from each tenant, reading one index entry per tenant; and
cases that were evaluated too late in time."""

from sqlalchemy import Connection, bindparam, func, select, text

from signpost.storage.rows import CaseRow, DueBacklog
from signpost.storage.tables import cases

# A probe of the index `cases_due` for each tenant, however many of its cases are due; both databases run it.
TENANTS = text(
    """
    WITH RECURSIVE head(tenant) AS (
        SELECT (SELECT tenant FROM cases WHERE next_change IS NOT NULL AND merged_into IS NULL
                ORDER BY tenant, next_change LIMIT 1)
        UNION ALL
        SELECT (SELECT c.tenant FROM cases c WHERE c.next_change IS NOT NULL AND c.merged_into IS NULL
                AND c.tenant > head.tenant ORDER BY c.tenant, c.next_change LIMIT 1)
        FROM head WHERE head.tenant IS NOT NULL
    ), first(tenant, due) AS (
        SELECT tenant, (SELECT c.next_change FROM cases c WHERE c.next_change IS NOT NULL AND c.merged_into IS NULL
                        AND c.tenant = head.tenant ORDER BY c.next_change LIMIT 1)
        FROM head WHERE tenant IS NOT NULL
    )
    SELECT tenant FROM first WHERE due <= :now ORDER BY due, tenant LIMIT :limit
    """
)
_FIRST = TENANTS.text.partition("SELECT tenant FROM first WHERE due <= :now")[0]
BACKLOG = text(
    _FIRST
    + """
    SELECT (SELECT count(*) FROM (SELECT 1 FROM cases c WHERE c.tenant = first.tenant AND c.next_change <= :now
                                  AND c.merged_into IS NULL LIMIT :most) AS due_cases) AS cases, due
    FROM first WHERE due <= :now
    """
)
DUE = (
    select(cases)
    .where(
        cases.c.tenant == bindparam("of"),
        cases.c.next_change <= bindparam("now"),
        cases.c.next_change.is_not(None),
        cases.c.merged_into.is_(None),
    )
    .order_by(cases.c.next_change)
    .limit(bindparam("share"))
    .with_for_update(skip_locked=True)
)

AFTER = select(cases).where(cases.c.updated > bindparam("instant"), cases.c.merged_into.is_(None))


def claim(connection: Connection, now: int, limit: int) -> list[CaseRow]:
    """At most `limit` due cases, locked, an equal share of each tenant; skips cases locked elsewhere.

    The tenant that waits longest comes first. Returns fewer than `limit` if some tenants have less than their share.
    """
    tenants = connection.execute(TENANTS, {"now": now, "limit": limit}).scalars().all()
    share = limit // max(1, len(tenants))
    return [
        CaseRow(**row)
        for tenant in tenants
        for row in connection.execute(DUE, {"of": tenant, "now": now, "share": share}).mappings()
    ]


def backlog(connection: Connection, now: int, most: int) -> DueBacklog:
    """The due cases of all tenants, locked or not; of each tenant, `most` count."""
    rows = connection.execute(BACKLOG, {"now": now, "most": most}).all()
    oldest = min((row.due for row in rows), default=now)
    return DueBacklog(sum(row.cases for row in rows), now - oldest)


def claim_evaluated_after(connection: Connection, instant: int, limit: int) -> list[CaseRow]:
    """Up to `limit` cases whose last evaluation was for a later instant, locked; skips cases locked elsewhere."""
    query = AFTER.order_by(cases.c.updated.desc()).limit(limit).with_for_update(skip_locked=True)
    return [CaseRow(**row) for row in connection.execute(query, {"instant": instant}).mappings()]


def count_evaluated_after(connection: Connection, instant: int, limit: int) -> int:
    """The number of those cases, locked or not, up to `limit`."""
    query = select(func.count()).select_from(AFTER.with_only_columns(cases.c.key).limit(limit).subquery())
    return int(connection.execute(query, {"instant": instant}).scalar_one())
