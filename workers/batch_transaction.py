"""The work of one transaction over a batch of events: deduplicate, fold, advise, record. Uses no broker."""

from collections.abc import Collection, Mapping, Sequence

from signpost import traces
from signpost.advice import Engine
from signpost.advice.case_set import CaseSet, remove_content
from signpost.case.event import Event
from signpost.case.identity import case_keys, follow
from signpost.messaging.message import Outcome, Settlement
from signpost.storage import CaseRow, SeenEvent, Transaction
from signpost.tenants.quotas import Quotas
from signpost.tenants.rulebooks import Engines
from signpost.workers.agendas import update_agendas
from signpost.workers.batch_result import BatchResult, ReceivedEvent, dead_letter
from signpost.workers.case_limits import NoRoom, check_quota, check_room
from signpost.workers.case_messages import enqueue
from signpost.workers.case_rows import (
    CaseKey,
    EmittedChange,
    Rows,
    load_case_set,
    lock_with_merge_targets,
    prepare,
    record,
    to_rows,
)
from signpost.workers.counts import EvaluationCounts
from signpost.workers.erased_ends import empty_states, ends_of_advice
from signpost.workers.erasing import Erasing
from signpost.workers.outbox_publisher import Outgoing
from signpost.workers.process import Clock
from signpost.workers.question_lists import update_lists
from signpost.workers.workload import split

ISOLATE_AFTER_ATTEMPTS = 3
"""Failed attempts after which a delivery is handled alone, because it may be what kills the process."""


