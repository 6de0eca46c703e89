"""Sends prepared HTTP requests over many kept connections from one thread, and measures the answers."""

import selectors
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

HEAD_END: Final = b"\r\n\r\n"


@dataclass(slots=True)
class Load:
    """Answers of one run: the seconds of each, and of all."""

    seconds: list[float] = field(default_factory=list)
    elapsed_s: float = 0.0

    @property
    def per_second(self) -> float:
        """Answers per second."""
        return len(self.seconds) / self.elapsed_s


@dataclass(slots=True)
class _Client:
    connection: socket.socket
    sent_at: float = 0.0
    received: bytes = b""


def post(path: str, body: bytes, content_type: str, key: str) -> bytes:
    """A request as bytes."""
    head = f"POST {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {key}\r\nContent-Type: {content_type}\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def run(port: int, requests: Sequence[bytes], connections: int, expected: bytes = b"HTTP/1.1 202") -> Load:
    """Send each request once; every connection has one request in flight. Raises RuntimeError for another status."""
    load, left = Load(), iter(requests)
    with selectors.DefaultSelector() as selector:
        started = time.perf_counter()
        for _ in range(min(connections, len(requests))):
            client = _Client(socket.create_connection(("127.0.0.1", port), timeout=30))
            client.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            selector.register(client.connection, selectors.EVENT_READ, client)
            _send(client, next(left))
        while len(load.seconds) < len(requests):
            for key, _ in selector.select(30):
                if _receive(key.data, expected, load) and (request := next(left, None)) is not None:
                    _send(key.data, request)
        load.elapsed_s = time.perf_counter() - started
        for key in list(selector.get_map().values()):
            key.data.connection.close()
    return load


def _send(client: _Client, request: bytes) -> None:
    client.sent_at = time.perf_counter()
    client.connection.sendall(request)


def _receive(client: _Client, expected: bytes, load: Load) -> bool:
    """Read what has come; whether the answer is whole."""
    client.received += client.connection.recv(65_536)
    head, found, body = client.received.partition(HEAD_END)
    if not found or len(body) < _length(head):
        return False
    if not client.received.startswith(expected):
        raise RuntimeError(f"unexpected answer: {client.received[:300]!r}")
    client.received = b""
    load.seconds.append(time.perf_counter() - client.sent_at)
    return True


def _length(head: bytes) -> int:
    lines = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return int(lines[0].partition(b":")[2]) if lines else 0


def quantile(values: Sequence[float], share: float) -> float:
    """The value that a share of the values does not exceed."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def wait_until_up(answers: Callable[[], bool], timeout_s: float = 60) -> None:
    """Wait until a server answers. Raises RuntimeError."""
    deadline = time.monotonic() + timeout_s
    while not answers():
        if time.monotonic() > deadline:
            raise RuntimeError(f"the server does not answer within {timeout_s:g} s")
        time.sleep(0.05)
