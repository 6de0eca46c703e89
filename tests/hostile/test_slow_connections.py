"""Slow clients stop nobody: while they send, wait or read slowly, the intake answers everyone else at once."""

import json
import resource
import select
import socket
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from urllib.parse import urlsplit

import pytest

from tests.support.http import HTTP
from tests.support.intake_parts import NORTH_KEY
from tests.support.intake_process import EVENT, intake_folder, running
from tests.support.private_servers import wait_until

HEAD = b"POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Type: application/cloudevents+json\r\n"
SHAPES = {
    "headers": (b"POST /v1/events HTTP/1.1\r\nHost: x\r\nX-Slow: ", b"a"),
    "body": (HEAD + b"Content-Length: 5000\r\n\r\n{", b" "),
    "chunks": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    "silent": (b"", b""),
}
"""Shape -> what a slow client sends at first, and then every now and then."""
QUICK_S = 0.5


@pytest.fixture(scope="module", autouse=True)
def many_files() -> Iterator[None]:
    """Raise the limit of open files: a thousand clients are a thousand sockets."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 4096)), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = intake_folder(tmp_path_factory.mktemp("slow"))
    with running(folder, SIGNPOST_HTTP_PROCESSES="1", SIGNPOST_RATE_PER_SECOND="0") as (address, _):
        yield address


@contextmanager
def clients(address: str, count: int, first: bytes, receive_buffer: int = 0) -> Iterator[list[socket.socket]]:
    """Connected clients that have sent the first part of something."""
    parts = urlsplit(address)
    with ExitStack() as stack:
        found = []
        for _ in range(count):
            client = stack.enter_context(socket.socket())
            if receive_buffer:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
            client.settimeout(30)
            client.connect((parts.hostname, parts.port))
            client.sendall(first)
            found.append(client)
        yield found


def is_waiting(client: socket.socket) -> bool:
    """Whether the intake has neither answered nor closed."""
    client.setblocking(False)
    try:
        client.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return True
    except ConnectionError:
        return False
    return False


def post(address: str) -> int:
    body = json.dumps(EVENT | {"id": f"e-{time.monotonic_ns()}"}).encode()
    headers = {"Content-Type": "application/cloudevents+json", "Authorization": f"Bearer {NORTH_KEY}"}
    return HTTP.post(f"{address}/v1/events", content=body, headers=headers, timeout=30).status_code


def livez(address: str) -> int:
    return HTTP.get(f"{address}/livez", timeout=30).status_code


def seconds(request: Callable[[], int], status: int) -> float:
    start = time.monotonic()
    assert request() == status
    return time.monotonic() - start


def check_others_are_served(address: str, between: Callable[[], None] = lambda: None) -> None:
    """New clients are answered at once. `between`: what the slow clients do between two requests."""
    times = []
    for _ in range(5):
        between()
        times.append(seconds(lambda: livez(address), 200))
        times.append(seconds(lambda: post(address), 202))
    print("seconds:", [round(one, 3) for one in times])
    assert statistics.median(times) < QUICK_S
    assert max(times) < 4 * QUICK_S


@pytest.mark.parametrize("count", [8, 100, 1000])
@pytest.mark.parametrize("shape", SHAPES)
def test_slow_senders_stop_nobody(address: str, shape: str, count: int) -> None:
    first, more = SHAPES[shape]
    with clients(address, count, first) as slow:

        def send_more() -> None:
            for client in slow:
                client.sendall(more)

        check_others_are_served(address, send_more)
        assert all(map(is_waiting, slow))


@pytest.mark.parametrize("count", [8, 100])
def test_slow_readers_stop_nobody(address: str, count: int) -> None:
    request = b"GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nHost: x\r\n\r\n"
    with clients(address, count, request, receive_buffer=4096) as slow:
        wait_until(lambda: not any(map(is_waiting, slow)), "all clients to receive something")
        check_others_are_served(address)


def exchange(address: str, *parts: bytes, pause: Callable[[], None] = lambda: None) -> bytes:
    """Everything that the intake sends until it closes the connection."""
    with clients(address, 1, parts[0]) as (client,):
        for part in parts[1:]:
            pause()
            client.sendall(part)
        return b"".join(iter(lambda: client.recv(65_536), b""))


BODY = json.dumps(EVENT).encode()
AUTHORIZED = HEAD + b"Authorization: Bearer %s\r\n" % NORTH_KEY.encode()
WHOLE = AUTHORIZED + b"Content-Length: %d\r\n\r\n%s" % (len(BODY), BODY)
LAST = b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An intake that waits 1 s for a request, with room for 50 connections."""
    folder = intake_folder(tmp_path_factory.mktemp("hasty"))
    with running(
        folder,
        SIGNPOST_HTTP_PROCESSES="1",
        SIGNPOST_REQUEST_TIMEOUT="1",
        GUNICORN_CMD_ARGS="--worker-connections 50 --keep-alive 3",
    ) as (address, _):
        yield address


