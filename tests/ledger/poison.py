"""Poison: messages that no advisor can read. Each must end among the dead letters, and nothing else."""

import contextlib
from collections.abc import Callable

from signpost.errors import SignpostError
from signpost.messaging import Message
from signpost.messaging.message import Delivery
from signpost.names import EVENTS
from tests.ledger.books import take_dead_letters
from tests.ledger.deployment import Deployment
from tests.ledger.waiting import wait_for


class Poison:
    """The poison of all rounds. `published`: the broker has confirmed it; `tried`: that without a confirm included;
    `letters`: the dead letters that were taken."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self.published, self.tried = set[str](), set[str]()
        self.letters: list[Delivery] = []

    def publish(self, name: str, body: bytes = b"{") -> None:
        """Publish a message that no advisor can read, beside the events."""
        self.tried.add(name)
        with contextlib.suppress(SignpostError):
            message = Message(EVENTS, "0.north.signpost.poison.v1", body, name)
            self._deployment.broker.publisher().publish(message).result(10)
            self.published.add(name)

    def take_all(self, seconds: float, say: Callable[[str], None]) -> None:
        """Take the dead letters until all poison is there. Raises TimeoutError, and says where to look for the rest."""
        try:
            wait_for(self._is_complete, seconds, "all poison to be among the dead letters")
        except TimeoutError:
            lost = sorted(self.published - self._names())
            say(f"missing: {lost}\n{self._deployment.trace(lost)}")
            raise

    def _is_complete(self) -> bool:
        """Those that a sweep holds at this moment come back to the queue."""
        self.letters += take_dead_letters(self._deployment.broker)
        return self.published <= self._names()

    def _names(self) -> set[str]:
        return {letter.message_id for letter in self.letters}
