"""The message that a dead letter was, on the route by which it came. Publishes nothing."""

from typing import Any, Final

from signpost.case.instant import format_instant
from signpost.dead_letters.letter import DeadLetter, read_document
from signpost.errors import CallerError
from signpost.messaging import Delivery, Message
from signpost.messaging.message import REQUEUED_AT, REQUEUES, USER
from signpost.messaging.parking import original_headers
from signpost.messaging.topology import CONSUMED, CONSUMER, UNROUTED, event_routing_key
from signpost.names import DEAD, EVENTS, FEEDBACK

DEAD_SUFFIX: Final = ".dead"


class NotRequeueable(CallerError):
    """The letter cannot go back: its route is unknown, or belongs to another."""


def original_message(letter: DeadLetter, delivery: Delivery, partitions: int, now: int) -> Message:
    """The message to publish. Raises NotRequeueable, Unsendable."""
    exchange, key = _route(letter, delivery, partitions)
    headers: dict[str, Any] = original_headers(delivery.headers)
    headers |= {REQUEUES: letter.requeues + 1, REQUEUED_AT: format_instant(now)}
    return Message(exchange, key, delivery.body, delivery.message_id, headers, delivery.content_type)


def _route(letter: DeadLetter, delivery: Delivery, partitions: int) -> tuple[str, str]:
    """Exchange and routing key. Every exchange is one that letters of this queue can have come by."""
    if letter.queue == DEAD:
        return letter.exchange, _key_in_dead(letter, delivery, partitions)
    if letter.queue == UNROUTED and letter.exchange in CONSUMED.values():
        return letter.exchange, delivery.routing_key
    if letter.queue.startswith(f"{CONSUMER}.") and letter.queue.endswith(DEAD_SUFFIX):
        # By the default exchange: on that of advice, all other consumers would receive it again
        return "", letter.queue.removesuffix(DEAD_SUFFIX)
    raise NotRequeueable(f"it came by the exchange {letter.exchange!r}, which is not one of Signpost's")


def _key_in_dead(letter: DeadLetter, delivery: Delivery, partitions: int) -> str:
    if letter.exchange == FEEDBACK:
        if delivery.headers.get(USER) or delivery.user_id:
            raise NotRequeueable("it is feedback, which only its publisher's broker user can publish again")
        return delivery.routing_key
    if letter.exchange != EVENTS:
        raise NotRequeueable(f"it came by the exchange {letter.exchange!r}, which no advisor reads")
    subject = read_document(delivery.body).get("subject")
    known = letter.tenant and isinstance(subject, str)
    return (
        event_routing_key(delivery.routing_key, letter.tenant, str(subject), partitions)
        if known
        else (delivery.routing_key)
    )
