"""The parts of RabbitMQ's client without a server: a connection and a channel that a test drives."""

from collections.abc import Callable
from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any

import pytest
from pika import BasicProperties
from pika.spec import Basic

from signpost.messaging import Bounds, Delivery, Message, Outcome, Settlement
from signpost.messaging.rabbitmq.consumer import RabbitConsumer
from signpost.names import EVENTS

PATIENCE = 60.0
"""How long, in seconds, a test waits for what comes at once."""


class Connection:
    """A connection thread that a test drives: calls run at once, in the test's own thread."""

    def __init__(
        self, url: str, bounds: Bounds, name: str, on_open: Callable[..., None], on_lost: Callable[[str], None]
    ) -> None:
        self.name, self.on_open, self.on_lost = name, on_open, on_lost
        self.problem: str | None = None
        self.failed = self.is_own = self.is_held = self.is_started = False
        self.later: list[tuple[float, Callable[[], None]]] = []
        self.held: list[Callable[[], None]] = []
        self.dropped: list[str] = []
        self.stopped: list[float] = []
        self.ready = 0

    def start(self) -> None:
        """Note that it is started."""
        self.is_started = True

    def call(self, function: Callable[[], None]) -> None:
        """Run a function at once, or keep it while calls are held."""
        if self.is_held:
            self.held.append(function)
        else:
            function()

    def call_later(self, delay_s: float, function: Callable[[], None]) -> None:
        """Note a function and its delay."""
        self.later.append((delay_s, function))

    def in_own_thread(self) -> bool:
        """Return what the test has set."""
        return self.is_own

    def mark_ready(self) -> None:
        """Count it."""
        self.ready += 1

    def drop(self, reason: str) -> None:
        """Note the reason."""
        self.dropped.append(reason)

    def stop(self, timeout_s: float) -> None:
        """Note how long it may take."""
        self.stopped.append(timeout_s)

    def wait_first_attempt(self, timeout_s: float) -> bool:
        """Return at once whether there is no problem."""
        return self.problem is None


class Channel:
    """A channel that notes what is called on it; a callback runs at once, with the answer that a test gives."""

    def __init__(self, answer: Any = None) -> None:
        self.is_open = True
        self.calls: list[tuple[Any, ...]] = []
        self.answer = answer
        self.connection = self
        self.error: Exception | None = None

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def note(*given: Any, callback: Callable[..., None] | None = None, **options: Any) -> str:
            plain = tuple(one for one in given if not callable(one))
            self.calls.append((name, *plain, *options.items()))
            if self.error is not None and name == "basic_publish":
                raise self.error
            if callback is not None:
                callback(self.answer)
            return "the-tag"

        return note

    def of(self, *names: str) -> list[tuple[Any, ...]]:
        """Return the calls with these names."""
        return [call for call in self.calls if call[0] in names]


def drive_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give publishers and consumers connections that the test drives."""
    for module in ("publisher", "consumer"):
        monkeypatch.setattr(f"signpost.messaging.rabbitmq.{module}.ConnectionThread", Connection)


class Letters:
    """A publisher of dead letters: each ends with the next error of a list, or is confirmed."""

    def __init__(self, *errors: Exception | None) -> None:
        self.errors, self.sent = list(errors), list[Message]()

    def publish(self, message: Message) -> Future[None]:
        """Note a message, and end its future."""
        self.sent.append(message)
        future: Future[None] = Future()
        error = self.errors.pop(0) if self.errors else None
        future.set_exception(error) if error else future.set_result(None)
        return future


def consuming(
    letters: Letters | None = None, *, queue: str | None = "q", pattern: str = "#", prefetch: int = 10
) -> tuple[RabbitConsumer, Any, Channel]:
    """A consumer with an open channel, and its connection."""
    made: Any = letters or Letters()
    options: dict[str, Any] = {"queue": queue, "prefetch": prefetch, "pattern": pattern}
    consumer = RabbitConsumer("amqp://h/", Bounds(publish_timeout_s=0.05), "a test", lambda: made, **options)
    channel = open_channel(consumer)
    return consumer, consumer._connection, channel


def open_channel(consumer: RabbitConsumer) -> Channel:
    """Open a channel of a consumer."""
    channel = Channel(SimpleNamespace(method=SimpleNamespace(queue="amq.gen-1", consumer_count=3)))
    consumer._connection.on_open(channel)  # type: ignore[attr-defined]
    return channel


def deliver(consumer: RabbitConsumer, channel: Channel, *tags: int) -> None:
    """Let messages with these tags come."""
    for tag in tags:
        method = Basic.Deliver("c", tag, False, EVENTS, "0.acme.x")
        consumer._on_message(channel, method, BasicProperties(message_id=f"e-{tag}"), b"{}")


def settle(consumer: RabbitConsumer, outcome: Outcome, *deliveries: Delivery, reason: str = "") -> None:
    """Settle several deliveries alike."""
    consumer.settle([Settlement(one, outcome, reason) for one in deliveries], 0)


def verbs(channel: Channel) -> list[tuple[Any, ...]]:
    """Return what was settled on a channel."""
    return channel.of("basic_ack", "basic_reject")
