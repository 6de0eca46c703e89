"""The ends of advice, agendas and lists that waited in the outbox of a case when it was erased. Consumers may have had
their beginning, so the ends are published still, without content. Uses no queue."""

from collections.abc import Iterable
from typing import Any

import orjson

from signpost.advice.case_set import remove_content
from signpost.advice.records import PUBLISHED
from signpost.messaging.message import Message
from signpost.names import ADVICE, AGENDA
from signpost.storage import Change, OutboxRow
from signpost.workers.case_messages import CaseMessage
from signpost.workers.case_rows import StoredMessage


def ends_of_advice(rows: Iterable[OutboxRow]) -> list[StoredMessage]:
    """The changes that end a recommendation, without its content."""
    documents = [(row, orjson.loads(row.body)) for row in rows if row.exchange == ADVICE]
    return [_to_end(row, document) for row, document in documents if document["data"]["status"] not in PUBLISHED]


def empty_states(rows: Iterable[OutboxRow]) -> list[CaseMessage]:
    """The agendas without a card and the lists without a question."""
    found: list[CaseMessage] = []
    for row in rows:
        data = {} if row.exchange == ADVICE else orjson.loads(row.body)["data"]
        if data and not data["cards" if row.exchange == AGENDA else "questions"] and not data.get("held"):
            found.append(CaseMessage(row.tenant, row.case_key, _to_message(row, row.body)))
    return found


def _to_end(row: OutboxRow, document: dict[str, Any]) -> StoredMessage:
    data = document["data"]
    remove_content(data)
    message = _to_message(row, orjson.dumps(document))
    change = Change(
        tenant=row.tenant,
        case_key=row.case_key,
        recommendation_id=data["id"],
        sequence=data["sequence"],
        change=data["change"],
        status=data["status"],
        audience=data["audience"],
        rule=data["rule"],
        subject=f"{data['subject']['kind']}/{data['subject']['id']}",
        priority=data["priority"],
        at=row.created,
        body=message.body,
        routing_key=message.routing_key,
        headers=message.headers,
    )
    return change, message


def _to_message(row: OutboxRow, body: bytes) -> Message:
    return Message(row.exchange, row.routing_key, body, row.message_id, row.headers, row.content_type)
