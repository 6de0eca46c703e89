"""A thread that keeps one connection and one channel to RabbitMQ open, with back-off; not what is done on them."""

import logging
import random
import threading
from collections.abc import Callable
from typing import Any

from pika import SelectConnection, URLParameters
from pika.adapters.select_connection import IOLoop
from pika.channel import Channel
from pika.connection import Connection
from pika.exceptions import AMQPError

from signpost.messaging.bounds import Bounds

log = logging.getLogger(__name__)


def parameters(url: str, bounds: Bounds, name: str) -> URLParameters:
    """Connection parameters with every wait bounded (pika's own defaults wait for ever when blocked)."""
    found = URLParameters(url)
    found.heartbeat = bounds.heartbeat
    found.socket_timeout = bounds.connect_timeout
    found.stack_timeout = bounds.connect_timeout
    found.blocked_connection_timeout = bounds.blocked_timeout
    found.connection_attempts = 1
    found.client_properties = {"connection_name": name, "product": "signpost"}
    return found


class ConnectionThread:
    """One connection at a time, each in turn with one channel.

    `on_open(channel)` runs for each new channel and must call `ready()` when its set-up is through; `on_lost(reason)`
    runs when a connection is gone or an attempt failed. Both, and everything given to `call`, run in the link's thread.
    """

    def __init__(
        self,
        url: str,
        bounds: Bounds,
        name: str,
        on_open: Callable[[Channel], None],
        on_lost: Callable[[str], None],
    ) -> None:
        self.name = name
        self.problem: str | None = "not connected yet"
        self.failed = False
        """True from the first failed attempt until the next success: callers need not wait for this broker."""
        self._parameters = parameters(url, bounds, name)
        self._bounds = bounds
        self._on_open, self._on_lost = on_open, on_lost
        self._loop = IOLoop()
        self._connection: SelectConnection | None = None
        self._watchdog: Any = None
        self._pause = bounds.backoff_first
        self._stopping = False
        self._settled = threading.Event()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin to connect."""
        self._loop.add_callback_threadsafe(self._connect)
        self._thread.start()

    def call(self, function: Callable[[], None]) -> None:
        """Run `function` in the link's thread; in the order of the calls."""
        self._loop.add_callback_threadsafe(function)

    def later(self, seconds: float, function: Callable[[], None]) -> None:
        """Run `function` after `seconds`; to be called in the link's thread only."""
        self._loop.call_later(seconds, function)

    def inside(self) -> bool:
        """True in the link's own thread, where nothing may wait."""
        return threading.current_thread() is self._thread

    def wait_settled(self, timeout: float) -> bool:
        """Wait for the first attempt to succeed or fail; True when the link is up."""
        self._settled.wait(timeout)
        return self.problem is None

    def ready(self) -> None:
        """The channel's set-up is through."""
        self.problem, self.failed = None, False
        self._pause = self._bounds.backoff_first
        self._stop_watchdog()
        self._settled.set()
        log.info("%s: connected", self.name)

    def drop(self, reason: str) -> None:
        """Give the connection up at once, without a word to a peer that may not listen, and connect again."""
        if self._connection is not None:
            # No public way leaves a connection without the closing handshake; pika's heartbeat checker does the same
            self._connection._terminate_stream(AMQPError(reason))

    def stop(self, timeout: float) -> None:
        """Close the connection with its handshake, or without after `timeout` seconds, and end the thread."""
        if not self._thread.is_alive():
            return
        self.call(lambda: self._begin_stop(timeout))
        if not self.inside():
            self._thread.join(timeout + 1.0)

    def _begin_stop(self, timeout: float) -> None:
        self._stopping = True
        self._stop_watchdog()
        if self._connection is None or self._connection.is_closed:
            self._loop.stop()
            return
        self._loop.call_later(timeout, self._loop.stop)
        if self._connection.is_open:
            self._connection.close()
        elif not self._connection.is_closing:
            self._loop.stop()

    def _run(self) -> None:
        while not self._stopping:
            try:
                self._loop.start()
            except Exception:
                # An error in a callback must not end the thread that every caller waits for
                log.exception("%s: unexpected error, connecting again", self.name)
                self._loop.add_callback_threadsafe(lambda: self.drop("unexpected error"))
        if self._connection is not None and not self._connection.is_closed:
            self.drop("stopped")
        self._lost("stopped")

    def _connect(self) -> None:
        if self._stopping:
            return
        self._watchdog = self._loop.call_later(self._bounds.connect_timeout * 2, self._too_slow)
        self._connection = SelectConnection(
            self._parameters,
            on_open_callback=self._opened,
            on_open_error_callback=self._not_opened,
            on_close_callback=self._closed,
            custom_ioloop=self._loop,
        )

    def _too_slow(self) -> None:
        self._watchdog = None
        self.drop("the broker did not answer in time")

    def _stop_watchdog(self) -> None:
        if self._watchdog is not None:
            self._loop.remove_timeout(self._watchdog)
            self._watchdog = None

    def _opened(self, connection: Connection) -> None:
        connection.channel(on_open_callback=self._channel_opened)

    def _channel_opened(self, channel: Channel) -> None:
        channel.add_on_close_callback(self._channel_closed)
        self._on_open(channel)

    def _channel_closed(self, channel: Channel, error: BaseException) -> None:
        """The broker closed only the channel (something is missing): the connection goes too, to start clean."""
        connection = self._connection
        if connection is not None and connection.is_open and not self._stopping:
            log.warning("%s: channel closed: %s", self.name, error)
            self.drop(f"channel closed: {error}")

    def _not_opened(self, connection: Connection, error: BaseException) -> None:
        self._closed(connection, error)

    def _closed(self, connection: Connection, error: BaseException) -> None:
        if connection is not self._connection:
            return
        self._connection = None
        self._stop_watchdog()
        # The cut of a link that was up says little, most are short; a failed attempt says that the broker is away
        self.failed = self.failed or self.problem is not None
        # Some of pika's errors say what they are only in their repr
        self._lost(str(error) or repr(error))
        if self._stopping:
            self._loop.stop()
            return
        pause = self._pause * random.uniform(0.5, 1.0)
        self._pause = min(self._pause * 2, self._bounds.backoff_most)
        if self.failed:
            self._settled.set()
        log.warning("%s: no connection (%s); next attempt in %.1f s", self.name, self.problem, pause)
        self._loop.call_later(pause, self._connect)

    def _lost(self, reason: str) -> None:
        self.problem = reason
        self._on_lost(reason)
