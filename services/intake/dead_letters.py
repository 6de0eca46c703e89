"""Routes of dead letters: list, show, requeue and drop those of the caller's tenant."""

import logging
import re
from typing import Any, Final

from flask import Blueprint, Response

from signpost.dead_letters import (
    KINDS,
    MAX_EXAMINED,
    Choice,
    DeadLetter,
    DeadLetterQueue,
    NotRequeueable,
    groups_of,
    queue_of,
)
from signpost.dead_letters.letter import OURS, body_document
from signpost.dead_letters.queue import CONSUMER_PREFIX, QUEUES, NoSuchName
from signpost.errors import TransientError
from signpost.messaging import Broker, Message, NoSuchQueue
from signpost.names import EVENTS
from signpost.services.intake import prices
from signpost.services.intake.context import IntakeContext, reply
from signpost.services.intake.problems import NotFound
from signpost.services.intake.query import BadValue, Query, read_query
from signpost.services.intake.queue_turns import QueueTurns

MAX_COPIES: Final = 100
"""Equal letters that one request acts on: they have the same id."""
_ID: Final = re.compile("dl_[0-9a-f]{16}")

log = logging.getLogger("signpost.intake")


class NotRequeued(TransientError):
    """The broker did not confirm the message; its letter stays."""


def blueprint(context: IntakeContext, broker: Broker, partitions: int, turns: QueueTurns) -> Blueprint:
    """The routes."""
    routes = Blueprint("dead_letters", __name__)

    def read_queue(query: Query) -> DeadLetterQueue:
        name = query.read("queue", _queue_name)
        return DeadLetterQueue(broker, name or queue_of("dead"), partitions, MAX_EXAMINED)

    def one(name: str) -> tuple[Choice, DeadLetterQueue]:
        """The choice of one letter of the tenant, by its own id only, and its queue. Raises NotFound."""
        tenant = _charged_tenant(context)
        with read_query() as query:
            queue = read_queue(query)
        if not _ID.fullmatch(name):
            raise NotFound("no dead letter has this id")
        return Choice(ids=frozenset((name,)), tenant=tenant), queue

    @routes.get("/v1/dead-letters")
    def list_letters() -> Response:
        tenant = _charged_tenant(context)
        with read_query() as query:
            limit, choice, queue = query.limit(context.limits.max_page_items), _choice(query, tenant), read_queue(query)
        with turns.take():
            listing = _found(queue.browse, choice)
        letters = list(reversed(listing.letters))
        document = {
            "items": [letter_document(letter) for letter in letters[:limit]],
            "groups": [group.to_document() for group in groups_of(letters)],
            "matching": len(letters),
            "complete": listing.is_complete,
        }
        return reply(document)

    @routes.get("/v1/dead-letters/<name>")
    def show_letter(name: str) -> Response:
        choice, queue = one(name)
        with turns.take():
            found = _found(queue.find, choice, 1)
        if not found:
            raise NotFound("no dead letter has this id")
        letter, delivery = found[0]
        return reply({**letter_document(letter), "body": body_document(delivery.body)})

    @routes.post("/v1/dead-letters/<name>/requeue")
    def requeue_letter(name: str) -> Response:
        choice, queue = one(name)
        with turns.take():
            result = _found(queue.requeue, choice, MAX_COPIES, context.clock(), check_route)
        if not result.settled:
            raise NotFound("no dead letter has this id")
        for _, problem in result.failed:
            raise NotRequeued(problem) if result.is_interrupted else NotRequeueable(problem)
        log.info("dead letter requeued", extra={"letter": name, "tenant": choice.tenant})
        return reply({"id": name, "status": "requeued"})

    @routes.delete("/v1/dead-letters/<name>")
    def drop_letter(name: str) -> Response:
        choice, queue = one(name)
        with turns.take():
            result = _found(queue.drop, choice, MAX_COPIES)
        if not result.done:
            raise NotFound("no dead letter has this id")
        log.info("dead letter dropped", extra={"letter": name, "tenant": choice.tenant})
        return Response(status=204)

    return routes


def _charged_tenant(context: IntakeContext) -> str:
    tenant = context.tenant()
    context.charge(tenant, prices.DEAD_LETTERS)
    return tenant


def _queue_name(name: str) -> str:
    """The queue that the parameter `queue` names. Raises BadValue."""
    try:
        return queue_of(name)
    except NoSuchName:
        raise BadValue(f"must be {', '.join(QUEUES)} or {CONSUMER_PREFIX}NAME") from None


def _found(operation: Any, *arguments: Any) -> Any:
    """The result of an operation. Raises NotFound if there is no such queue."""
    try:
        return operation(*arguments)
    except NoSuchQueue:
        raise NotFound("there is no such queue of dead letters") from None


def _choice(query: Query, tenant: str) -> Choice:
    return Choice(
        reason=query.text("reason") or "",
        kind=query.choice("kind", KINDS) or "",
        tenant=tenant,
        type=(query.text("type") or "").removeprefix("signpost.").removesuffix(".v1"),
        failed_before=query.instant("failed_before"),
        failed_after=query.instant("failed_after"),
    )


def check_route(message: Message) -> None:
    """The intake may publish events and nothing else: another message would end the connection of all."""
    if message.exchange != EVENTS:
        raise NotRequeueable(
            "only events can be requeued over HTTP; an operator can run `signpost dead-letters requeue`"
        )


def letter_document(letter: DeadLetter) -> dict[str, Any]:
    """The letter, without the places in our code that a fault of ours names."""
    document = letter.to_document()
    return {**document, "reason": letter.group} if letter.kind == OURS else document
