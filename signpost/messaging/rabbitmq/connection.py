"""A thread that keeps one connection and channel to RabbitMQ open, with back-off. Does not publish or consume."""

import logging
import random
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from pika import SelectConnection, URLParameters
from pika.channel import Channel
from pika.connection import Connection
from pika.exceptions import AMQPError

from signpost.messaging.bounds import Bounds
from signpost.messaging.message import BrokerMisconfigured
from signpost.messaging.rabbitmq import lenient
from signpost.messaging.rabbitmq.failures import SETTING, to_error
from signpost.messaging.rabbitmq.loop import SafeTimersLoop
from signpost.messaging.rabbitmq.tls import split_tls
from signpost.metrics.table import RECONNECTS
from signpost.repeats import Repeats

ERROR_PAUSE_S = 0.2
"""Time before the thread goes on after an unexpected error."""

log = logging.getLogger(__name__)


def connection_parameters(url: str, bounds: Bounds, name: str) -> URLParameters:
    """Connection parameters with every wait bounded (by default pika waits indefinitely when blocked).

    Raises BrokerMisconfigured.
    """
    lenient.install()
    plain_url, tls = split_tls(url)
    try:
        parameters = URLParameters(plain_url)
    except ValueError as error:
        raise BrokerMisconfigured(f"{SETTING} is invalid: {error}") from error
    parameters.ssl_options = tls
    parameters.heartbeat = bounds.heartbeat_s
    parameters.socket_timeout = bounds.connect_timeout_s
    parameters.stack_timeout = bounds.connect_timeout_s
    parameters.blocked_connection_timeout = bounds.blocked_timeout_s
    parameters.connection_attempts = 1
    parameters.client_properties = {"connection_name": name, "product": "signpost"}
    return parameters


