"""Token buckets that several processes share: one row per tenant, from which a process leases many tokens at once."""

from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, select, text, update

from signpost.storage.tables import buckets

SECOND = 1_000_000
MAKE = text("INSERT INTO buckets (tenant, full_at) VALUES (:tenant, 0) ON CONFLICT DO NOTHING")
LOCK = select(buckets.c.full_at).where(buckets.c.tenant == bindparam("of")).with_for_update()
WRITE = update(buckets).where(buckets.c.tenant == bindparam("of"))


@dataclass(frozen=True, slots=True)
class Rate:
    """The bucket refills at `per_second` tokens per second up to `burst` tokens; both are at least 1."""

    per_second: int
    burst: int

    @property
    def fill_time_us(self) -> int:
        """Microseconds that an empty bucket takes to fill."""
        return self.burst * SECOND // self.per_second

    def refill_time_us(self, tokens: int) -> int:
        """Microseconds that the bucket takes to refill `tokens`, rounded up."""
        return -(-tokens * SECOND // self.per_second)

    def available(self, full_at: int, now: int) -> int:
        """Tokens in a bucket that becomes full at `full_at`."""
        return (self.fill_time_us - max(0, full_at - now)) * self.per_second // SECOND


@dataclass(frozen=True, slots=True)
class Lease:
    """Tokens taken out of a bucket (0: too few were available), and when it is full again, in microseconds."""

    tokens: int
    full_at: int


def lease(connection: Connection, tenant: str, minimum: int, maximum: int, rate: Rate, now: int) -> Lease:
    """Take up to `maximum` tokens, or none if fewer than `minimum` are available. Locks the bucket.

    Clamps the debt to one whole bucket, so that a host whose clock ran ahead cannot block the tenant.
    """
    known = connection.execute(LOCK, {"of": tenant}).scalar_one_or_none()
    if known is None:
        connection.execute(MAKE, {"tenant": tenant})
        known = connection.execute(LOCK, {"of": tenant}).scalar_one()
    full_at = min(max(int(known), now), now + rate.fill_time_us)
    tokens = min(maximum, rate.available(full_at, now))
    tokens = tokens if tokens >= minimum else 0
    full_at += rate.refill_time_us(tokens)
    if full_at != known:
        connection.execute(WRITE.values(full_at=full_at), {"of": tenant})
    return Lease(tokens, full_at)
