"""Re-evaluates stored cases without an event: due ones, those of an older rulebook, and those evaluated by a clock that
ran ahead. Uses no queue."""

import logging
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from signpost import traces
from signpost.advice import Engine
from signpost.crash_points import reach
from signpost.errors import BugError, TransientError
from signpost.storage import CaseRow, Store, Transaction
from signpost.tenants.rulebooks import Engines
from signpost.workers.agendas import AgendaChanges, update_agendas
from signpost.workers.case_messages import CaseMessage, enqueue
from signpost.workers.case_rows import EmittedChange, StoredMessage, load_case_set, prepare, record, to_rows
from signpost.workers.correction import MAX_SKEW_US, CorrectionPace
from signpost.workers.counts import EvaluationCounts
from signpost.workers.outbox_publisher import Outgoing
from signpost.workers.process import Clock
from signpost.workers.question_lists import update_lists
from signpost.workers.rulebook_versions import RulebookVersions, StaleRulebook

MAX_BATCH = 100
"""Cases per transaction."""
POSTPONE_US = 600_000_000
"""Delay before a case whose evaluation failed is retried; it does not block other cases meanwhile."""
MAX_COUNTED = 10_000

log = logging.getLogger("signpost.clock")


class DueCaseProcessor:
    """Re-evaluates cases. `lease` and `ask`: see BatchHandler."""

    def __init__(self, store: Store, versions: RulebookVersions, lease: int, *, ask: bool = False) -> None:
        self._store, self._versions, self._lease, self._ask = store, versions, lease, ask
        self._pace = CorrectionPace()

    def wake(self, clock: Clock) -> tuple[int, list[Outgoing]]:
        """Commit the advice of up to MAX_BATCH due cases, of each tenant the same number.

        Returns how many there were, and the new outbox rows.
        """
        return self._process(clock, lambda tx: tx.claim_due(clock(), MAX_BATCH))

    def reevaluate(self, clock: Clock, limit: int) -> tuple[int, list[Outgoing]]:
        """The same for up to `limit` cases that a clock running ahead or an older rulebook evaluated, due or not."""
        if self._pace.is_due(now := clock()) and self._store.count_evaluated_after(now + MAX_SKEW_US, 1):
            return self._correct(clock, limit)
        engines = self._versions.engines(clock())
        outdated = self._versions.outdated(engines, clock())
        if not outdated:
            return 0, []
        with self._store.transaction() as tx:
            rows: list[CaseRow] = []
            for group in outdated:
                if len(rows) < limit:
                    rows += tx.claim_by_rulebook(group.tenant, group.rulebook, limit - len(rows))
            emitted, outgoing = self._advise_rows(tx, rows, engines, clock())
        emitted.counts.count()
        return len(rows), outgoing

    def _correct(self, clock: Clock, limit: int) -> tuple[int, list[Outgoing]]:
        """Take cases back to now whose instant of evaluation has not come yet."""
        count, outgoing = self._process(clock, lambda tx: tx.claim_evaluated_after(clock() + MAX_SKEW_US, limit))
        log.warning(
            "%d cases, evaluated for a time still to come, evaluated again; compare the clocks of all hosts", count
        )
        if count < limit:
            self._pace.note(clock())
        return count, outgoing

    def _process(self, clock: Clock, claim: Callable[[Transaction], Sequence[CaseRow]]) -> tuple[int, list[Outgoing]]:
        engines = self._versions.engines(clock())
        try:
            with self._store.transaction() as tx:
                rows = claim(tx)
                now = clock()
                self._versions.check(tx, rows, engines, now)
                emitted, outgoing = self._advise_rows(tx, rows, engines, now)
        except StaleRulebook as stale:
            self._versions.reload_now(stale)
            return self._process(clock, claim)
        emitted.counts.count()
        return len(rows), outgoing

    def count_outdated(self, now: int) -> int:
        """Number of cases that `reevaluate` has still to process; of those evaluated ahead, MAX_COUNTED count."""
        outdated = self._versions.outdated(self._versions.engines(now), now)
        ahead = self._store.count_evaluated_after(now + MAX_SKEW_US, MAX_COUNTED)
        return ahead + sum(self._store.count_by_rulebook(group.tenant, group.rulebook) for group in outdated)

    def _advise_rows(
        self, tx: Transaction, rows: Sequence[CaseRow], engines: Engines[Engine], now: int
    ) -> tuple["_Emitted", list[Outgoing]]:
        """Advise locked cases; `now` was read since, so what was evaluated later than it is known to be ahead."""
        for row in rows:
            if row.updated > now + MAX_SKEW_US:
                row.updated = now
        emitted = _Emitted()
        until = now + self._lease
        with traces.span("evaluate", signpost__cases=len(rows)) if rows else traces.Span():
            tx.save_cases([_wake_row(row, engines.of(row.tenant), now, emitted, self._ask) for row in rows])
            emitted.agendas.save(tx)
            outgoing = record(tx, emitted.changes, now=now, leased_until=until)
            outgoing += enqueue(tx, emitted.messages, now=now, leased_until=until)
        if rows:
            reach("woken cases written")
        return emitted, outgoing


@dataclass(slots=True)
class _Emitted:
    """What several cases publish."""

    changes: list[StoredMessage] = field(default_factory=list)
    messages: list[CaseMessage] = field(default_factory=list)
    agendas: AgendaChanges = field(default_factory=AgendaChanges)
    counts: EvaluationCounts = field(default_factory=EvaluationCounts)


def _wake_row(row: CaseRow, engine: Engine, now: int, emitted: _Emitted, ask: bool) -> CaseRow:
    """Advise one case; returns the row to save and adds what it publishes to `emitted`."""
    try:
        case_set = load_case_set(engine, row.tenant, [row])
        woken = emitted.counts.evaluate(engine, 1, partial(case_set.wake, row.key, now))
        changes = [prepare(EmittedChange(row.tenant, key, change)) for key, change in woken]
        [saved] = to_rows([case_set], {(row.tenant, row.key): row}, now)
        lists = update_lists([case_set], [saved]) if ask else []
        agendas = update_agendas([case_set], [saved])
        if saved.next_change is not None and saved.next_change <= saved.updated:
            raise BugError(f"case {row.key} of tenant {row.tenant} asks to be woken in the past")
    except TransientError:
        raise
    except Exception as error:
        _log_failure(row, error)
        # Counts as evaluated with this rulebook, so that the backfill does not pick it again
        row.rulebook, row.rulebook_since = engine.rulebook.version, now
        row.next_change = now + POSTPONE_US
        return row
    emitted.changes += changes
    emitted.counts.add_changes((change.change, change.rule) for _, change in woken)
    emitted.counts.add_agendas(agendas)
    emitted.messages += [*agendas.messages, *lists]
    emitted.agendas.standings += agendas.standings
    emitted.agendas.gone += agendas.gone
    return saved


def _log_failure(row: CaseRow, error: Exception) -> None:
    """Log a traceback without the exception's message, which may contain personal data."""
    places = "".join(traceback.format_tb(error.__traceback__))
    log.error(
        "case %s of tenant %s not evaluated, retry in %d s: %s\n%s",
        row.key,
        row.tenant,
        POSTPONE_US // 1_000_000,
        type(error).__name__,
        places,
    )