class ConnectionThread:
    """Keeps one connection with one channel.

    `on_open(channel)` runs for each new channel and must call `mark_ready()` after its set-up; `on_lost(reason)` runs
    when a connection is lost or an attempt fails. Both, and every function given to `call`, run in this thread.
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
        """True from the first failed attempt until the next success: callers should not wait for this broker."""
        self._parameters = connection_parameters(url, bounds, name)
        self._bounds = bounds
        self._on_open, self._on_lost = on_open, on_lost
        self._loop: Any = SafeTimersLoop()
        self._connection: SelectConnection | None = None
        self._watchdog: Any = None
        self._next_attempt: Any = None
        self._pause = bounds.backoff_first_s
        self._lines = Repeats()
        self._stopping, self._has_connected = False, False
        self._first_attempt = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Start the thread and connect."""
        self._loop.add_callback_threadsafe(self._connect)
        self._thread.start()

    def call(self, function: Callable[[], None]) -> None:
        """Run `function` in this thread; functions run in the order of the calls."""
        self._loop.add_callback_threadsafe(function)

    def call_later(self, delay_s: float, function: Callable[[], None]) -> None:
        """Run `function` after `delay_s`; call it only in this thread."""
        self._loop.call_later(delay_s, function)

    def in_own_thread(self) -> bool:
        """True in this thread, where nothing may block."""
        return threading.current_thread() is self._thread

    def wait_first_attempt(self, timeout_s: float) -> bool:
        """Wait until the first attempt succeeds or fails; True if the connection is ready."""
        self._first_attempt.wait(timeout_s)
        return self.problem is None

    def mark_ready(self) -> None:
        """Record that the channel is set up."""
        self.problem, self.failed = None, False
        RECONNECTS.inc("broker", by=self._has_connected)
        self._has_connected = True
        self._pause = self._bounds.backoff_first_s
        self._stop_watchdog()
        self._first_attempt.set()
        self._lines.reset()
        log.info("%s: connected", self.name)

    def drop(self, reason: str) -> None:
        """Drop the connection without a closing handshake, because the peer may be dead, and reconnect."""
        if self._connection is not None:
            # pika has no public way to skip the closing handshake; its heartbeat checker does the same
            self._connection._terminate_stream(AMQPError(reason))

    def stop(self, timeout_s: float) -> None:
        """Close the connection with its handshake, or without after `timeout_s`, and end the thread."""
        if not self._thread.is_alive():
            return
        self.call(lambda: self._begin_stop(timeout_s))
        if not self.in_own_thread():
            self._thread.join(timeout_s + 1.0)

    def _begin_stop(self, timeout_s: float) -> None:
        self._stopping = True
        self._stop_watchdog()
        if self._connection is None or self._connection.is_closed:
            self._loop.stop()
            return
        self._loop.call_later(timeout_s, self._loop.stop)
        if self._connection.is_open:
            self._connection.close()
        elif not self._connection.is_closing:
            self._loop.stop()

    def _run(self) -> None:
        while not self._stopping:
            try:
                self._loop.start()
            except Exception:
                # An error in a callback must not end the thread: every caller depends on it
                log.exception("%s: unexpected error in a callback, reconnecting", self.name)
                self._make_startable()
        if self._connection is not None and not self._connection.is_closed:
            self.drop("stopped")
        self._report_lost("stopped")
        # Its descriptors would stay open until the garbage collector runs, which is rare
        self._loop.close()

    def _make_startable(self) -> None:
        """Let the loop start again and reconnect, a little later: the next start may fail in the same way."""
        # Without a free descriptor pika opens no poller, and then says forever that the loop is running already
        self._loop._poller._running = False
        self._loop.add_callback_threadsafe(self._reconnect)
        time.sleep(ERROR_PAUSE_S)

    def _reconnect(self) -> None:
        """Drop what is left of the connection; begin again if the error struck while it was opened or without one."""
        if self._connection is None:
            if self._next_attempt is None:  # the error was that of the attempt itself
                self._connect_later()
            return
        # pika refuses to drop a connection that failed half way; the next attempt does not need it
        with suppress(Exception):
            self.drop("unexpected error")
        if self._connection is not None:  # pika tells later that it is closed, or, after its own error, never
            self._on_connection_closed(self._connection, AMQPError("unexpected error"))

    def _connect_later(self) -> None:
        """Connect after the back-off."""
        pause = self._pause * random.uniform(0.5, 1.0)
        self._pause = min(self._pause * 2, self._bounds.backoff_max_s)
        self._next_attempt = self._loop.call_later(pause, self._connect)

    def _connect(self) -> None:
        self._next_attempt = None
        if self._stopping:
            return
        self._stop_watchdog()
        self._watchdog = self._loop.call_later(self._bounds.connect_timeout_s * 2, self._on_connect_timeout)
        self._connection = SelectConnection(
            self._parameters,
            on_open_callback=self._on_connection_open,
            on_open_error_callback=self._on_connection_failed,
            on_close_callback=self._on_connection_closed,
            custom_ioloop=self._loop,
        )

    def _on_connect_timeout(self) -> None:
        self._watchdog = None
        self.drop("the broker did not answer in time")

    def _stop_watchdog(self) -> None:
        if self._watchdog is not None:
            self._loop.remove_timeout(self._watchdog)
            self._watchdog = None

    def _on_connection_open(self, connection: Connection) -> None:
        given_up = connection is not self._connection
        if given_up:
            connection.close()
            return
        connection.channel(on_open_callback=self._on_channel_open)

    def _on_channel_open(self, channel: Channel) -> None:
        channel.add_on_close_callback(self._on_channel_closed)
        self._on_open(channel)

    def _on_channel_closed(self, channel: Channel, error: BaseException) -> None:
        """The broker closed only the channel (a queue is missing, for example): drop the connection to start clean."""
        connection = self._connection
        if connection is not None and connection.is_open and not self._stopping:
            log.warning("%s: the broker closed the channel, reconnecting: %s", self.name, error)
            self.drop(f"channel closed: {error}")

    def _on_connection_failed(self, connection: Connection, error: BaseException) -> None:
        self._on_connection_closed(connection, error)

    def _on_connection_closed(self, connection: Connection, error: BaseException) -> None:
        if connection is not self._connection:
            return
        self._connection = None
        self._stop_watchdog()
        # A lost connection is usually back soon; only a failed attempt means that the broker is unreachable
        self.failed = self.problem is not None
        reason = str(to_error(error))
        self._report_lost(reason)
        if self._stopping:
            self._loop.stop()
            return
        self._first_attempt.set()
        if self._lines.is_due(reason):
            log.warning("%s: %s; connecting again until it works", self.name, reason, extra={"cause": repr(error)})
        self._connect_later()

    def _report_lost(self, reason: str) -> None:
        self.problem = reason
        self._on_lost(reason)
