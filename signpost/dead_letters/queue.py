"""A dead-letter queue: lists without removing, requeues with confirm before removing, drops. Formats nothing."""

import re
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Final

from signpost.case.instant import format_instant
from signpost.dead_letters.choosing import Choice
from signpost.dead_letters.letter import DeadLetter, read_letter
from signpost.dead_letters.route import original_message
from signpost.errors import CallerError, SignpostError, TransientError
from signpost.messaging import Broker, Delivery, Message, PublishUnknown
from signpost.messaging.message import REQUEUED_AT
from signpost.messaging.topology import UNROUTED, dead_letter_queue
from signpost.names import DEAD

MAX_EXAMINED: Final = 10_000
"""Messages of a queue that one operation examines, unless the caller names another number."""
CONFIRM_TIMEOUT_S: Final = 10.0
QUEUES: Final = {"dead": DEAD, "unrouted": UNROUTED}
CONSUMER_PREFIX: Final = "consumer."
_CONSUMER: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")

Held = tuple[DeadLetter, Delivery]
Problem = SignpostError | None


class NoSuchName(CallerError):
    """The name is not that of a dead-letter queue."""


def queue_of(name: str) -> str:
    """The queue of `dead`, `unrouted` or `consumer.NAME`. Raises NoSuchName."""
    consumer = name.removeprefix(CONSUMER_PREFIX)
    if consumer != name and _CONSUMER.fullmatch(consumer):
        return dead_letter_queue(consumer)
    if name not in QUEUES:
        raise NoSuchName(f"{name!r} is no queue of dead letters: use {', '.join(QUEUES)} or {CONSUMER_PREFIX}NAME")
    return QUEUES[name]


@dataclass(slots=True)
class Listing:
    """The chosen letters of a queue, oldest first. `total`: its ready messages at the beginning."""

    total: int
    examined: int = 0
    is_complete: bool = True
    """Whether every message was examined."""
    letters: list[DeadLetter] = field(default_factory=list)


@dataclass(slots=True)
class Result:
    """What became of the chosen letters."""

    listing: Listing
    done: list[DeadLetter] = field(default_factory=list)
    failed: list[tuple[DeadLetter, str]] = field(default_factory=list)
    """Letters that stay, each with the reason."""
    is_limited: bool = False
    """Whether more match than the limit allows."""
    is_interrupted: bool = False
    """Whether it stopped because the broker accepted nothing."""

    @property
    def settled(self) -> int:
        """How many letters were tried."""
        return len(self.done) + len(self.failed)

    def note(self, letters: Sequence[DeadLetter], problems: Sequence[Problem]) -> None:
        """Add a page of letters."""
        pairs = list(zip(letters, problems, strict=True))
        self.done += [letter for letter, problem in pairs if problem is None]
        self.failed += [(letter, str(problem)) for letter, problem in pairs if problem is not None]
        is_broken = any(isinstance(problem, TransientError) for problem in problems)
        self.is_interrupted = is_broken and None not in problems


class _Enough(Exception):
    """Ends a sweep; the queue gets back what it holds."""


class DeadLetterQueue:
    """One queue. `partitions`: of events, today. `examine`: how many messages an operation examines at most."""

    def __init__(self, broker: Broker, queue: str, partitions: int = 1, examine: int = MAX_EXAMINED) -> None:
        self._broker, self._queue, self._partitions, self._examine = broker, queue, partitions, examine

    @property
    def name(self) -> str:
        """The name of the queue."""
        return self._queue

    def browse(self, choice: Choice) -> Listing:
        """The chosen letters; removes and reorders nothing. Raises NoSuchQueue, BrokerAway."""

        def note(page: Sequence[Held]) -> set[int]:
            listing.letters += [letter for letter, _ in page if choice.matches(letter)]
            return set()

        listing = Listing(self._broker.queue_depth(self._queue))
        self._read(listing, note)
        return listing

    def find(self, choice: Choice, limit: int) -> list[Held]:
        """The first chosen letters with their bodies; examines no others after the last of them."""
        found: list[Held] = []

        def note(page: Sequence[Held]) -> set[int]:
            if len(found) >= limit:
                raise _Enough
            found.extend([held for held in page if choice.matches(held[0])][: limit - len(found)])
            return set()

        self._read(Listing(0), note)
        return found

    def requeue(
        self, choice: Choice, limit: int, now: int, check: Callable[[Message], None] = lambda message: None
    ) -> Result:
        """Publish chosen letters on the route by which they came; each is removed once the broker has confirmed.

        One that comes back meanwhile is not requeued twice. `check` raises CallerError for what must not be published.
        """
        started = format_instant(now)

        def make(held: Held) -> Message:
            message = original_message(*held, self._partitions, now)
            check(message)
            return message

        return self._remove(choice, limit, started, lambda page: self._publish(page, make))

    def drop(self, choice: Choice, limit: int) -> Result:
        """Delete chosen letters."""
        return self._remove(choice, limit, "", lambda page: [None] * len(page))

    def _remove(
        self, choice: Choice, limit: int, started: str, settle: Callable[[list[Held]], list[Problem]]
    ) -> Result:
        """Settle chosen letters page by page. `started`: of those requeued then, none is chosen; `settle`: None for
        each that may go, or why it stays."""
        result = Result(Listing(self._broker.queue_depth(self._queue)))

        def remove(page: Sequence[Held]) -> set[int]:
            if result.is_limited or result.is_interrupted:
                raise _Enough
            chosen = [
                number
                for number, (letter, delivery) in enumerate(page)
                if choice.matches(letter) and (delivery.headers.get(REQUEUED_AT) or None) != started
            ]
            left = limit - result.settled
            result.is_limited, chosen = len(chosen) > left, chosen[:left]
            problems = settle([page[number] for number in chosen])
            result.note([page[number][0] for number in chosen], problems)
            return {number for number, problem in zip(chosen, problems, strict=True) if problem is None}

        self._read(result.listing, remove)
        return result

    def _publish(self, page: list[Held], make: Callable[[Held], Message]) -> list[Problem]:
        """Publish all, then wait for all confirms; None, or why it is not confirmed."""
        publisher = self._broker.publisher()
        sent: list[Future[None] | SignpostError] = []
        for held in page:
            try:
                sent.append(publisher.publish(make(held)))
            except CallerError as error:
                sent.append(error)
        return [one if isinstance(one, SignpostError) else _problem_of(one) for one in sent]

    def _read(self, listing: Listing, visit: Callable[[Sequence[Held]], set[int]]) -> None:
        """Let `visit` see the messages page by page, and say which of a page go."""

        def choose(page: Sequence[Delivery]) -> list[bool]:
            seen = page[: self._examine - listing.examined]
            if not seen:
                raise _Enough
            gone = visit([(read_letter(self._queue, delivery), delivery) for delivery in seen])
            listing.examined += len(seen)
            listing.is_complete = len(seen) == len(page)
            return [number in gone for number in range(len(page))]

        try:
            self._broker.sweep(self._queue, choose)
        except _Enough:
            listing.is_complete = False


def _problem_of(future: Future[None]) -> Problem:
    try:
        future.result(CONFIRM_TIMEOUT_S)
    except SignpostError as error:
        return error
    except TimeoutError:
        return PublishUnknown("no confirm in time")
    return None
