"""The rate limit of tenants: a token bucket that all processes share, leased in portions so that most requests need no
database query.

Without the database there is no limit: events go to the broker, which needs no database.
"""

import logging
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as LeaseTimeout
from contextlib import contextmanager
from dataclasses import dataclass, field

from signpost.case.instant import is_recent
from signpost.errors import TransientError
from signpost.ingress.strict_json import TooLarge
from signpost.ingress.vendors import VENDORS
from signpost.metrics.table import RATE_UNCHECKED
from signpost.services.intake.problems import RateLimited
from signpost.storage import Lease, Rate, Store

log = logging.getLogger(__name__)

SECOND_US = 1_000_000
MAX_WAIT_S = 0.25
"""How long a request waits for the database before it is accepted without a limit."""
UNAVAILABLE_US = 5 * SECOND_US
"""How long the database is not queried after a failure."""
EMPTY_US = SECOND_US // 10
"""How long a bucket without enough tokens is not queried."""
PORTIONS_PER_SECOND = 10
"""At the full rate a portion lasts a tenth of a second: the maximum of writes per second, tenant and process."""
RETRY_STATUSES: Mapping[str, int] = {
    "standard": 429,
    "greenhouse": 429,
    "lever": 429,
    "ashby": 429,
    "workable": 429,
    "smartrecruiters": 429,
    "recruitee": 429,
    "merge": 503,
}
"""Vendor -> the status after which it retries a webhook. Merge retries only after a 5xx. Other vendors, such as
Teamtailor, are not known to retry: rejecting their webhooks would lose them. An own mapping says it itself."""


def retry_status(vendor: str) -> int | None:
    """The status after which a vendor retries a webhook; None for one that is not known to retry."""
    own = VENDORS.get(vendor) if vendor in VENDORS.own else None
    return RETRY_STATUSES.get(vendor) if own is None else own.retries


@dataclass(slots=True)
class _Share:
    """The tokens that this process holds of one bucket; the bucket had fewer than `short` tokens at `empty_at`."""

    tokens: int = 0
    full_at: int = 0
    empty_at: int | None = None
    short: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


class RateLimit:
    """Limits the rate of each tenant. A process may hold one portion: in T seconds, N processes accept at most
    burst + T * rate + N portions."""

    def __init__(self, store: Store, rate: Rate) -> None:
        self._store, self._rate = store, rate
        self._portion = max(1, min(rate.per_second, rate.burst) // PORTIONS_PER_SECOND)
        self._shares: dict[str, _Share] = {}
        self._executor = ThreadPoolExecutor(1, "rate")
        self._unavailable_at: int | None = None

    @property
    def max_events(self) -> int:
        """The most events that are ever accepted at once."""
        return self._rate.burst

    def take(self, tenant: str, events: int, now: int, price: int | None = None) -> None:
        """Take tokens for events. Raises RateLimited with the seconds to wait, TooLarge beyond the burst.

        `price`: what the whole request costs, for the message, if a part was taken before.
        """
        if events > self._rate.burst:
            raise TooLarge(f"the request has {events} events; at most {self._rate.burst} are accepted at once")
        share = self._shares.setdefault(tenant, _Share())
        with _acquire(share.lock) as acquired:
            if not acquired or self._spend(share, tenant, events, now):
                return
        wait_us = share.full_at - now + self._rate.refill_time_us(events - share.tokens) - self._rate.fill_time_us
        raise RateLimited(max(1, -(-wait_us // SECOND_US)), price=events if price is None else price)

    def close(self) -> None:
        """Stop querying the database."""
        self._executor.shutdown(wait=False, cancel_futures=True)

    def _spend(self, share: _Share, tenant: str, events: int, now: int) -> bool:
        """Spend tokens, leasing more if needed; False if there are too few."""
        missing = events - share.tokens
        if missing > 0 and not (is_recent(share.empty_at, now, EMPTY_US) and missing >= share.short):
            if is_recent(self._unavailable_at, now, UNAVAILABLE_US):
                return True
            lease = self._lease(tenant, missing, now)
            if lease is None:
                return True
            share.tokens, share.full_at = share.tokens + lease.tokens, lease.full_at
            share.empty_at, share.short = (None, 0) if lease.tokens else (now, missing)
        if share.tokens < events:
            return False
        share.tokens -= events
        return True

    def _lease(self, tenant: str, least: int, now: int) -> Lease | None:
        """More tokens; None if the database does not answer."""
        most = max(least, self._portion)
        future = self._executor.submit(self._store.lease_tokens, tenant, least, most, self._rate, now)
        try:
            return future.result(MAX_WAIT_S)
        except (TransientError, LeaseTimeout) as error:
            future.cancel()
            self._unavailable_at = now
            RATE_UNCHECKED.inc()
            reason = str(error) or f"no answer within {MAX_WAIT_S:g} s"
            log.warning(
                "rate limiting disabled for %d s: database unavailable: %s", UNAVAILABLE_US // SECOND_US, reason
            )
            return None


@contextmanager
def _acquire(lock: threading.Lock) -> Iterator[bool]:
    """Yields whether the lock was acquired in time."""
    acquired = lock.acquire(timeout=MAX_WAIT_S)
    try:
        yield acquired
    finally:
        if acquired:
            lock.release()
