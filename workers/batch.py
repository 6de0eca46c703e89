"""One batch of events in one transaction: read, counted once, folded, advised, recorded. No broker here."""

import logging
import traceback
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from signpost.advice import Engine
from signpost.advice.case_set import CaseSet
from signpost.case.event import Event
from signpost.case.identity import case_keys, follow, links
from signpost.errors import CallerError, TransientError
from signpost.ingress import strict_json
from signpost.messaging.message import Delivery, Outcome, Settlement
from signpost.names import FEEDBACK
from signpost.schemas import load_own_event
from signpost.storage import CaseRow, SeenEvent, Store, Transaction
from signpost.tenants.rulebooks import Engines
from signpost.workers.case_limits import CaseFull, check_room
from signpost.workers.case_rows import (
    EmittedChange,
    Outgoing,
    Rows,
    case_set,
    lock_with_merge_targets,
    prepare,
    record,
    to_rows,
)
from signpost.workers.rulebook_versions import RulebookVersions, StaleRulebook

ERASED = "candidate.erased"
PLACES = 3
"""How many places of a traceback stand in the reason of a dead letter."""

log = logging.getLogger("signpost.advisor")


class NoFeedback(CallerError):
    """A consumer says what only senders may."""


@dataclass(slots=True)
class Handled:
    """What became of a batch: how to settle each delivery, and what the outbox holds because of it."""

    settlements: list[Settlement] = field(default_factory=list)
    outgoing: list[Outgoing] = field(default_factory=list)
    fresh: int = 0
    repeated: int = 0
    refused: int = 0
    """Events that speak of the time before their candidate was erased."""
    dead: int = 0

    def add(self, other: "Handled") -> None:
        """Append what became of another part."""
        self.settlements += other.settlements
        self.outgoing += other.outgoing
        self.fresh += other.fresh
        self.repeated += other.repeated
        self.refused += other.refused
        self.dead += other.dead

    def counts(self) -> dict[str, int]:
        """For the log."""
        return {
            "events": len(self.settlements),
            "fresh": self.fresh,
            "repeated": self.repeated,
            "refused": self.refused,
            "dead": self.dead,
            "changes": len(self.outgoing),
        }


@dataclass(frozen=True, slots=True)
class Received:
    """A delivery that could be read."""

    delivery: Delivery
    event: Event

    @property
    def identity(self) -> tuple[str, str, str]:
        """By which a repeat is recognised."""
        return (self.event.tenant, self.event.source, self.event.id)


class BatchHandler:
    """Handles batches against a store. `lease` (microseconds): how long what it leaves in the outbox is its own."""

    def __init__(self, store: Store, versions: RulebookVersions, lease: int) -> None:
        self._store, self._versions, self._lease = store, versions, lease

    def beat(self, now: int) -> None:
        """While there is nothing to do: go on saying which rulebook is in use here."""
        with suppress(TransientError):
            self._versions.engines(now)

    def handle(self, deliveries: Sequence[Delivery], now: int) -> Handled:
        """Commit a batch. A message that cannot be read or processed becomes a dead letter; its neighbours do not.

        Raises TransientError, and then nothing has been committed and everything may be tried again.
        """
        handled = Handled()
        received: list[Received] = []
        for delivery in deliveries:
            try:
                received.append(Received(delivery, read_event(delivery)))
            except CallerError as error:
                handled.add(_dead(delivery, f"not an event: {error}"))
        if received:
            handled.add(self._handle(received, now))
        return handled

    def _handle(self, received: Sequence[Received], now: int) -> Handled:
        try:
            engines = self._versions.engines(now)
            with self._store.transaction() as tx:
                work = _Work(tx, engines, received, now, now + self._lease)
                self._versions.check(tx, work.rows, engines, now)
                return work.done()
        except StaleRulebook as behind:
            self._versions.reload_now(behind)
            return self._handle(received, now)
        except TransientError:
            raise
        except Exception as error:
            if len(received) == 1:
                return _dead(received[0].delivery, _reason(error))
        handled = Handled()
        for one in received:
            handled.add(self._handle([one], now))
        return handled


def read_event(delivery: Delivery) -> Event:
    """The event of a message as the intake publishes it, or a consumer its feedback. Raises CallerError saying what is
    wrong with it."""
    event = load_own_event(strict_json.loads(delivery.body))
    if delivery.exchange == FEEDBACK and not event.type.startswith("advice."):
        raise NoFeedback(f"{event.type} is not what a consumer may say; it says advice.done, dismissed or snoozed")
    return event


