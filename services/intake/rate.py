"""How much a tenant may send: a bucket of tokens that all processes share, leased in portions so that most requests
need no database.

Where the database does not answer, everything is let in: events go on to the broker, which needs no database.
"""

import logging
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from contextlib import contextmanager
from dataclasses import dataclass, field

from signpost.errors import TransientError
from signpost.ingress.strict_json import TooLarge
from signpost.services.intake.problems import RateLimited
from signpost.storage import Lease, Rate, Store

log = logging.getLogger(__name__)

SECOND = 1_000_000
PATIENCE = 0.25
"""Seconds that a request waits for the database before it is let in without."""
BLIND = 5 * SECOND
"""How long the database is not asked again after it has not answered."""
PAUSE = SECOND // 10
"""How long a bucket in which there were too few tokens is not asked again."""
PORTIONS = 10
"""A portion lasts a tenth of a second at the full rate: so many writes a second for each tenant and process at most."""
WHEN_BUSY: Mapping[str, int] = {
    "standard": 429,
    "greenhouse": 429,
    "lever": 429,
    "ashby": 429,
    "workable": 429,
    "smartrecruiters": 429,
    "recruitee": 429,
    "merge": 503,
}
"""Vendor -> the answer after which it sends a webhook again. Merge repeats only after a 5xx. Any other, as Teamtailor,
sends nothing again as far as is known: to refuse would be to lose."""


@dataclass(slots=True)
class _Share:
    """What this process holds of one tenant's bucket, in which there were fewer than `short` tokens at `dry_at`."""

    tokens: int = 0
    full_at: int = 0
    dry_at: int | None = None
    short: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


class RateLimit:
    """Holds each tenant to a rate. A process may have one portion in hand: in T seconds, N processes let in at most
    burst + T * rate + N portions."""

    def __init__(self, store: Store, rate: Rate) -> None:
        self._store, self._rate = store, rate
        self._portion = max(1, min(rate.per_second, rate.burst) // PORTIONS)
        self._shares: dict[str, _Share] = {}
        self._asking = ThreadPoolExecutor(1, "rate")
        self._blind_at: int | None = None

    @property
    def most(self) -> int:
        """How many events may ever be sent at once."""
        return self._rate.burst

    def take(self, tenant: str, events: int, now: int) -> None:
        """Count events of a tenant. Raises RateLimited with the seconds to wait, TooLarge for more than ever fit."""
        if events > self._rate.burst:
            raise TooLarge(f"these are {events} events; at most {self._rate.burst} are accepted at once")
        share = self._shares.setdefault(tenant, _Share())
        with _held(share.lock) as held:
            if not held or self._spent(share, tenant, events, now):
                return
        wait = share.full_at - now + self._rate.refill_time_us(events - share.tokens) - self._rate.fill_time_us
        raise RateLimited(max(1, -(-wait // SECOND)))

    def close(self) -> None:
        """Ask no more."""
        self._asking.shutdown(wait=False, cancel_futures=True)

    def _spent(self, share: _Share, tenant: str, events: int, now: int) -> bool:
        """Whether the events are let in."""
        lacking = events - share.tokens
        if lacking > 0 and not (_lately(share.dry_at, now, PAUSE) and lacking >= share.short):
            if _lately(self._blind_at, now, BLIND):
                return True
            lease = self._lease(tenant, lacking, now)
            if lease is None:
                return True
            share.tokens, share.full_at = share.tokens + lease.tokens, lease.full_at
            share.dry_at, share.short = (None, 0) if lease.tokens else (now, lacking)
        if share.tokens < events:
            return False
        share.tokens -= events
        return True

    def _lease(self, tenant: str, least: int, now: int) -> Lease | None:
        """More tokens; None where the database does not say."""
        most = max(least, self._portion)
        asked = self._asking.submit(self._store.lease_tokens, tenant, least, most, self._rate, now)
        try:
            return asked.result(PATIENCE)
        except (TransientError, NotYet) as error:
            asked.cancel()
            self._blind_at = now
            why = str(error) or "the database does not answer"
            log.warning("tenants are held to no rate for %d seconds: %s", BLIND // SECOND, why)
            return None


@contextmanager
def _held(lock: threading.Lock) -> Iterator[bool]:
    """Whether the lock was to be had in time."""
    held = lock.acquire(timeout=PATIENCE)
    try:
        yield held
    finally:
        if held:
            lock.release()


def _lately(at: int | None, now: int, within: int) -> bool:
    """Whether that was a moment ago; a clock that was put back makes it no later."""
    return at is not None and 0 <= now - at < within
