"""Hostile senders, each in a process of its own: slow sockets, costly simulations, a flood, unsigned webhooks.

`ATTACKS` names them; each function runs until its process is ended. They never check answers: an attacker does not
care. What they need is a port and the API key of a tenant.
"""

import contextlib
import json
import multiprocessing
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx

SLOW_SOCKETS = 1000
SIMULATING_CLIENTS = 12
UNSIGNED_PER_S = 100
SHAPES = (
    b"POST /v1/events HTTP/1.1\r\nHost: x\r\nX-Slow: ",
    b"POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n",
    b"POST /v1/events HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"",
)
"""What each slow socket sends first: headers, a body, chunks, nothing."""


def offers(candidate: str, number: int, at: str) -> list[dict[str, Any]]:
    """Return events that give one candidate this number of offers."""
    return [
        {
            "specversion": "1.0",
            "id": f"{candidate}-{index}-{time.monotonic_ns()}",
            "source": "/attack",
            "type": "signpost.offer.extended.v1",
            "time": at,
            "subject": candidate,
            "data": {"offer": f"o-{index}", "employer": {"id": f"e-{index}", "name": f"Employer {index}"}},
        }
        for index in range(number)
    ]


def slow_sockets(port: int, key: str, number: int) -> None:
    """Hold `number` connections of four shapes open, one byte a second each; open those again that are closed."""
    held: dict[int, socket.socket] = {}
    while True:
        for index in range(number):
            if index not in held:
                with contextlib.suppress(OSError):
                    held[index] = _open_slow(port, SHAPES[index % len(SHAPES)])
        for index, each in list(held.items()):
            if not _trickle(each, silent=not SHAPES[index % len(SHAPES)]):
                held.pop(index).close()
        time.sleep(1)


def _open_slow(port: int, first: bytes) -> socket.socket:
    opened = socket.create_connection(("127.0.0.1", port), timeout=2)
    opened.setblocking(False)
    opened.sendall(first)
    return opened


def _trickle(each: socket.socket, silent: bool) -> bool:
    """Send one byte. Return whether the connection is still open."""
    try:
        if not silent:
            each.send(b"1")
        return each.recv(1000) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False


def simulate(port: int, key: str, number: int) -> None:
    """Send simulations of many offers over a year, `number` at a time."""
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 360 * 86_400))
    body = {"candidate": "c-costly", "until": until, "events": offers("c-costly", 30, at)}
    _in_threads(number, lambda: _post(port, "/v1/simulate", key, json.dumps(body).encode(), "application/json"))


def flood(port: int, key: str, number: int) -> None:
    """Send batches of events about one large case as fast as they are answered, from `number` clients."""

    def send() -> None:
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        body = json.dumps(offers("c-flood", 30, at)).encode()
        _post(port, "/v1/events", key, body, "application/cloudevents-batch+json")

    _in_threads(number, send)


def unsigned(port: int, key: str, number: int) -> None:
    """Send `number` webhooks a second without a valid signature, half of them to sources that do not exist."""
    begun, sent = time.monotonic(), 0
    while True:
        for name in ("careers", f"none-{sent}"):
            body = json.dumps({"type": "offer.extended", "padding": "0" * 10_000}).encode()
            _post(port, f"/v1/webhooks/{name}", f"wrong-{sent}", body, "application/json")
            sent += 1
        time.sleep(max(0.0, begun + sent / number - time.monotonic()))


ATTACKS: dict[str, Callable[[int, str, int], None]] = {
    "slow sockets": slow_sockets,
    "simulating clients": simulate,
    "flooding clients": flood,
    "unsigned webhooks a second": unsigned,
}


@contextmanager
def attack(port: int, key: str, numbers: dict[str, int]) -> Iterator[None]:
    """Run the attacks with these numbers, each in its own process, and end them afterwards."""
    context = multiprocessing.get_context("spawn")
    processes = [
        context.Process(target=ATTACKS[name], args=(port, key, number), daemon=True) for name, number in numbers.items()
    ]
    for process in processes:
        process.start()
    try:
        yield
        assert all(process.is_alive() for process in processes), "an attacker ended early"
    finally:
        for process in processes:
            process.kill()
            process.join()


def _post(port: int, path: str, key: str, body: bytes, content_type: str) -> None:
    headers = {"Authorization": f"Bearer {key}", "Content-Type": content_type}
    with contextlib.suppress(httpx.HTTPError):
        httpx.post(f"http://127.0.0.1:{port}{path}", content=body, headers=headers, timeout=30)


def _in_threads(number: int, send: Callable[[], None]) -> None:
    """Call `send` again and again in `number` threads, without end."""

    def run() -> None:
        while True:
            send()

    threads = [threading.Thread(target=run, daemon=True) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