@pytest.mark.parametrize("shape", SHAPES)
def test_a_request_has_a_deadline(hasty: str, shape: str) -> None:
    start = time.monotonic()
    answer = exchange(hasty, SHAPES[shape][0])
    assert 0.9 < time.monotonic() - start < 20
    assert answer.startswith(b"HTTP/1.1 408 Request Timeout\r\n") if shape != "silent" else answer == b""


def test_the_deadline_counts_from_the_first_byte(hasty: str) -> None:
    first, more = SHAPES["headers"]
    with clients(hasty, 1, first) as (client,):
        sent = 0
        while not select.select([client], [], [], 0.05)[0]:
            client.sendall(more)
            sent += 1
        assert client.recv(100).startswith(b"HTTP/1.1 408 ")
        assert sent < 200


@pytest.mark.parametrize("size", [1, 40])
def test_a_slow_sender_in_time_is_served(address: str, size: int) -> None:
    request = WHOLE + LAST
    parts = [request[start : start + size] for start in range(0, len(request), size)]
    answer = exchange(address, *parts)
    assert answer.count(b"HTTP/1.1 202 ") == 1
    assert answer.count(b"HTTP/1.1 200 ") == 1


@pytest.mark.parametrize(
    "framing",
    [
        b"Content-Length: %d\r\n\r\n%s" % (len(BODY), BODY),
        b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY),
        b"Transfer-Encoding: chunked\r\n\r\n%x;name=value\r\n%s\r\n0\r\nX-Trailer: x\r\n\r\n" % (len(BODY), BODY),
        b"Transfer-Encoding: chunked\r\n\r\n" + b"".join(b"1\r\n%c\r\n" % one for one in BODY) + b"0\r\n\r\n",
    ],
)
def test_requests_in_one_packet_are_answered_one_by_one(address: str, framing: bytes) -> None:
    answer = exchange(address, (AUTHORIZED + framing) * 3 + LAST)
    assert answer.count(b"HTTP/1.1 202 ") == 3
    assert answer.count(b"HTTP/1.1 200 ") == 1


def test_a_client_that_expects_continue_gets_it_once(address: str) -> None:
    head, body = WHOLE.replace(b"Host:", b"Expect: 100-continue\r\nHost:").split(b"\r\n\r\n", 1)
    with clients(address, 1, head + b"\r\n\r\n") as (client,):
        assert client.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(body + LAST)
        answer = b"".join(iter(lambda: client.recv(65_536), b""))
    assert answer.startswith(b"HTTP/1.1 202 ")
    assert b"100 Continue" not in answer


CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"
LARGE = b"Content-Length: 1000001\r\n\r\n"
REFUSED = {
    "no request": (b"hello\r\n\r\n", 400),
    "a long address": (b"GET /" + b"a" * 9_000 + b" HTTP/1.1\r\n\r\n", 414),
    "a longer address, without an end": (b"GET /" + b"a" * 70_000, 414),
    "a TLS handshake": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
    "a request of HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    "no version": (b"GET /livez\r\n\r\n", 400),
    "a space in the address": (b"GET /li vez HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    "letters beyond ASCII in the address": (b"GET /\xc3\xa4 HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    "a control character in the method": (b"G\0T / HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    "a header without a colon": (AUTHORIZED + b"X\r\n\r\n", 400),
    "a control character in a header": (AUTHORIZED + b"X: a\0b\r\n\r\n", 400),
    "a header over two lines": (AUTHORIZED + b"X: a\r\n b\r\n\r\n", 400),
    "two hosts": (b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400),
    "a length that is none": (AUTHORIZED + b"Content-Length: x\r\n\r\n", 400),
    "two lengths": (AUTHORIZED + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400),
    "an unknown coding": (AUTHORIZED + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 501),
    "an unknown expectation": (AUTHORIZED + b"Expect: x\r\n\r\n", 417),
    "a malformed chunk size": (AUTHORIZED + b"Transfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n", 400),
    "a chunk longer than it says": (AUTHORIZED + b"Transfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n", 400),
    "a length beyond the limit": (AUTHORIZED + LARGE, 413),
    "the same, expecting continue": (AUTHORIZED + b"Expect: 100-continue\r\n" + LARGE, 413),
    "a body beyond the limit": (AUTHORIZED + LARGE + b" " * 1_000_001, 413),
    "a chunk beyond the limit": (AUTHORIZED + CHUNKED + b"%x\r\n" % 2**60 + b" " * 1_100_000, 413),
    "too many chunks": (AUTHORIZED + CHUNKED + b"1\r\n \r\n" * 10_001, 413),
    "headers beyond the limit": (AUTHORIZED + b"X: " + b"a" * 100_000, 431),
    "too many headers": (AUTHORIZED + b"".join(b"X-%d: 1\r\n" % number for number in range(200)) + b"\r\n", 431),
    "a long header": (AUTHORIZED + b"X: " + b"a" * 9_000 + b"\r\n\r\n", 431),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_refused_requests_end_the_connection(address: str, name: str) -> None:
    """Nothing that follows is taken for a request."""
    request, status = REFUSED[name]
    start = time.monotonic()
    answer = exchange(address, request if b"\r\n" not in request else request + LAST)
    assert time.monotonic() - start < 4 * QUICK_S
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert answer.count(b"HTTP/1.1 ") == 1
    head, _, document = answer.partition(b"\r\n\r\n")
    assert b"\r\nCache-Control: no-store" in head
    assert b"\r\nX-Content-Type-Options: nosniff" in head
    assert json.loads(document)["status"] == status


def test_the_oldest_slow_client_gives_way(hasty: str) -> None:
    with clients(hasty, 60, SHAPES["headers"][0]) as slow:
        wait_until(lambda: not is_waiting(slow[0]), "the oldest client to give way")
        assert is_waiting(slow[-1])
        assert seconds(lambda: livez(hasty), 200) < QUICK_S


def test_clients_that_say_nothing_after_a_request_give_way(hasty: str) -> None:
    request = b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"
    with clients(hasty, 60, request) as idle:
        wait_until(lambda: not is_waiting(idle[-1]), "the last client to be answered")
        assert seconds(lambda: livez(hasty), 200) < QUICK_S


def test_the_bytes_of_unfinished_requests_are_limited(address: str) -> None:
    """70 clients with 950 kB each exceed the 64 MB that one process buffers."""
    head = AUTHORIZED + b"Content-Length: 1000000\r\n\r\n"
    with clients(address, 70, head + b" " * 950_000) as slow:
        wait_until(lambda: not is_waiting(slow[0]), "the oldest client to give way")
        assert is_waiting(slow[-1])
        assert seconds(lambda: post(address), 202) < 4 * QUICK_S
