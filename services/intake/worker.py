"""The gunicorn worker of the intake: its event loop reads requests and sends responses, so no client holds a thread.

A thread gets a request when it has arrived completely, which may take `request_timeout_s` from its first byte.
When connections or bytes reach their limit, the oldest unfinished connection gives way. Serves HTTP/1 without TLS.
"""

import resource
import selectors
import socket
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from typing import Any

from gunicorn.http.errors import NoMoreData
from gunicorn.workers.gthread import STOP_KEEPALIVE_LINGER, ThreadWorker

from signpost.repeats import Repeats
from signpost.services.intake.connection import Connection, Pool, Refusal, ResponseBuffer
from signpost.services.intake.measuring import QUEUED_AT
from signpost.services.intake.refusals import refusal
from signpost.services.intake.worker_limits import (
    LINGER_S,
    MAX_ACCEPTS,
    OUT_OF_FILES,
    PROBES,
    QUEUE_TIMEOUT_S,
    RESERVED_FILES,
    SEND_TIMEOUT_S,
    SWEEP_INTERVAL_S,
    TRANSIENT,
    WorkerLimits,
)


class BufferingWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn is untyped
    """Runs the application in threads, and everything that waits for a client in the event loop."""

    limits = WorkerLimits()
    worker_connections: int

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._unfinished: Pool = {}
        """Connections that receive, send or close, the oldest first."""
        self._idle: Pool = {}
        """Connections between two requests, the oldest first."""
        self._buffered_bytes = 0
        self._next_sweep = 0.0
        self._lines = Repeats()

    @classmethod
    def check_config(cls, cfg: Any, log: Any) -> None:
        """Refuse TLS: a proxy terminates it."""
        super().check_config(cfg, log)
        if cfg.is_ssl:
            raise ValueError("the intake serves no TLS; put a proxy in front of it")

    def init_process(self) -> None:
        """Allow as many open files as connections, and no more connections than files."""
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = self.worker_connections + RESERVED_FILES
        files = max(soft, wanted if hard == resource.RLIM_INFINITY else min(wanted, hard))
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, hard))
        self.worker_connections = min(self.worker_connections, files - RESERVED_FILES)
        super().init_process()

    def accept(self, listener: socket.socket) -> None:
        """Accept the connections that wait."""
        for _ in range(MAX_ACCEPTS):
            try:
                client_socket, client = listener.accept()
            except OSError as error:
                if error.errno not in TRANSIENT:
                    raise
                if error.errno in OUT_OF_FILES and self._evict("open files"):
                    continue
                return
            while self.nr_conns + 1 >= self.worker_connections and self._evict("connections"):
                pass
            client_socket.setblocking(False)
            limit = self.limits.max_body_bytes
            conn = Connection(self.cfg, client_socket, client, listener.getsockname(), limit)
            self.nr_conns += 1
            self._wait(conn, self._receive, self.limits.request_timeout_s)

    def enqueue_req(self, conn: Connection) -> None:
        """Give the request to a thread. Probes are answered here: all threads may be waiting for a server."""
        conn.deadline = time.monotonic() + QUEUE_TIMEOUT_S
        if conn.request.path not in PROBES:
            super().enqueue_req(conn)
            return
        answered: Future[bool] = Future()
        answered.set_result(self.handle(conn))
        self.method_queue.defer(self.finish_request, conn, answered)

    def handle(self, conn: Connection) -> bool:
        """Answer the request, in a thread; whether the connection can serve another."""
        QUEUED_AT.set(conn.deadline - QUEUE_TIMEOUT_S)
        reuse = self._respond(conn)
        with suppress(OSError):
            conn.send()
        return reuse and conn.is_complete

    def _respond(self, conn: Connection) -> bool:
        """Write the response of the application into the buffer; whether the connection can serve another request."""
        if time.monotonic() > conn.deadline:
            self._log(f"refused requests that had waited {QUEUE_TIMEOUT_S:g} s for a thread")
            conn.sock.extend(refusal(HTTPStatus.SERVICE_UNAVAILABLE))
            return False
        if not conn.is_complete:
            conn.request.force_close()
        try:
            return bool(self._keepalive_after(conn, self.handle_request(conn.request, conn)))
        except Exception as error:
            conn.sock.clear()
            self.handle_error(conn.request, conn.sock, conn.client, error)
            return False

    def handle_error(self, req: Any, client: ResponseBuffer, addr: Any, exc: Exception) -> None:
        """Log as gunicorn does, and answer with a problem document instead of its page."""
        page = ResponseBuffer()
        super().handle_error(req, page, addr, exc)
        client.extend(refusal(HTTPStatus(int(page.split(None, 2)[1]))))

    def finish_request(self, conn: Connection, future: Any) -> None:
        """Take the connection back from its thread."""
        conn.reuse = bool(not future.cancelled() and not future.exception() and future.result())
        conn.next_request()
        self._guard(conn, self._send)

    def murder_keepalived(self, force: bool = False) -> None:
        """End what has exceeded its deadline; all connections that wait for the client if `force`."""
        now = time.monotonic()
        if now < self._next_sweep and not force:
            return
        self._next_sweep = now + SWEEP_INTERVAL_S
        for conn in self._waiting():
            if force:
                self._close(conn)
            elif conn.deadline <= now:
                self._guard(conn, self._expire)

    def murder_pending(self) -> None:
        """Do nothing: no connection is pending in gunicorn's sense."""

    def _cap_keepalive(self, deadline: float) -> None:
        """The worker stops: clients that have sent nothing of a request get little time to do so."""
        for conn in self._waiting():
            if conn.step == self._receive and conn.is_silent:
                conn.deadline = min(conn.deadline, deadline)

    def _on_ready(self, conn: Connection, _: Any) -> None:
        # An earlier event of the same batch may have evicted it.
        if conn.pool is not None:
            self._guard(conn, conn.step)

    def _guard(self, conn: Connection, step: Callable[[Connection], Any]) -> None:
        """Take a step. No client and no bug may end the event loop."""
        try:
            step(conn)
        except OSError:
            self._close(conn)
        except Exception:
            self.log.exception("closed a connection after a bug in its handling")
            self._close(conn)

    def _receive(self, conn: Connection) -> None:
        try:
            if not conn.receive():
                self._close(conn)
                return
        except BlockingIOError:
            return
        if conn.pool is self._idle:
            self._wait(conn, self._receive, self.limits.request_timeout_s)
        self._proceed(conn)

    def _proceed(self, conn: Connection) -> None:
        """Give the request to a thread if it is here, else go on waiting for it."""
        try:
            ready = conn.has_request()
        except Refusal as reason:
            self._refuse(conn, reason.status, reason.detail)
            return
        except (StopIteration, NoMoreData):
            self._close(conn)
            return
        except Exception as error:
            self.handle_error(None, conn.sock, conn.client, error)
            self._answer(conn)
            return
        self._count(conn)
        if conn.is_closed:
            return
        if ready:
            self._release(conn)
            self.enqueue_req(conn)
        elif conn.expects_continue:
            conn.expects_continue = False
            conn.socket.send(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _refuse(self, conn: Connection, status: int, detail: str = "") -> None:
        conn.sock.extend(refusal(HTTPStatus(status), detail))
        self._answer(conn)

    def _answer(self, conn: Connection) -> None:
        """Send what is in the response buffer, and close."""
        conn.reuse = False
        conn.received.clear()
        self._send(conn)

    def _send(self, conn: Connection) -> None:
        is_sent = conn.send()
        self._count(conn)
        if conn.is_closed:
            return
        if not is_sent:
            # A stream goes from one page to the next without another step between
            if conn.pool is None or conn.step != self._send:
                self._wait(conn, self._send, SEND_TIMEOUT_S, selectors.EVENT_WRITE)
        else:
            self._continue(conn)

    def _continue(self, conn: Connection) -> None:
        """The response is sent: close, or wait for the next request."""
        if not conn.reuse:
            conn.socket.shutdown(socket.SHUT_WR)
            self._wait(conn, self._discard, LINGER_S)
        elif conn.received:
            self._wait(conn, self._receive, self.limits.request_timeout_s)
            self._proceed(conn)
        else:
            seconds = self.cfg.keepalive if self.alive else STOP_KEEPALIVE_LINGER
            self._wait(conn, self._receive, seconds, pool=self._idle)

    def _discard(self, conn: Connection) -> None:
        try:
            if conn.socket.recv(65_536):
                return
        except BlockingIOError:
            return
        self._close(conn)

    def _expire(self, conn: Connection) -> None:
        if conn.step == self._receive and not conn.is_silent:
            self._log(f"closed a connection whose request took more than {self.limits.request_timeout_s:g} s to arrive")
            self._refuse(conn, HTTPStatus.REQUEST_TIMEOUT)
            return
        self._close(conn)

    def _count(self, conn: Connection) -> None:
        """Account for the buffers of a connection."""
        self._buffered_bytes += conn.buffered_bytes - conn.counted_bytes
        conn.counted_bytes = conn.buffered_bytes
        while self._buffered_bytes > self.limits.max_buffered_bytes and self._evict("buffered bytes", least_bytes=1):
            pass

    def _evict(self, what: str, least_bytes: int = 0) -> bool:
        """Close the oldest unfinished or else idle connection that holds so much; whether there was one."""
        for conn in self._waiting():
            if conn.counted_bytes >= least_bytes:
                self._log(f"closed the oldest connections: too many {what}")
                if conn.step == self._receive and not conn.is_silent:
                    with suppress(OSError):
                        conn.socket.send(refusal(HTTPStatus.SERVICE_UNAVAILABLE))
                self._close(conn)
                return True
        return False

    def _wait(
        self,
        conn: Connection,
        step: Callable[[Connection], None],
        seconds: float,
        event: int = selectors.EVENT_READ,
        *,
        pool: Pool | None = None,
    ) -> None:
        """Take `step` when the client's socket is ready, for so many seconds. `pool`: default: the unfinished ones."""
        self._release(conn)
        conn.step, conn.deadline = step, time.monotonic() + seconds
        self.poller.register(conn.socket, event, partial(self._on_ready, conn))
        conn.pool = self._unfinished if pool is None else pool
        conn.pool[conn] = None

    def _release(self, conn: Connection) -> None:
        """Stop waiting for the client."""
        if conn.pool is not None:
            self.poller.unregister(conn.socket)
            del conn.pool[conn]
            conn.pool = None

    def _waiting(self) -> list[Connection]:
        """All connections that wait for their client, those first that give way first."""
        return [*self._unfinished, *self._idle]

    def _close(self, conn: Connection) -> None:
        if conn.is_closed:
            return
        self._release(conn)
        self._buffered_bytes -= conn.counted_bytes
        self.nr_conns -= 1
        conn.is_closed = True
        conn.socket.close()

    def _log(self, line: str) -> None:
        """Log a line that a client can cause at any rate."""
        if self._lines.is_due(line):
            self.log.warning(line)
