"""Sweeps the dead letters and the unrouted advice: deletes what was erased, what is too old and what is too much, and
publishes again what the broker moved to the dead letters. Of consumers' dead letters it deletes what is too old or too
much."""

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from signpost.case.erasure import identities, is_covered, of_case, of_id
from signpost.case.event import Event
from signpost.case.instant import MINUTE, SECOND, is_recent, parse_instant
from signpost.errors import CallerError, TransientError
from signpost.ingress import strict_json
from signpost.ingress.redaction import MAX_ID_CHARS, MAX_IDS, ids_in
from signpost.messaging import Broker, Delivery, NoSuchQueue
from signpost.messaging.message import FAILED_AT, Choose
from signpost.messaging.topology import UNROUTED, dead_letter_queue
from signpost.names import DEAD
from signpost.schemas import load_own_event
from signpost.storage import Store
from signpost.workers.redelivery import Redelivery, is_due

QUEUES: Final = (DEAD, UNROUTED)
CHECK_INTERVAL_US = 5 * SECOND
SETTLING_US = MINUTE
"""How long after an erasure the queues are swept again and again: messages may still be on their way."""
FULL_INTERVAL_US = 60 * MINUTE
COUNT_INTERVAL_US = 30 * SECOND
_WORD = re.compile(r"[^\s\"',:;=&{}\[\]()<>]+")

log = logging.getLogger("signpost.relay")


@dataclass(frozen=True, slots=True)
class _Letter:
    """A message of one of the queues. `event`: if it is one; `names`: the identities by which it may be covered."""

    tenant: str
    at: int | None
    event: Event | None
    names: Sequence[str]


class _Stopping(Exception):
    """The process stops during a sweep; the queue gets back what the sweep holds."""


