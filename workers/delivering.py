"""The work of a deliverer: spread announcements, claim what is due, hand it to a dispatcher, settle the results.

Sends nothing itself. Several deliverers share the work: each leases what it claims.
"""

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import orjson

from signpost.case.instant import DAY, MINUTE, SECOND, is_recent
from signpost.errors import TransientError
from signpost.metrics import health, table
from signpost.outgoing.items import is_state, item_for
from signpost.outgoing.schedule import LONGEST_US, Patience, settle
from signpost.outgoing.sender import Reply
from signpost.repeats import Repeats
from signpost.storage import Attempt, Claimed, Settled, Store
from signpost.workers.correction import MAX_SKEW_US
from signpost.workers.process import Clock, Stop

SPREAD_BATCH = 200
SHARE = 8
"""Webhooks to one endpoint at once."""
INTERVAL_S = 0.5
SAMPLE_US = 15 * SECOND
PRUNE_US = MINUTE
PRUNE_BATCH = 1_000
DRAIN_S = 15.0
"""How long webhooks that are being sent may take when the process stops; what is left is sent by another one."""
LEASE_MARGIN_US = 30 * SECOND

log = logging.getLogger("signpost.deliverer")


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a claimed message. `began` and `duration` in microseconds; `reply` None: it was not sent."""

    claimed: Claimed
    began: int
    duration: int
    reply: Reply | None


class Dispatcher(Protocol):
    """Sends claimed messages beside each other."""

    def start(self, claimed: Claimed, within_s: float) -> None:
        """Send a message, unless more than `within_s` pass before that."""

    def finished(self, wait_s: float) -> Sequence[Result]:
        """What has ended; waits up to `wait_s` for the first."""


@dataclass(frozen=True, slots=True)
class DeliveryLimits:
    """`at_once`: webhooks of this process; `timeout_us`: of one; the ages in microseconds, `message_age_us` 0: none."""

    at_once: int
    timeout_us: int
    attempt_age_us: int
    message_age_us: int
    patience: Patience


class Deliverer:
    """Delivers messages to endpoints. `random`: a number from 0 to 1 for each call."""

    def __init__(
        self, store: Store, dispatcher: Dispatcher, clock: Clock, limits: DeliveryLimits, random: Callable[[], float]
    ) -> None:
        self._store, self._dispatcher, self._clock = store, dispatcher, clock
        self._limits, self._random = limits, random
        self._in_hand: dict[int, int] = {}
        """Id of a message -> until when it is leased."""
        self._unsent: list[int] = []
        self._settled: list[Settled] = []
        self._turn = 0
        self._sampled = self._pruned = self._corrected = 0
        self._lines = Repeats()

    def run(self, stop: Stop) -> None:
        """Work until `stop` is set, and let the webhooks that are being sent end. Raises TransientError."""
        while not stop.is_set():
            health.turn()
            if not self._try_step(stop) and not self._in_hand:
                stop.wait(INTERVAL_S)
        self._drain()

    def _try_step(self, stop: Stop) -> int:
        """Step once. While the database is away, the results of webhooks are kept until another deliverer may send them
        again: a restart would send them twice. Raises TransientError."""
        try:
            done = self.step()
            self._keep_house()
        except TransientError as error:
            if self._clock() >= min(self._in_hand.values(), default=0):
                raise
            health.report({"database": False})
            if self._lines.is_due(str(error)):
                log.warning("waits for the database to store the results of %d webhooks: %s", len(self._in_hand), error)
            stop.wait(INTERVAL_S)
            return 0
        health.report({"database": True})
        return done

    def step(self, wait_s: float = INTERVAL_S / 10) -> int:
        """Spread, settle and claim once; returns how much there was to do."""
        now, lease = self._clock(), self._limits.timeout_us + LEASE_MARGIN_US
        if not is_recent(self._corrected, now, SAMPLE_US):
            self._store.outgoing.correct(now, now + MAX_SKEW_US + lease, now + MAX_SKEW_US + LONGEST_US)
            self._corrected = now
        done = sum(self._spread(tenant) for tenant in self._store.outgoing.announced())
        done += self._settle(self._dispatcher.finished(wait_s if self._in_hand else 0))
        room = self._limits.at_once - len(self._in_hand)
        if room <= 0:
            return done
        self._turn += 1
        claimed = self._store.outgoing.claim(now, now + lease, room, SHARE, self._turn)
        for one in claimed:
            self._in_hand[one.message.id] = now + lease
            self._dispatcher.start(one, LEASE_MARGIN_US / SECOND / 2)
        return done + len(claimed)

    def _spread(self, tenant: str) -> int:
        count = found = SPREAD_BATCH
        while found == SPREAD_BATCH:
            found = self._store.outgoing.spread(tenant, SPREAD_BATCH, self._clock(), item_for)
            count += found
        return count - SPREAD_BATCH

    def _settle(self, results: Sequence[Result]) -> int:
        for result in results:
            if result.reply is None:
                self._unsent.append(result.claimed.message.id)
            else:
                self._settled.append(self._note(result, result.reply))
        if self._unsent:
            self._store.outgoing.release(self._unsent)
            self._let_go(self._unsent)
            self._unsent = []
        if self._settled:
            self._store.outgoing.settle(self._settled)
            self._let_go(one.attempt.message.id for one in self._settled)
            self._settled = []
        return len(results)

    def _let_go(self, ids: Iterable[int]) -> None:
        for one in ids:
            self._in_hand.pop(one, None)

    def _note(self, result: Result, reply: Reply) -> Settled:
        """What follows from a reply; counts and logs it."""
        endpoint, message = result.claimed
        attempt = Attempt(
            message, result.began, result.duration, reply.outcome, reply.detail, reply.status, reply.response,
            reply.reached,
        )  # fmt: skip
        settled = settle(
            endpoint,
            attempt,
            jitter=self._random(),
            patience=self._limits.patience,
            retry_after=reply.retry_after,
            keep_body=is_state(orjson.loads(message.body)["data"]),
        )
        table.WEBHOOKS_SENT.inc(reply.outcome)
        table.WEBHOOK_SECONDS.observe(result.duration / SECOND)
        if attempt.succeeded:
            table.WEBHOOK_AGE.observe(max(0, result.began + result.duration - message.created) / SECOND)
        elif settled.disable:
            log.error("endpoint %s of tenant %s is disabled: %s; `signpost endpoints enable %s` enables it",
                      endpoint.id, endpoint.tenant, settled.disable, endpoint.id)  # fmt: skip
        elif self._lines.is_due(f"{endpoint.id} {reply.detail}"):
            log.warning("endpoint %s of tenant %s: %s", endpoint.id, endpoint.tenant, reply.detail)
        return settled

    def _keep_house(self) -> None:
        now = self._clock()
        if not is_recent(self._sampled, now, SAMPLE_US):
            self._sampled = now
            self._sample(now)
        if not is_recent(self._pruned, now, PRUNE_US):
            messages = now - self._limits.message_age_us if self._limits.message_age_us else 0
            deleted = self._store.outgoing.prune(now - self._limits.attempt_age_us, messages, PRUNE_BATCH)
            self._pruned = now if deleted < PRUNE_BATCH else 0

    def _sample(self, now: int) -> None:
        found = self._store.outgoing.summary(now)
        table.WEBHOOKS_WAITING.set(found.waiting)
        table.WEBHOOKS_OLDEST.set(found.oldest / SECOND)
        table.WEBHOOKS_SET_ASIDE.set(found.set_aside)
        table.ENDPOINTS_FAILING.set(found.failing)
        table.ENDPOINTS_DISABLED.set(found.disabled)

    def _drain(self) -> None:
        """Settle what ends in time. What does not is sent again when its lease has run out."""
        end = time.monotonic() + DRAIN_S
        while self._in_hand and time.monotonic() < end:
            self._settle(self._dispatcher.finished(0.2))


def limits_of(at_once: int, timeout_s: float, disable_days: int, attempt_days: int, feed_days: int) -> DeliveryLimits:
    """The limits by the settings."""
    patience = Patience(disable_days * DAY)
    return DeliveryLimits(at_once, int(timeout_s * SECOND), attempt_days * DAY, feed_days * DAY, patience)
