"""Erasures within one transaction: which events they cover, and what they delete. Uses no broker."""

from collections.abc import Collection, Mapping, Sequence

from signpost.advice.case_set import CaseSet
from signpost.case.erasure import Entity, entities_of, identities, is_covered, of_case, of_event, of_person
from signpost.case.event import Event
from signpost.case.identity import APPLICATION, follow, links
from signpost.outgoing.items import redact
from signpost.storage import OutboxRow, Transaction
from signpost.workers.case_rows import CaseKey


class Erasing:
    """The erasures that concern a batch, earlier ones and its own. `keys`: the cases that the transaction has locked;
    `now` in microseconds.

    The rules and their reasons: docs/decisions/0024-recognize-what-was-erased-by-digests.md.
    """

    def __init__(self, tx: Transaction, events: Sequence[Event], keys: Collection[CaseKey], now: int) -> None:
        self._tx, self._keys, self._now = tx, keys, now
        self.earlier: Mapping[str, Mapping[str, int]] = {
            tenant: tx.erasures(tenant, _identities(tenant, events, keys))
            for tenant in {event.tenant for event in events}
        }
        """Tenant -> identity -> its latest erasure (microseconds)."""
        self._lost: dict[tuple[str, str], set[Entity]] = {}
        self._touched: set[tuple[str, str]] = set()
        """(tenant, identity) of what this batch has erased, and of what waits for that."""

    def must_wait(self, event: Event) -> bool:
        """Whether an event is about what this batch has erased, or about what such an event names. It waits for the
        commit: then what was erased is recognized, and nothing of the time before is there."""
        names = {(event.tenant, name) for name in identities(event)}
        if self._touched.isdisjoint(names):
            return False
        self._touched |= names
        return True

    def covers(self, event: Event, case_set: CaseSet) -> bool:
        """Whether an erasure covers an event, which then counts for nothing. A new link still counts: the erasure
        covers the linked case too."""
        earlier = self.earlier[event.tenant]
        is_new_link = event.dated and bool(links(event)) and of_event(event.source, event.id) not in earlier
        if is_covered(event, self._of_living(event, case_set)) and not is_new_link:
            return True
        erased_at = case_set.find(event.subject).case.erased_at
        return erased_at is not None and event.time <= erased_at and not links(event)

    def _of_living(self, event: Event, case_set: CaseSet) -> Mapping[str, int]:
        """The earlier erasures; only that of the event itself if its application has moved to another candidate."""
        earlier = self.earlier[event.tenant]
        candidate = case_set.leads_to(event.subject) if event.subject.startswith(APPLICATION) else None
        if candidate is None or of_case(candidate) in earlier:
            return earlier
        return {name: at for name, at in earlier.items() if name == of_event(event.source, event.id)}

    def take(self, case_set: CaseSet) -> list[str]:
        """Move the erasures of the last event out of `case_set`; returns the keys of the erased cases."""
        keys = list(case_set.erased)
        for key, case in case_set.erased.items():
            lost = self._lost.setdefault((case_set.tenant, key), set())
            lost |= entities_of(case)
            last = case_set.find(key).key
            person = [one for one in case_set.cases if last in follow(one, case_set.leads_to)]
            self._touched |= {(case_set.tenant, name) for name in of_person(person, lost)}
        case_set.erased.clear()
        return keys

    def write(self, case_sets: Mapping[str, CaseSet]) -> list[OutboxRow]:
        """Delete what was erased; returns what of it waited in the outbox. Call it after the cases are saved."""
        waiting: list[OutboxRow] = []
        for (tenant, key), lost in self._lost.items():
            waiting += self._erase(case_sets[tenant], key, lost)
        for tenant, earlier in self.earlier.items():
            # Locked for a covered event, and naming the erased candidate
            empty = [key for owner, key in self._keys if owner == tenant and of_case(key) in earlier]
            self._tx.delete_empty_cases(tenant, empty)
        return waiting

    def _erase(self, case_set: CaseSet, key: str, lost: set[Entity]) -> list[OutboxRow]:
        """Erase a case and the one that it lives on under; what either holds since the erasure stays."""
        loaded = case_set.find(key)
        kept = entities_of(loaded.case)
        applications = [APPLICATION + name for kind, name in kept if kind == "application"]
        return self._tx.erase(
            case_set.tenant,
            {key, loaded.key},
            loaded.case.erased_at or 0,
            now=self._now,
            lost=lost - kept,
            living=[loaded.key, *applications] if loaded.case.registers else (),
            redact=redact,
        )


def _identities(tenant: str, events: Sequence[Event], keys: Collection[CaseKey]) -> set[str]:
    """Everything by which an erasure may cover the events of a tenant."""
    names = {name for event in events if event.tenant == tenant for name in identities(event)}
    return names | {of_case(key) for owner, key in keys if owner == tenant}