class Sweeper:
    """Sweeps both queues after each erasure, after new dead letters, and every hour; those of consumers every hour.

    `max_age_us`: age at which a message is deleted; 0: any age stays. `max_messages` of one queue stay, the latest; 0:
    any number. `partitions`: of events, today.
    """

    def __init__(
        self, store: Store, broker: Broker, max_age_us: int, partitions: int = 1, max_messages: int = 0
    ) -> None:
        self._store, self._broker, self._max_age_us, self._max_messages = store, broker, max_age_us, max_messages
        self._consumers_swept_at = 0
        self._redelivery = Redelivery(broker, partitions)
        self._checked_at, self._swept_at, self._counted_at, self._dead = 0, 0, 0, 0
        self._is_stopping: Callable[[], bool] = lambda: False

    def step(self, now: int, is_stopping: Callable[[], bool] = lambda: False) -> None:
        """Sweep if it is due; gives up between two pages once the process stops. Raises TransientError."""
        self._is_stopping = is_stopping
        if is_recent(self._checked_at, now, CHECK_INTERVAL_US):
            return
        self._checked_at = now
        erased_at = self._store.erasures.latest() or 0
        is_full_due = self._swept_at < erased_at + SETTLING_US or not is_recent(self._swept_at, now, FULL_INTERVAL_US)
        if is_full_due or self._has_new_letters(now):
            try:
                swept = self.sweep(now)
            except _Stopping:
                return
            self._swept_at, self._dead = now, max(0, self._dead - swept.get(DEAD, 0))
            if any(swept.values()):
                log.info("queues swept", extra=swept)

    def sweep(self, now: int) -> dict[str, int]:
        """Sweep now. Queue -> number of deleted messages; a queue that does not exist is left out."""
        swept: dict[str, int] = {}
        for queue in QUEUES:
            try:
                swept[queue] = self._sweep(queue, partial(self._choose, now=now, is_advice=queue == UNROUTED))
            except NoSuchQueue as error:
                log.warning("not swept: %s", error)
        is_bounded = self._max_age_us or self._max_messages
        if is_bounded and not is_recent(self._consumers_swept_at, now, FULL_INTERVAL_US):
            self._consumers_swept_at = now
            swept |= self._sweep_consumers(now)
        try:
            self._store.overwrite_deleted()
        except TransientError as error:
            log.warning("the log of the database is truncated later: %s", error)
        return swept

    def _sweep(self, queue: str, choose: Choose) -> int:
        """Delete what is chosen, and the oldest messages beyond the limit. Raises NoSuchQueue."""
        excess = max(0, self._broker.queue_depth(queue) - self._max_messages) if self._max_messages else 0
        if excess:
            log.warning("%s holds more than %d messages: the oldest are deleted", queue, self._max_messages)

        def choose_more(page: Sequence[Delivery]) -> list[bool]:
            nonlocal excess
            chosen, beyond = choose(page), min(excess, len(page))
            excess -= beyond
            return [is_gone or number < beyond for number, is_gone in enumerate(chosen)]

        return self._broker.sweep(queue, choose_more)

    def _sweep_consumers(self, now: int) -> dict[str, int]:
        """Sweep the dead letters of consumers, whose messages no erasure reaches: they belong to their consumers."""
        swept: dict[str, int] = {}
        try:
            for name in self._store.consumers.all():
                queue = dead_letter_queue(name)
                try:
                    swept[queue] = self._sweep(queue, lambda page: self._choose_old(page, now))
                except NoSuchQueue as error:
                    log.warning("not swept: %s", error)
        except TransientError as error:
            log.warning("dead letters of consumers are not swept: %s", error)
        return {queue: number for queue, number in swept.items() if number}

    def _choose_old(self, page: Sequence[Delivery], now: int) -> list[bool]:
        if self._is_stopping():
            raise _Stopping
        return [self._is_old(_read(delivery), now) for delivery in page]

    def _has_new_letters(self, now: int) -> bool:
        """Whether the number of dead letters has changed since it was counted last."""
        if is_recent(self._counted_at, now, COUNT_INTERVAL_US):
            return False
        before, self._counted_at = self._dead, now
        try:
            self._dead = self._broker.queue_depth(DEAD)
        except NoSuchQueue:
            return False
        return self._dead > before

    def _choose(self, page: Sequence[Delivery], *, now: int, is_advice: bool) -> list[bool]:
        if self._is_stopping():
            raise _Stopping
        letters = [_read(delivery, is_advice) for delivery in page]
        erased_at: dict[str, Mapping[str, int]] = {}
        for tenant in {letter.tenant for letter in letters}:
            names = {name for letter in letters if letter.tenant == tenant for name in letter.names}
            erased_at[tenant] = self._store.erasures.find(tenant, names)
        gone = [self._is_old(letter, now) or _is_erased(letter, erased_at[letter.tenant]) for letter in letters]
        again = self._redelivery.publish_again(
            {
                number: (delivery, letter.event)
                for number, (delivery, letter) in enumerate(zip(page, letters, strict=True))
                if letter.event is not None and not gone[number] and is_due(delivery)
            }
        )
        return [is_gone or number in again for number, is_gone in enumerate(gone)]

    def _is_old(self, letter: _Letter, now: int) -> bool:
        return bool(self._max_age_us) and letter.at is not None and letter.at < now - self._max_age_us


def _is_erased(letter: _Letter, erased_at: Mapping[str, int]) -> bool:
    """An event by the rule that the advisor applies; anything else if it names what was erased."""
    if letter.event is not None:
        return is_covered(letter.event, erased_at)
    return any(name in erased_at for name in letter.names)


def _read(delivery: Delivery, is_advice: bool = False) -> _Letter:
    """`is_advice`: it is ours, so its subject alone says whose it is; others may have offers of the same id."""
    document = _document(delivery.body)
    words = delivery.routing_key.split(".")
    tenant = document.get("tenant") or (words[1] if len(words) > 1 else "")
    at = _instant(delivery.headers.get(FAILED_AT)) or _instant(document.get("time"))
    try:
        event = load_own_event(document)
        return _Letter(event.tenant, at, event, identities(event))
    except CallerError:
        subject = document.get("subject")
        if is_advice and isinstance(subject, str):
            return _Letter(str(tenant), at, None, [of_case(subject)])
        found = ids_in(document) if document else set(_WORD.findall(delivery.body.decode(errors="replace"))[:MAX_IDS])
        names = [of_id(name) for name in found or () if len(name) <= MAX_ID_CHARS]
        return _Letter(str(tenant), at, None, [*names, *([of_case(subject)] if isinstance(subject, str) else [])])


def _document(body: bytes) -> dict[str, Any]:
    """The JSON object of a body; empty if it is none."""
    try:
        document = strict_json.loads(body)
    except CallerError:
        return {}
    return document if isinstance(document, dict) else {"body": document}


def _instant(value: Any) -> int | None:
    try:
        return parse_instant(value) if isinstance(value, str) else None
    except ValueError:
        return None
