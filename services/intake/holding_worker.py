"""The worker's part of requests that wait for a change: their connections cost no thread, and end with the worker."""

import time
from functools import partial
from typing import Any, Final

from signpost.metrics.table import HTTP_WAITING
from signpost.services.intake.connection import READ_BYTES, Connection, Pool
from signpost.services.intake.holding import HOLD, Hold
from signpost.services.intake.worker import BufferingWorker

STREAM_HEAD: Final = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n"
    b"X-Content-Type-Options: nosniff\r\nX-Accel-Buffering: no\r\nConnection: close\r\n\r\n"
)
HEARTBEAT: Final = b":\n\n"
"""A comment, by which each side notices that the other is gone."""
HEARTBEAT_S: Final = 15.0
HELD_SHARE: Final = 2
"""At most one connection out of so many waits for a change."""


class HoldingWorker(BufferingWorker):
    """Keeps the connections of requests that wait for a change, and runs these requests again.

    Beyond its limit, the oldest of a tenant gives way: a poll is answered, a stream ends, and the client comes back.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._held: Pool = {}
        """Connections whose requests wait for a change, the oldest first."""
        self._shown = 0
        """How many of them the metrics have."""

    def _respond(self, conn: Connection) -> bool:
        hold = conn.hold = conn.hold or Hold()
        hold.watch, hold.has_more = None, False
        HOLD.set(hold)
        is_reusable = super()._respond(conn)
        if conn.sock[8:12] != b" 200":
            hold.watch, hold.is_stream = None, hold.is_repeated and hold.is_stream
        if hold.is_stream:
            body = b"" if hold.watch is None else conn.sock.partition(b"\r\n\r\n")[2]
            conn.sock[:] = body if hold.is_repeated else STREAM_HEAD + body
        elif hold.watch is not None:
            conn.sock.clear()
        return is_reusable and not hold.is_stream

    def finish_request(self, conn: Connection, future: Any) -> None:
        """Take the connection back from its thread; its request may go on."""
        if conn.hold is not None and conn.hold.watch is not None and not future.cancelled() and not future.exception():
            self._guard(conn, self._send)
            return
        conn.hold = None
        super().finish_request(conn, future)

    def _continue(self, conn: Connection) -> None:
        hold = conn.hold
        if hold is None or hold.watch is None:
            super()._continue(conn)
        elif not self.alive:
            self._end(conn)
        elif hold.has_more:
            self._repeat(conn)
        else:
            self._keep(conn, hold)

    def _keep(self, conn: Connection, hold: Hold) -> None:
        """Wait for a change, and meanwhile notice if the client leaves."""
        now = time.monotonic()
        hold.until = hold.until or now + hold.seconds
        self._wait(conn, self._hear, HEARTBEAT_S if hold.is_stream else hold.until - now, pool=self._held)
        assert hold.watch is not None
        hold.give_up = hold.watch(partial(self.method_queue.defer, self._wake, conn))
        of_owner = [each for each in self._held if each.hold and each.hold.owner == hold.owner]
        if len(of_owner) > self.limits.max_waiting:
            self._guard(of_owner[0], self._end)
        elif len(self._held) * HELD_SHARE > self.worker_connections:
            self._guard(next(iter(self._held)), self._end)

    def _wake(self, conn: Connection) -> None:
        if conn.pool is self._held:
            self._guard(conn, self._repeat)

    def _repeat(self, conn: Connection) -> None:
        """Run the request again."""
        self._release(conn)
        if conn.hold is not None:
            conn.hold.is_repeated = True
        self.enqueue_req(conn)

    def _end(self, conn: Connection) -> None:
        """End a stream, or answer a poll now."""
        if conn.hold is None or conn.hold.is_stream:
            conn.hold, conn.reuse = None, False
            super()._continue(conn)
        else:
            conn.hold.must_answer = True
            self._repeat(conn)

    def _hear(self, conn: Connection) -> None:
        """The client has left, or sends its next request already."""
        try:
            data = conn.socket.recv(READ_BYTES)
        except BlockingIOError:
            return
        if not data:
            self._close(conn)
            return
        unreader = conn.parser.unreader
        unreader.unread(unreader.take_buffered() + data)
        self._end(conn)

    def _expire(self, conn: Connection) -> None:
        if conn.pool is not self._held:
            super()._expire(conn)
        elif conn.hold is not None and conn.hold.is_stream:
            conn.sock.extend(HEARTBEAT)
            self._send(conn)
        else:
            self._end(conn)

    def murder_keepalived(self, force: bool = False) -> None:
        """Called at every turn of the event loop."""
        super().murder_keepalived(force)
        if self._shown != len(self._held):
            self._shown = len(self._held)
            HTTP_WAITING.set(self._shown)

    def _cap_keepalive(self, deadline: float) -> None:
        """The worker stops: nobody waits any longer."""
        super()._cap_keepalive(deadline)
        for conn in list(self._held):
            self._guard(conn, self._end)

    def _release(self, conn: Connection) -> None:
        if conn.pool is self._held and conn.hold is not None and conn.hold.give_up is not None:
            conn.hold.give_up()
            # It refers to the connection, whose memory would wait for the garbage collector
            conn.hold.give_up = None
        super()._release(conn)

    def _waiting(self) -> list[Connection]:
        return [*super()._waiting(), *self._held]