def _dead(delivery: Delivery, reason: str) -> Handled:
    log.warning("message %s is a dead letter: %s", delivery.message_id, reason.partition(":")[0])
    return Handled([Settlement(delivery, Outcome.DEAD, reason)], dead=1)


def _reason(error: Exception) -> str:
    """What went wrong and where. Without the words of a bug's exception, which may quote what a candidate said."""
    if isinstance(error, CallerError):
        return f"not processable: {error}"
    frames = traceback.extract_tb(error.__traceback__)[-PLACES:]
    places = " < ".join(
        f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in reversed(frames)
    )
    return f"a fault of Signpost, {type(error).__name__}: at {places}"


class _Work:
    """One transaction over events that could be read, in the order of their delivery."""

    def __init__(
        self, tx: Transaction, engines: Engines[Engine], received: Sequence[Received], now: int, leased_until: int
    ) -> None:
        self._tx, self._received, self._now, self._leased_until = tx, received, now, leased_until
        self._rows: Rows = lock_with_merge_targets(
            tx, {(one.event.tenant, key) for one in received for key in case_keys(one.event)}
        )
        tenants = sorted({one.event.tenant for one in received})
        self._loads: Mapping[str, CaseSet] = {
            tenant: case_set(engines.of(tenant), tenant, self._rows.values()) for tenant in tenants
        }
        self._told: list[EmittedChange] = []
        self._parked: dict[int, Settlement] = {}
        self._erased: dict[tuple[str, str], int] = {}

    @property
    def rows(self) -> Collection[CaseRow]:
        """The cases that it has locked, as they are stored."""
        return self._rows.values()

    def done(self) -> Handled:
        """Everything that the batch changes, written but not committed."""
        handled = Handled()
        wanted = [one for one in self._received if not self._before_erasure(one.event)]
        fresh = self._remember(wanted)
        for one in wanted:
            if one.identity not in fresh:
                handled.repeated += 1
            elif self._before_erasure(one.event):
                handled.refused += 1
            else:
                fresh.discard(one.identity)
                self._take(one, handled)
        handled.refused += len(self._received) - len(wanted)
        handled.settlements = self._settlements()
        self._erase()
        self._tx.save_cases(to_rows(self._loads.values(), self._rows, self._now))
        prepared = [prepare(one, self._now) for one in self._told]
        handled.outgoing = record(self._tx, prepared, now=self._now, leased_until=self._leased_until)
        return handled

    def _settlements(self) -> list[Settlement]:
        """One for each delivery; what is parked counts as not seen."""
        self._tx.unmark_seen([one.identity for one in self._received if id(one) in self._parked])
        return [self._parked.get(id(one)) or Settlement(one.delivery, Outcome.DONE) for one in self._received]

    def _before_erasure(self, event: Event) -> bool:
        """Whether the case was erased since; a link still counts, since what it leads to must be forgotten as well."""
        erased_at = self._loads[event.tenant].find(event.subject).case.erased_at
        return erased_at is not None and event.time <= erased_at and not links(event)

    def _remember(self, received: Sequence[Received]) -> set[tuple[str, str, str]]:
        return self._tx.mark_seen(
            [
                SeenEvent(
                    tenant=one.event.tenant,
                    source=one.event.source,
                    id=one.event.id,
                    case_key=self._loads[one.event.tenant].find(one.event.subject).key,
                    time=one.event.time,
                    received_at=self._now,
                )
                for one in received
            ]
        )

    def _take(self, one: Received, handled: Handled) -> None:
        """Count an event, or park it where its case is full: it can be told to have come once there is room."""
        try:
            check_room(self._loads[one.event.tenant], one.event)
        except CaseFull as full:
            log.warning("message %s is a dead letter: case-full", one.delivery.message_id)
            handled.dead += 1
            self._parked[id(one)] = Settlement(one.delivery, Outcome.DEAD, str(full))
        else:
            handled.fresh += 1
            self._count(one.event)

    def _count(self, event: Event) -> None:
        load = self._loads[event.tenant]
        told = [EmittedChange(event.tenant, key, change) for key, change in load.handle(event, self._now)]
        for key in load.erased:
            self._forget(load, key)
        load.erased.clear()
        self._told += told

    def _forget(self, load: CaseSet, key: str) -> None:
        """Note a key for the storage, and tell nothing that was said of it earlier in this batch."""
        self._erased[load.tenant, key] = load.find(key).case.erased_at or 0
        self._told = [
            one for one in self._told if one.tenant != load.tenant or key not in follow(one.key, load.leads_to)
        ]

    def _erase(self) -> None:
        for (tenant, key), erased_at in self._erased.items():
            self._tx.erase(tenant, [key], erased_at)
