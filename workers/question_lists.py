"""The questions to candidates as messages: the list of a case is published when it changes. Uses no queue."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import orjson

from signpost.advice.case_set import CaseSet, LoadedCase
from signpost.advice.messages import SOURCE
from signpost.case.instant import format_instant
from signpost.engine import CompiledEngine
from signpost.errors import BugError
from signpost.explain import Question, questions
from signpost.messaging.message import Message
from signpost.messaging.topology import cloudevent_headers
from signpost.names import JSON, QUESTIONS
from signpost.schemas.cloudevent import full_type
from signpost.storage import CaseRow, Transaction
from signpost.workers.case_rows import Outgoing


@dataclass(frozen=True, slots=True)
class ListMessage:
    """The changed list of questions of one case, not stored yet."""

    tenant: str
    key: str
    message: Message


def update_lists(case_sets: Iterable[CaseSet], rows: Sequence[CaseRow], now: int) -> list[ListMessage]:
    """Note in each row, which is about to be saved, the list of its case; returns the lists that have changed."""
    by_tenant = {case_set.tenant: case_set for case_set in case_sets}
    found = [_update(row, by_tenant[row.tenant], now) for row in rows]
    return [message for message in found if message is not None]


def enqueue(tx: Transaction, lists: Sequence[ListMessage], *, now: int, leased_until: int) -> list[Outgoing]:
    """Store the messages in the outbox; returns what to publish after the commit."""
    outgoing = []
    for one in lists:
        [row] = tx.enqueue([one.message], tenant=one.tenant, case_key=one.key, now=now, leased_until=leased_until)
        outgoing.append(Outgoing(row, one.message))
    return outgoing


def _update(row: CaseRow, case_set: CaseSet, now: int) -> ListMessage | None:
    """The message of a case whose list has changed; a case without facts has no questions."""
    loaded = case_set.cases[row.key]
    found = _questions(loaded, case_set, now)
    known: dict[str, Any] = orjson.loads(row.asked) if row.asked else _new_list(row, loaded)
    digest = _digest(found)
    if digest == known["digest"]:
        return None
    known |= {"sequence": known["sequence"] + 1, "digest": digest}
    row.asked = orjson.dumps(known)
    data = {"id": known["id"], "sequence": known["sequence"], "candidate": row.key, "changed_at": format_instant(now)}
    document = _to_cloudevent(row, {**data, "rulebook": case_set.engine.rulebook.version, "questions": found}, now)
    priority = found[0]["priority"] if found else "none"
    key, headers = f"{row.tenant}.candidate.{priority}", cloudevent_headers(document)
    return ListMessage(
        row.tenant, row.key, Message(QUESTIONS, key, orjson.dumps(document), document["id"], headers=headers)
    )


def _questions(loaded: LoadedCase, case_set: CaseSet, now: int) -> list[Question]:
    if loaded.merged_into is not None or not loaded.case.registers:
        return []
    engine = case_set.engine.compiled
    if not isinstance(engine, CompiledEngine):
        raise BugError(f"questions need the compiled engine, not {type(engine).__name__}")
    return questions(engine, loaded.case, loaded.key, now)


def _new_list(row: CaseRow, loaded: LoadedCase) -> dict[str, Any]:
    """The empty list before the first message. Its id is one for the life of a case, another after an erasure."""
    identity = f"{row.tenant}\0{row.key}\0{loaded.case.erased_at or ''}"
    name = f"q_{blake2b(identity.encode(), digest_size=12).hexdigest()}"
    return {"id": name, "sequence": 0, "digest": _digest([])}


def _digest(found: Sequence[Question]) -> str:
    """What a change is compared by: not the examples, which follow the clock."""
    content = [(one["fact"], one["text"], one["priority"], one["rules"]) for one in found]
    return blake2b(orjson.dumps(content), digest_size=12).hexdigest()


def _to_cloudevent(row: CaseRow, data: dict[str, Any], now: int) -> dict[str, Any]:
    """The CloudEvent of a list; a retry has the same id."""
    return {
        "specversion": "1.0",
        "id": f"{data['id']}.{data['sequence']}",
        "source": SOURCE,
        "type": full_type("questions.changed"),
        "time": format_instant(now),
        "subject": row.key,
        "datacontenttype": JSON,
        "tenant": row.tenant,
        "data": data,
    }