class BatchTransaction:
    """One transaction over parsed events, in delivery order. `now`: read once the cases are locked, because the wait
    for a lock may be long and what held it may have evaluated the same cases meanwhile."""

    def __init__(
        self,
        tx: Transaction,
        engines: Engines[Engine],
        received: Sequence[ReceivedEvent],
        clock: Clock,
        lease: int,
        quotas: Quotas,
        ask: bool,
    ) -> None:
        self._tx, self._lease = tx, lease
        self._quotas, self._ask = quotas, ask
        locked = lock_with_merge_targets(
            tx, {(item.event.tenant, key) for item in received for key in case_keys(item.event)}
        )
        self.now = clock()
        self._received, self._deferred = split(received, locked.get)
        self._rows: Rows = rows_of(self._received, locked)
        tenants = sorted({item.event.tenant for item in self._received})
        self._erasing = Erasing(tx, [item.event for item in self._received], self._rows.keys(), self.now)
        self._case_sets: Mapping[str, CaseSet] = {
            tenant: load_case_set(
                _engine_for(received, engines.of(tenant)), tenant, self._rows.values(), self._erasing.earlier[tenant]
            )
            for tenant in tenants
        }
        self._emitted: list[EmittedChange] = []
        self._dead_letters: dict[int, Settlement] = {}
        self._counts = EvaluationCounts()
        self._contexts: dict[CaseKey, str] = {}
        """The span of the last event of a case."""

    @property
    def rows(self) -> Collection[CaseRow]:
        """The locked cases as stored."""
        return self._rows.values()

    def run(self) -> BatchResult:
        """Write all changes of the batch; the caller commits."""
        result = BatchResult(evaluated=self._counts)
        covered = {id(item) for item in self._received if self._is_erased(item.event)}
        fresh = self._mark_seen([item for item in self._received if id(item) not in covered])
        waiting: list[ReceivedEvent] = []
        for item in self._received:
            if self._erasing.must_wait(item.event):
                waiting.append(item)
                continue
            if self._is_erased(item.event):
                result.refused += 1
                continue
            if id(item) in covered:  # an event of this batch has given its application to a living candidate
                fresh |= self._mark_seen([item])
            if item.identity not in fresh:
                result.repeated += 1
            else:
                fresh.discard(item.identity)
                self._process(item, result)
        self._defer(waiting, fresh)
        result.deferred = [item.delivery for item in self._deferred]
        for case_set in self._case_sets.values():
            self._advise(case_set)
        result.settlements = self._settlements()
        result.outgoing = self._write()
        return result

    def _defer(self, waiting: Sequence[ReceivedEvent], fresh: Collection[tuple[str, str, str]]) -> None:
        """Leave these events to the next transaction, as not seen. Of each tenant they come before those deferred."""
        self._tx.unmark_seen([item.identity for item in waiting if item.identity in fresh])
        later = set(map(id, waiting))
        self._received = [item for item in self._received if id(item) not in later]
        self._deferred = [*waiting, *self._deferred]

    def _write(self) -> list[Outgoing]:
        """Store the cases and everything to publish."""
        rows = to_rows(self._case_sets.values(), self._rows, self.now)
        self._counts.add_changes((item.change.change, item.change.rule) for item in self._emitted)
        lists = update_lists(self._case_sets.values(), rows) if self._ask else []
        agendas = update_agendas(self._case_sets.values(), rows)
        self._counts.add_agendas(agendas)
        self._tx.save_cases(rows)
        waiting = self._erasing.write(self._case_sets)
        agendas.save(self._tx)
        self._delete_unused()
        prepared = [*ends_of_advice(waiting), *(prepare(item) for item in self._emitted)]
        messages = [*empty_states(waiting), *agendas.messages, *lists]
        until, contexts = self.now + self._lease, self._contexts
        outgoing = record(self._tx, prepared, now=self.now, leased_until=until, contexts=contexts)
        return outgoing + enqueue(self._tx, messages, now=self.now, leased_until=until, contexts=contexts)

    def _settlements(self) -> list[Settlement]:
        """A settlement for each delivery; dead-lettered events count as not seen."""
        dead = [item for item in self._received if id(item) in self._dead_letters]
        self._tx.unmark_seen([item.identity for item in dead])
        return [self._dead_letters.get(id(item)) or Settlement(item.delivery, Outcome.DONE) for item in self._received]

    def _delete_unused(self) -> None:
        """Delete the rows that were only locked, for events that became dead letters."""
        dead = [item.event for item in self._received if id(item) in self._dead_letters]
        for tenant in sorted({event.tenant for event in dead}):
            keys = {key for event in dead if event.tenant == tenant for key in case_keys(event)}
            self._tx.delete_empty_cases(tenant, keys)

    def _is_erased(self, event: Event) -> bool:
        return self._erasing.covers(event, self._case_sets[event.tenant])

    def _mark_seen(self, received: Sequence[ReceivedEvent]) -> set[tuple[str, str, str]]:
        return self._tx.mark_seen(
            [
                SeenEvent(
                    tenant=item.event.tenant,
                    source=item.event.source,
                    id=item.event.id,
                    case_key=self._case_sets[item.event.tenant].find(item.event.subject).key,
                    time=item.event.time,
                    received_at=self.now,
                )
                for item in received
            ]
        )

    def _process(self, item: ReceivedEvent, result: BatchResult) -> None:
        """Apply an event, or dead-letter it if there is no room for it, so that it can be replayed once there is."""
        case_set = self._case_sets[item.event.tenant]
        try:
            check_quota(case_set, item.event, self._quotas.excess(case_set.tenant))
            check_room(case_set, item.event)
        except NoRoom as full:
            result.add(dead_letter(item.delivery, str(full)))
            self._dead_letters[id(item)] = result.settlements.pop()
        else:
            result.fresh += 1
            result.accepted_at += [] if item.accepted_at is None else [item.accepted_at]
            self._evaluate(item)

    def _evaluate(self, item: ReceivedEvent) -> None:
        """Apply an event, in the trace of its request."""
        if not traces.is_on():
            self._apply(item.event)
            return
        event, batch = item.event, traces.current()
        with traces.span("evaluate", parent=item.traceparent, links=[batch], signpost__event=event.id) as span:
            self._apply(event)
            self._contexts[event.tenant, self._case_sets[event.tenant].find(event.subject).key] = span.traceparent

    def _apply(self, event: Event) -> None:
        """Fold an event. `_advise` evaluates its case, once for all events of the batch."""
        case_set = self._case_sets[event.tenant]
        changes = [EmittedChange(event.tenant, key, change) for key, change in case_set.apply(event, self.now)]
        for key in self._erasing.take(case_set):
            self._forget_emitted(case_set, key)
        self._emitted += changes

    def _advise(self, case_set: CaseSet) -> None:
        """Evaluate the changed cases of a tenant."""
        changes = self._counts.evaluate(case_set.engine, case_set.waiting, lambda: case_set.advise(self.now))
        self._emitted += [EmittedChange(case_set.tenant, key, change) for key, change in changes]

    def _forget_emitted(self, case_set: CaseSet, key: str) -> None:
        """Remove the content of what this batch has emitted for an erased case: ends of advice, whose beginning
        consumers may have received with an earlier batch. What the batch raises is evaluated later."""
        for item in self._emitted:
            if item.tenant == case_set.tenant and key in follow(item.key, case_set.leads_to):
                remove_content(item.change.data)


def rows_of(items: Sequence[ReceivedEvent], locked: Rows) -> Rows:
    """The rows that these events touch, and those that their cases were merged into."""
    rows: Rows = {}
    pending = {(item.event.tenant, key) for item in items for key in case_keys(item.event)}
    while pending:
        rows |= {key: locked[key] for key in pending}
        targets = {(row.tenant, row.merged_into) for row in rows.values() if row.merged_into is not None}
        pending = targets - rows.keys()
    return rows


def _engine_for(received: Sequence[ReceivedEvent], engine: Engine) -> Engine:
    """The compiled engine for suspects: durable-rules may be what kills the process."""
    return engine.compiled if all(item.delivery.attempts >= ISOLATE_AFTER_ATTEMPTS for item in received) else engine
