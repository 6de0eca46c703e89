"""The agendas of changed cases: published when their cards change, in the transaction of the case. Uses no queue."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote

from signpost.advice.agenda import Reader, update
from signpost.advice.case_set import CaseSet
from signpost.case.instant import NEVER
from signpost.names import AGENDA
from signpost.storage import CaseRow, StandingRow, Transaction
from signpost.workers.case_messages import CaseMessage, case_message


@dataclass(slots=True)
class AgendaChanges:
    """What the agendas of several cases publish, and the changed places in the lists of employers."""

    messages: list[CaseMessage] = field(default_factory=list)
    standings: list[StandingRow] = field(default_factory=list)
    gone: list[tuple[str, str, str]] = field(default_factory=list)
    published: Counter[str] = field(default_factory=Counter)
    cards: Counter[str] = field(default_factory=Counter)
    held: Counter[str] = field(default_factory=Counter)
    """By the audience of the reader."""

    def save(self, tx: Transaction) -> None:
        """Store the changed places."""
        tx.save_standings(self.standings, self.gone)


def update_agendas(case_sets: Iterable[CaseSet], rows: Sequence[CaseRow]) -> AgendaChanges:
    """Note in each row, which is about to be saved, the agendas of its case at `updated`, and when they change."""
    by_tenant = {case_set.tenant: case_set for case_set in case_sets}
    changes = AgendaChanges()
    for row in rows:
        _update(row, by_tenant[row.tenant], changes)
    return changes


def _update(row: CaseRow, case_set: CaseSet, changes: AgendaChanges) -> None:
    case, now = case_set.cases[row.key], row.updated
    is_over = case.merged_into is not None or not case.case.registers
    basis = None if is_over else case.basis
    policy = case_set.engine.rulebook.policy
    result = update(row.agendas, basis, policy, tenant=row.tenant, key=row.key, now=now)
    row.agendas = None if is_over else result.state or None
    instants = [instant for instant in (row.next_change, result.next_change) if instant is not None]
    row.next_change = min(instants, default=None)
    for change in result.changes:
        routing_key = f"{row.tenant}.{change.reader.audience}.{change.priority}"
        place, link = {"tenant": row.tenant, "key": row.key}, _link(change.reader)
        changes.messages.append(
            case_message(AGENDA, "agenda.changed", routing_key, change.data, **place, link=link, now=now)
        )
        changes.published[change.reader.audience] += 1
        changes.cards[change.reader.audience] += len(change.data["cards"])
        changes.held[change.reader.audience] += len(change.data["held"])
    for employer, standing in result.standings.items():
        if standing is None:
            changes.gone.append((row.tenant, employer, row.key))
        else:
            last_useful = NEVER if standing.last_useful is None else standing.last_useful
            changes.standings.append(StandingRow(row.tenant, employer, row.key, standing.rank, last_useful))


def _link(reader: Reader) -> str:
    """Where the intake serves the agenda; it has none of an employer without an id, but the advice."""
    if reader.audience == "candidate":
        return "agenda"
    employer = quote(reader.employer, safe="")
    return f"agenda?audience=employer&employer={employer}" if employer else "advice?audience=employer"
