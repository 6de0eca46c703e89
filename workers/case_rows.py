"""Stored cases as a caseload in hand and back again, and changes as they are stored and sent. No queue here."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import orjson

from signpost.advice import Engine, RecommendationChange
from signpost.advice.case_set import CaseSet, LoadedCase
from signpost.advice.messages import routing_key, to_cloudevent
from signpost.case.case import Case
from signpost.errors import BugError
from signpost.messaging.message import Message
from signpost.messaging.topology import cloudevent_headers
from signpost.names import ADVICE
from signpost.storage import CaseRow, Change, Transaction

CaseKey: TypeAlias = tuple[str, str]  # tenant, key
Rows: TypeAlias = dict[CaseKey, CaseRow]
Prepared: TypeAlias = tuple[Change, Message]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message that a committed transaction left in the outbox row `id`."""

    id: int
    message: Message


@dataclass(frozen=True, slots=True)
class EmittedChange:
    """One change of one case, on its way out of a caseload."""

    tenant: str
    key: str
    change: RecommendationChange


def lock_with_merge_targets(tx: Transaction, keys: Iterable[CaseKey]) -> Rows:
    """The cases of these keys and those that they were merged into, all locked."""
    rows: Rows = {}
    wanted = set(keys)
    while wanted:
        rows |= tx.lock_cases(wanted)
        leads = {(row.tenant, row.merged_into) for row in rows.values() if row.merged_into is not None}
        wanted = leads - rows.keys()
    return rows


def case_set(engine: Engine, tenant: str, rows: Collection[CaseRow]) -> CaseSet:
    """The stored cases of one tenant, in hand."""
    return CaseSet(engine, tenant, {row.key: _opened(row) for row in rows if row.tenant == tenant})


def to_rows(loads: Iterable[CaseSet], rows: Rows, now: int) -> list[CaseRow]:
    """The rows of every touched case as they must be saved."""
    return [
        _closed(case, load, _row_of(rows, load.tenant, case.key), now)
        for load in loads
        for case in load.cases.values()
        if case.touched
    ]


def record(tx: Transaction, prepared: Sequence[Prepared], *, now: int, leased_until: int) -> list[Outgoing]:
    """Keep changes with the transaction, outbox included; what to publish once it has committed."""
    ids = tx.record([change for change, _ in prepared], now=now, leased_until=leased_until)
    return [Outgoing(id, message) for id, (_, message) in zip(ids, prepared, strict=True)]


def prepare(told: EmittedChange, now: int) -> Prepared:
    """A change as it is stored and as it is sent. Raises Unsendable (CallerError) for one that no broker can carry."""
    change = told.change
    document = to_cloudevent(change, tenant=told.tenant, key=told.key, now=now)
    headers = cloudevent_headers(document)
    message = Message(ADVICE, routing_key(change, told.tenant), orjson.dumps(document), document["id"], headers=headers)
    stored = Change(
        tenant=told.tenant,
        case_key=told.key,
        recommendation_id=change.id,
        sequence=change.sequence,
        change=change.change,
        status=change.status,
        audience=change.audience,
        rule=change.rule,
        subject=change.subject,
        priority=change.priority,
        at=now,
        body=message.body,
        routing_key=message.routing_key,
        headers=headers,
    )
    return stored, message


def _opened(row: CaseRow) -> LoadedCase:
    return LoadedCase(row.key, Case.from_json(row.state), row.advice, row.merged_into, row.next_change)


def _row_of(rows: Rows, tenant: str, key: str) -> CaseRow:
    row = rows.get((tenant, key))
    if row is None:
        raise BugError("a case was touched that this transaction has not locked")
    return row


def _closed(case: LoadedCase, load: CaseSet, row: CaseRow, now: int) -> CaseRow:
    version = load.engine.rulebook.version
    return CaseRow(
        tenant=row.tenant,
        key=row.key,
        state=b"" if case.case.is_empty else case.case.to_json(),
        advice=case.advice_state,
        merged_into=case.merged_into,
        next_change=case.next_change,
        rulebook=version,
        updated=now,
        rulebook_since=row.rulebook_since if row.rulebook == version else now,
    )
