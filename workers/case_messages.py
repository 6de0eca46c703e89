"""Messages about a whole case, such as its agenda: stored in the outbox with the case. Uses no queue."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import orjson

from signpost import traces
from signpost.advice.messages import SOURCE
from signpost.case.instant import format_instant
from signpost.messaging.message import Message
from signpost.messaging.topology import cloudevent_headers
from signpost.names import JSON
from signpost.schemas.event_attributes import full_type
from signpost.storage import Transaction
from signpost.workers.case_rows import CaseKey, with_traceparent
from signpost.workers.outbox_publisher import Outgoing


@dataclass(frozen=True, slots=True)
class CaseMessage:
    """A message about one case, not stored yet."""

    tenant: str
    key: str
    message: Message


def case_message(
    exchange: str, type_: str, routing_key: str, data: dict[str, Any], *, tenant: str, key: str, link: str, now: int
) -> CaseMessage:
    """The message of a numbered state of a case. `type_`: short; `data` has its `id` and `sequence`, so that a retry
    has the same id. `link`: where the intake serves this state, below the path of the candidate."""
    document = {
        "specversion": "1.0",
        "id": f"{data['id']}.{data['sequence']}",
        "source": SOURCE,
        "type": full_type(type_),
        "time": format_instant(now),
        "subject": key,
        "datacontenttype": JSON,
        "tenant": tenant,
        "link": f"/v1/candidates/{quote(key, safe=':')}/{link}",
        "data": data,
    }
    headers = cloudevent_headers(document)
    return CaseMessage(
        tenant, key, Message(exchange, routing_key, orjson.dumps(document), str(document["id"]), headers=headers)
    )


def enqueue(
    tx: Transaction,
    messages: Sequence[CaseMessage],
    *,
    now: int,
    leased_until: int,
    contexts: Mapping[CaseKey, str] | None = None,
) -> list[Outgoing]:
    """Store the messages in the outbox; returns what to publish after the commit. `contexts`: see `record`."""
    rows = [(one.tenant, one.key, one.message) for one in messages]
    if traces.is_on():
        known = contexts or {}
        rows = [(tenant, key, with_traceparent(one, known.get((tenant, key)))) for tenant, key, one in rows]
    ids = tx.enqueue_all(rows, now=now, leased_until=leased_until)
    return [Outgoing(id, message) for id, (_, _, message) in zip(ids, rows, strict=True)]
