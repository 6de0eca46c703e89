"""Converts stored cases to a CaseSet and back, and changes to rows and messages. Uses no queue."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import orjson

from signpost import traces
from signpost.advice import Engine, RecommendationChange
from signpost.advice.case_set import CaseSet, LoadedCase
from signpost.advice.messages import routing_key, to_cloudevent
from signpost.case.case import Case
from signpost.case.erasure import of_absorbed, of_case
from signpost.errors import BugError
from signpost.messaging.message import Message
from signpost.messaging.topology import cloudevent_headers
from signpost.names import ADVICE
from signpost.storage import CaseRow, Change, Transaction
from signpost.workers.outbox_publisher import Outgoing

CaseKey: TypeAlias = tuple[str, str]  # tenant, key
Rows: TypeAlias = dict[CaseKey, CaseRow]
StoredMessage: TypeAlias = tuple[Change, Message]


@dataclass(frozen=True, slots=True)
class EmittedChange:
    """One change of one case, not stored yet."""

    tenant: str
    key: str
    change: RecommendationChange


def lock_with_merge_targets(tx: Transaction, keys: Iterable[CaseKey]) -> Rows:
    """Lock the cases of these keys and every case that they were merged into."""
    rows: Rows = {}
    pending = set(keys)
    while pending:
        rows |= tx.lock_cases(pending)
        targets = {(row.tenant, row.merged_into) for row in rows.values() if row.merged_into is not None}
        pending = targets - rows.keys()
    return rows


def load_case_set(
    engine: Engine, tenant: str, rows: Collection[CaseRow], erased_at: Mapping[str, int] | None = None
) -> CaseSet:
    """The CaseSet of one tenant's stored cases. `erased_at`: identity -> its latest erasure; of an erased case, no row
    tells it."""
    known = erased_at or {}
    return CaseSet(engine, tenant, {row.key: _load_case(row, known) for row in rows if row.tenant == tenant})


def to_rows(case_sets: Iterable[CaseSet], rows: Rows, now: int) -> list[CaseRow]:
    """The rows of all touched cases, to be saved; `updated` is the instant at which each was evaluated."""
    return [
        _to_row(case, case_set, _row_of(rows, case_set.tenant, case.key), now)
        for case_set in case_sets
        for case in case_set.cases.values()
        if case.touched
    ]


def record(
    tx: Transaction,
    changes: Sequence[StoredMessage],
    *,
    now: int,
    leased_until: int,
    contexts: Mapping[CaseKey, str] | None = None,
) -> list[Outgoing]:
    """Store changes and their outbox rows; returns what to publish after the commit. `contexts`: the traceparents of
    what changed the cases; without one, that of the current span."""
    prepared = [_traced(one, contexts or {}) for one in changes] if traces.is_on() else changes
    ids = tx.record([change for change, _ in prepared], now=now, leased_until=leased_until)
    return [Outgoing(id, message) for id, (_, message) in zip(ids, prepared, strict=True)]


def _traced(stored: StoredMessage, contexts: Mapping[CaseKey, str]) -> StoredMessage:
    change, message = stored
    traced = with_traceparent(message, contexts.get((change.tenant, change.case_key)))
    return replace(change, headers=traced.headers), traced


def with_traceparent(message: Message, traceparent: str | None) -> Message:
    """The message with this traceparent, or that of the current span, as a header."""
    found = traceparent or traces.current()
    return replace(message, headers={**message.headers, traces.TRACEPARENT: found}) if found else message


def prepare(emitted: EmittedChange) -> StoredMessage:
    """The row and the message of a change. Raises Unsendable (CallerError) if it exceeds an AMQP limit."""
    change = emitted.change
    document = to_cloudevent(change, tenant=emitted.tenant, key=emitted.key, now=change.at)
    headers = cloudevent_headers(document)
    message = Message(
        ADVICE, routing_key(change, emitted.tenant), orjson.dumps(document), document["id"], headers=headers
    )
    stored = Change(
        tenant=emitted.tenant,
        case_key=emitted.key,
        recommendation_id=change.id,
        sequence=change.sequence,
        change=change.change,
        status=change.status,
        audience=change.audience,
        rule=change.rule,
        subject=change.subject,
        priority=change.priority,
        at=change.at,
        body=message.body,
        routing_key=message.routing_key,
        headers=headers,
    )
    return stored, message


def _load_case(row: CaseRow, erased_at: Mapping[str, int]) -> LoadedCase:
    case = Case.from_json(row.state)
    if case.is_empty and row.merged_into is None:
        case = Case({}, None if of_absorbed(row.key) in erased_at else erased_at.get(of_case(row.key)))
    return LoadedCase(row.key, case, row.advice, row.merged_into, row.next_change, row.updated)


def _row_of(rows: Rows, tenant: str, key: str) -> CaseRow:
    row = rows.get((tenant, key))
    if row is None:
        raise BugError(f"case {key} of tenant {tenant} was touched but not locked by this transaction")
    return row


def _to_row(case: LoadedCase, case_set: CaseSet, row: CaseRow, now: int) -> CaseRow:
    version = case_set.engine.rulebook.version
    return CaseRow(
        tenant=row.tenant,
        key=row.key,
        state=b"" if case.case.is_empty else case.case.to_json(),
        advice=case.advice_state,
        merged_into=case.merged_into,
        next_change=case.next_change,
        rulebook=version,
        updated=case.instant(now),
        rulebook_since=row.rulebook_since if row.rulebook == version else now,
        asked=row.asked,
        agendas=row.agendas,
    )
