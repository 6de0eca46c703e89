"""Publishes events again that the broker moved to the dead letters for their number of deliveries."""

import logging
from collections.abc import Mapping
from concurrent.futures import Future
from typing import Final

from signpost.case.event import Event
from signpost.crash_points import reach
from signpost.errors import SignpostError
from signpost.messaging import Broker, Delivery, Message
from signpost.messaging.message import DELIVERY_LIMIT_REASON, FIRST_EXCHANGE, REASON, ROUNDS
from signpost.messaging.parking import original_headers
from signpost.messaging.topology import event_routing_key
from signpost.metrics.table import DEAD_REDELIVERED
from signpost.names import EVENTS

MAX_ROUNDS: Final = 2
"""How often an event is published again. It then has failed three times as often as the delivery limit allows, and
alone after the first attempts: it may be what ends its process."""
CONFIRM_TIMEOUT_S: Final = 10.0

log = logging.getLogger("signpost.relay")


class Redelivery:
    """Gives events back to the advisors. `partitions`: of events, today."""

    def __init__(self, broker: Broker, partitions: int) -> None:
        self._broker, self._partitions = broker, partitions

    def publish_again(self, letters: Mapping[int, tuple[Delivery, Event]]) -> set[int]:
        """Publish these events again; the keys of those that the broker confirmed, whose dead letters may go."""
        sent: dict[int, Future[None]] = {}
        for key, (letter, event) in letters.items():
            try:
                sent[key] = self._broker.publisher().publish(self._to_message(letter, event))
            except SignpostError as error:
                log.warning("dead letter %s stays: %s", letter.message_id, error)
        confirmed = {key for key, future in sent.items() if _is_confirmed(future)}
        DEAD_REDELIVERED.inc(by=len(confirmed))
        if confirmed:
            reach("dead letters published again")
            log.warning("%d events whose deliveries failed too often are delivered again", len(confirmed))
        return confirmed

    def _to_message(self, letter: Delivery, event: Event) -> Message:
        key = event_routing_key(letter.routing_key, event.tenant, event.subject, self._partitions)
        headers = {**original_headers(letter.headers), ROUNDS: rounds_of(letter) + 1}
        return Message(EVENTS, key, letter.body, letter.message_id, headers, letter.content_type)


def is_due(letter: Delivery) -> bool:
    """Whether the broker alone moved this event to the dead letters, because deliveries of it ended with a connection
    or a process: that need not be its fault."""
    by_broker = letter.headers.get(REASON) == DELIVERY_LIMIT_REASON
    return by_broker and letter.headers.get(FIRST_EXCHANGE) == EVENTS and rounds_of(letter) < MAX_ROUNDS


def rounds_of(letter: Delivery) -> int:
    """How often it was published again."""
    value = letter.headers.get(ROUNDS, 0)
    return value if isinstance(value, int) and value >= 0 else MAX_ROUNDS


def _is_confirmed(future: Future[None]) -> bool:
    try:
        future.result(CONFIRM_TIMEOUT_S)
    except (SignpostError, TimeoutError) as error:
        log.warning("a dead letter stays: its event was not published again: %s", error)
        return False
    return True
