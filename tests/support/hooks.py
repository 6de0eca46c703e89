"""Receivers of webhooks on real sockets: one that answers as it is told, and raw ones that misbehave."""

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import SHUT_RDWR, create_server, socket
from typing import Any


class HookServer(ThreadingHTTPServer):
    """Keeps the requests that it gets; `answer` says status, headers and body."""

    daemon_threads = True
    request_queue_size = 1024

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.requests: list[tuple[dict[str, str], bytes]] = []
        self.answer: Callable[[int], tuple[int, dict[str, str], bytes]] = lambda _number: (204, {}, b"")
        self.arrived = threading.Condition()

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def wait_for(self, number: int, timeout_s: float = 60) -> list[tuple[dict[str, str], bytes]]:
        """The requests, once there are so many."""
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.requests) >= number, timeout_s), len(self.requests)
            return list(self.requests)


class _Handler(BaseHTTPRequestHandler):
    server: HookServer
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        body = self.rfile.read(length)
        if len(body) < length:
            # Its sender ended half-way: a request that never was, as every server sees it
            self.close_connection = True
            return
        with self.server.arrived:
            self.server.requests.append(({name.lower(): value for name, value in self.headers.items()}, body))
            status, headers, answer = self.server.answer(len(self.server.requests))
            self.server.arrived.notify_all()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(answer)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def hook_server(context: ssl.SSLContext | None = None) -> Iterator[HookServer]:
    """A receiver on 127.0.0.1, over TLS with a context."""
    server = HookServer()
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def raw_server(behave: Callable[[socket, threading.Event], None]) -> Iterator[int]:
    """A port at which each connection is handled by `behave`, after the head of its request; the event ends it."""
    listener, stop = create_server(("127.0.0.1", 0)), threading.Event()

    def handle(connection: socket) -> None:
        with connection:
            try:
                connection.recv(65_536)
                behave(connection, stop)
            except OSError:
                return

    def accept() -> None:
        while not stop.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=handle, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        stop.set()
        # Without it the port stays open for as long as the thread accepts
        listener.shutdown(SHUT_RDWR)
        listener.close()
