"""Token buckets that several processes share: one number for each tenant, from which a process takes many at once."""

from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, select, text, update

from signpost.storage.tables import buckets

SECOND = 1_000_000
MAKE = text("INSERT INTO buckets (tenant, full_at) VALUES (:tenant, 0) ON CONFLICT DO NOTHING")
LOCK = select(buckets.c.full_at).where(buckets.c.tenant == bindparam("of")).with_for_update()
WRITE = update(buckets).where(buckets.c.tenant == bindparam("of"))


@dataclass(frozen=True, slots=True)
class Rate:
    """`per_second` tokens come back each second, up to `burst`; both at least 1."""

    per_second: int
    burst: int

    @property
    def span(self) -> int:
        """Microseconds in which an empty bucket fills."""
        return self.burst * SECOND // self.per_second

    def cost(self, tokens: int) -> int:
        """Microseconds in which so many tokens come back, rounded up."""
        return -(-tokens * SECOND // self.per_second)

    def free(self, full_at: int, now: int) -> int:
        """How many tokens lie in the bucket that will be full at `full_at`."""
        return (self.span - max(0, full_at - now)) * self.per_second // SECOND


@dataclass(frozen=True, slots=True)
class Lease:
    """Tokens taken out of a bucket (0: there were too few), and when it will be full again, in microseconds."""

    tokens: int
    full_at: int


def lease(connection: Connection, tenant: str, least: int, most: int, rate: Rate, now: int) -> Lease:
    """Take `most` tokens, or what there is, or nothing where that is less than `least`. Locks the bucket.

    Never believes that more than the whole bucket is owed: a host whose clock was ahead can lock nobody out.
    """
    known = connection.execute(LOCK, {"of": tenant}).scalar_one_or_none()
    if known is None:
        connection.execute(MAKE, {"tenant": tenant})
        known = connection.execute(LOCK, {"of": tenant}).scalar_one()
    full_at = min(max(int(known), now), now + rate.span)
    tokens = min(most, rate.free(full_at, now))
    tokens = tokens if tokens >= least else 0
    full_at += rate.cost(tokens)
    if full_at != known:
        connection.execute(WRITE.values(full_at=full_at), {"of": tenant})
    return Lease(tokens, full_at)
